/**
 * A trained classifier: scores, verdicts, and the effect of each word. The scores are those of its network, of its
 * linear model, or of both (mixing.ts).
 *
 * A spam detector reads a long text as a whole and passage by passage (passages.ts).
 */
import {
  correctionLength,
  type Answer,
  type ClassifierRecord,
  type Correction,
  type Mix,
  type TokenContribution,
  type Verdict,
} from '../../common/classifierProtocol';
import type { Backend } from '../backends/backend';
import { parameterCount, type NetworkSpec } from '../model/networkSpec';
import type { BagOfWords } from './bagOfWords';
import { calibrate, logistic, logOddsOf, shiftFor, type Calibration } from './calibration';
import { Encoder } from './encoder';
import type { LinearModel } from './linearModel';
import type { LogisticRegression } from './logisticRegression';
import { mixScores } from './mixing';
import { classProbabilities, type NaiveBayes } from './naiveBayes';
import { NetworkScorer, type NetworkPart } from './networkScorer';
import { piecesOf, worstOf, type Piece, type Score } from './passages';
import { readText, readTexts } from './reading';
import { duplicateKey } from './split';
import { tokenize, type Token } from './tokens';
import type { VectorSource } from './vectorSource';

/** Everything needed for a verdict; the contents of a classifier's file. */
export interface ClassifierModel extends NetworkPart {
  record: ClassifierRecord;
  /** Absent in a classifier that is only a network. */
  linear?: LinearModel;
  mix: Mix;
  /** The origin of the encoder's word vectors, so that a file need not repeat the shipped table. */
  vectors: VectorSource;
  calibration: Calibration;
  bag: BagOfWords;
  naiveBayes: NaiveBayes;
  logisticRegression: LogisticRegression;
}

/** A user's correction counts as this many messages. */
const correctionWeight = 5;
/** Texts with fewer words contain too little information. */
const fewestWords = 3;
/** The limits of probability between which the verdict is unsure, whatever the threshold. */
const unsure = { from: 0.2, to: 0.5 };

/** The parts, adapted to a user's corrections if there are any. */
interface Parts {
  encoder: Encoder;
  linear?: LinearModel;
}

interface CorrectedParts extends Parts {
  /** To add to the calibrated log-odds of the positive class. */
  shift: number;
}

export class Classifier {
  private readonly network: NetworkScorer;
  /** The parts adapted to the last corrections: the next text usually comes with the same ones. */
  private corrected: { key: string; parts: Promise<CorrectedParts> } | undefined;

  constructor(
    backend: Backend,
    readonly model: ClassifierModel,
  ) {
    this.network = new NetworkScorer(backend, model, model.record.settings);
  }

  dispose(): void {
    this.network.dispose();
  }

  /**
   * The network's own logits of each text: one (log-odds of the positive class) for two classes, otherwise one per
   * class.
   */
  logits(texts: Token[][], encoder = this.model.encoder): Promise<number[][]> {
    return this.network.logits(texts, encoder);
  }

  /** The scores of texts as returned by `readText`. */
  scores(texts: readonly string[], parts: Parts = this.model): Promise<Score[]> {
    const { passageTokens } = this.model.record;
    return this.scoresOf(
      texts.map((text) => piecesOf(text, tokenize(text), passageTokens)),
      parts,
    );
  }

  /** The score of each text from its pieces. */
  private async scoresOf(groups: Piece[][], parts: Parts): Promise<Score[]> {
    const { mix } = this.model;
    const pieces = groups.flat();
    const tokens = pieces.map((piece) => piece.tokens);
    const network = mix.network === 0 ? undefined : await this.network.logits(tokens, parts.encoder);
    const linear = mix.linear === 0 ? undefined : parts.linear!.scoresOf(pieces.map(({ counted }) => counted));
    return worstOf(
      groups,
      pieces.map((_, i) => mixScores(mix, network?.[i], linear?.[i])),
    );
  }

