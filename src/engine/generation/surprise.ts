/**
 * How surprised a model is by each character (or word) of a text: -log2 of its predicted probability. If the model has a
 * memory, it learns each token after it was scored, in a layer that holds this text alone, so every figure depends only
 * on the text before it. The figures of the last text are kept together with contexts along it, so that after an edit
 * only what follows is recomputed.
 */
import { commonStart } from '../../common/commonEnds';
import type { Considered, SurpriseResult } from '../../common/engineProtocol';
import { SerialQueue } from '../../common/serialQueue';
import { noToken } from '../backends/backend';
import { placeNumbers } from '../memory/contexts';
import { Layer, type Memory } from '../memory/memory';
import { openMemory } from '../memory/modelMemory';
import { TimeSlice, type Precedence } from '../timeSlice';
import { createPredictor, type PredictorUse } from './createPredictor';
import { lineEnd, silentTokens, type LanguageModel } from './languageModel';
import type { Predictor } from './predictor';
import { prime } from './prime';
import { softmax } from './sampler';
import { splitIntoUnits, type TextUnits } from './textUnits';

/** Bits shown for a character unknown to the model: more than for almost any known one. */
const unknownBits = 16;
/** The number of units between kept contexts; more in a long text, so that they take at most `maximumBytes`. */
const keepEvery = 64;
const maximumBytes = 16 * 1024 * 1024;
/** The number of most likely tokens that are kept for each unit. */
const keptExpected = 5;
/** The milliseconds between reports while a long text is read. */
const reportEveryMs = 400;

/** A position where reading can resume: before unit `unit`, which begins with token `token`. */
interface Mark {
  unit: number;
  token: number;
  context: Float32Array;
  logits: Float32Array;
  /** The place in the memory; empty without one. */
  place: Float32Array;
}

/** The bits of each unit, and the most likely tokens in its place, the most likely first: [units, keptExpected]. */
interface Figures {
  bits: Float32Array;
  expected: Uint16Array;
  probabilities: Float32Array;
}

interface SurpriseTools {
  signal?: AbortSignal;
  /** Reading pauses for it. */
  urgent?: Precedence;
  /** Receives the figures in pieces while they are computed; each continues where the last one ended. */
  onPart?: (part: SurpriseResult) => void;
}

export class SurpriseMap {
  private text = '';
  private figures = emptyFigures(0);
  private marks: Mark[] = [];
  private readonly predictor: Predictor;
  private readonly memory: Memory | undefined;
  /** What the memory has learned of the text: the first `learned` tokens of `ids`. */
  private readonly layer = new Layer();
  private ids: Uint16Array = new Uint16Array(0);
  private learned = 0;
  private readonly silent: readonly number[];
  /** One update at a time: the next text may arrive while the previous update is still being cancelled. */
  private readonly queue = new SerialQueue();

  constructor(
    private readonly model: LanguageModel,
    context: PredictorUse['context'] = 'as-trained',
  ) {
    this.predictor = createPredictor(model, { context, learned: [this.layer] });
    this.memory = model.memory && openMemory(model.memory, model.vocabulary);
    this.silent = silentTokens(model.vocabulary);
  }

  /**
   * Figures from the unit at or before UTF-16 offset `from`, or before the first change since the last call. Throws
   * `cancelled`, keeping what was computed until then.
   */
  update(text: string, from: number, tools: SurpriseTools = {}): Promise<SurpriseResult> {
    return this.queue.run(() => this.updateNow(text, from, tools));
  }

  /**
   * What the model expected in place of the unit at a UTF-16 offset of `text`, the most likely token first (T = 1);
   * empty after the end. Throws `cancelled`.
   */
  expectedAt(text: string, offset: number, signal?: AbortSignal): Promise<Considered[]> {
    return this.queue.run(async () => {
      await this.updateNow(text, text.length, { signal });
      const units = splitIntoUnits(this.model, text);
      const { unit } = unitAt(units, offset);
      const { expected, probabilities } = this.figures;
      const all = Array.from({ length: keptExpected }, (_, i) => unit * keptExpected + i);
      return all
        .filter((i) => probabilities[i] > 0)
        .map((i) => ({ token: this.model.vocabulary.tokenText(expected[i]), probability: probabilities[i] }));
    });
  }

