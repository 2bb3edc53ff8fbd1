/** What the user is asked: the test answers the lists and boxes in their place. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Parts } from '../../../src/extension/parts';
import { startOrEditClassifier } from '../../../src/extension/classifier/classifierRecipe';
import type { ClassifierChoice } from '../../../src/extension/classifier/classifierTraining';
import { showList, showTexts } from '../../../src/extension/messages';
import { editConfig } from '../../../src/extension/training/customConfig';
import { showLayers } from '../../../src/extension/training/layerList';
import { activated, closeAll, openText, quickConfig, text, trainSmall } from '../support';

type Item = vscode.QuickPickItem;

/**
 * Answers quick picks by label and input boxes by text, in turn; what an input box says about a wrong text is
 * collected.
 */
async function answering(answers: string[], run: () => PromiseLike<unknown>): Promise<string[]> {
  const { showQuickPick, showInputBox } = vscode.window;
  const complaints: string[] = [];
  const next = (what: string): string => answers.shift() ?? assert.fail(`nothing left to answer ${what} with`);
  const stubs = {
    showQuickPick: async (
      items: readonly (Item | string)[] | PromiseLike<readonly (Item | string)[]>,
      options?: { title?: string },
    ) => {
      const wanted = next(options?.title ?? 'a list');
      const labelOf = (item: Item | string): string => (typeof item === 'string' ? item : item.label);
      const found = (await items).find((item) => labelOf(item).includes(wanted));
      return found ?? assert.fail(`no "${wanted}" among ${(await items).map(labelOf).join(', ')}`);
    },
    showInputBox: async (options?: vscode.InputBoxOptions) => {
      const typed = next(options?.title ?? 'a box');
      const complaint = await options?.validateInput?.(typed);
      if (complaint) complaints.push(String(complaint));
      return typed;
    },
  };
  Object.assign(vscode.window, stubs);
  try {
    await run();
  } finally {
    Object.assign(vscode.window, { showQuickPick, showInputBox });
  }
  assert.deepEqual(answers, [], 'everything was asked for');
  return complaints;
}

