/**
 * The metadata of a model file, and the schema for reading it. Language models and classifiers share the title, the
 * network, the provenance and the training results; the rest is specific to each.
 *
 * Optional parts (`checkpoint`, a classifier's `details`) belong to other rooms: here they are JSON, and the room that
 * wrote them parses them. A part's tensors are the `extraTensors` of the file.
 */
import { storedReason } from '../../common/reasons';
import { InklingError } from '../../common/errors';
import { sentence } from '../../common/l10n';
import {
  list,
  number,
  object,
  oneOf,
  optional,
  orNull,
  SchemaFault,
  text,
  variant,
  whole,
  yesNo,
  type Schema,
} from '../../common/schema';
import type { NoticeEvent, TrainEvent, TrainingResults } from '../../common/trainEvents';
import type { CellKind, TrainingConfig } from '../../common/trainingConfig';
import { configProblems } from '../../common/trainingConfigRules';
import { Vocabulary, type VocabularyJson } from '../corpus/vocabulary';
import type { LeastProbability } from '../../common/engineProtocol';
import { checkNetworkSpec, type InputSpec, type LayerSpec, type NetworkSpec, type OutputSpec } from './networkSpec';
import { networkSpecOf } from './networkSpecOf';

export type ModelMetadata = LanguageModelMetadata | ClassifierMetadata;

interface CommonMetadata {
  /** The name that is shown. */
  title: string;
  spec: NetworkSpec;
  provenance: Provenance;
  results: TrainingResults;
}

export interface LanguageModelMetadata extends CommonMetadata {
  kind: 'language-model';
  vocabulary: Vocabulary;
  /** How often each token occurs in the training text, by id; absent in files of earlier versions. */
  tokenCounts?: number[];
  /** The settings of the run. */
  config: TrainingConfig;
  /** Ends with a `done` event, unless this is a checkpoint of a run that has not ended. */
  history: TrainEvent[];
  /** The state of training, for resuming (`training/storedRun.ts`); absent in a quantised model. */
  checkpoint?: unknown;
  /** The memory beside the network (`memory/memoryFile.ts`); absent in a model without memory. */
  memory?: unknown;
  /** How sure its offers have to be, if that was measured. */
  leastProbability?: LeastProbability;
}

export interface ClassifierMetadata extends CommonMetadata {
  kind: 'classifier';
  /** Labels, threshold, report, words (`classification/classifierFile.ts`). */
  details: unknown;
}

export interface Provenance {
  engineVersion: string;
  /** ISO 8601. */
  created: string;
  seed: number;
  /** The names of the texts. They are only shown: a path in them is never opened. */
  files: string[];
  /** SHA-256 of the normalised text, hexadecimal. */
  textHash: string;
}

/** The metadata in `json`, fully checked. Throws `SchemaFault` naming the field that does not fit. */
export function parseMetadata(json: unknown): ModelMetadata {
  const metadata = modelMetadata(json, '');
  if (metadata.kind === 'language-model') checkLanguageModel(metadata);
  return metadata;
}

/** A part of the model's metadata, checked against `schema`. Throws `corruptModel`, naming the field that does not fit. */
export function parsePart<T>({ title }: ModelMetadata, name: string, schema: Schema<T>, json: unknown): T {
  try {
    return schema(json, name);
  } catch (error) {
    if (!(error instanceof SchemaFault)) throw error;
    throw new InklingError(
      'corruptModel',
      sentence('A part of "{0}" is damaged: {1}. Use a backup of it, or train again.', title, error.message),
      { cause: error },
    );
  }
}

// The schema

/** A figure of a history. JSON has no NaN; it is written as null. */
export const figure: Schema<number> = (value, path) => (value === null ? NaN : number()(value, path));
const share = number(0, 1);
/** A share of predictions in a history. */
const shareFigure: Schema<number> = (value, path) => (value === null ? NaN : share(value, path));
/** A duration, of at most three centuries. */
export const seconds = number(0, 1e10);

/** A date that JavaScript can parse. */
export const date: Schema<string> = (value, path) => {
  if (Number.isNaN(Date.parse(text(value, path)))) throw new SchemaFault(path, 'a date', value);
  return value as string;
};

/** Turns the error of another room's check into a fault of the field. */
function checked<T>(path: string, value: unknown, expected: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw new SchemaFault(path, `${expected} (${error instanceof Error ? error.message : String(error)})`, value);
  }
}

const networkSpec: Schema<NetworkSpec> = (value, path) => {
  const spec = object<NetworkSpec>({
    cell: oneOf<CellKind>({ lstm: true, gru: true, rnn: true }),
    input: variant<'kind', InputSpec>('kind', {
      'one-hot': object({ vocabulary: whole() }),
      embedding: object({ vocabulary: whole(), dimensions: whole(), trainable: yesNo }),
      scalar: object({ scale: number() }),
    }),
    layers: list(object<LayerSpec>({ units: whole(), dropout: number(), bidirectional: optional(yesNo) })),
    output: variant<'kind', OutputSpec>('kind', { softmax: object({ classes: whole() }), sigmoid: object({}) }),
  })(value, path);
  checked(path, value, 'a network', () => checkNetworkSpec(spec));
  return spec;
};

const vocabulary: Schema<Vocabulary> = (value, path) =>
  checked(path, value, 'a vocabulary', () => {
    const json = object<VocabularyJson>({ unit: oneOf({ character: true, word: true }), tokens: list(text) });
    return Vocabulary.fromJSON(json(value, path));
  });

