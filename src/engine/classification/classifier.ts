/**
 * A trained classifier at work: scores, verdicts, and what each word did to them.
 *
 * A text longer than the network was trained on is read in windows of equal length whose log-odds are averaged. What a
 * word contributes is found by occlusion: the log-odds with the word less those with a zero vector in its place, which
 * is what word dropout showed the network while it was trained.
 */
import { correctionLength } from '../../common/classifierProtocol';
import type { ClassifierRecord, Correction, TokenContribution, Verdict } from '../../common/classifierProtocol';
import { InklingError } from '../../common/errors';
import type { Backend, Network } from '../backends/backend';
import { noToken } from '../backends/backend';
import { outputSize, parameterCount, type NetworkSpec } from '../model/networkSpec';
import type { BagOfWords } from './bagOfWords';
import { textBatch } from './batches';
import { calibrate, type Calibration } from './calibration';
import { encodeTexts, Encoder } from './encoder';
import type { LogisticRegression } from './logisticRegression';
import { classProbabilities, type NaiveBayes } from './naiveBayes';
import { readText, readTexts } from './reading';
import { duplicateKey } from './split';
import { tokenize, type Token } from './tokens';
import type { VectorSource } from './vectorSource';

/** Everything that a verdict needs; what a classifier's file holds. */
export interface ClassifierModel {
  record: ClassifierRecord;
  /** Without an embedding of its own: `specFor` gives it one of the size at hand. */
  spec: NetworkSpec;
  /** The parameter block behind the embedding. */
  parameters: Float32Array;
  encoder: Encoder;
  /** Where the encoder's word vectors are from, so that a file need not repeat the table that everyone has. */
  vectors: VectorSource;
  calibration: Calibration;
  bag: BagOfWords;
  naiveBayes: NaiveBayes;
  logisticRegression: LogisticRegression;
}

/** Rows of the inference network's table and of its batches. */
const tableRows = 1024;
const batchRows = 128;
/** Stretches that are occluded, at most: longer texts are explained by runs of tokens. */
const occlusions = 256;
/** A user's correction counts as this many messages. */
const correctionWeight = 5;

/** The spec with an embedding of `rows` input vectors. */
export function specFor(spec: NetworkSpec, rows: number, size: number, trainable: boolean): NetworkSpec {
  return { ...spec, input: { kind: 'embedding', vocabulary: rows, dimensions: size, trainable } };
}

interface Window {
  /** Index of the text. */
  text: number;
  tokens: Token[];
  /** Share of the text. */
  weight: number;
}

export class Classifier {
  private network: Network | undefined;
  private readonly rows: number;

  constructor(
    private readonly backend: Backend,
    readonly model: ClassifierModel,
  ) {
    this.rows = Math.max(tableRows, this.longest);
  }

  dispose(): void {
    this.network?.dispose();
    this.network = undefined;
  }

  private get longest(): number {
    return this.model.record.settings.maximumTokens;
  }

  /** Logits of each text: one (log-odds of the positive class) for two classes, else one a class. Uncalibrated. */
  async logits(texts: Token[][], encoder = this.model.encoder): Promise<number[][]> {
    const outputs = outputSize(this.model.spec);
    const sums = texts.map(() => new Array<number>(outputs).fill(0));
    const windows = texts.flatMap((tokens, text) => this.windowsOf(tokens, text));
    windows.sort((a, b) => a.tokens.length - b.tokens.length);
    for (let i = 0; i < windows.length;) {
      const group: Window[] = [];
      let tokens = 0;
      while (i < windows.length && group.length < batchRows) {
        tokens += windows[i].tokens.length;
        // Counting every token as a row of its own is a bound that needs no look-up.
        if (group.length > 0 && tokens > this.rows) break;
        group.push(windows[i++]);
      }
      const { sequences, table } = encodeTexts(
        group.map((window) => window.tokens),
        [encoder],
        undefined,
        this.rows,
      );
      await this.load(table, encoder.size);
      const rows = await this.evaluate(sequences);
      group.forEach((window, b) => {
        for (let o = 0; o < outputs; o++) sums[window.text][o] += window.weight * rows[b][o];
      });
    }
    return sums;
  }

  /** The verdict on one text. `corrections` are a user's own labelled texts: the same text gets the label given, and the
   *  words of the others count as evidence. Nothing of them stays behind. `threshold` replaces the record's. */
  async classify(
    text: string,
    options: { explain: boolean; corrections?: Correction[]; threshold?: number },
  ): Promise<Verdict> {
    const started = performance.now();
    const { naiveBayes, bag } = this.model;
    const threshold = options.threshold ?? this.model.record.threshold;
    const record = { ...this.model.record, threshold: this.model.record.positive === null ? null : threshold };
    const { classes } = record;
    const reading = await readText(text);
    const tokens = tokenize(reading.text);
    const corrections = (options.corrections ?? []).filter((c) => classes.includes(c.label));
    const encoder = await this.correctedEncoder(corrections);
    const [logits] = await this.logits([tokens], encoder);
    let probabilities = probabilitiesOf(this.model, logits);
    let decided = decide(record, probabilities);
    const key = correctionKey(text);
    const same = corrections.findLast((correction) => correctionKey(correction.text) === key);
    if (same) {
      decided = classes.indexOf(same.label);
      probabilities = classes.map((_, c) => (c === decided ? 1 : 0));
    }
    const bayes = naiveBayes.probabilities(bag.count(reading.text));
    const bayesLabel = bayes.indexOf(Math.max(...bayes));
    return {
      label: classes[decided],
      probability: probabilities[decided],
      probabilities: Object.fromEntries(classes.map((name, c) => [name, probabilities[c]])),
      threshold: record.threshold,
      method: 'occlusion',
      contributions: options.explain
        ? (await this.explain(tokens, decided, encoder)).map((part) => ({
            ...part,
            ...reading.place(part.start, part.end),
          }))
        : [],
      tokens: tokens.length,
      findings: reading.findings,
      ...(reading.unwrapped !== undefined && { unwrapped: reading.unwrapped }),
      corrected: same !== undefined,
      naiveBayes: { label: classes[bayesLabel], probability: bayes[bayesLabel] },
      engineMs: performance.now() - started,
    };
  }

