/** A model that is really trained, and everything that writes with it. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Parts } from '../../../src/extension/parts';
import { until } from '../../support/eventually';
import { activated, closeAll, openText, sentence, text, trainSmall } from '../support';

describe('writing with a model', () => {
  let services: Parts;
  let model: string;
  const configuration = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration('inkling');
  const set = (name: string, value: unknown): Thenable<void> =>
    configuration().update(name, value, vscode.ConfigurationTarget.Global);
  /** The number of completions at the cursor. */
  const offered = async (editor: vscode.TextEditor): Promise<number> => {
    const items = await services.completions.provideInlineCompletionItems(
      editor.document,
      editor.selection.active,
      { triggerKind: vscode.InlineCompletionTriggerKind.Automatic, selectedCompletionInfo: undefined },
      new vscode.CancellationTokenSource().token,
    );
    return items.length;
  };
  /** A continuation begins after the previous one has written its last piece: when it has ended, nothing more comes. */
  const continueElsewhere = async (): Promise<void> =>
    services.continuation.run(await openText(sentence), model, { temperature: 0.5, seed: 1, length: 30 });

  before(async () => {
    services = await activated();
    model = await trainSmall(250);
    await closeAll();
  });
  afterEach(closeAll);

  it('trains a model that is listed, active and recorded as a run with its history', async () => {
    assert.ok(fs.existsSync(model));
    assert.equal(services.active.path, model);
    const entry = (await services.models.list()).find((each) => each.path === model);
    assert.equal(entry?.summary?.kind, 'language-model');
    const run = services.runs.store.list().find((record) => record.modelPath === model);
    assert.equal(run?.state, 'done');
    const events = await services.runs.store.readEvents(run.id);
    assert.equal(events[0].event, 'start');
    assert.equal(events[events.length - 1].event, 'done');
    assert.ok(events.some(({ event }) => event === 'progress'));
  });

  it('completes what it has learned', async () => {
    const editor = await openText(`${sentence}the old clock in the h`);
    const before = editor.document.getText();
    await vscode.commands.executeCommand('editor.action.inlineSuggest.trigger');
    await until(async () => {
      await vscode.commands.executeCommand('editor.action.inlineSuggest.commit');
      return editor.document.getText() !== before;
    }, 'a completion is offered and accepted');
    const written = editor.document.getText().slice(sentence.length + 'the old clock in the h'.length);
    assert.ok(sentence.includes(`h${written.trimEnd()}`), `wrote "${written}"`);
    assert.equal(editor.selection.active.character, editor.document.lineAt(0).text.length);
  });

  it('suggests nothing before more text, in other languages, with several cursors, or while paused', async () => {
    // VS Code may ask for completions itself in the meantime, which cancels our request.
    const some = (editor: vscode.TextEditor, what: string): Promise<void> =>
      until(async () => (await offered(editor)) > 0, `something is offered ${what}`);
    const start = `${sentence}the old clock in the h`;
    await some(await openText(start), 'at the end of a text');
    const code = await openText(start, 'typescript');
    assert.equal(await offered(code), 0);
    const typescript = vscode.workspace.getConfiguration('inkling', { languageId: 'typescript' });
    await typescript.update('completion.enabled', true, vscode.ConfigurationTarget.Global, true);
    await some(code, 'where it is switched on for one language');
    await typescript.update('completion.enabled', undefined, vscode.ConfigurationTarget.Global, true);

    const inside = await openText(`${start}all struck nine`);
    const position = inside.document.positionAt(start.length);
    inside.selection = new vscode.Selection(position, position);
    assert.equal(await offered(inside), 0);

    const several = await openText(start);
    const zero = new vscode.Position(0, 0);
    several.selections = [several.selection, new vscode.Selection(zero, zero)];
    assert.equal(await offered(several), 0);

    await vscode.commands.executeCommand('inkling.toggleCompletions');
    assert.equal(await offered(await openText(start)), 0);
    await vscode.commands.executeCommand('inkling.toggleCompletions');
    await some(await openText(start), 'after a pause');

    await set('completion.exclude', ['Untitled-*']);
    assert.equal(await offered(await openText(start)), 0);
    await set('completion.exclude', undefined);
  });

  it('copes with right-to-left text, emoji, a very long line and an empty document', async () => {
    for (const start of ['', 'שלום עולם ', '👩‍👩‍👧 e\u0301 ', 'x'.repeat(200_000) + ' the old ']) {
      const editor = await openText(start);
      await vscode.commands.executeCommand('editor.action.inlineSuggest.trigger');
      await offered(editor);
      await vscode.commands.executeCommand('editor.action.inlineSuggest.commit');
      assert.ok(editor.document.getText().startsWith(start));
      await vscode.commands.executeCommand('inkling.continueText', { seed: 1 });
      assert.ok(editor.document.getText().length > start.length);
    }
  });

  it('continues the text as one undo step, the same for the same seed', async () => {
    await set('continueText.length', 120);
    const written: string[] = [];
    for (let i = 0; i < 2; i++) {
      const editor = await openText(sentence);
      await vscode.commands.executeCommand('inkling.continueText', { seed: 5 });
      written.push(editor.document.getText());
      assert.ok(written[i].length >= sentence.length + 100, `${written[i].length}`);
      await vscode.commands.executeCommand('undo');
      assert.equal(editor.document.getText(), sentence, 'one undo takes all of it back');
    }
    assert.equal(written[0], written[1]);
    await set('continueText.length', undefined);
  });

  it('writes at every cursor, each continuing its own text, as one undo step', async () => {
    await set('continueText.length', 120);
    await set('continueText.temperature', 0);
    const before = 'the old clock in the h\n\nand the rain went on f\n';
    const editor = await openText(before);
    const at = (line: number): vscode.Selection => {
      const { end } = editor.document.lineAt(line).range;
      return new vscode.Selection(end, end);
    };
    editor.selections = [at(2), at(0)];
    await vscode.commands.executeCommand('inkling.continueText', { seed: 5 });
    const written = editor.document.getText();
    assert.match(written, /^the old clock in the hall struck .{80,}\n\nand the rain went on falling over .{80,}\n$/s);
    await vscode.commands.executeCommand('undo');
    assert.equal(editor.document.getText(), before, 'one undo takes all of it back');

    await set('continueText.length', 10_000);
    editor.selections = [at(2), at(0)];
    const writing = vscode.commands.executeCommand('inkling.continueText', { seed: 5 });
    await until(() => editor.document.getText().length > before.length + 100, 'it writes');
    await until(() => editor.edit((edit) => edit.insert(new vscode.Position(0, 0), 'once ')), 'the edit is made');
    await vscode.commands.executeCommand('inkling.stopContinuing');
    await writing;
    const stopped = editor.document.getText();
    assert.match(stopped, /^once the old clock in the hall struck .*and the rain went on falling over /s);
    await continueElsewhere();
    assert.equal(editor.document.getText(), stopped, 'it has stopped at both');

    const many = await openText('a\n'.repeat(17));
    many.selections = Array.from({ length: 17 }, (_, line) => new vscode.Selection(line, 1, line, 1));
    await assert.rejects(
      services.continuation.run(many, model, { temperature: 0.5, seed: 1, length: 30 }),
      /at up to 16 cursors/,
    );
    await set('continueText.length', undefined);
    await set('continueText.temperature', undefined);
  });

  it('stops writing on Esc and keeps what was written', async () => {
    await set('continueText.length', 10_000);
    const editor = await openText(sentence);
    const writing = vscode.commands.executeCommand('inkling.continueText', { seed: 5 });
    await until(() => editor.document.getText().length > sentence.length + 20, 'it writes');
    await vscode.commands.executeCommand('inkling.stopContinuing');
    await writing;
    const stopped = editor.document.getText();
    assert.ok(stopped.length < sentence.length + 9000);
    await continueElsewhere();
    assert.equal(editor.document.getText(), stopped, 'it has stopped');
    await set('continueText.length', undefined);
  });

  it('moves along when the user edits the text before the place where it writes', async () => {
    await set('continueText.length', 3000);
    const editor = await openText('\n' + sentence);
    const writing = vscode.commands.executeCommand('inkling.continueText', { seed: 5 });
    await until(() => editor.document.getText().length > sentence.length + 50, 'it writes');
    for (let i = 0; i < 5; i++) {
      const { length } = editor.document.getText();
      // An edit is refused if another one happens at the same time, as here.
      await until(() => editor.edit((edit) => edit.insert(new vscode.Position(0, 0), 'x')), 'the edit is made');
      await until(
        () => editor.document.getText().length > length + 1 || !services.continuation.active,
        'it writes on, or has written all',
      );
    }
    await vscode.commands.executeCommand('inkling.stopContinuing');
    await writing;
    assert.equal(editor.document.lineAt(0).text, 'xxxxx');
    assert.ok(editor.document.getText().startsWith('xxxxx\n' + sentence));
    await set('continueText.length', undefined);
  });

  it('says so when the document cannot be written to', async () => {
    const registration = vscode.workspace.registerTextDocumentContentProvider('inkling-test', {
      provideTextDocumentContent: () => sentence,
    });
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse('inkling-test:readonly.txt'));
    const editor = await vscode.window.showTextDocument(document);
    await assert.rejects(
      services.continuation.run(editor, model, { temperature: 0.5, seed: 1, length: 30 }),
      /is read-only/,
    );
    assert.equal(document.getText(), sentence);
    registration.dispose();
  });

  it('maps surprise: unfamiliar text surprises it more, and a hover shows what it expected', async () => {
    const editor = await openText(`${sentence}\n${sentence}zqxv jkwp\n`);
    await vscode.commands.executeCommand('inkling.toggleSurpriseMap');
    await until(() => services.surprise.meanBits(editor.document) !== undefined, 'the map is drawn');
    const before = services.surprise.meanBits(editor.document) ?? 0;
    assert.ok(before > 0);
    await editor.edit((edit) =>
      edit.insert(editor.document.lineAt(2).range.end, 'teiuqeht revo gnillaf kcolc '.repeat(10)),
    );
    await until(() => (services.surprise.meanBits(editor.document) ?? 0) > before, 'the new text surprises');
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      editor.document.uri,
      new vscode.Position(0, 10),
    );
    const shown = hovers.flatMap(({ contents }) => contents.map((each) => (each as vscode.MarkdownString).value));
    assert.match(shown.join('\n'), /: \d+\.\d% likely \(\d+\.\d bits\)\. Expected:/);
    await vscode.commands.executeCommand('inkling.toggleSurpriseMap');
    assert.equal(services.surprise.isShown(editor.document), false);
  });

  it('renames, exports, imports and deletes models', async () => {
    const entry = await services.models.find(model);
    assert.ok(entry);
    await vscode.commands.executeCommand('inkling.renameModel', entry, undefined, 'Clocks & rain');
    assert.equal((await services.models.find(model))?.title, 'Clocks & rain');
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-export-'));
    const file = vscode.Uri.file(path.join(folder, 'exported.inkling.safetensors'));
    await vscode.commands.executeCommand('inkling.exportModel', await services.models.find(model), undefined, file);
    assert.deepEqual(fs.readFileSync(file.fsPath), fs.readFileSync(model));
    const imported = await vscode.commands.executeCommand<string>('inkling.importModel', file);
    assert.ok(fs.existsSync(imported));
    assert.equal(services.active.path, imported);
    await vscode.commands.executeCommand('inkling.deleteModel', await services.models.find(imported));
    assert.equal(fs.existsSync(imported), false);
    assert.notEqual(services.active.path, imported);
    fs.writeFileSync(file.fsPath, 'not a model');
    assert.equal(await vscode.commands.executeCommand('inkling.importModel', file), undefined);
    await services.active.use(model);
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('trains on a selection, and on the markdown cells of a notebook', async () => {
    const { gatherFiles, gatherSelection } = await import('../../../src/extension/training/gatherTexts');
    const editor = await openText(text);
    editor.selections = [new vscode.Selection(0, 4, 0, 13), new vscode.Selection(0, 0, 0, 3)];
    const [selected] = gatherSelection(editor).texts;
    assert.equal('text' in selected && selected.text, 'the\nold clock');
    const cells = [
      new vscode.NotebookCellData(vscode.NotebookCellKind.Markup, '# One', 'markdown'),
      new vscode.NotebookCellData(vscode.NotebookCellKind.Code, 'print(1)', 'python'),
      new vscode.NotebookCellData(vscode.NotebookCellKind.Markup, 'Two', 'markdown'),
    ];
    const notebook = await vscode.workspace.openNotebookDocument('jupyter-notebook', new vscode.NotebookData(cells));
    const markdown = notebook.cellAt(0).document;
    assert.ok(vscode.languages.match({ pattern: '**' }, markdown) > 0, 'completions reach its cells');
    const [gathered] = (await gatherFiles([notebook.uri])).texts;
    assert.equal('text' in gathered && gathered.text, '# One\n\nTwo');
  });
});
