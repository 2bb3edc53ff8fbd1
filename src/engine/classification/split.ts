/**
 * Splits of labelled examples: one training and one held-out part, or k folds. Every split keeps the proportions of the
 * classes (it is stratified) and depends on the seed alone. Equal texts stay together: if they were on both sides, the
 * measurement would show memory rather than judgement. In the held-out part each text counts once.
 */
import { Random } from '../random';
import { tokenize } from './tokens';

export interface Split {
  /** Indices into the examples. */
  train: Int32Array;
  heldOut: Int32Array;
  /** The number of duplicates left out of the held-out part. */
  duplicatesRemoved: number;
}

/**
 * `labels[i]` is the class id of example i; `fraction` of each class is held out, at least one text. With `keep` every
 * example is drawn independently and none is left out, as in most published results.
 */
export function splitExamples(
  texts: string[],
  labels: ArrayLike<number>,
  fraction: number,
  seed: number,
  duplicates: 'remove' | 'keep' = 'remove',
): Split {
  const random = new Random(seed, 11);
  const groups = duplicates === 'keep' ? texts.map((_, i) => [i]) : equalTexts(texts);
  const train: number[] = [];
  const heldOut: number[][] = [];
  for (const members of byClass(groups, labels)) {
    random.shuffle(members);
    const size = members.reduce((sum, group) => sum + group.length, 0);
    let wanted = Math.max(1, Math.round(size * fraction));
    const chosen = new Set<number[]>();
    for (const group of members) {
      if (group.length > wanted) continue;
      chosen.add(group);
      wanted -= group.length;
    }
    // Each part gets at least one of two or more texts, however often it is repeated.
    if (chosen.size === 0) chosen.add(members.reduce((a, b) => (b.length < a.length ? b : a)));
    if (chosen.size === members.length) chosen.delete(members[0]);
    heldOut.push(...chosen);
    train.push(...members.filter((group) => !chosen.has(group)).flat());
  }
  return finish(labels, train, heldOut, random);
}

/** `folds` splits whose held-out parts together contain every text once. */
export function foldExamples(texts: string[], labels: ArrayLike<number>, folds: number, seed: number): Split[] {
  const random = new Random(seed, 12);
  const parts: number[][][] = Array.from({ length: folds }, () => []);
  let next = 0;
  for (const members of byClass(equalTexts(texts), labels)) {
    random.shuffle(members);
    for (const group of members) parts[next++ % folds].push(group);
  }
  return parts.map((heldOut) => {
    const train = parts.filter((part) => part !== heldOut).flat(2);
    return finish(labels, train, heldOut, random);
  });
}

/** The key by which texts are equal: the same tokens, regardless of case and white space. */
export function duplicateKey(text: string): string {
  return tokenize(text)
    .map((token) => token.text.toLowerCase())
    .join(' ');
}

/** Keeps one example of each held-out text: the first of those with its most frequent label. */
function finish(labels: ArrayLike<number>, train: number[], heldOut: number[][], random: Random): Split {
  const kept = heldOut.map((group) => group.find((i) => labels[i] === labelOf(group, labels))!);
  return {
    train: random.shuffle(Int32Array.from(train)),
    heldOut: random.shuffle(Int32Array.from(kept)),
    duplicatesRemoved: heldOut.flat().length - kept.length,
  };
}

/** The indices of equal texts, in the order of their first occurrence. */
function equalTexts(texts: string[]): number[][] {
  const groups = new Map<string, number[]>();
  texts.forEach((text, i) => {
    const key = duplicateKey(text);
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  });
  return [...groups.values()];
}

/** The most frequent label in a group of equal texts; the smallest if there is a tie. */
function labelOf(group: number[], labels: ArrayLike<number>): number {
  const counts = new Map<number, number>();
  for (const i of group) counts.set(labels[i], (counts.get(labels[i]) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0][0];
}

/** The groups of each class. */
function byClass(groups: number[][], labels: ArrayLike<number>): number[][][] {
  const members: number[][][] = [];
  for (const group of groups) (members[labelOf(group, labels)] ??= []).push(group);
  return members.filter((list) => list !== undefined);
}
