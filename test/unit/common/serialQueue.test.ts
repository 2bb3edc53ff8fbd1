import * as assert from 'node:assert/strict';
import { SerialQueue } from '../../../src/common/serialQueue';

describe('SerialQueue', () => {
  it('starts a task when the previous one has ended, even if that failed', async () => {
    const queue = new SerialQueue();
    const said: string[] = [];
    const work = (name: string, fails = false) =>
      queue.run(async () => {
        said.push(`${name} begins`);
        await new Promise((resolve) => setImmediate(resolve));
        said.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      });
    const [first, second] = [work('first', true), work('second')];
    await assert.rejects(first, /first/);
    assert.equal(await second, 'second');
    assert.deepEqual(said, ['first begins', 'first ends', 'second begins', 'second ends']);
    assert.equal(await queue.run(() => 3), 3);
  });
});
