/**
 * Divides a corpus into spans for training and held-out spans. The same corpus, settings and seed always give the same
 * split, so that a resumed run, an evaluation and a baseline see the same held-out text.
 */
import { Random } from '../random';
import type { Corpus, ExampleTable, Span } from './corpus';
import { Permutation } from './permutation';

/** The generator stream that draws random held-out parts. */
const splitStream = 0x5711;

/** How many of `count` are held out. */
export function heldOutCount(corpus: Corpus, count: number): number {
  const { kind, fraction } = corpus.config.heldOut;
  return kind === 'none' ? 0 : Math.floor(count * fraction);
}

/** The training part of running text: every file without its held-out tail. */
export function trainSpans(corpus: Corpus): Span[] {
  return corpus.files.map(({ start, end }) => ({ start, end: end - tailLength(corpus, { start, end }) }));
}

/** The held-out tail of each file that has one. There is always a token before it, for context. */
export function heldOutSpans(corpus: Corpus): (Span & { fileStart: number })[] {
  return corpus.files
    .map(({ start, end }) => ({ start: end - tailLength(corpus, { start, end }), end, fileStart: start }))
    .filter((span) => span.start < span.end);
}

function tailLength(corpus: Corpus, file: Span): number {
  return corpus.config.heldOut.kind === 'tail' ? heldOutCount(corpus, file.end - file.start) : 0;
}

/** The random order of a random split of `count` windows or examples; the first ones are held out. */
export function splitOrder(count: number, seed: number): Permutation {
  return new Permutation(count, new Random(seed, splitStream));
}

/** Lines or line prefixes, each part in the order of the text. */
export function splitExampleTable(corpus: Corpus, seed: number): { train: ExampleTable; heldOut: ExampleTable } {
  const { starts, ends } = corpus.examples!;
  const isHeldOut = new Uint8Array(starts.length);
  if (corpus.config.heldOut.kind === 'random') {
    const order = splitOrder(starts.length, seed);
    for (let i = heldOutCount(corpus, starts.length) - 1; i >= 0; i--) isHeldOut[order.at(i)] = 1;
  } else {
    // The last examples of every file.
    let first = 0;
    for (const file of corpus.files) {
      let end = first;
      while (end < starts.length && starts[end] < file.end) end++;
      isHeldOut.fill(1, end - heldOutCount(corpus, end - first), end);
      first = end;
    }
  }
  const select = (wanted: number): ExampleTable => ({
    starts: starts.filter((_, i) => isHeldOut[i] === wanted),
    ends: ends.filter((_, i) => isHeldOut[i] === wanted),
  });
  return { train: select(0), heldOut: select(1) };
}

/** A random span of `length` tokens from the training part, as a prompt (shorter only if the training part is). */
export function randomWindow(corpus: Corpus, length: number, random: Random): string {
  const spans = trainSpans(corpus);
  const longEnough = spans.filter((span) => span.end - span.start >= length);
  const choices = longEnough.length > 0 ? longEnough : spans;
  const starts = choices.map((span) => Math.max(0, span.end - span.start - length) + 1);
  let pick = random.integer(starts.reduce((sum, count) => sum + count, 0));
  let s = 0;
  while (pick >= starts[s]) pick -= starts[s++];
  const start = choices[s].start + pick;
  return corpus.vocabulary.decode(corpus.ids.subarray(start, Math.min(start + length, choices[s].end)));
}
