/** The checkpoints of two runs that train to one file. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { say } from '../../../../src/common/l10n';
import { readLanguageModel, type StoredLanguageModel } from '../../../../src/engine/model/modelFile';
import { CheckpointFile } from '../../../../src/engine/training/checkpointFile';
import { withLateRename } from '../../../support/lateRename';
import { languageModelOf } from '../../../support/storedModel';

const modelOf = (created: string): StoredLanguageModel => {
  const model = languageModelOf(['a', 'b', 'c']);
  return { ...model, title: created, provenance: { ...model.provenance, created } };
};
const first = '2001-01-01T00:00:00.000Z';
const second = '2002-02-02T00:00:00.000Z';

describe('Checkpoints of two runs to one file', () => {
  let folder: string;
  let files: Record<string, CheckpointFile>;
  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-checkpoints-'));
    const modelPath = path.join(folder, 'novel.inkling.safetensors');
    files = { [first]: new CheckpointFile(modelPath, [first]), [second]: new CheckpointFile(modelPath, [second]) };
    for (const file of Object.values(files)) await file.begin();
  });
  afterEach(async () => {
    await fs.rm(folder, { recursive: true });
  });

  const titles = async (): Promise<string[]> => {
    const models = (await fs.readdir(folder)).map((name) => readLanguageModel(path.join(folder, name)));
    return (await Promise.all(models)).map(({ title }) => title).sort();
  };

  it('are both there, even if they are written at the same time and the rename of one is late', async () => {
    const [, { notice }] = await withLateRename(
      () => files[first].write(modelOf(first)),
      () => files[second].write(modelOf(second)),
    );
    assert.match(say(notice!), /^Another run writes its checkpoints to .*novel\.inkling\.safetensors\.checkpoint: /);
    assert.deepEqual(await titles(), [first, second]);
  });

  it('are removed each by its own run', async () => {
    for (const [created, file] of Object.entries(files)) await file.write(modelOf(created));
    await files[first].remove();
    assert.deepEqual(await titles(), [second]);
    await files[second].remove();
    assert.deepEqual(await titles(), []);
  });
});
