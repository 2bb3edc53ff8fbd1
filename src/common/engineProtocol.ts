/**
 * The protocol between the extension host and the engine process. Calls carry an id; a call may stream `event` frames
 * before its one `result` or `error`; a `cancel` frame ends it with the code `cancelled`. Plain JSON-like values and
 * typed arrays only (the channel is child_process IPC with `serialization: 'advanced'`).
 */
import type { Reason } from './reasons';
import type {
  ClassifierEvent,
  ClassifierRecord,
  ClassifyRequest,
  LabelledColumns,
  LabelledSource,
  TrainClassifierRequest,
  Verdict,
} from './classifierProtocol';
import type { ErrorFrame } from './errors';
import type { GpuMethods } from './gpuProtocol';
import type { Told } from './l10n';
import type { DrawnNetwork, DrawnTokens } from './networkDrawing';
import type { TrainEvent, TrainingResults } from './trainEvents';
import type { TrainingConfig } from './trainingConfig';

/** A text to train on: the file that the engine reads, and its display name. */
export interface TextSource {
  name: string;
  path: string;
  /** Any common name; if omitted, it is detected. */
  encoding?: string;
}

/** What a run computes on. */
export interface ComputeRequest {
  threads?: number;
  backend?: BackendChoice;
  /** With WebGPU: keep activations in 16 bits. */
  half?: boolean;
}

export interface TrainRequest extends ComputeRequest {
  runId: string;
  sources: TextSource[];
  /** `planned` was configured by `plan`, for these reasons; `auto` configures itself for `minutes`. */
  config:
    | TrainingConfig
    | { planned: TrainingConfig; reasons: Reason[] }
    | { auto: true; minutes: number; base?: string; seed?: number; memory?: TrainingConfig['memory'] };
  /** The path of the model file. Checkpoints are written to the same file name with `.checkpoint` added. */
  modelPath: string;
  /**
   * Continue with this model or checkpoint, or with the checkpoint next to it (the rule is in `training/resume.ts`).
   * Same text: exactly where it stopped; changed text: from its weights.
   */
  resumePath?: string;
  /**
   * The budget applies to the further training. Otherwise it counts from the start of the run, even if that is
   * continued.
   */
  further?: boolean;
  title?: string;
}

export type BackendChoice = 'auto' | 'wasm' | 'tensorflow' | 'webgpu' | 'reference';

/** A run to be trained elsewhere, as a folder that does not exist yet or is empty. */
export interface ExportJobRequest {
  sources: TextSource[];
  folder: string;
  title: string;
  /** Passes over the text. */
  epochs: number;
}

/** A job that trains elsewhere: a folder, or `ray://HOST[:PORT][/JOB]` with the cluster's token if it wants one. */
export interface JobReference {
  job: string;
  token?: string;
}

/** What can be trained within a budget, for the quick pick; on the backend that the runs will use. */
export interface PlanRequest extends ComputeRequest {
  sources: TextSource[];
  minutes: number[];
  /** The base to start from: `auto`, a language, or (the default) none. */
  base?: string;
}
export interface Plan {
  minutes: number;
  config: TrainingConfig;
  parameters: number;
  /** Estimate from the speed probe. */
  expectedSeconds: number;
  /** "LSTM 1 × 256 …" */
  summary: string;
  /** Language of the base model that it starts from. */
  base?: string;
  reasons: Reason[];
}

/** The network and the duration of a run with given settings on a text, or the reason why they cannot be used. */
export interface EstimateRequest extends ComputeRequest {
  sources: TextSource[];
  configs: TrainingConfig[];
}
export type Estimate =
  | {
      network: string;
      seconds: number;
      /** Why the settings hardly suit the text, although they can be used. */
      notice?: Told;
    }
  | { problem: Told };

/** An edit in UTF-16 units: `deleted` units at `start` are replaced by `inserted`. */
export interface TextEdit {
  start: number;
  deleted: number;
  inserted: string;
}

/** The current state of an open document: its text, or an edit of its previous text of `length` units. */
export type DocumentUpdate = { id: string } & ({ text: string } | { edit: TextEdit; length: number });