  /**
   * The verdict on one text. `corrections` are a user's own labelled texts: the same text gets the given label, and the
   * words of the others count as evidence. Nothing of them is kept. `threshold` replaces the one in the record.
   */
  async classify(
    text: string,
    options: { explain: boolean; corrections?: Correction[]; threshold?: number },
  ): Promise<Verdict> {
    const started = performance.now();
    const { naiveBayes, bag, mix } = this.model;
    const threshold = options.threshold ?? this.model.record.threshold;
    const record = { ...this.model.record, threshold: this.model.record.positive === null ? null : threshold };
    const { classes } = record;
    const reading = await readText(text);
    const tokens = tokenize(reading.text);
    const corrections = (options.corrections ?? []).filter((c) => classes.includes(c.label));
    const parts = await this.correctedParts(corrections);
    const [score] = await this.scoresOf([piecesOf(reading.text, tokens, record.passageTokens)], parts);
    let probabilities = probabilitiesOf(this.model, score.logits, parts.shift);
    let decided = decide(record, probabilities);
    const key = correctionKey(text);
    const same = corrections.findLast((correction) => correctionKey(correction.text) === key);
    if (same) {
      decided = classes.indexOf(same.label);
      probabilities = classes.map((_, c) => (c === decided ? 1 : 0));
    }
    const bayes = naiveBayes.probabilities(bag.count(tokens));
    const bayesLabel = bayes.indexOf(Math.max(...bayes));
    const { passage } = score;
    const place = passage && reading.place(tokens[passage.from].start, tokens[passage.to - 1].end);
    return {
      label: classes[decided],
      answer: same ? certainAnswer(record, decided) : this.answerOn(record, probabilities, tokens),
      probability: probabilities[decided],
      probabilities: Object.fromEntries(classes.map((name, c) => [name, probabilities[c]])),
      threshold: record.threshold,
      method: mix.linear === 0 ? 'occlusion' : mix.network === 0 ? 'weights' : 'occlusion and weights',
      contributions: options.explain
        ? (await this.explain(reading.text, tokens, score, decided, parts)).map((part) => ({
            ...part,
            ...reading.place(part.start, part.end),
          }))
        : [],
      tokens: tokens.length,
      ...(passage && { passage: { ...place!, index: passage.index, count: passage.count } }),
      findings: reading.findings,
      ...(reading.unwrapped !== undefined && { unwrapped: reading.unwrapped }),
      corrected: same !== undefined,
      naiveBayes: { label: classes[bayesLabel], probability: bayes[bayesLabel] },
      engineMs: performance.now() - started,
    };
  }

  private answerOn(record: ClassifierRecord, probabilities: number[], tokens: Token[]): Answer | null {
    if (record.positive === null) return null;
    const words = tokens.filter(({ kind }) => kind !== 'symbol');
    if (words.length < fewestWords) return 'too short';
    if (record.familiarShare !== undefined && familiarShare(this.model.bag, tokens) < record.familiarShare) {
      return 'unknown language';
    }
    const p = probabilities[record.positive];
    const threshold = record.threshold ?? 0.5;
    if (p >= Math.max(threshold, unsure.to)) return 'positive';
    return p < Math.min(threshold, unsure.from) ? 'negative' : 'unsure';
  }

  /** The contribution of each token to the score of the decided class, in the decisive passage. */
  private async explain(
    text: string,
    tokens: Token[],
    { passage }: Score,
    decided: number,
    { encoder, linear }: Parts,
  ): Promise<TokenContribution[]> {
    const { mix, record } = this.model;
    const read = passage ? tokens.slice(passage.from, passage.to) : tokens;
    const sign = record.positive === null || decided === record.positive ? 1 : -1;
    const byStart = new Map<number, TokenContribution>();
    const add = (parts: TokenContribution[], weight: number): void => {
      for (const { start, end, contribution } of parts) {
        const known = byStart.get(start)?.contribution ?? 0;
        byStart.set(start, { start, end, contribution: known + sign * weight * contribution });
      }
    };
    if (mix.network !== 0) add(await this.network.explain(read, decided, encoder), mix.network);
    if (mix.linear !== 0) {
      const runs = mix.network === 0 ? read : [...byStart.values()];
      add(linearContributions(linear!, text, read, runs, record.positive === null ? decided : null), mix.linear);
    }
    return [...byStart.values()].sort((a, b) => a.start - b.start);
  }

