/** Continue Text while other things happen in the editor; the test plays the engine. */
import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { SampleDelta, SampleRequest } from '../../../src/common/engineProtocol';
import { asInklingError, cancelled } from '../../../src/common/errors';
import type { CallOptions } from '../../../src/common/rpc/methods';
import { gatherFiles } from '../../../src/extension/training/gatherTexts';
import { TextContinuation } from '../../../src/extension/writing/continueText';
import { ProposalView, type ProposalState } from '../../../src/extension/writing/proposal';
import { openResource, requireEditor } from '../../../src/extension/editors';
import type { EngineCaller } from '../../../src/extension/engineHost/engineClient';
import { until } from '../../support/eventually';
import { activated, closeAll, openText } from '../support';

interface Writing {
  prompt: string[];
  stopped: boolean;
  say(text: string, stream?: number): void;
  end(...texts: string[]): void;
}

describe('Continue Text', () => {
  let writings: Writing[];
  let continuation: TextContinuation;
  let proposal: ProposalState | undefined;
  const options = { temperature: 0.5, seed: 1, length: 30 };

  before(activated);
  beforeEach(() => {
    writings = [];
    proposal = undefined;
    const call = (_method: 'sample', request: SampleRequest, { onEvent, signal }: CallOptions<SampleDelta>) =>
      new Promise<unknown>((resolve, reject) => {
        const writing: Writing = {
          prompt: request.prompt as string[],
          stopped: false,
          say: (text, stream = 0) => onEvent?.({ stream, text }),
          end: (...texts) => resolve({ texts, copies: [], tokensPerSecond: 1 }),
        };
        const cancel = (): void => {
          writing.stopped = true;
          reject(cancelled());
        };
        if (signal?.aborted) cancel();
        signal?.addEventListener('abort', cancel);
        writings.push(writing);
      });
    continuation = new TextContinuation(
      { call } as unknown as EngineCaller,
      {
        place: () => Promise.resolve(undefined),
      },
      { show: (state) => (proposal = state) },
    );
  });
  afterEach(closeAll);

  async function begin(editor: vscode.TextEditor): Promise<{ writing: Writing; ended: Promise<void> }> {
    const before = writings.length;
    const ended = continuation.run(editor, 'model', options);
    ended.catch(() => undefined);
    await until(() => writings.length > before, 'the engine is asked');
    return { writing: writings[before], ended };
  }

  it('ends as after a stop when its text is no longer shown', async () => {
    const editor = await openText('Once ');
    const { writing, ended } = await begin(editor);
    writing.say('upon ');
    await until(() => editor.document.getText() === 'Once upon', 'it writes');
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content: 'another' }));
    await until(() => !vscode.window.visibleTextEditors.includes(editor), 'the tab has changed');
    writing.say('a time there');
    await ended;
    assert.equal(editor.document.getText(), 'Once upon');
    assert.equal(continuation.active, false);
  });

  it('continues while its text is shown in another column', async () => {
    const first = await openText('Once ');
    const { writing, ended } = await begin(first);
    await vscode.window.showTextDocument(first.document, vscode.ViewColumn.Two);
    await vscode.window.showTextDocument(
      await vscode.workspace.openTextDocument({ content: 'another' }),
      vscode.ViewColumn.One,
    );
    await until(() => !vscode.window.visibleTextEditors.includes(first), 'the tab has changed');
    writing.say('upon');
    writing.end();
    await ended;
    assert.equal(first.document.getText(), 'Once upon');
  });

  it('starts again only after the previous one has written its last piece', async () => {
    const editor = await openText('Once ');
    const first = await begin(editor);
    first.writing.say('upon ');
    await Promise.resolve(); // it is on its way to the document when the next begins
    const second = await begin(editor);
    await first.ended;
    assert.deepEqual(second.writing.prompt, ['Once upon']);
    second.writing.say(' a time');
    second.writing.end();
    await second.ended;
    assert.equal(editor.document.getText(), 'Once upon a time');
  });

  it('continues when the language of the document changes', async () => {
    const editor = await openText('Once ');
    const { writing, ended } = await begin(editor);
    await vscode.languages.setTextDocumentLanguage(editor.document, 'markdown');
    assert.equal(editor.document.languageId, 'markdown');
    assert.equal(writing.stopped, false);
    writing.say('upon');
    writing.end();
    await ended;
    assert.equal(editor.document.getText(), 'Once upon');
  });

  it('selects nothing that it writes, so the next key replaces nothing', async () => {
    const editor = await openText('one two three four');
    editor.selections = [new vscode.Selection(0, 4, 0, 7), new vscode.Selection(0, 18, 0, 14)];
    const { writing, ended } = await begin(editor);
    writing.say(' and more');
    writing.end();
    await ended;
    await vscode.commands.executeCommand('type', { text: '!' });
    assert.equal(editor.document.getText(), 'one two and more! three four!');
  });

  it('begins at the end of the word that the cursor is in, and keeps clear of the next one', async () => {
    const editor = await openText('The hall was dark. Then');
    editor.selection = new vscode.Selection(0, 6, 0, 6);
    const first = await begin(editor);
    assert.deepEqual(first.writing.prompt, ['The hall']);
    first.writing.end();
    await first.ended;
    editor.selection = new vscode.Selection(0, 19, 0, 19);
    const second = await begin(editor);
    second.writing.say('It was late.');
    second.writing.end('It was late.');
    await second.ended;
    assert.equal(editor.document.getText(), 'The hall was dark. It was late. Then');
  });

  describe('as a proposal', () => {
    const proposed = (): string[] => proposal?.ranges.map((range) => proposal!.document.getText(range)) ?? [];

    async function propose(editor: vscode.TextEditor, ...texts: string[]): Promise<void> {
      const { writing, ended } = await begin(editor);
      assert.equal(proposal?.isWriting, true);
      texts.forEach((text, i) => writing.say(text, i));
      writing.end(...texts);
      await ended;
      assert.equal(proposal?.isWriting, false);
      assert.deepEqual(proposed(), texts);
    }

    async function another(...texts: string[]): Promise<void> {
      const before = writings.length;
      const ended = continuation.another(7);
      ended.catch(() => undefined);
      await until(() => writings.length > before, 'the engine is asked for another one');
      texts.forEach((text, i) => writings[before].say(text, i));
      writings[before].end(...texts);
      await ended;
    }

    it('can be kept, which leaves one undo step', async () => {
      const editor = await openText('Once ');
      await propose(editor, 'upon a time');
      await continuation.keep();
      assert.equal(proposal, undefined);
      assert.equal(editor.document.getText(), 'Once upon a time');
      await vscode.commands.executeCommand('undo');
      assert.equal(editor.document.getText(), 'Once ');
    });

    it('can be kept or discarded while it is being written', async () => {
      const editor = await openText('Once ');
      for (const [end, left] of [
        [() => continuation.keep(), 'Once upon'],
        [() => continuation.discard(), 'Once upon'],
      ] as const) {
        const { writing, ended } = await begin(editor);
        writing.say(' upon a');
        await until(() => proposed().length > 0 && proposed()[0].includes('upon'), 'it writes');
        await end();
        await ended;
        assert.equal(proposal, undefined);
        assert.equal(editor.document.getText().replace(/ +/g, ' '), left);
      }
    });

    it('is replaced by another one at the same place, in the same undo step', async () => {
      const editor = await openText('Once ');
      await propose(editor, 'upon a time');
      await another('there was');
      assert.equal(editor.document.getText(), 'Once there was');
      assert.deepEqual(proposed(), ['there was']);
      assert.deepEqual(writings[1].prompt, ['Once ']);
      await another('or twice');
      await continuation.keep();
      await vscode.commands.executeCommand('undo');
      assert.equal(editor.document.getText(), 'Once ', 'one undo takes all of it back');
    });

    it('is replaced at every cursor, and after an edit elsewhere', async () => {
      const editor = await openText('Title\none  two  end');
      editor.selections = [new vscode.Selection(1, 9, 1, 9), new vscode.Selection(1, 4, 1, 4)];
      await propose(editor, 'and a half', 'and\nmore');
      assert.equal(editor.document.getText(), 'Title\none and a half two and\nmore end');
      await until(() => editor.edit((edit) => edit.insert(new vscode.Position(0, 0), 'My\n')), 'the edit is made');
      assert.deepEqual(proposed(), ['and a half', 'and\nmore']);
      await another('is less than', 'is not');
      assert.equal(editor.document.getText(), 'My\nTitle\none is less than two is not end');
      await continuation.discard();
      assert.equal(editor.document.getText(), 'My\nTitle\none  two  end');
      assert.equal(proposal, undefined);
    });

    it('is kept when the user types there or changes it', async () => {
      for (const at of [16, 8]) {
        const editor = await openText('Once ');
        await propose(editor, 'upon a time');
        await until(() => editor.edit((edit) => edit.insert(new vscode.Position(0, at), '!')), 'the edit is made');
        assert.equal(proposal, undefined);
        await assert.rejects(continuation.another(1), /No text that Inkling wrote is left unchanged/);
        assert.equal(editor.document.getText().replace('!', ''), 'Once upon a time');
        await closeAll();
      }
    });

    it('ends when it is undone or its document is closed', async () => {
      const editor = await openText('Once ');
      await propose(editor, 'upon a time');
      await vscode.commands.executeCommand('undo');
      assert.equal(proposal, undefined);
      await propose(editor, 'there was');
      await closeAll();
      await until(() => proposal === undefined, 'it is over');
      await assert.rejects(continuation.another(1), /No text that Inkling wrote is left unchanged/);
      await assert.rejects(continuation.discard(), /No text that Inkling wrote is left unchanged/);
    });

    it('survives saves, another language and another tab', async () => {
      const editor = await openText('Once ');
      await propose(editor, 'upon a time');
      await vscode.languages.setTextDocumentLanguage(editor.document, 'markdown');
      await openText('another');
      assert.deepEqual(proposed(), ['upon a time']);
      const shown = await vscode.window.showTextDocument(editor.document);
      await another('there was');
      assert.equal(shown.document.getText(), 'Once there was');
    });

    it('has Keep, Another and Discard at its end and in the status bar', async () => {
      const view = new ProposalView();
      try {
        const { document } = await openText('Once upon a time\nthe end');
        const ranges = [new vscode.Range(0, 5, 0, 16)];
        const lenses = async (): Promise<string[]> => {
          const found = await vscode.commands.executeCommand<vscode.CodeLens[]>(
            'vscode.executeCodeLensProvider',
            document.uri,
          );
          return found.map(({ range, command }) => `${range.start.line} ${command?.title}`);
        };
        view.show({ document, ranges, isWriting: true });
        assert.match(view.shown ?? '', /Writing… Esc stops/);
        assert.deepEqual(await lenses(), []);
        view.show({ document, ranges, isWriting: false });
        assert.match(view.shown ?? '', /Keep proposal/);
        assert.deepEqual(await lenses(), ['1 Keep', '1 Another', '1 Discard']);
        view.show(undefined);
        assert.equal(view.shown, undefined);
        assert.deepEqual(await lenses(), []);
      } finally {
        view.dispose();
      }
    });
  });

  it('stays in view unless the user looks elsewhere', async () => {
    const lines = 'a line of text that is there\n'.repeat(200);
    const inSight = ({ document, visibleRanges }: vscode.TextEditor): boolean =>
      visibleRanges.some(({ end }) => end.line >= document.lineCount - 2);
    for (const follows of [true, false]) {
      const editor = await openText(lines);
      const last = editor.selection.active;
      editor.revealRange(new vscode.Range(last, last));
      await until(() => inSight(editor), 'the end is in sight');
      const { writing, ended } = await begin(editor);
      if (!follows) {
        editor.revealRange(new vscode.Range(0, 0, 0, 0));
        await until(() => editor.visibleRanges[0].start.line === 0, 'the beginning is in sight');
      }
      for (let i = 0; i < 60; i++) writing.say('words that are written\n\n');
      writing.end();
      await ended;
      assert.equal(editor.document.lineCount, 200 + 1 + 120);
      if (follows) await until(() => inSight(editor), 'the end is in sight still', 10_000);
      else assert.equal(editor.visibleRanges[0].start.line, 0);
      await closeAll();
    }
  });
});

