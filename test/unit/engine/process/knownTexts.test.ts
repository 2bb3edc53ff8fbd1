import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { KnownTexts } from '../../../../src/engine/process/knownTexts';

describe('KnownTexts', () => {
  let folder: string;
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-known-'))));
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  const file = (name: string, contents: string | Uint8Array): { name: string; path: string } => {
    fs.writeFileSync(path.join(folder, name), contents);
    return { name, path: path.join(folder, name) };
  };

  it('holds exactly the texts that were last reported, and reads changed files again', async () => {
    const known = new KnownTexts();
    const one = file('one', 'the sea');
    const two = file('two', 'the ocean');
    await known.update('folder', [one, two, { name: 'three', text: 'the river' }]);
    assert.deepEqual(
      known.texts('folder'),
      new Map([
        ['one', 'the sea'],
        ['two', 'the ocean'],
        ['three', 'the river'],
      ]),
    );
    file('one', 'the seaside');
    await known.update('folder', [one]);
    assert.deepEqual(known.texts('folder'), new Map([['one', 'the seaside']]));
    await known.update('other', [two]);
    await known.update('folder', []);
    assert.equal(known.texts('folder'), undefined);
    assert.deepEqual(known.texts('other'), new Map([['two', 'the ocean']]));
  });

  it('leaves out what is not there or not prose', async () => {
    const known = new KnownTexts();
    const texts = [
      file('picture', Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 0, 1, 2, 3)),
      { name: 'gone', path: path.join(folder, 'gone') },
      file('text', 'the sea'),
    ];
    await known.update('folder', texts);
    assert.deepEqual([...known.texts('folder')!.keys()], ['text']);
  });
});
