/** Two runs that write to one file: whatever happens in between, no model is lost. */
import * as assert from 'node:assert';
import fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { readModelFile, writeModelFile, type StoredModel } from '../../../../src/engine/model/modelFile';
import { keepModel, versionOf } from '../../../../src/engine/model/keepModel';
import { withLateRename } from '../../../support/lateRename';
import { languageModelOf } from '../../../support/storedModel';

const modelOf = (title: string): StoredModel => ({ ...languageModelOf(['a', 'b', 'c']), title });

describe('keeping a model that another run may have overwritten', () => {
  const { open, rename } = fs;
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-keep-'));
    file = path.join(folder, 'novel.inkling.safetensors');
  });
  afterEach(async () => {
    Object.assign(fs, { open, rename });
    await fs.rm(folder, { recursive: true });
  });

  const titleIn = async (name: string): Promise<string> => (await readModelFile(path.join(folder, name))).title;
  /** Calls `act` when the model is written to its temporary file, before it is synced. */
  const whileWriting = (act: () => Promise<unknown>): void => {
    fs.open = async (...parameters) => {
      fs.open = open;
      const handle = await open(...parameters);
      const sync = handle.sync.bind(handle);
      handle.sync = async () => {
        await act();
        return sync();
      };
      return handle;
    };
  };

  for (const first of [undefined, 'its own earlier model']) {
    it(`moves aside what the other wrote while this one was being written (before: ${first ?? 'nothing'})`, async () => {
      if (first) await writeModelFile(file, modelOf(first));
      const seen = await versionOf(file);
      whileWriting(async () => {
        await writeModelFile(file, modelOf('other'));
        await fs.utimes(file, 1, 1); // regardless of the resolution of the disk's timestamps
      });
      const aside = await keepModel(file, modelOf('own'), seen);
      assert.equal(path.basename(aside!), 'novel-2.inkling.safetensors');
      assert.equal(await titleIn('novel.inkling.safetensors'), 'own');
      assert.equal(await titleIn('novel-2.inkling.safetensors'), 'other');
    });
  }

  it('leaves the other model in place if its own cannot be written', async () => {
    await writeModelFile(file, modelOf('other'));
    whileWriting(() => Promise.reject(Object.assign(new Error('simulated'), { code: 'ENOSPC' })));
    await assert.rejects(keepModel(file, modelOf('own'), undefined), /disk is full.*is kept in/);
    assert.deepEqual(await fs.readdir(folder), ['novel.inkling.safetensors']);
    assert.equal(await titleIn('novel.inkling.safetensors'), 'other');
  });

  it('always has a model in place, and no copy of it if the last move fails', async () => {
    await writeModelFile(file, modelOf('other'));
    let titleThen: string | undefined;
    fs.rename = async () => {
      fs.rename = rename;
      titleThen = await titleIn('novel.inkling.safetensors');
      throw Object.assign(new Error('simulated'), { code: 'EPERM' });
    };
    await assert.rejects(keepModel(file, modelOf('own'), undefined), /is kept in/);
    assert.equal(titleThen, 'other');
    assert.deepEqual(await fs.readdir(folder), ['novel.inkling.safetensors']);
  });

  it('loses neither of two models if the rename of one is late', async () => {
    const moved = await withLateRename(
      () => keepModel(file, modelOf('own'), undefined),
      () => keepModel(file, modelOf('other'), undefined),
    );
    assert.deepEqual(moved, [undefined, path.join(folder, 'novel-2.inkling.safetensors')]);
    assert.equal(await titleIn('novel.inkling.safetensors'), 'other');
    assert.equal(await titleIn('novel-2.inkling.safetensors'), 'own');
    assert.equal((await fs.readdir(folder)).length, 2);
  });

  it('does not wait for a process that was killed while it held the lock', async () => {
    await fs.writeFile(`${file}.lock`, JSON.stringify({ host: os.hostname(), pid: 2 ** 30 }));
    await keepModel(file, modelOf('own'), undefined);
    assert.deepEqual(await fs.readdir(folder), ['novel.inkling.safetensors']);
  });
});