describe('the text that the user is looking at', () => {
  afterEach(closeAll);

  it('is reported as hidden if VS Code shows it to no extension, and can be trained on as a file', async () => {
    await activated();
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    const uri = vscode.Uri.joinPath(folder.uri, 'large.txt');
    assert.throws(() => requireEditor('Open one.'), /Open one/);
    await vscode.workspace.fs.writeFile(uri, Buffer.alloc(51 * 1024 * 1024, 'the old clock in the hall\n'));
    try {
      await vscode.commands.executeCommand('vscode.open', uri);
      await until(() => openResource() !== undefined, 'it is open');
      assert.equal(vscode.window.activeTextEditor, undefined);
      assert.throws(() => requireEditor('Open one.'), /hides large\.txt from extensions/);
      const { texts } = await gatherFiles([openResource()!]);
      assert.equal('path' in texts[0] && texts[0].path, uri.fsPath);
    } finally {
      await closeAll();
      await vscode.workspace.fs.delete(uri);
    }
  });

  it('is reported in plain words when its file is gone', async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    const gone = vscode.Uri.joinPath(folder.uri, 'gone.txt');
    for (const failing of [gatherFiles([gone]), Promise.resolve(vscode.workspace.openTextDocument(gone))]) {
      const error = await failing.then(() => assert.fail('it is gone'), asInklingError);
      assert.match(error.message, /^gone\.txt can no longer be found/);
    }
  });
});
