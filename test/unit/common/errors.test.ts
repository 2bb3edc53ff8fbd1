import assert from 'node:assert/strict';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { asInklingError, InklingError } from '../../../src/common/errors';

describe('asInklingError', () => {
  const said = async (failing: Promise<unknown>): Promise<InklingError> =>
    asInklingError(await failing.catch((e) => e));

  it('says in plain words what is wrong with a file', async () => {
    const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-errors-'));
    try {
      const file = (name: string): string => path.join(folder, name);
      await fs.symlink(file('gone.txt'), file('broken link.txt'));
      await fs.symlink(file('circle.txt'), file('circle.txt'));
      for (const [failing, message] of [
        [fs.readFile(file('gone.txt')), /^gone\.txt can no longer be found/],
        [fs.stat(file('broken link.txt')), /^broken link\.txt can no longer be found/],
        [fs.readFile(file('circle.txt')), /^circle\.txt is a link that leads back to itself/],
        [fs.readFile(folder), /is a folder\. Choose a file\.$|^The file is a folder/],
      ] as const) {
        const error = await said(failing);
        assert.equal(error.code, 'invalidInput');
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\bE[A-Z]{3,}\b/);
      }
    } finally {
      await fs.rm(folder, { recursive: true });
    }
  });

  it("understands VS Code's own errors", () => {
    const missing = Object.assign(
      new Error("EntryNotFound (FileSystemError): Error: ENOENT: no such file, stat '/a/b.txt'"),
      {
        code: 'FileNotFound',
      },
    );
    const unopened = new Error(
      "cannot open file:///a/b.txt. Detail: Unable to read file '/a/b.txt' (Error: Unable to resolve nonexistent file '/a/b.txt')",
    );
    for (const error of [missing, unopened])
      assert.match(asInklingError(error).message, /^b\.txt can no longer be found/);
    const denied = Object.assign(new Error("NoPermissions (FileSystemError): '/a/b.txt'"), { code: 'NoPermissions' });
    assert.match(asInklingError(denied).message, /^b\.txt cannot be opened or changed/);
    assert.match(asInklingError(Object.assign(new Error('write'), { code: 'ENOSPC' })).message, /^The disk is full/);
  });

  it('leaves other errors as they are', () => {
    const own = new InklingError('corruptModel', 'ENOENT');
    assert.equal(asInklingError(own), own);
    const other = asInklingError(new TypeError('x is not a function'));
    assert.deepEqual([other.code, other.message], ['internal', 'x is not a function']);
    assert.equal(asInklingError('text').message, 'text');
    assert.equal(asInklingError(new Error('allocation failed')).code, 'outOfMemory');
  });
});
