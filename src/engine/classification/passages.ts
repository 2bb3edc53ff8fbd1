/**
 * A long text as passages: whole sentences or lines, each passage begun half a passage after the one before, so that a
 * short piece of spam fills at least half of one however much is put around it.
 */
import type { Token } from './tokens';

/** Tokens [from, to) of a passage. */
export interface Passage {
  from: number;
  to: number;
}

/** Passages of about `size` tokens; none for a text of less than two. */
export function passagesOf(text: string, tokens: readonly Token[], size: number): Passage[] {
  if (tokens.length < size * 2) return [];
  const starts = [0];
  for (let t = 1; t < tokens.length; t++) {
    const between = text.slice(tokens[t - 1].end, tokens[t].start);
    const previous = tokens[t - 1].text;
    const isBreak = between.includes('\n') || (between !== '' && /[.!?…。！？]$/u.test(previous));
    // A sentence without end is cut like any other.
    if (isBreak || t - starts.at(-1)! >= size / 2) starts.push(t);
  }
  starts.push(tokens.length);
  const passages: Passage[] = [];
  for (let first = 0; first < starts.length - 1;) {
    let last = first + 1;
    while (last < starts.length - 1 && starts[last] - starts[first] < size) last++;
    passages.push({ from: starts[first], to: starts[last] });
    if (last === starts.length - 1) break;
    const half = starts[first] + size / 2;
    let next = first + 1;
    while (next < last && starts[next] < half) next++;
    first = next;
  }
  return passages;
}
