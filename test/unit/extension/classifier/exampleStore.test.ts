import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseLabelledText } from '../../../../src/engine/classification/labelledData';
import { ExampleStore } from '../../../../src/extension/classifier/exampleStore';

describe('ExampleStore', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-'));
    file = path.join(folder, 'storage', 'examples.json');
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  it('keeps what was labelled by hand across sessions, and gives it to the engine as a labelled text', async () => {
    const store = new ExampleStore(file);
    await store.add('sea', ['waves,\n"and" a ship', 'the tide\tcame']);
    await store.add('land', ['a plough']);
    const next = new ExampleStore(file);
    assert.deepEqual(next.labels(), ['land', 'sea']);
    const source = next.source('mine');
    assert.ok('text' in source);
    const { examples } = parseLabelledText(source.text, source.name, 'refuse');
    assert.deepEqual(
      examples.map(({ label, text }) => [label, text]),
      [
        ['sea', 'waves,\n"and" a ship'],
        ['sea', 'the tide\tcame'],
        ['land', 'a plough'],
      ],
    );
  });

  it('gives an existing text its new label, and removes one', async () => {
    const store = new ExampleStore(file);
    await store.add('sea', ['a plough', 'waves']);
    await store.add('land', ['a plough']);
    assert.deepEqual(
      store.all().map(({ label, text }) => [label, text]),
      [
        ['sea', 'waves'],
        ['land', 'a plough'],
      ],
    );
    await store.remove(store.all()[0].id);
    assert.deepEqual(store.labels(), ['land']);
  });
});
