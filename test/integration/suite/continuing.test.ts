/** Continue Text beside what else happens in the editor, with the engine's part played by the test. */
import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { SampleDelta, SampleRequest } from '../../../src/common/engineProtocol';
import { cancelled } from '../../../src/common/errors';
import type { CallOptions } from '../../../src/common/rpc/methods';
import { TextContinuation } from '../../../src/extension/writing/continueText';
import type { EngineCaller } from '../../../src/extension/engineHost/engineClient';
import { activated, closeAll, openText, until } from '../support';

interface Writing {
  prompt: string[];
  stopped: boolean;
  say(text: string): void;
  end(): void;
}

describe('Continue Text', () => {
  let writings: Writing[];
  let continuation: TextContinuation;
  const options = { temperature: 0.5, seed: 1, length: 30 };

  before(activated);
  beforeEach(() => {
    writings = [];
    const call = (_method: 'sample', request: SampleRequest, { onEvent, signal }: CallOptions<SampleDelta>) =>
      new Promise<unknown>((resolve, reject) => {
        const writing: Writing = {
          prompt: request.prompt as string[],
          stopped: false,
          say: (text) => onEvent?.({ stream: 0, text } as SampleDelta),
          end: () => resolve({ texts: [], copies: [], tokensPerSecond: 1 }),
        };
        const cancel = (): void => {
          writing.stopped = true;
          reject(cancelled());
        };
        if (signal?.aborted) cancel();
        signal?.addEventListener('abort', cancel);
        writings.push(writing);
      });
    continuation = new TextContinuation({ call } as unknown as EngineCaller);
  });
  afterEach(closeAll);

  async function begin(editor: vscode.TextEditor): Promise<{ writing: Writing; ended: Promise<void> }> {
    const before = writings.length;
    const ended = continuation.run(editor, 'model', options);
    ended.catch(() => undefined);
    await until(() => writings.length > before, 'the engine is asked');
    return { writing: writings[before], ended };
  }

  it('ends as after a stop when its text is not shown any more', async () => {
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

  it('goes on as long as its text is shown in another column', async () => {
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

  it('begins anew only where the one before has written its last piece', async () => {
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

  it('goes on when the language of the document changes', async () => {
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
});