  private async correctedParts(corrections: Correction[]): Promise<CorrectedParts> {
    if (corrections.length === 0) return { ...this.model, shift: 0 };
    const key = JSON.stringify(corrections);
    if (this.corrected?.key !== key) this.corrected = { key, parts: this.correct(corrections) };
    const { corrected } = this;
    try {
      return await corrected.parts;
    } catch (error) {
      if (this.corrected === corrected) this.corrected = undefined;
      throw error;
    }
  }

  private async correct(corrections: Correction[]): Promise<CorrectedParts> {
    const { encoder, linear, record } = this.model;
    const texts = await readTexts(corrections.map((correction) => correction.text));
    const labels = corrections.map((correction) => record.classes.indexOf(correction.label));
    const evidence = encoder.evidence?.with(texts.map(tokenize), labels, correctionWeight);
    return {
      encoder: evidence ? new Encoder(encoder.vectors, evidence, encoder.learned) : encoder,
      linear: linear?.corrected(
        texts,
        labels.map((label) => sideOf(label, record.positive)),
      ),
      shift: await this.shiftBy(texts, labels),
    };
  }

  /** The effect of the corrections on the probabilities themselves, from the earlier scores of these texts. */
  private async shiftBy(texts: string[], labels: number[]): Promise<number> {
    const { record } = this.model;
    const { positive } = record;
    if (positive === null) return 0;
    const scores = await this.scores(texts);
    return shiftFor(
      record.scores.map(({ probability }) => logOddsOf(probability)),
      scores.map(({ logits }, i) => ({
        logOdds: logOddsOf(probabilitiesOf(this.model, logits)[positive]),
        positive: labels[i] === positive,
      })),
      correctionWeight,
    );
  }
}

/** The class ids that the linear model is trained on: 1 for the positive class of two. */
export function sideOf(label: number, positive: number | null): number {
  return positive === null ? label : Number(label === positive);
}

/** Share of the words of a text that occur in the training texts; 1 for a text with hardly any words. */
export function familiarShare(bag: BagOfWords, tokens: readonly Token[]): number {
  const words = tokens.filter(({ kind }) => kind === 'word');
  if (words.length < 5) return 1;
  return words.filter(({ text }) => bag.has(text.toLowerCase())).length / words.length;
}

/**
 * The contribution of each run of tokens to the linear model's score of class `target`, relative to the mean of the
 * other classes.
 */
function linearContributions(
  linear: LinearModel,
  text: string,
  read: Token[],
  runs: { start: number; end: number }[],
  target: number | null,
): TokenContribution[] {
  if (read.length === 0) return [];
  const [from, to] = [read[0].start, read.at(-1)!.end];
  const content = text.slice(from, to);
  const units = linear.unitContributions(content, target ?? 0);
  if (target !== null) {
    for (let other = 0; other < linear.outputs; other++) {
      if (other === target) continue;
      const theirs = linear.unitContributions(content, other);
      theirs.forEach((part, u) => (units[u] -= part / (linear.outputs - 1)));
    }
  }
  return runs.map(({ start, end }) => {
    let contribution = 0;
    for (let at = start; at < end; at++) contribution += units[at - from];
    return { start, end, contribution };
  });
}

function certainAnswer({ positive }: ClassifierRecord, decided: number): Answer | null {
  return positive === null ? null : decided === positive ? 'positive' : 'negative';
}

/** Texts with the same key share a correction. */
function correctionKey(text: string): string {
  return duplicateKey(text.slice(0, correctionLength));
}

/** P(class | text), [classes], from a text's logits; for two classes calibrated, with `shift` added to the log-odds. */
export function probabilitiesOf({ record, calibration }: ClassifierModel, logits: number[], shift = 0): number[] {
  if (record.positive === null) return classProbabilities(logits);
  const calibrated = calibrate(calibration, logits[0]);
  const p = shift === 0 ? calibrated : logistic(logOddsOf(calibrated) + shift);
  return record.positive === 1 ? [1 - p, p] : [p, 1 - p];
}

/** The class determined by probabilities and threshold. */
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
