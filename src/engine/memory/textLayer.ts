/**
 * A layer of the memory that holds one text, the current document, and follows its edits. A long text is learned at once
 * (`learnText.ts`); the cost of an edit depends on the size of the change and the few words after it.
 *
 * The text is cut in two at the cursor: what follows the cursor is learned as the beginning of a separate text.
 * Otherwise the memory would predict at the cursor exactly what already follows it.
 */
import type { TextConfig } from '../../common/trainingConfig';
import { noToken } from '../backends/backend';
import { commonEnd, commonStart } from '../../common/commonEnds';
import { SerialQueue } from '../../common/serialQueue';
import { normaliseText } from '../corpus/normaliseText';
import type { Vocabulary } from '../corpus/vocabulary';
import { TimeSlice } from '../timeSlice';
import { placeNumbers } from './contexts';
import { learnGround } from './learnText';
import { Layer, type Memory } from './memory';

/** The approximate number of tokens between two marks. */
const keepEvery = 512;
/** The fewest tokens that are learned at once when nothing is known yet. */
const fewestAtOnce = 10_000;
/** The number of tokens to learn before yielding to other work. */
const tokensAtOnce = 2000;

/** The place in front of the token at `position`. */
interface Mark {
  position: number;
  place: Float32Array;
}

/** A line with its line break: its length in UTF-16 units and in tokens. */
interface Line {
  units: number;
  tokens: number;
}

export class TextLayer {
  readonly layer = new Layer();
  private text = '';
  private lines: Line[] = [];
  private tokens = new Uint16Array(256);
  private length = 0;
  /** The index of the token at which the text is cut; -1 if it is not cut. */
  private cut = -1;
  /** By ascending position; the first is the beginning of the text. */
  private marks: Mark[];
  /** Updates run one after another, because learning a long text takes several turns of the event loop. */
  private readonly queue = new SerialQueue();

  /** `memory` knows the contexts and the training text below this layer; its own layers are not used. */
  constructor(
    private readonly memory: Memory,
    private readonly vocabulary: Vocabulary,
    private readonly config: Pick<TextConfig, 'lowercase' | 'normalization'>,
  ) {
    const place = new Float32Array(placeNumbers);
    memory.contexts.start(place, 0);
    this.marks = [{ position: 0, place }];
  }

  /** Updates the layer to `text`, cut at the UTF-16 offset `cursor` if given. */
  update(text: string, cursor?: number): Promise<void> {
    return this.queue.run(() => this.updateNow(text, cursor));
  }

  private async updateNow(text: string, cursor?: number): Promise<void> {
    if (this.cut >= 0) this.splice(this.cut, 1, new Uint16Array(0));
    this.cut = -1;
    await this.replace(text);
    if (cursor === undefined) return;
    this.cut = this.tokensBefore(cursor);
    this.splice(this.cut, 0, Uint16Array.of(noToken));
  }

  /** Learns and forgets whole lines: normalisation never joins anything across a line break. */
  private async replace(text: string): Promise<void> {
    const old = this.text;
    if (text === old) return;
    const same = commonStart(old, text);
    const start = lineStart(text, same);
    const lineEnd = old.indexOf('\n', old.length - commonEnd(old, text, same));
    const oldEnd = lineEnd < 0 ? old.length : lineEnd + 1;
    const end = oldEnd + text.length - old.length;

    const from = this.lineAt(start);
    const to = this.lineAt(oldEnd);
    const changed = text.slice(start, end).match(/[^\n]*\n|[^\n]+$/g) ?? [];
    const encoded = changed.map((line) => this.encode(line));
    const lines = changed.map((line, i) => ({ units: line.length, tokens: encoded[i].length }));
    this.lines = [...this.lines.slice(0, from.line), ...lines, ...this.lines.slice(to.line)];
    this.text = text;
    const inserted = joined(encoded);
    if (this.length === 0 && (await this.learnAtOnce(inserted))) return;
    await this.spliceDifference(from.tokens, to.tokens - from.tokens, inserted);
  }

  private encode(line: string): Uint16Array {
    return this.vocabulary.encode(normaliseText(line, this.config));
  }

