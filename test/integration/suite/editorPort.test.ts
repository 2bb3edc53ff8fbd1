/** What the Studio does with editors. */
import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { editorPort } from '../../../src/extension/studio/editorPort';
import type { EditorPort } from '../../../src/extension/studio/ports';
import { TintedTexts } from '../../../src/extension/studio/tintedTexts';
import type { RunRecord } from '../../../src/extension/training/runStore';
import { until } from '../../support/eventually';
import { activated, closeAll, openText, sentence } from '../support';

describe('the Studio and the editor', () => {
  let editor: EditorPort;
  let uri: string;
  const tinted = new TintedTexts();

  before(async () => {
    const { continuation } = await activated();
    const store = { list: () => [{ modelPath: '/m', sources: [{ name: 'a.txt', uri }] } as RunRecord] };
    editor = editorPort({ continuation, tinted, store });
  });
  afterEach(closeAll);
  after(() => tinted.dispose());

  const selected = (): string | undefined => {
    const active = vscode.window.activeTextEditor;
    return active?.document.getText(active.selection);
  };

  it('opens a copied passage at its current place, or says that it is gone', async () => {
    const { document } = await openText(`before\r\n\r\n${sentence}\r\n${sentence}`);
    uri = document.uri.toString();
    const passage = 'the old clock in the hall';
    await editor.openSource('/m', 'a.txt', 0, passage);
    await until(() => selected() === passage, 'it is selected');
    assert.equal(vscode.window.activeTextEditor?.selection.start.line, 2);
    await editor.openSource('/m', 'a.txt', 1000, passage);
    await until(() => vscode.window.activeTextEditor?.selection.start.line === 3, 'the nearest one is selected');
    await assert.rejects(editor.openSource('/m', 'a.txt', 0, 'what nobody wrote'), /is no longer in a\.txt/);
    await assert.rejects(editor.openSource('/m', 'b.txt', 0, passage), /can no longer be found/);
  });

  it('tints a text that it opens, step by step, until it is changed', async () => {
    await editor.openText('a wide wall\n', [
      { start: 0, end: 1, tint: 1 },
      { start: 2, end: 6, tint: 4 },
    ]);
    const shown = vscode.window.activeTextEditor!;
    const places = (): number[][][] =>
      tinted.shown(shown.document).map((ranges) => ranges.map(({ start, end }) => [start.character, end.character]));
    assert.deepEqual(places(), [[[0, 1]], [], [], [[2, 6]]]);
    await shown.edit((edit) => edit.insert(new vscode.Position(0, 0), 'zero '));
    await until(() => places().every((step) => step.length === 0), 'the tints are gone');
    await vscode.commands.executeCommand('undo');
  });

  it('opens the notebook cell that contains a copied passage', async () => {
    const cells = ['# One', 'The old\nclock'].map(
      (text) => new vscode.NotebookCellData(vscode.NotebookCellKind.Markup, text, 'markdown'),
    );
    const notebook = await vscode.workspace.openNotebookDocument('jupyter-notebook', new vscode.NotebookData(cells));
    uri = notebook.uri.toString();
    await editor.openSource('/m', 'a.txt', 9, 'The old clock');
    await until(() => vscode.window.activeNotebookEditor?.notebook === notebook, 'the notebook is shown');
    await until(() => vscode.window.activeNotebookEditor?.selection.start === 1, 'the cell is chosen');
  });

  it('says so when it cannot insert', async () => {
    const registration = vscode.workspace.registerTextDocumentContentProvider('inkling-locked', {
      provideTextDocumentContent: () => sentence,
    });
    const locked = await vscode.workspace.openTextDocument(vscode.Uri.parse('inkling-locked:readonly.txt'));
    await vscode.window.showTextDocument(locked);
    await assert.rejects(editor.insertAtCursor('text'), /is read-only/);
    registration.dispose();
    const { document } = await openText('Once ');
    await editor.insertAtCursor('upon');
    assert.equal(document.getText(), 'Once upon');
    vscode.window.activeTextEditor!.selection = new vscode.Selection(0, 0, 0, 4);
    await editor.insertAtCursor(' and');
    await vscode.commands.executeCommand('type', { text: '!' });
    assert.equal(document.getText(), 'Once and! upon', 'the next key replaces nothing');
    await vscode.commands.executeCommand('undo');
    await vscode.commands.executeCommand('undo');
    assert.equal(document.getText(), 'Once upon', 'each is an undo step of its own');
  });
});
