/**
 * Words and phrases that a writer uses too often, each with its places:
 *
 * - `language`: words used more often than the language uses them, judged by the log-likelihood ratio (Dunning 1993);
 * - `close`: words repeated within a short stretch, though the rest of the text uses them less, judged by the
 *   probability of so many under a Poisson distribution;
 * - `phrase`: runs of words that occur again and again.
 *
 * Names are left out of the first two: what a story is about is not a habit.
 */
import type { Overused } from '../../common/engineProtocol';
import type { ListedWord } from '../bases/wordList';
import { TimeSlice } from '../timeSlice';
import { foldWord, wordPattern } from './knownWords';

/**
 * A word is used more than usual if it occurs at least this many times, at least this many times more often than usual,
 * and with at least this likelihood ratio: by chance, that has a probability below 0.001.
 */
const fewestUses = 4;
const leastRatio = 2;
const leastLikelihoodRatio = 10.8;
/** A word is repeated closely if this many words contain this many uses, whose probability is at most this. */
const stretch = 80;
const fewestClose = 3;
const closeProbability = 0.001;
/** A word is a content word if fewer than one in 2^9 words is this one. */
const contentClass = 9;
/** The frequency class of a word that is not listed. */
const rarest = 24;
const shortestPhrase = 3;
const longestPhrase = 24;
const fewestPhrases = 3;
/** In a long text, a phrase must occur at least once per this many words. */
const wordsPerPhrase = 20_000;
/** The maximum number of findings of each kind. */
const mostFindings = 40;
/** What may lie between the words of a phrase; anything else ends it. */
const withinPhrase = /^(?:[ \t]*\n?[ \t]*|,[ \t]*|-)$/;
const startsSentence = /(?:^|[.!?…:\n]["”’)]*)\s*["“‘(]*$/;

interface Word {
  /** Folded. */
  text: string;
  /** Its position among the words of the text. */
  index: number;
  id: number;
  start: number;
  end: number;
  /** Whether it belongs to the same phrase as the word before it. */
  isJoined: boolean;
}

/** The words of a language: the frequency class of each, folded. */
export type Frequencies = ReadonlyMap<string, number>;

/** Of words that are folded to the same, the class of the most frequent one. */
export function frequenciesOf(list: readonly ListedWord[]): Frequencies {
  const classes = new Map<string, number>();
  for (const { word, frequencyClass } of list) {
    const folded = foldWord(word);
    classes.set(folded, Math.min(frequencyClass, classes.get(folded) ?? Infinity));
  }
  return classes;
}

/**
 * The findings of each kind, the most striking first; offsets are UTF-16 units of `text`. Without `frequencies` none is
 * of the kind `language`. Throws `cancelled`.
 */
export async function findOverused(
  text: string,
  frequencies: Frequencies | undefined,
  signal?: AbortSignal,
): Promise<Overused[]> {
  const slice = new TimeSlice(signal);
  const { words, isName } = readWords(text);
  const uses = new Map<string, Word[]>();
  for (const word of words) {
    const known = uses.get(word.text);
    if (known) known.push(word);
    else uses.set(word.text, [word]);
  }
  if (slice.isOver) await slice.renew();
  const classOf = ({ text: word }: Word): number =>
    frequencies ? (frequencies.get(word) ?? rarest) : Math.log2(words.length / uses.get(word)!.length);
  // Without a list nothing is known of the words, so each counts.
  const isContent = (word: Word): boolean =>
    frequencies === undefined || (classOf(word) >= contentClass && !isName(word.text));
  const common = [...uses].filter(([word]) => !isName(word));
  const findings = [
    ...(frequencies ? best(common.flatMap(([word, all]) => moreThanUsual(word, all, words.length, frequencies))) : []),
    ...best(common.flatMap(([word, all]) => closeTogether(word, all, words.length, frequencies))),
    ...best(phrases(words, classOf, isContent)),
  ];
  if (slice.isOver) await slice.renew();
  return findings;
}

/** A finding with the number by which it is ranked. */
type Ranked = Overused & { rank: number };

function best(findings: Ranked[]): Overused[] {
  return findings
    .sort((a, b) => b.rank - a.rank || (a.text < b.text ? -1 : 1))
    .slice(0, mostFindings)
    .map(({ rank: _rank, ...finding }) => finding);
}

function readWords(text: string): { words: Word[]; isName: (word: string) => boolean } {
  const ids = new Map<string, number>();
  /** For each word, how often it has a capital inside a sentence, minus how often it has none there. */
  const capitals = new Map<string, number>();
  let before = 0;
  const words = [...text.matchAll(wordPattern)].map(({ 0: written, index }, number): Word => {
    const folded = foldWord(written);
    const gap = text.slice(before, index);
    const isJoined = before > 0 && withinPhrase.test(gap);
    const isFirst = startsSentence.test(text.slice(Math.max(0, index - 10), index));
    if (!isFirst) {
      const change = written[0] === written[0].toLowerCase() ? -1 : 1;
      capitals.set(folded, (capitals.get(folded) ?? 0) + change);
    }
    let id = ids.get(folded);
    if (id === undefined) ids.set(folded, (id = ids.size));
    before = index + written.length;
    return { text: folded, index: number, id, start: index, end: before, isJoined };
  });
  return { words, isName: (word) => (capitals.get(word.replace(/'s$/, '')) ?? capitals.get(word) ?? 0) > 0 };
}

function moreThanUsual(word: string, uses: readonly Word[], total: number, frequencies: Frequencies): Ranked[] {
  const count = uses.length;
  if (count < fewestUses) return [];
  const listed = frequencies.get(word);
  // A word that is not listed may be rare or new: nothing is known about it.
  if (listed === undefined) return [];
  // As often as the most frequent words of its class: in a class, frequencies differ by a factor of up to 2.
  const expected = total * 2 ** -listed;
  const likelihoodRatio = 2 * (count * Math.log(count / expected) - (count - expected));
  if (count < leastRatio * expected || likelihoodRatio < leastLikelihoodRatio) return [];
  return [{ kind: 'language', text: word, places: uses.map(placeOf), expected, rank: count - expected }];
}

function closeTogether(
  word: string,
  uses: readonly Word[],
  total: number,
  frequencies: Frequencies | undefined,
): Ranked[] {
  if (uses.length < fewestClose) return [];
  if ((frequencies?.get(word) ?? Infinity) < contentClass) return [];
  const found = new Set<number>();
  let rank = 0;
  let most = 0;
  for (let first = 0, last = 0; first < uses.length; first++) {
    while (last + 1 < uses.length && uses[last + 1].index < uses[first].index + stretch) last++;
    const count = last - first + 1;
    if (count < fewestClose) continue;
    const expected = (stretch * (uses.length - count + 0.5)) / total;
    const probability = poissonTail(count, expected);
    if (probability > closeProbability) continue;
    for (let i = first; i <= last; i++) found.add(i);
    rank = Math.max(rank, -Math.log(probability));
    most = Math.max(most, count);
  }
  if (found.size === 0) return [];
  return [
    { kind: 'close', text: word, places: [...found].map((i) => placeOf(uses[i])), within: { most, stretch }, rank },
  ];
}

/**
 * Runs of words that occur again and again and include a content word. A run that is part of the same longer run
 * wherever it occurs is left out.
 */
function phrases(
  words: readonly Word[],
  classOf: (word: Word) => number,
  isContent: (word: Word) => boolean,
): Ranked[] {
  const fewest = Math.max(fewestPhrases, words.length / wordsPerPhrase);
  const found: Ranked[] = [];
  let shorter: Runs = new Map();
  for (let length = 2; length <= longestPhrase + 1; length++) {
    const isLongest = length > longestPhrase;
    const longer: Runs = isLongest ? new Map() : runsOf(words, length, length === 2 ? undefined : shorter, fewest);
    const covered = new Set<string>();
    for (const [key, places] of longer) {
      const ids = key.split(' ');
      for (const part of [ids.slice(0, -1).join(' '), ids.slice(1).join(' ')]) {
        if (shorter.get(part)?.length === places.length) covered.add(part);
      }
    }
    for (const [key, places] of length > shortestPhrase ? shorter : []) {
      const run = words.slice(places[0], places[0] + length - 1);
      if (covered.has(key) || !run.some(isContent)) continue;
      found.push({
        kind: 'phrase',
        text: run.map(({ text }) => text).join(' '),
        places: places.map((begin) => ({ start: words[begin].start, end: words[begin + length - 2].end })),
        rank: places.length * run.reduce((sum, word) => sum + classOf(word), 0),
      });
    }
    shorter = longer;
  }
  return found;
}

/** Where each run of words begins, as indices of words, by the ids of its words. */
type Runs = Map<string, number[]>;

/** The runs of a length that occur at least `fewest` times; both parts of such a run are among the `shorter` ones. */
function runsOf(words: readonly Word[], length: number, shorter: Runs | undefined, fewest: number): Runs {
  const begins = shorter && new Set([...shorter.values()].flat());
  const runs: Runs = new Map();
  for (const begin of begins ?? words.keys()) {
    const last = begin + length - 1;
    if (!words[last]?.isJoined || (begins && !begins.has(begin + 1))) continue;
    const ids = words.slice(begin, last + 1).map(({ id }) => id);
    const key = ids.join(' ');
    const places = runs.get(key);
    if (places) places.push(begin);
    else runs.set(key, [begin]);
  }
  for (const [key, places] of runs) {
    places.sort((a, b) => a - b);
    // Of runs that overlap ("and on and on and on"), only the first counts.
    const apart = places.filter((begin, i) => i === 0 || begin >= places[i - 1] + length);
    if (apart.length >= fewest) runs.set(key, apart);
    else runs.delete(key);
  }
  return runs;
}

function placeOf({ start, end }: Word): { start: number; end: number } {
  return { start, end };
}

/** P(X >= count) of a Poisson distribution. */
function poissonTail(count: number, expected: number): number {
  let term = Math.exp(-expected);
  let below = 0;
  for (let k = 0; k < count; k++) {
    below += term;
    term *= expected / (k + 1);
  }
  return Math.max(0, 1 - below);
}
