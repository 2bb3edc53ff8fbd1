import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { CorrectionStore } from '../../../../src/extension/classifier/correctionStore';

describe('CorrectionStore', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-'));
    file = path.join(folder, 'storage', 'corrections.json');
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));
  const plain = (store: CorrectionStore, classifier: string): [string, string][] =>
    store.of(classifier).map(({ text, label }) => [text, label]);

  it('keeps the corrections of each classifier separate, across sessions', async () => {
    const store = new CorrectionStore(file);
    await store.add('', [{ text: 'lunch?', label: 'ham' }]);
    await store.add('/mine', [{ text: 'lunch?', label: 'sea' }]);
    const next = new CorrectionStore(file);
    assert.deepEqual(plain(next, ''), [['lunch?', 'ham']]);
    assert.deepEqual(plain(next, '/mine'), [['lunch?', 'sea']]);
    assert.deepEqual(fs.readdirSync(path.dirname(file)), ['corrections.json']);
  });

  it('replaces an earlier correction of the same text, and restores it when the new one is taken back', async () => {
    const store = new CorrectionStore(file);
    await store.add('', [{ text: 'a', label: 'ham' }]);
    const takeBack = await store.add('', [
      { text: 'a', label: 'spam' },
      { text: 'b', label: 'spam' },
    ]);
    assert.deepEqual(plain(store, ''), [
      ['a', 'spam'],
      ['b', 'spam'],
    ]);
    await takeBack();
    assert.deepEqual(plain(store, ''), [['a', 'ham']]);
  });

  it('removes one, notifies its listeners, and drops the oldest of too many', async () => {
    const store = new CorrectionStore(file);
    let told = 0;
    store.onDidChange(() => told++);
    await store.add(
      '',
      Array.from({ length: 301 }, (_, i) => ({ text: `text ${i}`, label: 'spam' })),
    );
    const all = store.of('');
    assert.equal(all.length, 300);
    assert.equal(all[0].text, 'text 1');
    await store.remove(all[0].id);
    assert.equal(store.of('')[0].text, 'text 2');
    assert.equal(told, 2);
  });

  it('keeps what another window stored meanwhile, and what is stored at the same moment', async () => {
    const [here, there] = [new CorrectionStore(file), new CorrectionStore(file)];
    await here.add('', [{ text: 'a', label: 'ham' }]);
    assert.deepEqual(plain(there, ''), [['a', 'ham']]);
    const takeBack = await here.add('', [{ text: 'a', label: 'spam' }]);
    await there.add('', [{ text: 'b', label: 'ham' }]);
    await takeBack();
    assert.deepEqual(plain(here, '').sort(), [
      ['a', 'ham'],
      ['b', 'ham'],
    ]);
    await Promise.all(['c', 'd', 'e'].map((text) => there.add('', [{ text, label: 'spam' }])));
    await here.remove(here.of('')[0].id);
    assert.deepEqual(
      plain(new CorrectionStore(file), '')
        .map(([text]) => text)
        .sort(),
      ['a', 'c', 'd', 'e'],
    );
  });

  it('starts over if its file is damaged', async () => {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, '[{"id":');
    const store = new CorrectionStore(file);
    assert.deepEqual(store.of(''), []);
    await store.add('', [{ text: 'a', label: 'ham' }]);
    assert.deepEqual(plain(new CorrectionStore(file), ''), [['a', 'ham']]);
  });
});
