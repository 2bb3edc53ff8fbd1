/** Some hundreds of altered model files: each is read or refused with a sentence, and none is read in part. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { createReferenceBackend } from '../../../../src/engine/backends/reference/referenceBackend';
import { Random } from '../../../../src/engine/random';
import { tortureModels, useModel } from '../../../support/mutateModel';
import { originalModels } from '../../../support/originalModels';
import { madeText } from '../training/support';

const seed = 17;
const rounds = 300;
const text = madeText(600);

describe(`Altered model files (seed ${seed})`, () => {
  const backend = createReferenceBackend();
  let folder: string;
  let models: Buffer[];

  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-altered-'));
    models = await originalModels(folder, backend, text);
  });
  after(() => fs.rm(folder, { recursive: true }));

  it('are valid before they are altered', async () => {
    const file = path.join(folder, 'unaltered');
    for (const bytes of models) {
      await fs.writeFile(file, bytes);
      assert.equal(await useModel(file, backend, text), undefined);
    }
  });

  it('are read or refused, by every reader', async () => {
    const file = path.join(folder, 'altered');
    const { read, refused } = await tortureModels(models, { rounds, random: new Random(seed), file, backend, text });
    // If all of them were refused, the code after the first check would not have been reached.
    assert.ok(read > rounds / 20 && refused > rounds / 2, `${read} read, ${refused} refused`);
  });
});
