/** Offers where an editor makes them difficult: beside the suggest widget, inside a line, in code, switched off in parts. */
import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Parts } from '../../../src/extension/parts';
import { activated, closeAll, openText, sentence, trainSmall, until } from '../support';

const start = `${sentence}the old clock in the h`;

describe('offers', () => {
  let parts: Parts;
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
  /** What is offered at the cursor; VS Code's own question may come in between and call ours off. */
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
    await trainSmall(250);
    await closeAll();
  });
  afterEach(closeAll);

  it('go on with the item that is selected in the suggest widget, and are silent beside another', async () => {
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

  it('lead into what follows inside a line, and repeat nothing of it', async () => {
    const inside = await openAt(`${sentence}the old `, ' in the hall struck nine and the rain went on.');
    assert.equal(await offered(inside), 'clock');
    const repeating = await openAt(`${sentence}the old clock in the `, ' hall struck nine and the rain went on.');
    assert.deepEqual(await ask(repeating), []);
    for (const after of ['’s door', 'all struck nine', '\u0301 and']) {
      assert.deepEqual(await ask(await openAt(start, after)), [], after);
    }
  });

  it('are silent in code of a Markdown document', async () => {
    assert.match(await offered(await openText(start, 'markdown')), /^all/);
    assert.deepEqual(await ask(await openText(`\`\`\`\n${start}`, 'markdown')), []);
  });

  it('never hold a word of the list, which a command adds to', async () => {
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

  it('are counted, and so is what is taken of them', async () => {
    const editor = await openText(start);
    await offered(editor);
    const { shown, taken } = parts.tally.tally;
    const text = await offered(editor);
    assert.ok(await editor.edit((edit) => edit.insert(editor.selection.active, text)));
    await until(() => parts.tally.tally.taken === taken + 1, 'it was taken');
    assert.ok(shown > 0 && taken <= shown);
    assert.match(parts.completionSwitch.shown!.tooltip, new RegExp(`${taken + 1} of \\d+`));
  });

  it('have a status bar item that says what is so', async () => {
    const shows = (what: RegExp | undefined, when: string): Promise<void> =>
      until(() => {
        const { shown } = parts.completionSwitch;
        return what === undefined ? shown === undefined : shown !== undefined && what.test(shown.tooltip);
      }, `the status bar shows ${what} ${when}`);
    const { document } = await openText(start);
    await shows(/completes as you write/, 'in prose');
    await vscode.languages.setTextDocumentLanguage(document, 'typescript');
    await shows(undefined, 'in code');
    await vscode.languages.setTextDocumentLanguage(document, 'markdown');
    await shows(/completes as you write/, 'in prose again');

    const { Global, Workspace } = vscode.ConfigurationTarget;
    const editorSettings = vscode.workspace.getConfiguration('editor');
    await editorSettings.update('inlineSuggest.enabled', false, Global);
    await shows(/editor\.inlineSuggest\.enabled/, 'where VS Code shows no offers');
    await editorSettings.update('inlineSuggest.enabled', undefined, Global);
    const settings = vscode.workspace.getConfiguration('inkling');
    await settings.update('completion.enabled', false, Workspace);
    await shows(/inkling\.completion\.enabled/, 'where they are switched off');
    await settings.update('completion.enabled', undefined, Workspace);
    await shows(/completes as you write/, 'where they are on again');

    await parts.active.use(undefined);
    await shows(/completes as you write/, 'when another model takes over');
  });
});
