/**
 * How well a model predicts a text: the mean cross-entropy of its tokens in nats. Its exponential is the perplexity; in
 * bits per character, models of characters and of words can be compared.
 */
import { cancelled, InklingError } from '../../common/errors';
import { sentence } from '../../common/l10n';
import { SerialQueue } from '../../common/serialQueue';
import type { TrainingConfig } from '../../common/trainingConfig';
import type { Batch, Network } from '../backends/backend';
import { trainingBatches } from '../corpus/batchSource';
import { buildCorpus } from '../corpus/corpus';
import { normaliseText } from '../corpus/normaliseText';
import { planBatches } from '../corpus/planBatches';
import { scoreBatches } from '../corpus/readingBatches';
import { windowBatches } from '../corpus/windows';
import { canRemember, type ModelMemory } from '../memory/modelMemory';
import { readWithMemory } from '../memory/reading';
import { emptyMemory } from '../memory/remember';
import { TimeSlice } from '../timeSlice';
import { checkPredictsTokens, type ModelText } from './languageModel';

/** The maximum number of windows by default: each costs as many steps as it has tokens. */
const mostWindows = 20_000;

export interface ScoreResult {
  /** Of the network together with its memory, if it has one. Nothing is learned from the text. */
  lossNats: number;
  /** Of the network alone; only if there is a memory or `online` asks for one. */
  networkLossNats?: number;
  /** The same if the memory learns each token after it was scored. Not comparable with figures without learning. */
  onlineLossNats?: number;
  bitsPerCharacter: number;
  perplexity: number;
  /** The number of characters covered by the figures. */
  characters: number;
  /** The number of characters unknown to the model: left out of the figures, or scored as unknown words. */
  unknownCharacters: number;
  /** The unknown characters or words, the most frequent first. */
  unknown: string[];
  /** The number of characters of the text. */
  textCharacters: number;
}

/** A model whose network reads whole batches, on any backend. */
export interface ScoringModel extends ModelText {
  network: Network;
  memory?: ModelMemory;
}

interface ScoreOptions {
  windows?: { length: number; stride: number };
  /** Also reads the text with a memory that learns from it; for a model trained at every step on running text. */
  online?: boolean;
  signal?: AbortSignal;
}

/** A network carries its state from batch to batch, so it can score only one text at a time. */
const queues = new WeakMap<Network, SerialQueue>();

/**
 * Scores a text after the model's own normalisation. With `windows`: the mean loss of the last-step objective over
 * windows of `length` tokens, one every `stride`; otherwise as the model was trained. The model's network must take
 * batches of `windows.length` steps. Unknown characters are not counted. Throws `invalidInput` for a text with nothing
 * to predict and for `online` if the model does not support it, `incompatibleModel` for a classifier, and `cancelled`.
 */
export function scoreText(model: ScoringModel, text: string, options: ScoreOptions = {}): Promise<ScoreResult> {
  const queue = queues.get(model.network) ?? new SerialQueue();
  queues.set(model.network, queue);
  return queue.run(() => scoreNow(model, text, options));
}

async function scoreNow(model: ScoringModel, text: string, options: ScoreOptions): Promise<ScoreResult> {
  const { network } = model;
  checkPredictsTokens(network.spec, model.vocabulary);
  if (options.online || (model.memory && !options.windows)) return scoreWithMemory(model, text, options);
  const slice = new TimeSlice(options.signal);
  const isInterrupted = (): boolean => options.signal?.aborted ?? false;
  let nats = 0;
  let targets = 0;
  for (const batch of batchesOf(model, text, options.windows)) {
    const result = await network.evaluate(batch, { isInterrupted });
    nats += result.lossSum;
    targets += result.targets;
    if (slice.isOver) await slice.renew();
  }
  if (targets === 0) throw nothingToPredict();
  return resultOf(model, text, nats, targets);
}

