/** The surprise map while other things happen to a document; the test plays the engine. */
import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { SurpriseResult } from '../../../src/common/engineProtocol';
import { cancelled, InklingError } from '../../../src/common/errors';
import type { CallOptions } from '../../../src/common/rpc/methods';
import type { EngineCaller } from '../../../src/extension/engineHost/engineClient';
import type { ActiveModel } from '../../../src/extension/models/activeModel';
import type { ModelStore } from '../../../src/extension/models/modelStore';
import { goToSurprise, surprisingSentences } from '../../../src/extension/surprise/surpriseCommands';
import { SurpriseMarks } from '../../../src/extension/surprise/surpriseMarks';
import { SurpriseStatus } from '../../../src/extension/surprise/surpriseStatus';
import { until } from '../../support/eventually';
import { activated, closeAll, openText } from '../support';

describe('surprise map', () => {
  let answers: ((bits: number) => void)[];
  let asked: string[];
  let fail: (error: Error) => void;
  let map: SurpriseMarks;

  before(activated);
  beforeEach(() => {
    answers = [];
    asked = [];
    const call = (_method: 'surprise', request: { text: string }, { signal }: CallOptions<never>) =>
      new Promise<unknown>((resolve, reject) => {
        fail = reject;
        signal?.addEventListener('abort', () => reject(cancelled()));
        asked.push(request.text);
        const lengths = Uint8Array.from(request.text, ({ length }) => length);
        answers.push((bits) =>
          resolve({ from: 0, lengths, bits: new Float32Array(lengths.length).fill(bits), meanBits: bits }),
        );
      });
    const active = { require: async () => 'model', find: async () => undefined } as unknown as ActiveModel;
    map = new SurpriseMarks({ call } as unknown as EngineCaller, active, { warn: assert.fail } as never);
  });
  afterEach(async () => {
    map.dispose();
    await closeAll();
  });

  it('appears even if the user types while it is first computed', async () => {
    const { document, edit } = await openText('Once upon a time');
    const shown = map.toggle(document);
    await until(() => answers.length === 1, 'the engine is asked');
    await edit((builder) => builder.insert(new vscode.Position(0, 0), 'x'));
    await shown;
    await until(() => answers.length === 2, 'it is asked again');
    answers[1](2);
    await until(() => map.meanBits(document) === 2, 'the map is drawn');
  });

  it('disappears if its first computation fails', async () => {
    const { document } = await openText('Once upon a time');
    const shown = map.toggle(document);
    await until(() => answers.length === 1, 'the engine is asked');
    fail(new InklingError('corruptModel', 'The file is cut off.'));
    await assert.rejects(shown, /cut off/);
    assert.equal(map.isShown(document), false);
  });

  it('stays when the language of the document changes, and disappears when it is closed', async () => {
    const { document } = await openText('Once upon a time');
    const shown = map.toggle(document);
    await until(() => answers.length === 1, 'the engine is asked');
    answers[0](1);
    await shown;
    await vscode.languages.setTextDocumentLanguage(document, 'markdown');
    assert.equal(document.languageId, 'markdown');
    assert.equal(map.isShown(document), true);
    await closeAll();
    await until(() => !map.isShown(document), 'it has gone');
  });

  it('has a part for each pane that shows a long text, and updates only the one that changes', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} of the text`);
    const editor = await openText(lines.join('\n'));
    const { document } = editor;
    editor.revealRange(new vscode.Range(0, 0, 0, 0));
    const other = await vscode.window.showTextDocument(document, vscode.ViewColumn.Two);
    const end = document.lineCount - 1;
    other.revealRange(new vscode.Range(end, 0, end, 0));
    const shows = (line: number): boolean =>
      vscode.window.visibleTextEditors.some(({ visibleRanges: [visible] }) =>
        visible?.contains(new vscode.Position(line, 0)),
      );
    await until(() => shows(0) && shows(end), 'both ends are in sight');
    const shown = map.toggle(document);
    await until(() => answers.length === 1, 'the engine is asked for one end');
    answers[0](1);
    await until(() => answers.length === 2, 'and for the other');
    answers[1](1);
    await shown;
    const [atTop, atEnd] = [...asked].sort((a, b) => Number(b.startsWith('line 0')) - Number(a.startsWith('line 0')));
    assert.ok(atTop.startsWith('line 0 of'));
    assert.ok(atEnd.endsWith(`line ${end} of the text`));
    await until(
      () => editor.edit((builder) => builder.insert(new vscode.Position(1, 0), 'a new line\n')),
      'it changes',
    );
    await until(() => answers.length === 3, 'the engine is asked again');
    answers[2](1);
    assert.ok(asked[2].startsWith('line 0 of the text\na new line'));
    await until(() => map.progress(document) === 1, 'both parts have all their figures');
    await map.complete(document);
    assert.equal(answers.length, 3, 'the other end has only moved');
  });

  it('is drawn again when the unit changes, and forgets what another model said', async () => {
    const { document } = await openText('Once upon a time');
    const shown = map.toggle(document);
    await until(() => answers.length === 1, 'the engine is asked');
    answers[0](1);
    await shown;
    let drawn = 0;
    const { redraw } = map as unknown as { redraw(): void };
    Object.assign(map, { redraw: () => (drawn++, redraw.call(map)) });
    const unit = (value: string | undefined): Thenable<void> =>
      vscode.workspace.getConfiguration('inkling').update('surpriseMap.unit', value, vscode.ConfigurationTarget.Global);
    const { defaultValue } = vscode.workspace.getConfiguration('inkling').inspect<string>('surpriseMap.unit') ?? {};
    await unit(defaultValue === 'word' ? 'character' : 'word');
    await until(() => drawn > 0, 'it is drawn again');
    await unit(undefined);
    const refreshed = map.refresh();
    assert.notEqual(map.meanBits(document), 1);
    await until(() => answers.length === 2, 'the engine is asked again');
    answers[1](2);
    await refreshed;
    assert.equal(map.meanBits(document), 2);
  });

  it('moves with a file that is renamed', async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    const [uri, renamed] = ['marked.txt', 'renamed.txt'].map((name) => vscode.Uri.joinPath(folder.uri, name));
    await vscode.workspace.fs.writeFile(uri, Buffer.from('Once upon a time'));
    const { document } = await vscode.window.showTextDocument(uri);
    const shown = map.toggle(document);
    await until(() => answers.length === 1, 'the engine is asked');
    answers[0](1);
    await shown;
    const edit = new vscode.WorkspaceEdit();
    edit.renameFile(uri, renamed);
    assert.ok(await vscode.workspace.applyEdit(edit));
    const moved = await vscode.workspace.openTextDocument(renamed);
    await until(() => map.isShown(moved), 'it is shown there');
    assert.equal(map.isShown(document), false);
    assert.equal(map.meanBits(moved), 1);
    await closeAll();
    await vscode.workspace.fs.delete(renamed);
  });

  describe('of a text with surprising words', () => {
    const words = 'The old clock xxxx struck nine in the hall. Then the rain xxxxx went on falling xxxxxx over it.';
    let marks: SurpriseMarks;

    before(() => {
      // Every x surprises; in two pieces, as a long text arrives.
      const call = async (
        _method: 'surprise',
        { text }: { text: string },
        { onEvent }: CallOptions<SurpriseResult>,
      ) => {
        const bits = Float32Array.from(text, (character) => (character === 'x' ? 9 : 1));
        const result = { from: 0, bits, lengths: new Uint8Array(text.length).fill(1), meanBits: 2 };
        onEvent?.({ ...result, bits: bits.slice(0, 20), lengths: result.lengths.slice(0, 20) });
        return result;
      };
      const active = { require: async () => 'model', find: async () => undefined } as unknown as ActiveModel;
      marks = new SurpriseMarks({ call } as unknown as EngineCaller, active, { warn: assert.fail } as never);
    });
    after(() => marks.dispose());

    it('leads from one to the next, back, and around the end', async () => {
      const editor = await openText(words);
      editor.selection = new vscode.Selection(0, 0, 0, 0);
      const visited = async (direction: 'next' | 'previous'): Promise<string> => {
        await goToSurprise(marks, editor, direction);
        assert.ok(editor.selection.isEmpty, 'nothing is selected that a key could replace');
        return editor.document.getText(editor.document.getWordRangeAtPosition(editor.selection.active));
      };
      assert.deepEqual(
        [await visited('next'), await visited('next'), await visited('next'), await visited('next')],
        ['xxxx', 'xxxxx', 'xxxxxx', 'xxxx'],
      );
      assert.deepEqual([await visited('previous'), await visited('previous')], ['xxxxxx', 'xxxxx']);
      assert.equal(marks.isShown(editor.document), true);
    });

    it('lists its sentences, the most surprising first', async () => {
      const { document } = await openText(`${words}\n\nAnd all was quiet again.`);
      const listed = await surprisingSentences(marks, document);
      assert.deepEqual(
        listed.map(({ label }) => label.slice(0, 8)),
        ['Then the', 'The old ', 'And all '],
      );
      assert.equal(document.getText(listed[2].range), 'And all was quiet again.');
      assert.match(listed[0].description ?? '', /line 1, 2\.\d bits/);
    });

    it('leaves the marks of Markdown alone', async () => {
      const text = 'The old clock `xxxx` struck xxxxx at nine.';
      const editor = await openText(text, 'markdown');
      editor.selection = new vscode.Selection(0, 0, 0, 0);
      const found = await marks.find(editor.document, editor.selection.active, 'next');
      assert.equal(editor.document.getText(found), 'xxxxx');
      await vscode.languages.setTextDocumentLanguage(editor.document, 'plaintext');
      await until(async () => {
        const first = await marks.find(editor.document, new vscode.Position(0, 0), 'next').catch(() => undefined);
        return first !== undefined && editor.document.getText(first) === 'xxxx';
      }, 'it follows the language of the document');
    });

    it('is switched and explained in the status bar', async () => {
      const { document } = await openText(words);
      const models = { onDidChange: () => ({ dispose: () => undefined }) } as unknown as ModelStore;
      const active = { find: async () => 'model', onDidChange: models.onDidChange } as unknown as ActiveModel;
      const status = new SurpriseStatus(marks, active, models);
      try {
        await until(() => /Surprise$/.test(status.shown?.text ?? ''), 'it can be switched on');
        await marks.toggle(document);
        await until(() => /2\.00 bits/.test(status.shown?.text ?? ''), 'it shows the mean');
        assert.equal(status.shown?.tooltip.match(/inkling-surprise\d/g)?.length, 5, 'one line for each tint');
        await marks.toggle(document);
        await until(() => /Surprise$/.test(status.shown?.text ?? ''), 'it is off again');
      } finally {
        status.dispose();
      }
    });
  });
});
