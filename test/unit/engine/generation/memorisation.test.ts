/** Copies of the training text are found completely, with their place, and nothing else is. */
import * as assert from 'node:assert/strict';
import { KnownWords } from '../../../../src/engine/generation/knownWords';
import { CopyIndex, shortestRun } from '../../../../src/engine/generation/memorisation';
import { Random } from '../../../../src/engine/random';

const letters = (length: number, seed: number, set = 'abcdefghij klmnop'): string => {
  const random = new Random(seed);
  return Array.from({ length }, () => set[random.integer(set.length)]).join('');
};

describe('memorisation', () => {
  const first = letters(5000, 1);
  const second = letters(3000, 2);
  const index = new CopyIndex([
    { name: 'first.txt', text: first },
    { name: 'second.txt', text: second },
  ]);

  it('finds every copied run of 30 characters wherever it begins', () => {
    for (let at = 0; at < 60; at++) {
      const sample = `${letters(13, at + 100, 'XYZ')}${first.slice(at, at + shortestRun)}#${letters(9, at, 'XYZ')}`;
      assert.deepEqual(index.report(sample).runs, [{ start: 13, end: 43, source: 'first.txt', sourceOffset: at }]);
    }
  });

  it('omits shorter ones', () => {
    for (let at = 0; at < 60; at++) {
      assert.deepEqual(index.report(`XX${first.slice(at, at + shortestRun - 1)}#`).runs, []);
    }
  });

  it('gives several runs in order, from several texts, each to its full length', () => {
    const sample = `${second.slice(700, 760)}##${first.slice(4900)}##${second.slice(0, 31)}`;
    assert.deepEqual(index.report(sample).runs, [
      { start: 0, end: 60, source: 'second.txt', sourceOffset: 700 },
      { start: 62, end: 162, source: 'first.txt', sourceOffset: 4900 },
      { start: 164, end: 195, source: 'second.txt', sourceOffset: 0 },
    ]);
  });

  it('chooses the longest of several places', () => {
    const phrase = letters(40, 3, 'qrstuv');
    const text = `${phrase}A${letters(200, 4)}${phrase}B the end of it all`;
    const { runs } = new CopyIndex([{ name: 'x', text }]).report(`${phrase}B the end of it all`);
    assert.deepEqual(runs, [{ start: 0, end: 59, source: 'x', sourceOffset: 241 }]);
  });

  it('keeps the longer of two runs that overlap', () => {
    const [long, rest] = [letters(60, 5, 'qrstuv'), letters(20, 6, 'qrstuv')];
    const both = new CopyIndex([
      { name: 'long', text: long },
      { name: 'short', text: long.slice(40) + rest },
    ]);
    assert.deepEqual(both.report(long + rest).runs, [{ start: 0, end: 60, source: 'long', sourceOffset: 0 }]);
  });

  it('measures the share of novel 8-grams', () => {
    assert.equal(index.report(first.slice(100, 600)).novelShare, 0);
    const novel = index.report(letters(2000, 9, 'ABCDEFGHIJKLMNOP')).novelShare!;
    assert.ok(novel > 0.98, `${novel}`);
    // 92 grams of the text, 8 that touch the new character, of 100.
    const mixed = `${first.slice(0, 99)}#${first.slice(100, 107)}`;
    assert.ok(Math.abs(index.report(mixed).novelShare! - 8 / 100) < 0.011);
    assert.equal(index.report('short').novelShare, undefined);
  });

  it('handles texts that repeat themselves, and empty texts', () => {
    const dashes = new CopyIndex([{ name: 'dashes', text: '-'.repeat(100_000) }]);
    assert.equal(dashes.report('-'.repeat(100)).runs[0].end, 100);
    const empty = new CopyIndex([{ name: 'empty', text: '' }]);
    assert.deepEqual(empty.report(first.slice(0, 100)).runs, []);
    assert.deepEqual(index.report(''), { runs: [], novelShare: undefined });
  });

  it('of lines: finds a whole line that is a training example, wherever in the sample', () => {
    const names = new CopyIndex([{ name: 'dinos', text: 'aachenosaurus\ndromaeosauroides\nrex\n' }], { ofLines: true });
    const sample = 'dromaeosauroides\nrexosaurus\nrex';
    assert.deepEqual(names.report(sample).runs, [
      { start: 0, end: 16, source: 'dinos', sourceOffset: 14 },
      { start: 28, end: 31, source: 'dinos', sourceOffset: 31 },
    ]);
    assert.deepEqual(names.report('dromaeosaur').runs, []);
  });

  it('reports the share of whole words that occur in the text, regardless of case', () => {
    const known = new CopyIndex([{ name: 'a', text: 'The sea was calm.' }]);
    // The words at the ends may be parts of others.
    assert.equal(known.report('lm The SEA wuz calm, th').realWordShare, 3 / 4);
    assert.equal(known.report('sea').realWordShare, undefined);
    const listed = new KnownWords(["don't"]);
    assert.equal(known.report('lm The SEA don’t wuz, th', [listed]).realWordShare, 3 / 4);
  });
});
