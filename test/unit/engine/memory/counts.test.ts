import * as assert from 'node:assert/strict';
import { Counts } from '../../../../src/engine/memory/counts';
import { PackedCounts } from '../../../../src/engine/memory/packedCounts';
import { Random } from '../../../../src/engine/random';

/** Hashes that map to few slots of a table, so that searches collide and wrap around its end. */
const crowded = (random: Random): number => ((random.integer(40) << 26) | (random.integer(3) - 1)) >>> 0;

describe('Counts', () => {
  it('counts and takes back like a map of maps', () => {
    const random = new Random(1);
    const counts = new Counts();
    const known = new Map<number, Map<number, number>>();
    for (let step = 0; step < 20_000; step++) {
      const hash = crowded(random);
      const symbol = random.integer(6);
      const followers = known.get(hash) ?? new Map<number, number>();
      const before = followers.get(symbol) ?? 0;
      // In every other thousand steps, more is taken back than added.
      if (before > 0 && random.uniform() < (step % 2000 < 1000 ? 0.3 : 0.9)) {
        assert.equal(counts.change(hash, symbol, -1), before - 1);
        if (before > 1) followers.set(symbol, before - 1);
        else followers.delete(symbol);
      } else if (step % 2000 < 1000) {
        assert.equal(counts.add(hash, symbol), before);
        followers.set(symbol, before + 1);
      }
      if (followers.size > 0) known.set(hash, followers);
      else known.delete(hash);
      assert.equal(counts.count(hash, symbol), followers.get(symbol) ?? 0);
      if (step % 500 !== 0) continue;
      assert.equal(counts.contexts, known.size);
      assert.equal(
        counts.entries,
        [...known.values()].reduce((sum, { size }) => sum + size, 0),
      );
      for (const [own, expected] of known) {
        const context = counts.find(own);
        const found = new Map<number, number>();
        for (let entry = counts.firstEntry(context); entry !== 0; entry = counts.nextEntry(entry)) {
          found.set(counts.symbolOf(entry), counts.countOf(entry));
        }
        assert.deepEqual(new Map([...found].sort()), new Map([...expected].sort()));
        assert.equal(
          counts.total(context),
          [...expected.values()].reduce((a, b) => a + b),
        );
      }
    }
    assert.equal(counts.find(12345), 0);
  });
});

describe('PackedCounts', () => {
  for (const size of [0, 1, 2, 3, 100, 5000]) {
    it(`finds each of ${size} contexts and no other`, () => {
      const random = new Random(size);
      const hashes = new Set<number>([0, 0xffffffff].slice(0, size));
      while (hashes.size < size)
        hashes.add(random.uniform() < 0.5 ? (crowded(random) + hashes.size) >>> 0 : random.uint32());
      const contexts = Uint32Array.from(hashes).sort();
      const starts = Uint32Array.from({ length: size + 1 }, (_, i) => 2 * i);
      const entries = Uint32Array.from({ length: 2 * size }, (_, i) => ((i % 2) + 3) * 0x10000 + i + 1);
      const packed = new PackedCounts(32, contexts, starts, entries);
      contexts.forEach((hash, i) => {
        assert.equal(packed.find(hash), i);
        assert.equal(packed.find(hash | 0), i);
        assert.equal(packed.count(hash, 3), 2 * i + 1);
        assert.equal(packed.count(hash, 4), 2 * i + 2);
        assert.equal(packed.count(hash, 5), 0);
      });
      for (let i = 0; i < 200; i++) {
        const hash = random.uint32();
        if (!hashes.has(hash)) assert.equal(packed.find(hash), -1);
      }
    });
  }
});
