/** The simulated writer who accepts what is right, and the resulting figures. */
import * as assert from 'node:assert/strict';
import { plusMinus } from '../../../../src/engine/offers/bootstrap';
import { keystrokeReport } from '../../../../src/engine/offers/keystrokes';
import { replay, type ReplayCounts } from '../../../../src/engine/offers/replay';
import { Random } from '../../../../src/engine/random';

/** Types `text`; after each of the given beginnings, something is offered. */
async function type(text: string, offers: Record<string, string> = {}): Promise<ReplayCounts & { asked: string[] }> {
  const asked: string[] = [];
  const blocks = await replay(text, 0, text.length, (before) => {
    asked.push(before);
    return offers[before];
  });
  assert.equal(blocks.length, 1);
  return { ...blocks[0], asked };
}

describe('replay', () => {
  it('presses a key for every character if nothing is suggested', async () => {
    const { characters, keys, offers } = await type('a \u{1f600}b');
    assert.deepEqual({ characters, keys, offers }, { characters: 4, keys: 4, offers: 0 });
  });

  it('accepts a correct suggestion with one key', async () => {
    const { characters, keys, offers, taken, asked } = await type('the ship sailed', { 'the ': 'ship sailed' });
    assert.deepEqual({ characters, keys, offers, taken }, { characters: 15, keys: 5, offers: 1, taken: 1 });
    assert.equal(asked.length, 5);
  });

  it('accepts the first words of a suggestion one by one, and counts it once', async () => {
    const counts = await type('the old ship sails', { 'the ': 'old ship sank at once' });
    // "the " typed, "old" and " ship" taken, " sails" typed.
    assert.equal(counts.keys, 4 + 2 + 6);
    assert.deepEqual(counts.atLeast, [1, 1, 1, 1]);
    assert.deepEqual(counts.exact, [1, 1, 0, 0]);
    assert.equal(counts.offers, 1);
    assert.equal(counts.taken, 1);
  });

  it('accepts no word that continues', async () => {
    const { keys, taken, offers } = await type('and there it was', { 'and ': 'the' });
    assert.deepEqual({ keys, taken, offers }, { keys: 16, taken: 0, offers: 1 });
  });

  it('counts a suggestion once while it is typed out, and asks again when the text differs', async () => {
    const { offers, taken, asked } = await type('a shop', { 'a ': 'ship', 'a sho': 'es' });
    assert.deepEqual({ offers, taken }, { offers: 2, taken: 0 });
    assert.deepEqual(asked, ['', 'a', 'a ', 'a sho']);
  });

  it('knows only the text before the cursor', async () => {
    const text = 'call me Ishmael';
    await replay(text, 5, text.length, (before) => {
      assert.ok(text.startsWith(before) && before.length >= 5);
      return undefined;
    });
  });
});

describe('keystrokeReport', () => {
  it('gives shares and rates with their ±', async () => {
    const sentence = 'the cat sat. ';
    const text = sentence.repeat(400);
    // Every third "cat" is offered, and before every "sat" something wrong.
    let seen = 0;
    const report = keystrokeReport(
      await replay(text, 0, text.length, (before) => {
        if (before.endsWith('the ')) return seen++ % 3 === 0 ? 'cat' : undefined;
        return before.endsWith('cat ') ? 'dog' : undefined;
      }),
    );
    assert.equal(report.characters, text.length);
    assert.ok(Math.abs(report.saved - (134 * 2) / text.length) < 1e-9);
    assert.ok(Math.abs(report.precision - 134 / 534) < 1e-9);
    assert.ok(Math.abs(report.wrongPer100 - (100 * 400) / text.length) < 1e-9);
    assert.ok(report.exactMatch[0] === report.precision && Number.isNaN(report.exactMatch[1]));
    assert.ok(report.p50Ms <= report.p95Ms && report.plusMinus.p95Ms >= 0);
    assert.ok(report.plusMinus.saved > 0 && report.plusMinus.saved < 0.01, `${report.plusMinus.saved}`);
  });
});

describe('plusMinus', () => {
  it('agrees with the theory of a mean (seed 3)', () => {
    const random = new Random(3);
    const blocks = Array.from({ length: 400 }, () => random.normal());
    const mean = (drawn: readonly number[]): number => drawn.reduce((sum, x) => sum + x, 0) / drawn.length;
    const expected = 1.96 / Math.sqrt(400);
    assert.ok(Math.abs(plusMinus(blocks, mean) / expected - 1) < 0.15, `${plusMinus(blocks, mean)}`);
    assert.equal(plusMinus(blocks, mean), plusMinus(blocks, mean));
  });

  it('is unknown for a single block', () => {
    assert.ok(Number.isNaN(plusMinus([1], () => 1)));
  });
});
