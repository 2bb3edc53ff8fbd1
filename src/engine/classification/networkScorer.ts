/**
 * The network of a classifier: the logits of texts, and the effect of each token on them.
 *
 * A text longer than the network was trained on is read in windows of equal length whose log-odds are averaged. The
 * contribution of a word is computed by occlusion: the log-odds with the word minus those with a zero vector in its
 * place, which the network has seen in training as word dropout.
 */
import type { ClassifierSettings, TokenContribution } from '../../common/classifierProtocol';
import { InklingError } from '../../common/errors';
import { noToken, type Backend, type Network } from '../backends/backend';
import { outputSize, type NetworkSpec } from '../model/networkSpec';
import { textBatch } from './batches';
import { encodeTexts, type Encoder } from './encoder';
import { classProbabilities } from './naiveBayes';
import type { Token } from './tokens';

/** A trained network and the encoder of its inputs. */
export interface NetworkPart {
  /** Without an embedding: `specFor` adds one of the required size. */
  spec: NetworkSpec;
  /** The parameter block after the embedding. */
  parameters: Float32Array;
  encoder: Encoder;
}

/** Rows of the inference network's table and of its batches. */
const tableRows = 1024;
const batchRows = 128;
/** The maximum number of occlusions: longer texts are explained by runs of tokens. */
const occlusions = 256;

/** The spec with an embedding of `rows` input vectors that are not trained. */
export function specFor(spec: NetworkSpec, rows: number, size: number): NetworkSpec {
  return { ...spec, input: { kind: 'embedding', vocabulary: rows, dimensions: size, trainable: false } };
}

interface Window {
  /** Index of the text. */
  text: number;
  tokens: Token[];
  /** Share of the text. */
  weight: number;
}

export class NetworkScorer {
  private network: Network | undefined;
  private readonly rows: number;
  /** The maximum number of tokens of a window. */
  private readonly longest: number;
  private readonly direction: ClassifierSettings['direction'];

  constructor(
    private readonly backend: Backend,
    private readonly part: NetworkPart,
    { maximumTokens, direction }: Pick<ClassifierSettings, 'maximumTokens' | 'direction'>,
  ) {
    this.longest = maximumTokens;
    this.direction = direction;
    this.rows = Math.max(tableRows, maximumTokens);
  }

  dispose(): void {
    this.network?.dispose();
    this.network = undefined;
  }

  /**
   * Logits of each text: one (log-odds of the positive class) for two classes, otherwise one per class. Uncalibrated.
   */
  async logits(texts: (readonly Token[])[], encoder = this.part.encoder): Promise<number[][]> {
    const outputs = outputSize(this.part.spec);
    const sums = texts.map(() => new Array<number>(outputs).fill(0));
    const windows = texts.flatMap((tokens, text) => this.windowsOf(tokens, text));
    windows.sort((a, b) => a.tokens.length - b.tokens.length);
    for (let i = 0; i < windows.length;) {
      const group: Window[] = [];
      let tokens = 0;
      while (i < windows.length && group.length < batchRows) {
        tokens += windows[i].tokens.length;
        // Counting every token as a separate row is a bound that needs no lookup.
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

  /**
   * The contribution of each token, or run of tokens of a long text, to the log-odds of class `target` (with one logit:
   * its own sign).
   */
  async explain(tokens: Token[], target: number, encoder = this.part.encoder): Promise<TokenContribution[]> {
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
          contribution: window.weight * (logOdds(full, target) - logOdds(logits, target)),
        });
      });
    }
    return contributions;
  }

  private windowsOf(tokens: readonly Token[], text: number): Window[] {
    const count = Math.max(1, Math.ceil(tokens.length / this.longest));
    return Array.from({ length: count }, (_, w) => {
      const from = Math.floor((w * tokens.length) / count);
      const to = Math.floor(((w + 1) * tokens.length) / count);
      const weight = tokens.length === 0 ? 1 : (to - from) / tokens.length;
      return { text, tokens: tokens.slice(from, to), weight };
    });
  }

  private async load(table: Float32Array, size: number): Promise<void> {
    const { spec, parameters } = this.part;
    const block = new Float32Array(this.rows * size + parameters.length);
    block.set(table);
    block.set(parameters, this.rows * size);
    if (this.network) return this.network.writeParameters(block);
    const limits = { batch: batchRows, steps: this.longest };
    this.network = await this.backend.createNetwork(specFor(spec, this.rows, size), block, limits);
  }

  /** Logits of each sequence, [sequences][outputs]. */
  private async evaluate(sequences: Uint16Array[]): Promise<number[][]> {
    const outputs = outputSize(this.part.spec);
    const targets = new Uint8Array(sequences.length);
    const rows: number[][] = [];
    for (let first = 0; first < sequences.length; first += batchRows) {
      const members = Array.from({ length: Math.min(batchRows, sequences.length - first) }, (_, b) => first + b);
      const steps = Math.max(1, ...members.map((i) => sequences[i].length));
      const batch = textBatch(sequences, members, steps, targets, { direction: this.direction });
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

/** Log-odds of class c of a softmax; for one logit, the logit itself. */
function logOdds(logits: number[], c: number): number {
  if (logits.length === 1) return logits[0];
  const p = Math.min(1 - 1e-12, Math.max(1e-12, classProbabilities(logits)[c]));
  return Math.log(p / (1 - p));
}
