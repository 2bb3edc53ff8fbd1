import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { isAlive } from '../../../src/common/isAlive';

describe('isAlive', () => {
  it('recognises this process, one that has ended, and one that must not be queried', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    assert.equal(
      isAlive(() => process.kill(process.pid, 0)),
      true,
    );
    assert.equal(
      isAlive(() => process.kill(pid, 0)),
      false,
    );
    const refused = (): never => {
      throw Object.assign(new Error('not permitted'), { code: 'EPERM' });
    };
    assert.equal(isAlive(refused), true);
  });
});