  private async updateNow(text: string, from: number, tools: SurpriseTools): Promise<SurpriseResult> {
    const changed = commonStart(this.text, text);
    const units = splitIntoUnits(this.model, text);
    // The unit before a change may have been extended by a combining mark.
    const keep = Math.max(0, unitAt(units, changed).unit - 1);
    const known = Math.min(keep, this.figures.bits.length);
    const figures = emptyFigures(units.lengths.length);
    copyFigures(this.figures, figures, known);
    this.marks = this.marks.filter((mark) => mark.unit <= known);
    const start = unitAt(units, Math.min(from, offsetOf(units, known)));
    const part = (begin: { unit: number; offset: number }, end: number): SurpriseResult => ({
      from: begin.offset,
      bits: figures.bits.slice(begin.unit, end),
      lengths: units.lengths.slice(begin.unit, end),
      meanBits: meanBits(units, figures.bits.subarray(0, end)),
    });
    let reported = start;
    const onRead = (end: number): void => {
      if (end <= reported.unit) return;
      const result = part(reported, end);
      tools.onPart?.(result);
      reported = { unit: end, offset: reported.offset + result.lengths.reduce((sum, length) => sum + length, 0) };
    };
    let done = known;
    try {
      done = await this.read(units, figures, onRead, tools);
    } catch (error) {
      // Everything up to the last mark has been read.
      done = this.marks.at(-1)?.unit ?? 0;
      throw error;
    } finally {
      this.figures = emptyFigures(done);
      copyFigures(figures, this.figures, done);
      this.text = text.slice(0, offsetOf(units, done));
    }
    return part(start, units.lengths.length);
  }

  /** Fills in the figures from the last mark on; returns the number of units. */
  private async read(
    units: TextUnits,
    figures: Figures,
    onRead: (end: number) => void,
    { signal, urgent }: SurpriseTools,
  ): Promise<number> {
    const { predictor, model } = this;
    if (this.marks.length === 0) this.marks.push(await this.beginning(signal));
    const begin = this.marks.at(-1)!;
    this.forgetFrom(begin, units.ids);
    const context = begin.context.slice();
    const logits = begin.logits.slice();
    const place = begin.place.slice();
    const shares = new Float32Array(predictor.classes);
    const newline = lineEnd(model);
    const lineStart = newline === undefined ? undefined : (await prime(model, predictor, new Uint16Array(0))).context;
    const contextBytes = context.byteLength + logits.byteLength + place.byteLength;
    const spacing = Math.max(keepEvery, Math.ceil((units.lengths.length * contextBytes) / maximumBytes));
    const slice = new TimeSlice(signal, urgent);
    let reportedMs = performance.now();
    const token = new Uint16Array(1);
    let at = begin.token;
    for (let unit = begin.unit; unit < units.lengths.length; unit++) {
      if (unit >= this.marks.at(-1)!.unit + spacing) {
        this.marks.push({ unit, token: at, context: context.slice(), logits: logits.slice(), place: place.slice() });
      }
      let sum = 0;
      for (let i = 0; i < units.counts[unit]; i++) {
        const id = units.ids[at++];
        softmax(logits, 0, shares);
        sum += id === noToken ? unknownBits : -Math.log2(shares[id]);
        if (i === 0) this.keepExpected(shares, figures, unit);
        token[0] = id;
        if (id === newline && lineStart) {
          // The next line is a new example.
          context.set(lineStart);
          logits.set(this.marks[0].logits);
          continue;
        }
        this.learn(place, id);
        predictor.step(token, context, logits);
      }
      figures.bits[unit] = sum;
      if (slice.isOver) {
        if (performance.now() - reportedMs >= reportEveryMs) {
          onRead(unit + 1);
          reportedMs = performance.now();
        }
        await slice.renew();
      }
    }
    return units.lengths.length;
  }

