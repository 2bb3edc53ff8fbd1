import * as assert from 'node:assert/strict';
import { commonEnd, commonStart } from '../../../src/common/commonEnds';
import { Random } from '../../../src/engine/random';

describe('the common ends of two texts', () => {
  it('are found wherever the texts differ', () => {
    const random = new Random(1);
    for (let round = 0; round < 300; round++) {
      const shared = [random.integer(4000), random.integer(4000)];
      const [start, end] = shared.map((length) => 'ab'.repeat(length).slice(0, length));
      const [a, b] = [`${start}x${end}`, `${start}${'y'.repeat(random.integer(3) + 1)}${end}`];
      assert.deepEqual([commonStart(a, b), commonEnd(a, b, start.length)], shared);
      assert.deepEqual([commonStart(b, a), commonEnd(b, a, start.length)], shared);
    }
  });

  it('do not overlap', () => {
    const [short, long] = ['a'.repeat(3000), 'a'.repeat(5000)];
    assert.equal(commonStart(short, long), 3000);
    assert.equal(commonEnd(short, long, 3000), 0);
    assert.equal(commonEnd(short, long, 1000), 2000);
    assert.equal(commonStart('', short), 0);
    assert.equal(commonEnd(short, '', 0), 0);
  });
});
