/**
 * A text as its reader sees it, which is what a classifier judges: the source of mail and HTML unwrapped, compatibility
 * forms (NFKC, such as full-width letters) and look-alike letters of other scripts replaced by plain ones, invisible
 * characters removed, and words spaced out into single letters joined. What was found along the way is reported, and
 * every stretch of the result can be traced back to the original.
 */
import type { ReadingFinding } from '../../common/classifierProtocol';
import { lookalikes } from './confusables';
import { unwrap } from './unwrap';

export interface TextReading {
  /** The text as it is read. */
  text: string;
  findings: ReadingFinding[];
  /** The unwrapped mail or HTML: if present, offsets refer to it and not to the original text. */
  unwrapped?: string;
  /** The location of a stretch of `text` in the original text, or in `unwrapped`. UTF-16 offsets. */
  place(start: number, end: number): { start: number; end: number };
}

/** Reads a text. Never throws. */
export async function readText(given: string): Promise<TextReading> {
  const source = await unwrap(given);
  const { findings, ...characters } = readCharacters(source?.text ?? given);
  if (!source) return { ...characters, findings };
  if (source.hides && !findings.includes('hidden')) findings.unshift('hidden');
  return { ...characters, findings: [source.source, ...findings], unwrapped: source.text };
}

/** Only the texts. */
export async function readTexts(given: readonly string[]): Promise<string[]> {
  const texts: string[] = [];
  for (const text of given) texts.push((await readText(text)).text);
  return texts;
}

/** A text while its characters are examined: each UTF-16 unit with the stretch of the original that it represents. */
interface Units {
  units: string[];
  starts: number[];
  ends: number[];
}

function readCharacters(given: string): Omit<TextReading, 'unwrapped'> {
  const findings: ReadingFinding[] = [];
  // Most texts are plain ASCII and only have to be searched for spaced-out words.
  if (/^\p{ASCII}*$/u.test(given) && spacedRuns(given).length === 0) {
    return { text: given, findings, place: (start, end) => ({ start, end }) };
  }
  let read = plainForms(given, findings);
  read = latinLetters(read, findings);
  read = joinedWords(read, findings);
  const { units, starts, ends } = read;
  return {
    text: units.join(''),
    findings,
    place: (start, end) => ({ start: starts[start] ?? given.length, end: end === 0 ? 0 : ends[end - 1] }),
  };
}

const invisible = /^[\p{Cf}\p{Default_Ignorable_Code_Point}]$/u;
/** These are useful in ordinary text: for hyphenation, and for joining letters in scripts that join them. */
const ordinaryInvisibles = new Set(['\u00ad', '\u200c', '\u200d', '\ufeff']);

/** Applies NFKC and removes invisible characters. */
function plainForms(given: string, findings: ReadingFinding[]): Units {
  const read: Units = { units: [], starts: [], ends: [] };
  let hidden = false;
  let disguised = 0;
  for (const { 0: cluster, index } of given.matchAll(/\p{ASCII}(?!\p{M})|\P{M}\p{M}*|\p{M}+/gu)) {
    const end = index + cluster.length;
    let visible = cluster;
    if (cluster.length > 1 || cluster > '\x7f') {
      visible = '';
      for (const character of cluster) {
        if (!invisible.test(character)) visible += character;
        else if (isInsideWord(given, index, end) && !ordinaryInvisibles.has(character)) hidden = true;
        else if (/[a-z]/i.test(given[index - 1] ?? '') && /[a-z]/i.test(given[end] ?? '') && character !== '\u00ad') {
          // A joiner between Latin letters has no effect.
          hidden = true;
        }
      }
      const plain = visible.normalize('NFKC');
      if (plain !== visible && /^[a-z]$/i.test(plain)) disguised++;
      visible = plain;
      // Marks that are not used with any Latin letter: strokes through a word, stacked accents.
      if (/^[a-z]\p{M}/iu.test(visible)) visible = visible[0];
    }
    for (const unit of visible.split('')) {
      read.units.push(unit);
      read.starts.push(index);
      read.ends.push(end);
    }
  }
  if (hidden) findings.push('hidden');
  // Full-width letters are normal in East Asian scripts.
  if (disguised >= 3 && !/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(given)) {
    findings.push('lookalikes');
  }
  return read;
}

function isInsideWord(text: string, start: number, end: number): boolean {
  return (
    /[\p{L}\p{N}]$/u.test(text.slice(Math.max(0, start - 2), start)) && /^[\p{L}\p{N}]/u.test(text.slice(end, end + 2))
  );
}

const latinOf = new Map(
  Object.entries(lookalikes).flatMap(([letter, others]) => [...others].map((other) => [other, letter] as const)),
);

const lookalikeLetters = Object.values(lookalikes).join('');
const anyLookalike = new RegExp(`[${lookalikeLetters}]`, 'u');
/** Digits belong to every script. */
const onlyLookalikes = new RegExp(`^[${lookalikeLetters}\\p{N}]*$`, 'u');

/**
 * The Latin letters that replace look-alike letters of other scripts: in words that mix both scripts, and in words of
 * look-alikes only if most of the text is Latin. A Russian or Greek text keeps its letters.
 */
function latinLetters(read: Units, findings: ReadingFinding[]): Units {
  const text = read.units.join('');
  if (!anyLookalike.test(text)) return read;
  const latin = text.match(/\p{Script=Latin}/gu)?.length ?? 0;
  const isLatin = latin * 2 > (text.match(/\p{L}/gu)?.length ?? 0);
  const result: Units = { units: [...read.units], starts: read.starts, ends: read.ends };
  let found = false;
  for (const { 0: word, index } of text.matchAll(/[\p{L}\p{N}]+/gu)) {
    const mixes = /[a-z]/i.test(word) && anyLookalike.test(word);
    if (!mixes && !(isLatin && anyLookalike.test(word) && onlyLookalikes.test(word))) continue;
    let at = index;
    for (const character of word) {
      const letter = latinOf.get(character);
      if (letter !== undefined) {
        found = true;
        result.units.fill('', at, at + character.length);
        result.units[at] = letter;
      }
      at += character.length;
    }
  }
  if (!found) return read;
  if (!findings.includes('lookalikes')) findings.push('lookalikes');
  return compact(result);
}

/** Removes the separators from words that are spaced out. */
function joinedWords(read: Units, findings: ReadingFinding[]): Units {
  const runs = spacedRuns(read.units.join(''));
  if (runs.length === 0) return read;
  findings.push('spaced');
  const result: Units = { units: [...read.units], starts: read.starts, ends: read.ends };
  for (const { start, end } of runs) for (let at = start + 1; at < end; at += 2) result.units[at] = '';
  return compact(result);
}

/** `F R E E`, `f.r.e.e`: four or more single Latin letters with the same separator between them. */
function spacedRuns(text: string): { start: number; end: number }[] {
  return [...text.matchAll(/(?<![\p{L}\p{N}])[a-z]([ .·*_|~-])[a-z](?:\1[a-z]){2,}(?![\p{L}\p{N}])/giu)].map(
    ({ 0: run, index }) => ({ start: index, end: index + run.length }),
  );
}

/** Removes the units that were emptied. */
function compact({ units, starts, ends }: Units): Units {
  const kept = units.flatMap((unit, i) => (unit === '' ? [] : [i]));
  const pick = <T>(list: T[]): T[] => kept.map((i) => list[i]);
  return { units: pick(units), starts: pick(starts), ends: pick(ends) };
}