  /** Learns the token at a place of the memory, and advances the place. */
  private learn(place: Float32Array, token: number): void {
    if (!this.memory) return;
    if (token !== noToken) this.memory.learn(this.layer, place, token);
    this.memory.contexts.advance(place, 0, token);
    this.learned++;
  }

  /** Forgets everything after a mark; from there on, `ids` is what will be learned. */
  private forgetFrom(mark: Mark, ids: Uint16Array): void {
    if (!this.memory) return;
    const place = mark.place.slice();
    for (let i = mark.token; i < this.learned; i++) {
      const token = this.ids[i];
      if (token !== noToken) this.memory.forget(this.layer, place, token);
      this.memory.contexts.advance(place, 0, token);
    }
    this.learned = mark.token;
    this.ids = ids;
  }

  private keepExpected(shares: Float32Array, { expected, probabilities }: Figures, unit: number): void {
    for (const id of this.silent) shares[id] = 0;
    const first = unit * keptExpected;
    const last = first + keptExpected - 1;
    probabilities.fill(0, first, last + 1);
    for (let id = 0; id < shares.length; id++) {
      if (shares[id] <= probabilities[last]) continue;
      let rank = last;
      for (; rank > first && probabilities[rank - 1] < shares[id]; rank--) {
        probabilities[rank] = probabilities[rank - 1];
        expected[rank] = expected[rank - 1];
      }
      probabilities[rank] = shares[id];
      expected[rank] = id;
    }
  }

  /** Before the text, the model predicts what follows its padding. */
  private async beginning(signal?: AbortSignal): Promise<Mark> {
    const { model, predictor, memory } = this;
    const primed = await prime(model, predictor, new Uint16Array(0), undefined, signal);
    const fresh = model.config.text.examples === 'lines' ? primed.context : predictor.start();
    const place = new Float32Array(memory ? placeNumbers : 0);
    memory?.contexts.start(place, 0);
    return { unit: 0, token: 0, context: fresh, logits: primed.logits, place };
  }
}

function emptyFigures(units: number): Figures {
  return {
    bits: new Float32Array(units),
    expected: new Uint16Array(units * keptExpected),
    probabilities: new Float32Array(units * keptExpected),
  };
}

/** Copies the figures of the first `units` units. */
function copyFigures(from: Figures, to: Figures, units: number): void {
  to.bits.set(from.bits.subarray(0, units));
  to.expected.set(from.expected.subarray(0, units * keptExpected));
  to.probabilities.set(from.probabilities.subarray(0, units * keptExpected));
}

/** The unit that covers a UTF-16 offset (after the text, one past the last unit), and the offset where it begins. */
function unitAt(units: TextUnits, offset: number): { unit: number; offset: number } {
  let unit = 0;
  let begin = 0;
  while (unit < units.lengths.length && begin + units.lengths[unit] <= offset) begin += units.lengths[unit++];
  return { unit, offset: begin };
}

function offsetOf(units: TextUnits, unit: number): number {
  let offset = 0;
  for (let i = 0; i < unit; i++) offset += units.lengths[i];
  return offset;
}

/** The mean over the UTF-16 units of the text, without unknown characters. */
function meanBits(units: TextUnits, bits: Float32Array): number {
  let sum = 0;
  let characters = 0;
  let at = 0;
  bits.forEach((value, unit) => {
    const known = units.ids[at] !== noToken || units.counts[unit] === 0;
    at += units.counts[unit];
    if (!known) return;
    sum += value;
    characters += units.lengths[unit];
  });
  return characters === 0 ? 0 : sum / characters;
}
