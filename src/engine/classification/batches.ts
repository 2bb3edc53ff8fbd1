/**
 * Batches of texts for the classifier's network. Texts begin at step 0 and are padded at the end with `noToken`; the
 * only target of a row is at its last real token, so the padding never affects the loss and a padded text gives the
 * same result as the text alone (Keras does the same with a mask).
 */
import { noTarget, noToken, type Batch } from '../backends/backend';
import type { ClassifierSettings } from '../../common/classifierProtocol';
import type { Random } from '../random';

/**
 * The batch of `members` (indices into `sequences`), each cut to `steps` tokens. `targets[i]` is the target of text i.
 * Backwards, a text is cut first and then read from its end to its beginning; the padding stays at the end.
 */
export function textBatch(
  sequences: Uint16Array[],
  members: ArrayLike<number>,
  steps: number,
  targets: ArrayLike<number>,
  {
    weights,
    direction = 'forwards',
  }: { weights?: ArrayLike<number>; direction?: ClassifierSettings['direction'] } = {},
): Batch {
  const batch = members.length;
  const inputs = new Uint16Array(steps * batch).fill(noToken);
  const wanted = new Int32Array(steps * batch).fill(noTarget);
  const lengths = new Int32Array(batch);
  for (let b = 0; b < batch; b++) {
    const ids = sequences[members[b]];
    // A text without tokens is one empty step, because it needs an answer too.
    const length = Math.max(1, Math.min(steps, ids.length));
    lengths[b] = length;
    const read = Math.min(steps, ids.length);
    for (let t = 0; t < read; t++) inputs[t * batch + b] = ids[direction === 'backwards' ? read - 1 - t : t];
    wanted[(length - 1) * batch + b] = targets[members[b]];
  }
  const rowWeights = weights && Float32Array.from({ length: batch }, (_, b) => weights[members[b]]);
  return { batch, steps, inputs, targets: wanted, state: 'zero', lengths, ...(rowWeights && { rowWeights }) };
}

/** Hides a random share of the words, as if they were unknown words. */
export function dropWords(batch: Batch, share: number, random: Random): void {
  if (share <= 0) return;
  for (let i = 0; i < batch.inputs.length; i++) if (random.uniform() < share) batch.inputs[i] = noToken;
}

export interface TextGroup {
  members: Int32Array;
  /** Steps of the longest of them. */
  steps: number;
}

/** The groups of one epoch in padded mode: shuffled, every group of `steps` steps. */
export function paddedGroups(members: Int32Array, batch: number, steps: number, random: Random): TextGroup[] {
  const order = random.shuffle(Int32Array.from(members));
  const groups: TextGroup[] = [];
  for (let i = 0; i < order.length; i += batch) groups.push({ members: order.slice(i, i + batch), steps });
  return groups;
}

/**
 * The number of texts that are sorted by length together: enough to find texts of similar length, few enough to mix the
 * classes.
 */
const poolSize = 1024;

/**
 * The groups of one epoch in ragged mode: shuffled, then within pools sorted by length and cut where the batch is full
 * or a text is more than a quarter longer than the shortest of its group. Steps are true lengths, at most `longest`.
 */
export function raggedGroups(
  members: Int32Array,
  lengths: ArrayLike<number>,
  batch: number,
  longest: number,
  random: Random,
): TextGroup[] {
  const order = random.shuffle(Int32Array.from(members));
  const lengthOf = (i: number): number => Math.max(1, Math.min(longest, lengths[i]));
  const groups: TextGroup[] = [];
  const pool = Math.max(poolSize, batch * 4);
  for (let start = 0; start < order.length; start += pool) {
    const sorted = order.slice(start, start + pool).sort((a, b) => lengthOf(a) - lengthOf(b));
    let first = 0;
    for (let i = 1; i <= sorted.length; i++) {
      const full = i - first === batch;
      if (i < sorted.length && !full && lengthOf(sorted[i]) <= lengthOf(sorted[first]) * 1.25 + 3) continue;
      groups.push({ members: sorted.slice(first, i), steps: lengthOf(sorted[i - 1]) });
      first = i;
    }
  }
  shuffleGroups(groups, random);
  return groups;
}

function shuffleGroups(groups: TextGroup[], random: Random): void {
  const order = random.shuffle(groups.map((_, i) => i));
  const copy = [...groups];
  order.forEach((from, to) => (groups[to] = copy[from]));
}
