import * as assert from 'node:assert';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { baseLanguages, modelFileOf } from '../../../../src/engine/bases/shippedBases';

describe('shipped bases', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-bases-'));
  });
  afterEach(() => fs.rm(folder, { recursive: true, force: true }));

  it('are the model files of their folder, without cards and word lists', async () => {
    for (const name of ['fr.safetensors', 'de.safetensors', 'de.md', 'de.words.br']) {
      await fs.writeFile(path.join(folder, name), '');
    }
    assert.deepStrictEqual(baseLanguages(folder), ['de', 'fr']);
    assert.deepStrictEqual(baseLanguages(path.join(folder, 'none')), []);
  });

  it('are named by their language', async () => {
    await fs.writeFile(path.join(folder, 'de.safetensors'), '');
    assert.strictEqual(modelFileOf('base:de', folder), path.join(folder, 'de.safetensors'));
    assert.strictEqual(modelFileOf('a/base:de', folder), 'a/base:de');
    assert.throws(() => modelFileOf('base:en', folder), { code: 'invalidInput', message: /Choose one of base:de/ });
    assert.throws(() => modelFileOf('base:../de', folder), { code: 'invalidInput' });
    assert.throws(() => modelFileOf('base:en', path.join(folder, 'none')), { message: /none is installed/ });
  });
});
