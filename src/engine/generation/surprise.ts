/**
 * How surprised a model is by each character (or word) of a text: -log2 of its predicted probability. The figures of
 * the last text are kept together with contexts along it, so that after an edit only what follows is recomputed.
 */
import { commonStart } from '../../common/commonEnds';
import type { SurpriseResult } from '../../common/engineProtocol';
import { SerialQueue } from '../../common/serialQueue';
import { noToken } from '../backends/backend';
import { TimeSlice } from '../timeSlice';
import { lineEnd, type LanguageModel } from './languageModel';
import type { Predictor } from './predictor';
import { prime } from './prime';
import { probabilityOf } from './sampler';
import { splitIntoUnits, type TextUnits } from './textUnits';

/** Bits shown for a character unknown to the model: more than for any known one. */
const unknownBits = 16;
/** A context is kept every this many units; fewer for a long text, within the memory below. */
const keepEvery = 64;
const maximumBytes = 16 * 1024 * 1024;

/** A position where reading can resume: before unit `unit`. */
interface Mark {
  unit: number;
  context: Float32Array;
  logits: Float32Array;
}

export class SurpriseMap {
  private text = '';
  private bits = new Float32Array(0);
  private marks: Mark[] = [];
  /** One update at a time: the next text may arrive while the previous, cancelled update is still ending. */
  private readonly queue = new SerialQueue();

  constructor(
    private readonly model: LanguageModel,
    private readonly predictor: Predictor,
  ) {}

  /**
   * Figures from the unit at or before UTF-16 offset `from`, or before the first change since the last call. Throws
   * `cancelled`, keeping what was computed until then.
   */
  update(text: string, from: number, signal?: AbortSignal): Promise<SurpriseResult> {
    return this.queue.run(() => this.updateNow(text, from, signal));
  }

  private async updateNow(text: string, from: number, signal?: AbortSignal): Promise<SurpriseResult> {
    const changed = commonStart(this.text, text);
    const units = splitIntoUnits(this.model, text);
    // The unit before a change may have been extended by a combining mark.
    const keep = Math.max(0, unitAt(units, changed).unit - 1);
    const bits = new Float32Array(units.lengths.length);
    const known = Math.min(keep, this.bits.length);
    bits.set(this.bits.subarray(0, known));
    this.marks = this.marks.filter((mark) => mark.unit <= known);
    let done = known;
    try {
      done = await this.read(units, bits, signal);
    } catch (error) {
      // Read until the last mark.
      done = this.marks.at(-1)?.unit ?? 0;
      throw error;
    } finally {
      this.bits = bits.subarray(0, done);
      this.text = text.slice(0, offsetOf(units, done));
    }
    const start = unitAt(units, Math.min(from, offsetOf(units, known)));
    return {
      from: start.offset,
      bits: bits.slice(start.unit),
      lengths: units.lengths.slice(start.unit),
      meanBits: meanBits(units, bits),
    };
  }

  /** Fills `bits` from the last mark on; returns the number of units. */
  private async read(units: TextUnits, bits: Float32Array, signal?: AbortSignal): Promise<number> {
    const { predictor, model } = this;
    if (this.marks.length === 0) this.marks.push(await this.beginning(signal));
    const begin = this.marks.at(-1)!;
    const context = begin.context.slice();
    const logits = begin.logits.slice();
    const newline = lineEnd(model);
    const lineStart = newline === undefined ? undefined : (await prime(model, predictor, new Uint16Array(0))).context;
    const contextBytes = context.byteLength + logits.byteLength;
    const spacing = Math.max(keepEvery, Math.ceil((units.lengths.length * contextBytes) / maximumBytes));
    const slice = new TimeSlice(signal);
    const token = new Uint16Array(1);
    let at = 0;
    for (let unit = 0; unit < begin.unit; unit++) at += units.counts[unit];
    for (let unit = begin.unit; unit < units.lengths.length; unit++) {
      if (unit >= this.marks.at(-1)!.unit + spacing) {
        this.marks.push({ unit, context: context.slice(), logits: logits.slice() });
      }
      let sum = 0;
      for (let i = 0; i < units.counts[unit]; i++) {
        const id = units.ids[at++];
        sum += id === noToken ? unknownBits : -Math.log2(probabilityOf(id, logits, 0, predictor.classes));
        token[0] = id;
        if (id === newline && lineStart) {
          // The next line is a new example.
          context.set(lineStart);
          logits.set(this.marks[0].logits);
          continue;
        }
        predictor.step(token, context, logits);
      }
      bits[unit] = sum;
      if (slice.isOver) await slice.renew();
    }
    return units.lengths.length;
  }

  /** Before the text, the model predicts what follows its padding. */
  private async beginning(signal?: AbortSignal): Promise<Mark> {
    const { model, predictor } = this;
    const primed = await prime(model, predictor, new Uint16Array(0), undefined, signal);
    const fresh = model.config.text.examples === 'lines' ? primed.context : predictor.start();
    return { unit: 0, context: fresh, logits: primed.logits };
  }
}

/** The unit that covers a UTF-16 offset (after the text: one past the last), and its start. */
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

/** Mean over the characters of the text, unknown ones left out. */
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
