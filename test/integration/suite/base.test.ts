/** Before any model was trained, the shipped base of the text's language and the document itself write. */
import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Parts } from '../../../src/extension/parts';
import { StudioModels } from '../../../src/extension/studio/modelsPort';
import { overusedItems, proseOf } from '../../../src/extension/surprise/overusedWords';
import { until } from '../../support/eventually';
import { activated, closeAll, openText } from '../support';

/** What the document repeats; no model of English expects it. */
const refrain = 'the old clock in the hall struck nine and the rain went on falling over the quiet garden. '.repeat(8);

describe('a base and the document', () => {
  let services: Parts;

  before(async function () {
    services = await activated();
    if ((await services.models.list()).length > 0) this.skip();
  });
  afterEach(closeAll);

  async function offered({ document, selection }: vscode.TextEditor): Promise<string[]> {
    const items = await services.completions.provideInlineCompletionItems(
      document,
      selection.active,
      { triggerKind: vscode.InlineCompletionTriggerKind.Automatic, selectedCompletionInfo: undefined },
      new vscode.CancellationTokenSource().token,
    );
    return items.map(({ insertText }) => String(insertText));
  }

  it('suggest the phrases of the document once the user has agreed', async () => {
    const editor = await openText(`${refrain}the old clock in the h`);
    // Another suite may have requested something that counts as agreement.
    if (services.base.unanswered) {
      assert.equal(await services.active.find(editor.document), undefined);
      assert.deepEqual(await offered(editor), []);
    }
    await services.base.answer(true);
    await until(async () => (await services.active.find(editor.document)) === 'base:en', 'the base of English writes');
    // VS Code may ask for completions itself in the meantime, which cancels our request.
    let texts: string[] = [];
    await until(async () => (texts = await offered(editor)).length > 0, 'something is offered');
    assert.ok(texts[0].startsWith('all'), texts[0]);
    await until(() => /English/.test(services.completionSwitch.shown?.tooltip ?? ''), 'the status bar says who writes');
  });

  it('are offered in the Studio only until a model of the user has begun to train', () => {
    const base = Object.create(services.base, { unanswered: { value: true } }) as Parts['base'];
    const asks = (runs: Parts['runs']): boolean => {
      const port = new StudioModels({ ...services, base, runs });
      try {
        return port.asksForBase();
      } finally {
        port.dispose();
      }
    };
    assert.equal(asks(services.runs), true);
    assert.equal(
      asks(Object.create(services.runs, { active: { value: { title: 'a novel' } } }) as Parts['runs']),
      false,
    );
  });

  it('show what surprises them, and learn the text as they read', async () => {
    const { document } = await openText(refrain);
    await vscode.commands.executeCommand('inkling.toggleSurpriseMap');
    await until(() => services.surprise.progress(document) === 1, 'the map is drawn');
    const bits = services.surprise.meanBits(document) ?? NaN;
    // A model of English alone would be as surprised by the last refrain as by the first.
    assert.ok(bits < 1, `${bits} bits per character`);
    await vscode.commands.executeCommand('inkling.toggleSurpriseMap');
    assert.equal(services.surprise.isShown(document), false);
  });

  it('count what the writer repeats, in prose only', async () => {
    const habit = 'Suddenly, and with a heavy heart, he went on. ';
    const editor = await openText(`# Notes\n\n\`suddenly suddenly\` and so on.\n\n${habit.repeat(12)}`, 'markdown');
    const { document } = editor;
    const result = await services.engine.call('overused', { text: proseOf(document) });
    assert.equal(result.language, 'en');
    const suddenly = result.findings.find(({ text }) => text === 'suddenly');
    assert.deepEqual(
      suddenly?.places.map(({ start, end }) =>
        document.getText(new vscode.Range(document.positionAt(start), document.positionAt(end))),
      ),
      Array.from({ length: 12 }, () => 'Suddenly'),
    );
    const items = overusedItems(result);
    assert.match(items[0].label, /novels in English/);
    assert.match(items.find(({ label }) => label === 'suddenly')?.description ?? '', /12 times, at most 1 expected/);
    assert.ok(items.some(({ label }) => label.includes('with a heavy heart')));
  });

  it('suggest nothing in a text that is not English, nor anywhere once they are switched off', async () => {
    const latin = await openText(
      'Gallia est omnis divisa in partes tres, quarum unam incolunt Belgae, aliam Aquitani. '.repeat(3),
    );
    assert.equal(await services.active.find(latin.document), undefined);
    const english = await openText(`${refrain}the old clock in the h`);
    const configuration = vscode.workspace.getConfiguration('inkling');
    await configuration.update('writing.base', 'none', vscode.ConfigurationTarget.Global);
    try {
      assert.equal(await services.active.find(english.document), undefined);
      assert.deepEqual(await offered(english), []);
    } finally {
      await configuration.update('writing.base', undefined, vscode.ConfigurationTarget.Global);
    }
  });
});