  /** The line that begins at a UTF-16 offset, and the number of tokens before it. */
  private lineAt(offset: number): { line: number; tokens: number } {
    let line = 0;
    let tokens = 0;
    for (let units = 0; units < offset; line++) {
      units += this.lines[line].units;
      tokens += this.lines[line].tokens;
    }
    return { line, tokens };
  }

  private tokensBefore(cursor: number): number {
    const start = lineStart(this.text, cursor);
    return this.lineAt(start).tokens + this.encode(this.text.slice(start, cursor)).length;
  }

  /** Returns whether it has: it does not for a short text, and cannot for one with counts that are too high. */
  private async learnAtOnce(tokens: Uint16Array): Promise<boolean> {
    const ground = tokens.length < fewestAtOnce ? undefined : await learnGround(tokens, this.memory);
    if (!ground) return false;
    this.layer.begin(ground);
    this.move(0, tokens.length);
    this.tokens.set(tokens);
    return true;
  }

  /** Like `splice`, but skips what is the same at both ends. */
  private async spliceDifference(start: number, removed: number, inserted: Uint16Array): Promise<void> {
    const { tokens } = this;
    const shorter = Math.min(removed, inserted.length);
    let before = 0;
    while (before < shorter && tokens[start + before] === inserted[before]) before++;
    let after = 0;
    while (after < shorter - before && tokens[start + removed - 1 - after] === inserted[inserted.length - 1 - after]) {
      after++;
    }
    const slice = new TimeSlice();
    const end = inserted.length - after;
    this.splice(
      start + before,
      removed - before - after,
      inserted.subarray(before, Math.min(end, before + tokensAtOnce)),
    );
    for (let at = before + tokensAtOnce; at < end; at += tokensAtOnce) {
      if (slice.isOver) await slice.renew();
      this.splice(start + at, 0, inserted.subarray(at, Math.min(end, at + tokensAtOnce)));
    }
  }

  /** Replaces `removed` tokens by `inserted`, and relearns the tokens after them until their contexts are as before. */
  private splice(start: number, removed: number, inserted: Uint16Array): void {
    if (removed === 0 && inserted.length === 0) return;
    const { memory, layer } = this;
    const { contexts } = memory;
    const before = this.placeAt(start);
    const after = before.slice();
    for (let i = start; i < start + removed; i++) {
      if (this.tokens[i] !== noToken) memory.forget(layer, before, this.tokens[i]);
      contexts.advance(before, 0, this.tokens[i]);
    }
    for (const token of inserted) {
      if (token !== noToken) memory.learn(layer, after, token);
      contexts.advance(after, 0, token);
    }
    let settled = start + removed;
    for (; settled < this.length && !isSame(before, after); settled++) {
      const token = this.tokens[settled];
      if (token !== noToken) {
        memory.forget(layer, before, token);
        memory.learn(layer, after, token);
      }
      contexts.advance(before, 0, token);
      contexts.advance(after, 0, token);
    }
    const longer = inserted.length - removed;
    this.marks = this.marks.filter(({ position }) => position <= start || position >= settled);
    for (const mark of this.marks) if (mark.position > start) mark.position += longer;
    this.move(start + removed, longer);
    this.tokens.set(inserted, start);
  }

  /** Moves the tokens from `from` on by `distance`. */
  private move(from: number, distance: number): void {
    const length = this.length + distance;
    if (length > this.tokens.length) {
      const roomier = new Uint16Array(2 * length);
      roomier.set(this.tokens.subarray(0, this.length));
      this.tokens = roomier;
    }
    this.tokens.copyWithin(from + distance, from, this.length);
    this.length = length;
  }

  /** A copy of the place in front of a token. Adds marks if the walk there is long. */
  private placeAt(position: number): Float32Array {
    let at = this.marks.findLastIndex((mark) => mark.position <= position);
    const place = this.marks[at].place.slice();
    for (let i = this.marks[at].position; i < position; i++) {
      if (i - this.marks[at].position >= keepEvery) this.marks.splice(++at, 0, { position: i, place: place.slice() });
      this.memory.contexts.advance(place, 0, this.tokens[i]);
    }
    return place;
  }
}

function isSame(a: Float32Array, b: Float32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The beginning of the line that contains a UTF-16 offset. */
function lineStart(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
}

function joined(parts: readonly Uint16Array[]): Uint16Array {
  const whole = new Uint16Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
