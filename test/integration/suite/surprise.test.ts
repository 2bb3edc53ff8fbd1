/** The surprise map beside what else happens to a document, with the engine's part played by the test. */
import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { cancelled, InklingError } from '../../../src/common/errors';
import type { CallOptions } from '../../../src/common/rpc/methods';
import type { EngineCaller } from '../../../src/extension/engineHost/engineClient';
import type { ActiveModel } from '../../../src/extension/models/activeModel';
import { SurpriseMarks } from '../../../src/extension/surprise/surpriseMarks';
import { activated, closeAll, openText, until } from '../support';

describe('surprise map', () => {
  let answers: ((bits: number) => void)[];
  let fail: (error: Error) => void;
  let map: SurpriseMarks;

  before(activated);
  beforeEach(() => {
    answers = [];
    const call = (_method: 'surprise', request: { text: string }, { signal }: CallOptions<never>) =>
      new Promise<unknown>((resolve, reject) => {
        fail = reject;
        signal?.addEventListener('abort', () => reject(cancelled()));
        const lengths = Uint8Array.from(request.text, ({ length }) => length);
        answers.push((bits) =>
          resolve({ from: 0, lengths, bits: new Float32Array(lengths.length).fill(bits), meanBits: bits }),
        );
      });
    const active = { require: async () => 'model' } as unknown as ActiveModel;
    map = new SurpriseMarks({ call } as unknown as EngineCaller, active, { warn: assert.fail } as never);
  });
  afterEach(async () => {
    map.dispose();
    await closeAll();
  });

  it('comes also where one types while it is first computed', async () => {
    const { document, edit } = await openText('Once upon a time');
    const shown = map.toggle(document);
    await until(() => answers.length === 1, 'the engine is asked');
    await edit((builder) => builder.insert(new vscode.Position(0, 0), 'x'));
    await shown;
    await until(() => answers.length === 2, 'it is asked again');
    answers[1](2);
    await until(() => map.meanBits(document) === 2, 'the map is drawn');
  });

  it('goes where its first computation fails', async () => {
    const { document } = await openText('Once upon a time');
    const shown = map.toggle(document);
    await until(() => answers.length === 1, 'the engine is asked');
    fail(new InklingError('corruptModel', 'The file is cut off.'));
    await assert.rejects(shown, /cut off/);
    assert.equal(map.isShown(document), false);
  });

  it('stays when the language of the document changes, and goes when it is closed', async () => {
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
});