const trainingConfig: Schema<TrainingConfig> = (value, path) => {
  const [problem] = configProblems(value);
  if (problem) throw new SchemaFault(path, `settings of a training (${problem.message})`, value);
  return value as TrainingConfig;
};

const trainEvent = variant<'event', TrainEvent>('event', {
  start: object({
    config: trainingConfig,
    reasons: list(storedReason),
    files: list(text),
    tokens: whole(),
    trainTokens: whole(),
    heldOutTokens: whole(),
    vocabulary: whole(),
    parameters: whole(),
    stepsPerEpoch: whole(),
    totalSteps: optional(whole()),
    expectedSeconds: optional(figure),
    backend: text,
    kernel: text,
    threads: whole(),
    backendReason: optional(text),
    seed: whole(),
    base: optional(orNull(text)),
    fromStep: whole(),
    fromSeconds: seconds,
  }),
  progress: object({
    step: whole(),
    epoch: whole(),
    seconds,
    fraction: share,
    secondsLeft: optional(figure),
    trainLoss: figure,
    minimumLoss: figure,
    maximumLoss: figure,
    trainAccuracy: shareFigure,
    smoothedLoss: optional(figure),
    learningRate: figure,
    gradientNorm: figure,
    clippedNorm: optional(figure),
    charactersPerSecond: figure,
  }),
  epoch: object({
    step: whole(),
    epoch: whole(),
    complete: yesNo,
    seconds,
    trainLoss: orNull(figure),
    trainAccuracy: orNull(shareFigure),
    heldOutLoss: optional(figure),
    heldOutAccuracy: optional(shareFigure),
    heldOutBitsPerCharacter: optional(figure),
    smoothedLoss: optional(figure),
    best: yesNo,
    learningRate: figure,
  }),
  sample: object({ step: whole(), epoch: whole(), temperature: number(0), prompt: text, text }),
  checkpoint: object({ step: whole(), path: text }),
  guard: object({
    step: whole(),
    reason: oneOf({ 'non-finite': true, exploding: true }),
    loss: figure,
    restoredStep: whole(),
    learningRateBefore: figure,
    learningRateAfter: figure,
    message: text,
  }),
  notice: object({
    step: whole(),
    kind: oneOf<NoticeEvent['kind']>({
      overfitting: true,
      'learning-rate': true,
      'early-stop': true,
      paused: true,
      resumed: true,
      backend: true,
      information: true,
    }),
    message: text,
  }),
  done: object({
    model: text,
    seconds,
    steps: whole(),
    epochs: whole(),
    characters: whole(),
    trainLoss: orNull(figure),
    heldOutLoss: orNull(number()),
    heldOutBitsPerCharacter: orNull(number()),
    heldOutAccuracy: orNull(share),
    heldOutNetworkLoss: optional(number()),
    heldOutOnlineLoss: optional(number()),
    smoothedLoss: optional(figure),
    charactersPerSecond: figure,
    threads: whole(),
    backend: text,
    kernel: text,
    seed: whole(),
    base: optional(orNull(text)),
    reason: oneOf({ budget: true, stopped: true, 'early-stop': true }),
  }),
});

/** An event of a run that trains elsewhere. Throws `SchemaFault` naming the field that does not fit. */
export function parseTrainEvent(json: unknown): TrainEvent {
  return trainEvent(json, 'event');
}

/** A part that another room parses. */
const part: Schema<unknown> = (value) => value;

const common = {
  title: text,
  spec: networkSpec,
  provenance: object<Provenance>({
    engineVersion: text,
    created: date,
    seed: whole(),
    files: list(text),
    textHash: text,
  }),
  results: object<TrainingResults>({
    steps: whole(),
    epochs: whole(),
    seconds,
    trainLoss: orNull(number()),
    heldOutLoss: orNull(number()),
    heldOutBitsPerCharacter: orNull(number()),
    heldOutNetworkLoss: optional(number()),
    heldOutOnlineLoss: optional(number()),
  }),
};

const modelMetadata = variant<'kind', ModelMetadata>('kind', {
  'language-model': object({
    ...common,
    vocabulary,
    tokenCounts: optional(list(whole())),
    config: trainingConfig,
    history: list(trainEvent),
    checkpoint: part,
    memory: part,
    leastProbability: optional(object<LeastProbability>({ shy: share, balanced: share, bold: share })),
  }),
  classifier: object({ ...common, details: part }),
});

/** Settings, vocabulary and network must belong together. */
function checkLanguageModel({ spec, vocabulary, config, tokenCounts }: LanguageModelMetadata): void {
  if (tokenCounts && tokenCounts.length !== vocabulary.size) {
    throw new SchemaFault('tokenCounts', `${vocabulary.size} counts`, tokenCounts);
  }
  if (vocabulary.unit !== config.text.unit) {
    throw new SchemaFault('vocabulary.unit', config.text.unit, vocabulary.unit);
  }
  const described = networkSpecOf(config, vocabulary.size);
  const essence = ({ cell, input, layers, output }: NetworkSpec): string =>
    JSON.stringify([
      cell,
      input.kind === 'scalar'
        ? input.kind
        : [input.kind, input.vocabulary, input.kind === 'embedding' && input.dimensions],
      layers.map((layer) => [layer.units, layer.bidirectional ?? false]),
      output,
    ]);
  if (essence(spec) !== essence(described)) {
    throw new SchemaFault('spec', 'the network of its settings and vocabulary', spec);
  }
}