/** The position in an open document where the user is writing. */
export interface DocumentPlace {
  id: string;
  /** UTF-16 offset. */
  cursor: number;
  /** The collection of texts to take into account as well (`knowTexts`), except the one with the document's name. */
  beside?: string;
}

export interface BesideRequest {
  modelPath: string;
  text: string;
  collection: string;
  /** The text of the collection that is left out: usually that of the document of the passage. */
  except: string;
}
/** Bits per character of the characters that the model knows; null if there is none, or the model has no memory. */
export type BesideResult = { without: number; with: number } | null;

/** A text of a collection: its name, which for a document is its id, and the text itself or the file that holds it. */
export type KnownText = { name: string; text: string } | TextSource;

export interface SamplingOptions {
  /** 0: always the most likely token. */
  temperature: number;
  topK?: number;
  topP?: number;
  minP?: number;
  repetitionPenalty?: number;
  stop?: string[];
  /** Words or short phrases that the text must contain, each where it fits best. */
  mustContain?: string[];
  seed: number;
  /** Tokens to generate; a character made of several tokens is completed. */
  length: number;
  /** With a model of characters, continues to the end of the word or sentence in which `length` is reached. */
  end?: 'word' | 'sentence';
  /**
   * With a model of characters, writes only words that occur in the training text, in the word list of its language or
   * in the document; no restriction if neither of the first two is available.
   */
  onlyRealWords?: boolean;
}

export interface SampleRequest {
  modelPath: string;
  /** One for all streams, or one for each. */
  prompt: string | string[];
  /** The document that is written into, whose text the model takes into account. */
  document?: DocumentPlace;
  /** One stream for each, generated as one batch. */
  streams: SamplingOptions[];
  /** Also stream the probability of every token. */
  details?: boolean;
}
/** A piece of one stream. `probabilities[i]` is the model's own probability (T = 1) of the i-th token of `text`. */
export interface SampleDelta {
  stream: number;
  text: string;
  tokens?: string[];
  probabilities?: number[];
}
export interface SampleResult {
  texts: string[];
  /** Per stream: what was copied from the training text. */
  copies: CopyReport[];
  tokensPerSecond: number;
}
export interface CopyReport {
  /**
   * Runs of 30 or more characters that occur in the training text and, for a model of lines, whole lines. Offsets in
   * UTF-16 units of the sample.
   */
  runs: { start: number; end: number; source: string; sourceOffset: number }[];
  /** Share of the sample's character 8-grams that do not occur in the training text; undefined without an index. */
  novelShare?: number;
  /**
   * Share of the sample's whole words that occur in the training text, in the word list of its language or in what was
   * given to the model, ignoring case; undefined without any.
   */
  realWordShare?: number;
}

export interface Considered {
  token: string;
  probability: number;
}
/** What the model considered after `prompt`, most likely first (T = 1). */
export interface ConsideredRequest {
  modelPath: string;
  prompt: string;
  /** As in a `SampleRequest`. */
  document?: DocumentPlace;
  count: number;
}

/** How sure an offer has to be: right 8 times in 10, 2 times in 3, every other time. */
export type Eagerness = 'shy' | 'balanced' | 'bold';
/** The probability that an offer's first word must have, for each eagerness. Measured on held-out text. */
export type LeastProbability = Record<Eagerness, number>;

export interface CompletionRequest {
  modelPath: string;
  /** Text before the cursor (the host sends at most the last few thousand characters). */
  prefix: string;
  /** The rest of the line. */
  suffix: string;
  /** The document being written, whose text the model takes into account. */
  document?: DocumentPlace;
  extent: 'word' | 'phrase' | 'sentence' | 'line';
  eagerness: Eagerness;
  /** 1: what is offered automatically, if anything. More: this many of the most likely, on request. */
  alternatives: number;
  /** In tokens. */
  maximumLength: number;
  /** Words that are never offered, regardless of case. */
  never: readonly string[];
}
export interface CompletionResult {
  /** The best first, each with the probability that all of it comes next. */
  items: { text: string; probability: number }[];
  /** Milliseconds in the engine, and steps of the predictor (a batch is one). */
  engineMs: number;
  stepsRun: number;
}