describe('choices', () => {
  let services: Parts;
  before(async () => {
    services = await activated();
  });
  afterEach(closeAll);

  it('draw no icon for what a title or a label says, and return it as it is', async () => {
    const items = [{ label: 'a $(zap)', description: '$(x)', detail: '$(y)', iconPath: new vscode.ThemeIcon('play') }];
    let chosen: unknown;
    await answering(['zap)'], async () => (chosen = await showList(items, {})));
    assert.equal(chosen, items[0]);
    await answering(['a $\u2060(zap)'], async () => (chosen = await showTexts(['a $(zap)'], {})));
    assert.equal(chosen, 'a $(zap)');
  });

  it('custom settings: changes one, refuses a wrong one with a reason, adds one, then starts', async () => {
    const config = quickConfig({ maxSteps: 10 });
    let edited: unknown;
    const shown: number[] = [];
    const complaints = await answering(
      [
        'network.layers.0.units',
        '64',
        'Show Layers',
        'batch',
        'many',
        'Another setting',
        'earlyStopping.patience=3',
        'Another setting',
        'network.layers.9.units=3',
        'Start training',
      ],
      async () => (edited = await editConfig(config, async ({ network }) => void shown.push(network.layers[0].units))),
    );
    assert.deepEqual(shown, [64], 'the layers as edited so far');
    assert.deepEqual(edited, {
      ...config,
      network: { ...config.network, layers: [{ units: 64, dropout: 0 }] },
      earlyStopping: { patience: 3 },
    });
    assert.equal(complaints.length, 2);
    assert.match(complaints[0], /"batch" must be a whole number/);
  });

  it('show the layers of the settings and the first example before a start', async () => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-layers-')), 'text.txt');
    fs.writeFileSync(file, text);
    const { showQuickPick } = vscode.window;
    let shown: readonly Item[] = [];
    Object.assign(vscode.window, { showQuickPick: async (items: readonly Item[]) => void (shown = items) });
    try {
      await showLayers(services.engine, [{ name: 'text.txt', path: file }], quickConfig({ maxSteps: 10 }));
    } finally {
      Object.assign(vscode.window, { showQuickPick });
      fs.rmSync(path.dirname(file), { recursive: true });
    }
    const [input, lstm] = shown;
    assert.equal(input.label, 'one-hot');
    const size = Number(/^\[B, 32, (\d+)\]$/.exec(input.description ?? '')?.[1]);
    assert.equal(lstm.label, 'lstm');
    assert.equal(lstm.description, '[B, 32, 48]');
    assert.equal(lstm.detail?.replace(/\D/g, ''), String(4 * 48 * (size + 48 + 1)));
    // The first step has no input character.
    const example = shown.at(-1);
    assert.equal(example?.label, JSON.stringify(text.slice(0, 31)));
    assert.equal(example?.description, `→ ${JSON.stringify(text.slice(0, 32))}`);
  });

  it('lead to the first of several conflicting settings instead of starting', async () => {
    const config = { ...quickConfig({ maxSteps: 10 }), keep: 'best-held-out' as const };
    config.text = { ...config.text, heldOut: { kind: 'none', fraction: 0 } };
    let edited: unknown;
    await answering(['Start training', 'last', 'Start training'], async () => {
      edited = await editConfig(config, async () => {});
    });
    assert.equal((edited as typeof config).keep, 'last');
  });

  it('train a saved model further on another text with characters that it has never seen', async () => {
    const first = await trainSmall(60);
    const entry = await services.models.find(first);
    const before = fs.readFileSync(first);
    await closeAll();
    await openText(text.replaceAll('clock', 'Ωlock'));
    await answering(['The open text'], () => vscode.commands.executeCommand('inkling.resumeModel', entry));
    const second = services.active.path;
    assert.ok(second && second !== first, 'a new model stands beside the first');
    assert.deepEqual(fs.readFileSync(first), before, 'the first is as it was');
    const summary = (await services.models.find(second))?.summary;
    assert.equal(summary?.vocabulary, (entry?.summary?.vocabulary ?? 0) + 1);
    const [run] = services.runs.store.list();
    const losses = (await services.runs.store.readEvents(run.id)).flatMap((event) =>
      event.event === 'progress' ? [event.trainLoss] : [],
    );
    assert.ok(losses[0] < Math.log(summary?.vocabulary ?? 1), 'it did not begin from nothing');
  });

  it('take the arguments that menus pass', async () => {
    const config = quickConfig({ maxSteps: 5 });
    const editor = await openText(text);
    const trained = async (id: string, ...args: unknown[]): Promise<string[]> => {
      assert.ok(await vscode.commands.executeCommand<string>(id, ...args), id);
      return services.runs.store.list()[0].sources.map(({ name }) => name);
    };
    const { uri } = editor.document;
    const [name] = await trained('inkling.trainOnFile', uri, undefined, config);
    assert.deepEqual(await trained('inkling.trainOnFile', uri, { groupId: 0 }, config), [name], 'editor title');
    const [entry] = await services.models.list();
    assert.deepEqual(await trained('inkling.trainOnFile', entry, [entry], config), [name], 'title of the Models view');
    const note = vscode.Uri.joinPath((vscode.workspace.workspaceFolders ?? [])[0].uri, 'note.md');
    assert.deepEqual(await trained('inkling.trainOnFile', uri, [uri, note], config), [name, 'note.md'], 'explorer');
    editor.selection = new vscode.Selection(0, 0, 0, 2000);
    const [selection] = await trained('inkling.trainOnSelection', uri, undefined, config);
    assert.match(selection, /Selection of/);
  });

  it('start the spam detector with the settings of the course, or with others', async () => {
    let choice: unknown;
    const started = async (): Promise<void> => void (choice = await startOrEditClassifier('lstm'));
    await answering(['Start'], started);
    const { settings } = choice as ClassifierChoice;
    assert.deepEqual(
      [settings?.variant, settings?.epochs, settings?.batch, settings?.lengths, settings?.model],
      ['lstm', 20, 512, 'padded', 'network'],
    );
    const complaints = await answering(
      ['Edit Settings', 'epochs', '3', 'units', 'many', 'lengths', 'Start training'],
      started,
    );
    assert.equal(complaints.length, 1);
    const edited = (choice as ClassifierChoice).settings;
    assert.deepEqual([edited?.epochs, edited?.units, edited?.lengths], [3, 64, 'ragged']);
  });

  it('continue for one more epoch if requested', async () => {
    const model = await trainSmall(60);
    const entry = await services.models.find(model);
    await answering(['More epochs', '1'], () => vscode.commands.executeCommand('inkling.resumeModel', entry));
    const [run] = services.runs.store.list();
    const dones = (await services.runs.store.readEvents(run.id)).flatMap((event) =>
      event.event === 'done' ? [event.epochs] : [],
    );
    assert.equal(dones.length, 2);
    assert.equal(dones[1], dones[0] + 1);
  });

  it('let a finished run continue for as long again', async () => {
    const model = await trainSmall(60);
    const entry = await services.models.find(model);
    await answering(['The text it was trained on'], () => vscode.commands.executeCommand('inkling.resumeModel', entry));
    assert.equal(services.active.path, model);
    const [run] = services.runs.store.list();
    const dones = (await services.runs.store.readEvents(run.id)).flatMap((event) =>
      event.event === 'done' ? [event.steps] : [],
    );
    assert.deepEqual(dones, [60, 120]);
    assert.ok((await services.models.find(model))?.summary);
  });

  it('a table with several columns that could be meant: which holds the labels, which the texts', async () => {
    const rows = Array.from({ length: 80 }, (_, i) =>
      i % 2
        ? `${i},inbox,the waves and the ship at ${i} knots,sea`
        : `${i},archive,the field and the plough at ${i} paces,land`,
    );
    const settings = { variant: 'rnn', units: 8, epochs: 2, batch: 16, learningRate: 0.02, vectors: 'learned' };
    const { active } = services.classifier;
    for (const [column, classes] of [
      ['label', ['land', 'sea']],
      ['category', ['archive', 'inbox']],
    ] as const) {
      const editor = await openText(['id,category,message,label', ...rows].join('\n'));
      let file: string | undefined;
      await answering([column, 'message'], async () => {
        file = await vscode.commands.executeCommand('inkling.trainClassifier', editor.document.uri, undefined, {
          settings,
        });
      });
      assert.deepEqual((await active.record()).classes, classes);
      // Later tests in other suites need a list without it.
      await active.use(undefined);
      fs.rmSync(file!);
      await services.models.refresh();
    }
  });
});