  private async explain(tokens: Token[], decided: number, encoder: Encoder): Promise<TokenContribution[]> {
    const run = Math.ceil(tokens.length / occlusions);
    const contributions: TokenContribution[] = [];
    for (const window of this.windowsOf(tokens, 0)) {
      const { sequences, table } = encodeTexts([window.tokens], [encoder], undefined, this.rows);
      await this.load(table, encoder.size);
      const [whole] = sequences;
      const variants: Uint16Array[] = [];
      for (let t = 0; t < whole.length; t += run) variants.push(whole.slice().fill(noToken, t, t + run));
      const [[full], parts] = [await this.evaluate([whole]), await this.evaluate(variants)];
      parts.forEach((logits, v) => {
        const last = Math.min(window.tokens.length, (v + 1) * run) - 1;
        contributions.push({
          start: window.tokens[v * run].start,
          end: window.tokens[last].end,
          contribution: window.weight * (this.logOdds(full, decided) - this.logOdds(logits, decided)),
        });
      });
    }
    return contributions;
  }

  /** Log-odds of class c. */
  private logOdds(logits: number[], c: number): number {
    const { positive } = this.model.record;
    if (positive !== null) return c === positive ? logits[0] : -logits[0];
    const p = Math.min(1 - 1e-12, Math.max(1e-12, classProbabilities(logits)[c]));
    return Math.log(p / (1 - p));
  }

  private async correctedEncoder(corrections: Correction[]): Promise<Encoder> {
    const { encoder, record } = this.model;
    if (!encoder.evidence || corrections.length === 0) return encoder;
    const texts = await readTexts(corrections.map((correction) => correction.text));
    const evidence = encoder.evidence.with(
      texts.map(tokenize),
      corrections.map((correction) => record.classes.indexOf(correction.label)),
      correctionWeight,
    );
    return new Encoder(encoder.vectors, evidence, encoder.learned);
  }

  private windowsOf(tokens: Token[], text: number): Window[] {
    const count = Math.max(1, Math.ceil(tokens.length / this.longest));
    return Array.from({ length: count }, (_, w) => {
      const from = Math.floor((w * tokens.length) / count);
      const to = Math.floor(((w + 1) * tokens.length) / count);
      const weight = tokens.length === 0 ? 1 : (to - from) / tokens.length;
      return { text, tokens: tokens.slice(from, to), weight };
    });
  }

  private async load(table: Float32Array, size: number): Promise<void> {
    const { spec, parameters } = this.model;
    const block = new Float32Array(this.rows * size + parameters.length);
    block.set(table);
    block.set(parameters, this.rows * size);
    if (this.network) return this.network.writeParameters(block);
    const limits = { batch: batchRows, steps: this.longest };
    this.network = await this.backend.createNetwork(specFor(spec, this.rows, size, false), block, limits);
  }

  /** Logits of each sequence, [sequences][outputs]. */
  private async evaluate(sequences: Uint16Array[]): Promise<number[][]> {
    const outputs = outputSize(this.model.spec);
    const targets = new Uint8Array(sequences.length);
    const rows: number[][] = [];
    for (let first = 0; first < sequences.length; first += batchRows) {
      const members = Array.from({ length: Math.min(batchRows, sequences.length - first) }, (_, b) => first + b);
      const steps = Math.max(1, ...members.map((i) => sequences[i].length));
      const batch = textBatch(sequences, members, steps, targets);
      const { logits } = await this.network!.evaluate(batch, { logits: true });
      members.forEach((_, b) => {
        const at = ((batch.lengths![b] - 1) * batch.batch + b) * outputs;
        const row = Array.from(logits!.subarray(at, at + outputs));
        if (!row.every(Number.isFinite)) {
          throw new InklingError('corruptModel', 'The weights of this classifier give no probability. Train it again.');
        }
        rows.push(row);
      });
    }
    return rows;
  }
}

/** Texts of one key have one correction. */
function correctionKey(text: string): string {
  return duplicateKey(text.slice(0, correctionLength));
}

/** P(class | text), [classes], from a text's logits; calibrated for two classes. */
export function probabilitiesOf({ record, calibration }: ClassifierModel, logits: number[]): number[] {
  if (record.positive === null) return classProbabilities(logits);
  const p = calibrate(calibration, logits[0]);
  return record.positive === 1 ? [1 - p, p] : [p, 1 - p];
}

/** The class that probabilities and threshold decide on. */
export function decide({ positive, threshold }: ClassifierRecord, probabilities: number[]): number {
  if (positive === null) return probabilities.indexOf(Math.max(...probabilities));
  return probabilities[positive] >= (threshold ?? 0.5) ? positive : 1 - positive;
}

/** The parameter block without its embedding. */
export function withoutEmbedding(spec: NetworkSpec, parameters: Float32Array): Float32Array {
  const { input } = spec;
  const embedding = input.kind === 'embedding' ? input.vocabulary * input.dimensions : 0;
  return parameters.slice(embedding, parameterCount(spec));
}
