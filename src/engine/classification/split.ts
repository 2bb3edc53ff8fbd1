/**
 * Splits of labelled examples: one training and one held-out part, or k folds. Every split keeps the classes' shares
 * (stratified) and is a function of the seed alone. An example of the held-out part whose text also stands in the
 * training part would measure memory instead of judgement, so it is removed and counted.
 */
import { Random } from '../random';
import { tokenize } from './tokens';

export interface Split {
  /** Indices into the examples. */
  train: Int32Array;
  heldOut: Int32Array;
  duplicatesRemoved: number;
}

/**
 * `labels[i]` is the class id of example i; `fraction` of each class is held out, at least one example. `keep` leaves
 * duplicates in the held-out part, as most published figures do.
 */
export function splitExamples(
  texts: string[],
  labels: ArrayLike<number>,
  fraction: number,
  seed: number,
  duplicates: 'remove' | 'keep' = 'remove',
): Split {
  const random = new Random(seed, 11);
  const train: number[] = [];
  const heldOut: number[] = [];
  for (const members of byClass(labels)) {
    random.shuffle(members);
    const count = Math.min(members.length - 1, Math.max(1, Math.round(members.length * fraction)));
    heldOut.push(...members.slice(0, count));
    train.push(...members.slice(count));
  }
  if (duplicates === 'keep')
    return { train: shuffled(train, random), heldOut: shuffled(heldOut, random), duplicatesRemoved: 0 };
  return finish(texts, train, heldOut, random);
}

/** `folds` splits whose held-out parts together hold every example once (before duplicates are removed). */
export function foldExamples(texts: string[], labels: ArrayLike<number>, folds: number, seed: number): Split[] {
  const random = new Random(seed, 12);
  const parts: number[][] = Array.from({ length: folds }, () => []);
  let next = 0;
  for (const members of byClass(labels)) {
    random.shuffle(members);
    for (const member of members) parts[next++ % folds].push(member);
  }
  return parts.map((heldOut) => {
    const train = parts.filter((part) => part !== heldOut).flat();
    return finish(texts, train, [...heldOut], random);
  });
}

/** What counts as the same text: the same tokens, case and white space aside. */
export function duplicateKey(text: string): string {
  return tokenize(text)
    .map((token) => token.text.toLowerCase())
    .join(' ');
}

function finish(texts: string[], train: number[], heldOut: number[], random: Random): Split {
  const known = new Set(train.map((i) => duplicateKey(texts[i])));
  const fresh = heldOut.filter((i) => !known.has(duplicateKey(texts[i])));
  return {
    train: shuffled(train, random),
    heldOut: shuffled(fresh, random),
    duplicatesRemoved: heldOut.length - fresh.length,
  };
}

function shuffled(members: number[], random: Random): Int32Array {
  return random.shuffle(Int32Array.from(members));
}

function byClass(labels: ArrayLike<number>): number[][] {
  const members: number[][] = [];
  for (let i = 0; i < labels.length; i++) (members[labels[i]] ??= []).push(i);
  return members;
}