export interface SurpriseRequest {
  modelPath: string;
  /** Identifies the text among those that are mapped at the same time. */
  map: string;
  text: string;
  /** UTF-16 offset of the first changed character: the text before it is taken from the engine's cache. */
  from: number;
}
export interface SurpriseResult {
  /** UTF-16 offset where the figures begin. */
  from: number;
  /** Bits of each token, and its length in UTF-16 units. */
  bits: Float32Array;
  lengths: Uint8Array;
  /** Mean bits per character over the whole text. */
  meanBits: number;
}

/** What the model expected in place of the character or word at an offset of a mapped text. */
export interface ExpectedRequest extends Pick<SurpriseRequest, 'modelPath' | 'map' | 'text'> {
  /** UTF-16 offset. */
  offset: number;
}

/** A word or phrase that a text uses too often (the rules are in `generation/overused.ts`). */
export interface Overused {
  /** More often than its language does, close together, or a phrase again and again. */
  kind: 'language' | 'close' | 'phrase';
  /** In lower case. */
  text: string;
  /** UTF-16 offsets, in order. */
  places: { start: number; end: number }[];
  /** `language`: how often a text of this length would use it at most. */
  expected?: number;
  /** `close`: this many uses occur within a stretch of this many words. */
  within?: { most: number; stretch: number };
}
export interface OverusedResult {
  /** The language whose word list was compared with; null if none fits. */
  language: string | null;
  findings: Overused[];
}

/** What is shown about a model without loading its weights. */
export interface ModelSummary extends Omit<TrainingResults, 'epochs'> {
  path: string;
  title: string;
  created: string;
  bytes: number;
  kind: 'language-model' | 'classifier';
  recipe: string;
  network: string;
  parameters: number;
  vocabulary: number;
  unit: 'character' | 'word';
  sources: string[];
  seed: number;
  config?: TrainingConfig;
  history?: TrainEvent[];
}

/** Bits per character that compressors and a Markov model reach on the same held-out text. */
export interface TextBaselines {
  heldOutCharacters: number;
  /** The compressors are online: they also learn from the held-out text as they read it. */
  gzip: number;
  brotli: number;
  ppm: number;
  /** Static. */
  markov: { order: number; bitsPerCharacter: number };
  /** The shipped base that fits the text, if there is one, on the first few thousand characters. */
  base?: { language: string; bitsPerCharacter: number };
}

/** What a network consists of and what it reads of a text, for display. */
export interface InsideRequest {
  sources: TextSource[];
  config: TrainingConfig;
  /** The model of the run; if it exists already, its vocabulary is used. */
  modelPath?: string;
  /** The number of the example to show; the last one if there are fewer. */
  at: number;
  /** The text to show as tokens; empty: the vocabulary. */
  text: string;
}
export interface Inside {
  network: DrawnNetwork;
  /** Null in a shape: as many as there are. */
  layers: { kind: string; outputShape: (number | null)[]; parameters: number }[];
  examples: number;
  stepsPerEpoch: number;
  example: {
    at: number;
    inputText: string;
    targetText: string;
    /** Null if no token enters. */
    inputIds: (number | null)[];
    targetIds: number[];
    shape: number[];
  };
  /** Tokens of the example's beginning, for the drawing. */
  drawn: DrawnTokens;
  /** Null: a character that the model does not know. */
  tokens: { token: string; id: number | null; known: boolean; count?: number; back: string }[];
}

export interface EngineDescription {
  version: string;
  node: string;
  pid: number;
  backend: string;
  kernel: string;
  threads: number;
}

