/**
 * The batch block: everything that the shaders need of a batch and the settings of a step, packed into 32-bit words so
 * that one write per step sends it (see shaders/header.ts and shaders/tokens.ts for what the sections are).
 */
import { inputSize, type NetworkSpec } from '../../model/networkSpec';
import { noToken, type Batch } from '../backend';
import { reversedInputs } from '../checkBatch';
import { header, headerWords } from './shaders/header';
import { segmentLength } from './shaders/tokens';

/** Word offsets. */
export interface DirectionSections {
  tokens: number;
  /** Only if a table that tokens select from is trained. */
  order: number;
  segments: number;
  tokenSegments: number;
}

export interface Sections {
  directions: DirectionSections[];
  targets: number;
  rowWeights: number;
  reset: number;
  words: number;
  /** The maximum number of segments of a batch. */
  segmentCapacity: number;
}

/** The number of rows of the trainable table that tokens select from; 0 if there is none. */
export function learnedRows(spec: NetworkSpec): number {
  const { input } = spec;
  if (input.kind === 'one-hot') return inputSize(spec);
  return input.kind === 'embedding' && input.trainable ? input.vocabulary : 0;
}

/** The block for batches up to `rows` × `steps`. */
export function sectionsOf(spec: NetworkSpec, rows: number, steps: number): Sections {
  const positions = rows * steps;
  const vocabulary = learnedRows(spec);
  const segmentCapacity = vocabulary > 0 ? Math.ceil(positions / segmentLength) + Math.min(vocabulary, positions) : 0;
  let words = headerWords;
  const take = (count: number): number => {
    words += count;
    return words - count;
  };
  const directions = Array.from({ length: spec.layers[0].bidirectional ? 2 : 1 }, () => ({
    tokens: take(positions),
    order: take(vocabulary > 0 ? positions : 0),
    segments: take(segmentCapacity + 1),
    tokenSegments: take(vocabulary > 0 ? vocabulary + 1 : 0),
  }));
  const [targets, rowWeights, reset] = [take(positions), take(rows), take(rows)];
  return { directions, targets, rowWeights, reset, words, segmentCapacity };
}

/** The settings of a step; omitted ones are 0. */
export type HeaderValues = Partial<Record<keyof typeof header, number>>;

const wholeNumbers = new Set<string>(['dropoutKey', 'carry', 'segments', 'reversedSegments']);

export class BatchBlock {
  readonly words: Uint32Array;
  private readonly floats: Float32Array;
  private readonly integers: Int32Array;

  constructor(
    private readonly spec: NetworkSpec,
    readonly sections: Sections,
  ) {
    this.words = new Uint32Array(sections.words);
    this.floats = new Float32Array(this.words.buffer);
    this.integers = new Int32Array(this.words.buffer);
  }

  /** Fills the block from a checked batch. `carry`: use the states of the last carried batch. */
  fill(batch: Batch, values: HeaderValues, carry: boolean, training: boolean): void {
    const { sections, words } = this;
    const { batch: B, steps: T } = batch;
    const inputs = batch.inputs.subarray(0, B * T);
    words.fill(0, 0, headerWords);
    for (const [name, value] of Object.entries(values)) {
      const at = header[name as keyof typeof header];
      if (wholeNumbers.has(name)) words[at] = value;
      else this.floats[at] = value;
    }
    words[header.carry] = carry ? 1 : 0;
    this.integers.set(batch.targets.subarray(0, B * T), sections.targets);
    if (batch.rowWeights) this.floats.set(batch.rowWeights.subarray(0, B), sections.rowWeights);
    else this.floats.fill(1, sections.rowWeights, sections.rowWeights + B);
    if (batch.resetRows) words.set(batch.resetRows.subarray(0, B), sections.reset);
    else words.fill(0, sections.reset, sections.reset + B);
    sections.directions.forEach((direction, d) => {
      const tokens = d === 0 ? inputs : reversedInputs(batch);
      words.set(tokens, direction.tokens);
      if (training && learnedRows(this.spec) > 0) {
        words[d === 0 ? header.segments : header.reversedSegments] = this.sort(tokens, direction);
      }
    });
  }

  /** Counting sort of the positions by token, and their segments; returns the number of segments. */
  private sort(tokens: Uint16Array, at: DirectionSections): number {
    const vocabulary = learnedRows(this.spec);
    const begins = new Uint32Array(vocabulary + 1);
    for (const token of tokens) if (token !== noToken) begins[token + 1]++;
    for (let v = 0; v < vocabulary; v++) begins[v + 1] += begins[v];
    let segment = 0;
    for (let v = 0; v < vocabulary; v++) {
      this.words[at.tokenSegments + v] = segment;
      for (let i = begins[v]; i < begins[v + 1]; i += segmentLength) this.words[at.segments + segment++] = i;
    }
    this.words[at.tokenSegments + vocabulary] = segment;
    this.words[at.segments + segment] = begins[vocabulary];
    const next = begins.slice();
    tokens.forEach((token, position) => {
      if (token !== noToken) this.words[at.order + next[token]++] = position;
    });
    return segment;
  }
}
