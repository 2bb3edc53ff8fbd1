/** Offers where an editor makes them difficult: beside the suggest widget, inside a line, in code, switched off in parts. */
import * as assert from 'node:assert/strict';
import * as os from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Parts } from '../../../src/extension/parts';
import { until } from '../../support/eventually';
import { activated, closeAll, openText, sentence, trainSmall } from '../support';

const start = `${sentence}the old clock in the h`;

describe('suggestions', () => {
  let parts: Parts;
  let model: string;
  const automatic = vscode.InlineCompletionTriggerKind.Automatic;
  const ask = (
    { document, selection }: vscode.TextEditor,
    selectedCompletionInfo?: vscode.SelectedCompletionInfo,
  ): Promise<vscode.InlineCompletionItem[]> =>
    parts.completions.provideInlineCompletionItems(
      document,
      selection.active,
      { triggerKind: automatic, selectedCompletionInfo },
      new vscode.CancellationTokenSource().token,
    );
  /** What is offered at the cursor. VS Code may ask itself in the meantime, which cancels our request. */
  async function offered(editor: vscode.TextEditor): Promise<string> {
    let items: vscode.InlineCompletionItem[] = [];
    await until(async () => (items = await ask(editor)).length > 0, 'something is offered');
    return items[0].insertText as string;
  }
  /** Opens `before`, with the cursor in front of `after`. */
  async function openAt(before: string, after: string, language?: string): Promise<vscode.TextEditor> {
    const editor = await openText(before + after, language);
    const position = editor.document.positionAt(before.length);
    editor.selection = new vscode.Selection(position, position);
    return editor;
  }

  before(async () => {
    parts = await activated();
    model = await trainSmall(250);
    await closeAll();
  });
  afterEach(closeAll);

  it('continue the selected item of the suggest widget, and stay silent if another one is selected', async () => {
    const editor = await openText(start);
    const text = await offered(editor);
    assert.match(text, /^all\b/);
    const end = editor.selection.active;
    const range = new vscode.Range(end.translate(0, -1), end);
    const [item] = await ask(editor, { range, text: 'hall' });
    assert.equal(item.insertText, `h${text}`);
    assert.deepEqual(item.range, range);
    assert.deepEqual(await ask(editor, { range, text: 'hat' }), []);
    assert.deepEqual(await ask(editor, { range, text: `h${text} and more` }), []);
  });

  it('lead into the rest of a line, and repeat none of it', async () => {
    const inside = await openAt(`${sentence}the old `, ' in the hall struck nine and the rain went on.');
    assert.equal(await offered(inside), 'clock');
    const repeating = await openAt(`${sentence}the old clock in the `, ' hall struck nine and the rain went on.');
    assert.deepEqual(await ask(repeating), []);
    for (const after of ['’s door', 'all struck nine', '\u0301 and']) {
      assert.deepEqual(await ask(await openAt(start, after)), [], after);
    }
  });

  it('are absent in a word with characters that the model has never seen, and use what is known after it', async () => {
    for (const word of ['Nobody 日本 жук', 'the Ωh', 'Ωmega']) {
      assert.deepEqual(await ask(await openText(sentence + word)), [], word);
    }
    assert.match(await offered(await openText(`${sentence}日本 Ωmega the old clock in the h`)), /^all\b/);
  });

  it('are absent in code inside a Markdown document', async () => {
    assert.match(await offered(await openText(start, 'markdown')), /^all/);
    assert.deepEqual(await ask(await openText(`\`\`\`\n${start}`, 'markdown')), []);
  });

  it('never contain a word of the blocklist, to which a command adds', async () => {
    const editor = await openText(start);
    assert.match(await offered(editor), /^all/);
    const word = editor.document.getText().indexOf('hall') + 1;
    const at = editor.document.positionAt(word);
    editor.selection = new vscode.Selection(at, at);
    await vscode.commands.executeCommand('inkling.neverOffer');
    const configuration = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration('inkling');
    assert.deepEqual(configuration().get('completion.never'), ['hall']);
    assert.deepEqual(await ask(await openText(start)), []);
    await configuration().update('completion.never', undefined, vscode.ConfigurationTarget.Global);
  });

  it('are counted, and so is how much of them is accepted', async () => {
    const editor = await openText(start);
    await offered(editor);
    const { shown, taken } = parts.tally.tally;
    const text = await offered(editor);
    assert.ok(await editor.edit((edit) => edit.insert(editor.selection.active, text)));
    await until(() => parts.tally.tally.taken === taken + 1, 'it was taken');
    assert.ok(shown > 0 && taken <= shown);
    assert.match(parts.completionSwitch.shown!.tooltip, new RegExp(`${taken + 1} of \\d+`));
  });

  it('have a status bar item that shows their state', async () => {
    const shows = (what: RegExp | undefined, when: string): Promise<void> =>
      until(() => {
        const { shown } = parts.completionSwitch;
        return what === undefined ? shown === undefined : shown !== undefined && what.test(shown.tooltip);
      }, `the status bar shows ${what} ${when}`);
    const { document } = await openText(start);
    await shows(/completions as you write/, 'in prose');
    await vscode.languages.setTextDocumentLanguage(document, 'typescript');
    await shows(undefined, 'in code');
    await vscode.languages.setTextDocumentLanguage(document, 'markdown');
    await shows(/completions as you write/, 'in prose again');

    const { Global, Workspace } = vscode.ConfigurationTarget;
    const editorSettings = vscode.workspace.getConfiguration('editor');
    await editorSettings.update('inlineSuggest.enabled', false, Global);
    await shows(/editor\.inlineSuggest\.enabled/, 'where VS Code shows no offers');
    await editorSettings.update('inlineSuggest.enabled', undefined, Global);
    const settings = vscode.workspace.getConfiguration('inkling');
    await settings.update('completion.enabled', false, Workspace);
    await shows(/inkling\.completion\.enabled/, 'where they are switched off');
    await settings.update('completion.enabled', undefined, Workspace);
    await shows(/completions as you write/, 'where they are on again');

    const copy = vscode.Uri.file(path.join(os.tmpdir(), `copy-${process.pid}.inkling.safetensors`));
    await vscode.workspace.fs.copy(vscode.Uri.file(model), copy, { overwrite: true });
    const imported = await vscode.commands.executeCommand<string>('inkling.importModel', copy);
    await vscode.workspace.fs.delete(copy);
    assert.equal(parts.active.path, imported);
    await vscode.commands.executeCommand('inkling.deleteModel', await parts.models.find(imported));
    assert.notEqual(await parts.active.find(), imported);
    await shows(/completions as you write/, 'when the active model is deleted and another takes over');
  });

  it('can all be reached beside those of another extension, none of them twice', async () => {
    const other = 'all of another extension';
    let answers = { ours: 0, theirs: 0 };
    const second = vscode.languages.registerInlineCompletionItemProvider(
      { pattern: '**' },
      {
        provideInlineCompletionItems: (_document, at) => {
          answers.theirs++;
          return [new vscode.InlineCompletionItem(other, new vscode.Range(at, at))];
        },
      },
    );
    const { completions } = parts;
    const provide = completions.provideInlineCompletionItems.bind(completions);
    completions.provideInlineCompletionItems = async (...parameters) => {
      const items = await provide(...parameters);
      if (items.length > 0) answers.ours++;
      return items;
    };
    try {
      const editor = await openText(start);
      await offered(editor);
      const shown: string[] = [];
      for (let next = 0; next < 4; next++) {
        const run = (command: string): Thenable<unknown> =>
          vscode.commands.executeCommand(`editor.action.inlineSuggest.${command}`);
        await until(async () => {
          answers = { ours: 0, theirs: 0 };
          await run('trigger');
          await until(() => answers.ours > 0 && answers.theirs > 0, 'both have answered');
          for (let i = 0; i < next; i++) await run('showNext');
          await run('commit');
          const taken = editor.document.getText().slice(start.length);
          if (taken !== '') await vscode.commands.executeCommand('undo');
          shown[next] = taken;
          return taken !== '';
        }, 'an offer is shown');
        assert.equal(editor.document.getText(), start);
      }
      assert.ok(shown.includes(other));
      assert.ok(shown.some((text) => text !== other && sentence.includes(`h${text}`)));
      const cycle = shown.indexOf(shown[0], 1);
      assert.equal(new Set(shown.slice(0, cycle)).size, cycle < 0 ? shown.length : cycle);
    } finally {
      second.dispose();
      completions.provideInlineCompletionItems = provide;
    }
  });

  const on = { other: 'on', comments: 'off', strings: 'off' };
  for (const [language, quickSuggestions] of [
    ['plaintext', undefined],
    ['plaintext', on],
    ['markdown', undefined],
    ['latex', on],
    ['restructuredtext', on],
  ] as const) {
    it(`appear at every key in ${language}, ${quickSuggestions ? 'beside suggestions of words' : 'by default'}`, async () => {
      const settings = vscode.workspace.getConfiguration('editor');
      const set = (name: string, value: unknown): Thenable<void> =>
        settings.update(name, value, vscode.ConfigurationTarget.Global);
      const formerly = (name: string): unknown => settings.inspect(name)?.globalValue;
      const former = [formerly('quickSuggestions'), formerly('wordBasedSuggestions')];
      // VS Code's own, unlike those of the other tests.
      await set('quickSuggestions', quickSuggestions);
      await set('wordBasedSuggestions', undefined);
      const provide = parts.completions.provideInlineCompletionItems;
      let selected: string | undefined;
      parts.completions.provideInlineCompletionItems = (document, position, context, token) => {
        selected = context.selectedCompletionInfo?.text;
        return provide.call(parts.completions, document, position, context, token);
      };
      try {
        const editor = await openText(`${sentence.repeat(2)}the old `, language);
        for (const key of 'cloc') {
          await vscode.commands.executeCommand('type', { text: key });
          if (quickSuggestions) {
            await until(() => selected === 'clock', `a word is selected after ${key}`);
          }
          const typed = editor.document.getText();
          await until(
            async () => {
              await vscode.commands.executeCommand('editor.action.inlineSuggest.commit');
              return editor.document.getText() !== typed;
            },
            `something is offered behind "${typed.slice(-8)}"`,
          );
          await vscode.commands.executeCommand('undo');
          assert.equal(editor.document.getText(), typed);
          selected = undefined;
        }
      } finally {
        parts.completions.provideInlineCompletionItems = provide;
        await set('quickSuggestions', former[0]);
        await set('wordBasedSuggestions', former[1]);
      }
    });
  }
});
