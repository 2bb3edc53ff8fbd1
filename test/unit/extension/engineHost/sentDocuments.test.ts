/** A document is sent to the engine once as a whole, then as edits, and as a whole again if the engine has lost it. */
import * as assert from 'node:assert/strict';
import type * as vscode from 'vscode';
import type { DocumentUpdate } from '../../../../src/common/engineProtocol';
import type { EngineCaller } from '../../../../src/extension/engineHost/engineClient';
import { longestSent, SentDocuments } from '../../../../src/extension/engineHost/sentDocuments';

describe('SentDocuments', () => {
  /** What the engine knows, by document; and every update that it was sent. */
  let known: Map<string, string>;
  let updates: DocumentUpdate[];
  let closed: string[];
  let pid: number | undefined;
  let isLearned: boolean;
  let beside: string | undefined;
  let documents: SentDocuments;

  beforeEach(() => {
    known = new Map();
    updates = [];
    closed = [];
    pid = undefined;
    isLearned = true;
    beside = undefined;
    const call = (method: string, params: unknown): Promise<unknown> => {
      pid ??= 1;
      const { id } = params as { id: string };
      if (method === 'closeDocument') {
        known.delete(id);
        closed.push(id);
        return Promise.resolve(null);
      }
      const update = params as DocumentUpdate;
      updates.push(update);
      if ('text' in update) known.set(id, update.text);
      else {
        const text = known.get(id);
        if (text?.length !== update.length) return Promise.resolve(false);
        const { start, deleted, inserted } = update.edit;
        known.set(id, text.slice(0, start) + inserted + text.slice(start + deleted));
      }
      return Promise.resolve(true);
    };
    const engine = {
      call: call as EngineCaller['call'],
      get pid() {
        return pid;
      },
    };
    documents = new SentDocuments({
      engine,
      isLearned: () => isLearned,
      beside: () => beside,
      onError: (message) => assert.fail(message),
    });
  });

  const place = (text: string, cursor = text.length) =>
    documents.place(
      { uri: 'a', getText: () => text, offsetAt: () => cursor } as unknown as vscode.TextDocument,
      {} as vscode.Position,
    );

  it('sends the text once and then its edits', async () => {
    for (const text of ['the sea', 'the seas', 'the big seas', 'the big sea', 'big sea', 'ba', 'bba', 'b']) {
      assert.deepEqual(await place(text), { id: 'a', cursor: text.length, beside });
      assert.equal(known.get('a'), text);
    }
    await place('b');
    assert.equal(updates.filter((update) => 'text' in update).length, 1);
    assert.equal(updates.length, 8);
    assert.deepEqual(updates[1], { id: 'a', edit: { start: 7, deleted: 0, inserted: 's' }, length: 7 });
  });

  it('names the texts beside it', async () => {
    beside = 'folder';
    assert.deepEqual(await place('the sea'), { id: 'a', cursor: 7, beside });
  });

  it('sends it whole again to an engine that lost it or was restarted', async () => {
    await place('the sea');
    known.clear();
    await place('the seas');
    assert.equal(known.get('a'), 'the seas');
    known.clear();
    pid = 2;
    await place('the seas');
    assert.equal(known.get('a'), 'the seas');
  });

  it('sends only what is around the cursor of a very long document, and keeps to it while the user types there', async () => {
    const long = Array.from({ length: (3 * longestSent) / 10 }, (_, i) => String(i).padStart(10)).join('');
    const middle = 1.5 * longestSent;
    const at = async (text: string, cursor: number): Promise<void> => {
      const found = await place(text, cursor);
      const sent = known.get('a')!;
      assert.ok(found && sent.length <= 1.1 * longestSent);
      assert.equal(sent.slice(found.cursor - 100, found.cursor + 100), text.slice(cursor - 100, cursor + 100));
    };
    await at(long, middle);
    const typed = `${long.slice(0, middle)}and${long.slice(middle)}`;
    await at(typed, middle + 3);
    assert.deepEqual(updates[1], {
      id: 'a',
      edit: { start: longestSent / 2, deleted: 0, inserted: 'and' },
      length: longestSent,
    });
    await at(typed, typed.length - 100);
    assert.ok(typed.endsWith(known.get('a')!));
    await at(typed, 100);
    assert.ok(typed.startsWith(known.get('a')!));
    assert.equal(updates.length, 4);
  });

  it('names the texts beside an empty document', async () => {
    beside = 'folder';
    assert.deepEqual(await place(''), { id: 'a', cursor: 0, beside });
  });

  it('forgets documents that are closed or not to be learned, and starts no engine for them', async () => {
    await place('the sea');
    documents.close('a');
    assert.deepEqual(closed, ['a']);
    await place('the sea');
    isLearned = false;
    assert.equal(await place('the sea'), undefined);
    assert.equal(known.size, 0);
    isLearned = true;
    await place('the sea');
    pid = undefined;
    documents.close('a');
    assert.equal(closed.length, 2);
  });
});
