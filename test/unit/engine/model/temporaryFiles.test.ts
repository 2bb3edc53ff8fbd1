import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { sweepTemporaryFiles, temporaryFileFor } from '../../../../src/engine/model/temporaryFiles';

describe('Temporary files left by writers', () => {
  let folder: string;
  beforeEach(async () => (folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-sweep-'))));
  afterEach(() => fs.rm(folder, { recursive: true }));

  async function put(name: string, hoursOld: number): Promise<string> {
    await fs.writeFile(path.join(folder, name), 'part');
    const then = new Date(Date.now() - hoursOld * 3_600_000);
    await fs.utimes(path.join(folder, name), then, then);
    return name;
  }
  const sweep = async (name: string): Promise<string[]> => {
    await sweepTemporaryFiles(path.join(folder, name));
    return (await fs.readdir(folder)).sort();
  };
  /** Of a process that has ended. */
  const gone = spawnSync(process.execPath, ['--version']).pid;
  const left = (file: string, owner = gone): string => `${file}.${owner}.${randomUUID()}.tmp`;

  it('are removed when they are old and their process is gone', async () => {
    await put(left('out'), 2);
    await put(left('out.checkpoint'), 2);
    await put(`out.${randomUUID()}.tmp`, 2);
    await put(left('other.inkling.safetensors.checkpoint'), 2);
    await put('out', 2);
    assert.deepEqual(await sweep('out'), ['out']);
  });

  it('are removed with those of their model when a checkpoint is written', async () => {
    await put(left('out'), 2);
    assert.deepEqual(await sweep('out.checkpoint'), []);
  });

  it('stay while they are young, while their process runs, or if they are not ours', async () => {
    const kept = [
      await put(left('out'), 0.5),
      await put(left('out', process.pid), 2),
      await put(path.basename(temporaryFileFor('out')), 2),
      await put(left('notes'), 2),
      await put('out.tmp', 2),
      await put('out.1234.tmp', 2),
      await put('out.inkling.safetensors', 2),
    ];
    assert.deepEqual(await sweep('out'), kept.sort());
  });

  it('do not require the folder to exist', async () => {
    await sweepTemporaryFiles(path.join(folder, 'none', 'out'));
  });
});