/** Every method: its parameters, its result and its stream of events. */
export interface EngineMethods extends GpuMethods {
  describe: { params: Record<string, never>; result: EngineDescription; event: never };
  plan: { params: PlanRequest; result: Plan[]; event: never };
  /** Measured one after the other; each is reported as soon as it is known. */
  estimate: { params: EstimateRequest; result: null; event: { index: number; estimate: Estimate } };
  recipes: {
    params: Record<string, never>;
    /** `text`: the name of the text that the published figures refer to. */
    result: { id: string; title: string; text: string; config: TrainingConfig }[];
    event: never;
  };
  train: { params: TrainRequest; result: { modelPath: string; summary: ModelSummary }; event: TrainEvent };
  /** Takes effect between two time steps, well within 200 ms. */
  control: { params: { runId: string; action: 'pause' | 'resume' | 'stop' }; result: null; event: never };
  /** Writes the folder of a job (`exchange/jobs/writeJob.ts`). */
  exportJob: {
    params: ExportJobRequest;
    result: { tokens: number; parameters: number; network: string; stepsPerEpoch: number };
    event: never;
  };
  /** Follows a job to its end and writes its model to `modelPath`. Cancelling it leaves the job alone. */
  attachJob: {
    params: JobReference & ComputeRequest & { modelPath: string };
    result: { modelPath: string; summary: ModelSummary };
    event: TrainEvent;
  };
  /** The job ends soon, and keeps what it has learned. */
  stopJob: { params: JobReference; result: null; event: never };
  /** The run gives up a thread for a moment because the user is typing. No effect if there is no such run. */
  yieldThread: { params: { runId: string; milliseconds: number }; result: null; event: never };
  /** False for an edit of an unknown text: the whole document must be sent. */
  updateDocument: { params: DocumentUpdate; result: boolean; event: never };
  /** A document was closed: its text is forgotten. */
  closeDocument: { params: { id: string }; result: null; event: never };
  /** From now on, a collection consists of these texts; without any, it is forgotten. */
  knowTexts: { params: { collection: string; texts: KnownText[] }; result: null; event: never };
  /** What a collection of texts does to how well a model predicts a passage, which is read on its own. */
  measureBeside: { params: BesideRequest; result: BesideResult; event: never };
  /** Which shipped base fits a text, by its language; null if none does or the text is too short to tell. */
  chooseBase: { params: { text: string }; result: { language: string | null }; event: never };
  sample: { params: SampleRequest; result: SampleResult; event: SampleDelta };
  considered: { params: ConsideredRequest; result: Considered[]; event: never };
  complete: { params: CompletionRequest; result: CompletionResult; event: never };
  /**
   * Each token is scored given the text before it, which a model with a memory also learns. The events are the figures
   * so far, each continuing where the last one ended; the result covers them all.
   */
  surprise: { params: SurpriseRequest; result: SurpriseResult; event: SurpriseResult };
  /** The most likely tokens first (T = 1). */
  expected: { params: ExpectedRequest; result: Considered[]; event: never };
  /** What a writer repeats: the words of each kind, the most striking first. */
  overused: { params: { text: string }; result: OverusedResult; event: never };
  inspect: { params: { path: string }; result: ModelSummary; event: never };
  baselines: { params: { sources: TextSource[]; heldOutFraction: number }; result: TextBaselines; event: never };
  inside: { params: InsideRequest; result: Inside; event: never };
  /** One verdict per text, in order. */
  classify: { params: ClassifyRequest; result: Verdict[]; event: never };
  /** Without a path: the spam model that comes with the program. */
  describeClassifier: { params: { modelPath?: string }; result: ClassifierRecord; event: never };
  /** The columns of a labelled text that would be read; null if it has none. */
  labelledColumns: { params: { source: LabelledSource }; result: LabelledColumns | null; event: never };
  /** If cancelled, no model is written. */
  trainClassifier: { params: TrainClassifierRequest; result: ClassifierRecord; event: ClassifierEvent };
}

/** Frames on the channel. */
export type HostFrame = { type: 'call'; id: number; method: string; params: unknown } | { type: 'cancel'; id: number };
export type EngineFrame =
  | { type: 'ready'; description: EngineDescription }
  | { type: 'event'; id: number; event: unknown }
  | { type: 'result'; id: number; result: unknown }
  | { type: 'error'; id: number; error: ErrorFrame }
  | { type: 'log'; level: 'info' | 'warning' | 'error'; message: string };