async function scoreWithMemory(
  model: ScoringModel,
  text: string,
  { online, windows, signal }: ScoreOptions,
): Promise<ScoreResult> {
  const { network, memory, vocabulary, config } = model;
  if (windows || !canRemember(config)) {
    throw new InklingError(
      'invalidInput',
      'Only a model of running text that was trained every step can learn while it reads: score it without --online.',
    );
  }
  const ids = vocabulary.encode(normaliseText(text, config.text));
  const span = { start: 0, end: ids.length, contextStart: 0 };
  const isInterrupted = (): boolean => signal?.aborted ?? false;
  const known = memory ?? emptyMemory(vocabulary);
  const read = await readWithMemory(network, known, vocabulary, ids, [span], { online, isInterrupted });
  if (isInterrupted()) throw cancelled();
  if (!read) throw nothingToPredict();
  return {
    ...resultOf(model, text, memory ? read.static : read.network, read.targets),
    networkLossNats: read.network / read.targets,
    ...(online && { onlineLossNats: read.online / read.targets }),
  };
}

/** The figures of a text whose `targets` tokens have a total loss of `nats`. */
function resultOf({ vocabulary, config }: ModelText, text: string, nats: number, targets: number): ScoreResult {
  const lossNats = nats / targets;
  const normal = normaliseText(text, config.text);
  const textCharacters = codePoints(normal);
  const characters = vocabulary.unit === 'character' ? targets : textCharacters;
  const unknown = vocabulary.unknownIn(normal);
  return {
    lossNats,
    bitsPerCharacter: nats / Math.LN2 / characters,
    perplexity: Math.exp(lossNats),
    characters,
    unknownCharacters: unknown.reduce((sum, [token, count]) => sum + count * codePoints(token), 0),
    unknown: unknown.map(([token]) => token),
    textCharacters,
  };
}

function nothingToPredict(): InklingError {
  return new InklingError(
    'invalidInput',
    sentence('The text contains nothing that the model can predict; choose a longer one.'),
  );
}

function codePoints(text: string): number {
  let count = 0;
  // Without making an array of them: a text may be long.
  for (let i = 0; i < text.length; i += text.codePointAt(i)! > 0xffff ? 2 : 1) count++;
  return count;
}

function batchesOf(
  model: ScoringModel,
  text: string,
  windows: { length: number; stride: number } | undefined,
): Iterable<Batch> {
  const { network, vocabulary, config } = model;
  const { batch, steps } = network.limits;
  if (config.text.examples !== 'text' && !windows) return exampleBatches(model, text);
  const ids = vocabulary.encode(normaliseText(text, config.text));
  if (windows) return checkedWindows(ids, windows.length, windows.stride, model);
  if (config.objective.kind === 'last-step') {
    const count = ids.length - config.objective.steps;
    return checkedWindows(ids, config.objective.steps, Math.max(1, Math.ceil(count / mostWindows)), model);
  }
  return scoreBatches(ids, { steps, rows: batch });
}

function checkedWindows(ids: Uint16Array, length: number, stride: number, { network }: ScoringModel): Iterable<Batch> {
  if (!(Number.isInteger(length) && length >= 1 && Number.isInteger(stride) && stride >= 1)) {
    throw new InklingError('invalidInput', 'A window has a length and a stride of 1 or more, as in 60,3.');
  }
  if (length > network.limits.steps) {
    throw new InklingError('invalidInput', `A window has at most ${network.limits.steps} tokens here, not ${length}.`);
  }
  return windowBatches(ids, length, stride, network.limits.batch);
}

/** For lines and prefixes of lines: one epoch in order. */
function* exampleBatches({ network, vocabulary, config }: ScoringModel, text: string): Iterable<Batch> {
  const scoring = {
    ...config,
    batch: config.objective.carryState ? 1 : network.limits.batch,
    text: { ...config.text, heldOut: { kind: 'none', fraction: 0 }, maximumExamples: undefined },
    objective: { ...config.objective, shuffle: false },
  } as TrainingConfig;
  const corpus = buildCorpus([{ name: 'text', text }], scoring.text, vocabulary);
  const plan = planBatches(corpus, scoring);
  const batches = trainingBatches(plan, 0);
  for (let i = 0; i < plan.stepsPerEpoch; i++) yield batches.next().batch;
}
