/**
 * What the extension host and the engine process say to each other. Calls carry an id; a call may stream `event` frames
 * before its one `result` or `error`; a `cancel` frame ends it with the code `cancelled`. Plain JSON-like values and
 * typed arrays only (the channel is child_process IPC with `serialization: 'advanced'`).
 */
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
import type { TrainEvent } from './trainEvents';
import type { TrainingConfig } from './trainingConfig';

/** A text to train on: the file that the engine reads, and what it is called where people read of it. */
export interface TextSource {
  name: string;
  path: string;
  /** By any usual name; else it is found out. */
  encoding?: string;
}

/** What a run computes on. */
export interface ComputeRequest {
  threads?: number;
  backend?: BackendChoice;
  /** Where WebGPU computes: keep activations in 16 bits. */
  half?: boolean;
}

export interface TrainRequest extends ComputeRequest {
  runId: string;
  sources: TextSource[];
  /** `auto` configures itself for `minutes`. */
  config: TrainingConfig | { auto: true; minutes: number; seed?: number; memory?: TrainingConfig['memory'] };
  /** Where the model file goes. Checkpoints are written to the same file name with `.checkpoint` added. */
  modelPath: string;
  /** Go on with this model or checkpoint, or with the checkpoint beside it (`training/resume.ts` has the rule). Same text:
   *  exactly where it stopped; changed text: with its weights. */
  resumePath?: string;
  /** The budget is for what is to come. Else it counts from the start of the run, also where that is continued. */
  further?: boolean;
  title?: string;
}

export type BackendChoice = 'auto' | 'wasm' | 'tensorflow' | 'webgpu' | 'reference';

/** What a budget would buy, for the quick pick; on what the runs will compute on. */
export interface PlanRequest extends ComputeRequest {
  sources: TextSource[];
  minutes: number[];
}
export interface Plan {
  minutes: number;
  config: TrainingConfig;
  parameters: number;
  /** Honest estimate from the speed probe. */
  expectedSeconds: number;
  /** "LSTM 1 × 256 …" */
  summary: string;
  reasons: string[];
}

/** What settings would train on a text, and how long; or why they cannot. */
export interface EstimateRequest extends ComputeRequest {
  sources: TextSource[];
  configs: TrainingConfig[];
}
export type Estimate = { network: string; seconds: number } | { problem: string };

/** An edit in UTF-16 units: `deleted` units at `start` give way to `inserted`. */
export interface TextEdit {
  start: number;
  deleted: number;
  inserted: string;
}

/** What an open document says now: its text, or an edit of the text of `length` units that it had. */
export type DocumentUpdate = { id: string } & ({ text: string } | { edit: TextEdit; length: number });

/** Where in an open document somebody writes. */
export interface DocumentPlace {
  id: string;
  /** UTF-16 offset. */
  cursor: number;
}

export interface SamplingOptions {
  /** 0 = always the most likely. */
  temperature: number;
  topK?: number;
  topP?: number;
  minP?: number;
  repetitionPenalty?: number;
  stop?: string[];
  /** Words, or short phrases, that the text shall contain; each at the place where the model would soonest have it. */
  mustContain?: string[];
  seed: number;
  /** Tokens to generate; a character of several tokens is written to its end. */
  length: number;
}

export interface SampleRequest {
  modelPath: string;
  /** One for all streams, or one for each. */
  prompt: string | string[];
  /** The document that is written into, whose words the model then knows. */
  document?: DocumentPlace;
  /** One stream for each, generated as one batch. */
  streams: SamplingOptions[];
  /** Also stream, for every token, how sure the model was. */
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
  /** Runs of 30 or more characters that stand in the training text, and of a model of lines whole lines. Offsets in UTF-16 units of the sample. */
  runs: { start: number; end: number; source: string; sourceOffset: number }[];
  /** Share of the sample's character 8-grams that do not occur in the training text; undefined without an index. */
  novelShare?: number;
  /** Share of the sample's whole words that occur in the training text, in any case of letters; undefined without any. */
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
  /** The document that is written in, whose words the model then knows. */
  document?: DocumentPlace;
  extent: 'word' | 'phrase' | 'sentence' | 'line';
  eagerness: Eagerness;
  /** 1: what is offered unasked, if anything. More: so many of the likeliest, for somebody who asks. */
  alternatives: number;
  /** In tokens. */
  maximumLength: number;
  /** Words that are not offered, in any case of letters. */
  never: readonly string[];
}
export interface CompletionResult {
  /** Most worth offering first, each with the probability that all of it is what comes. */
  items: { text: string; probability: number }[];
  /** Milliseconds in the engine, and steps of the predictor (a batch is one). */
  engineMs: number;
  stepsRun: number;
}

export interface SurpriseRequest {
  modelPath: string;
  text: string;
  /** UTF-16 offset of the first changed character: what stands before is taken from the engine's cache. */
  from: number;
}
export interface SurpriseResult {
  /** UTF-16 offset where the figures begin. */
  from: number;
  /** Bits of each token, and its length in UTF-16 units. */
  bits: Float32Array;
  lengths: Uint8Array;
  /** Mean bits a character over the whole text. */
  meanBits: number;
}

/** What is shown of a model without loading its weights. */
export interface ModelSummary {
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
  steps: number;
  seconds: number;
  trainLoss: number | null;
  heldOutLoss: number | null;
  heldOutBitsPerCharacter: number | null;
  /** Only with a memory, as in `DoneEvent`. */
  heldOutNetworkLoss?: number;
  heldOutOnlineLoss?: number;
  config?: TrainingConfig;
  history?: TrainEvent[];
}

/** Bits per character that plain compressors and a Markov model reach on the same held-out text. */
export interface TextBaselines {
  heldOutCharacters: number;
  gzip: number;
  brotli: number;
  markov: { order: number; bitsPerCharacter: number };
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
  /** Measured one after the other; each is told when it is known. */
  estimate: { params: EstimateRequest; result: null; event: { index: number; estimate: Estimate } };
  recipes: {
    params: Record<string, never>;
    result: { id: string; title: string; config: TrainingConfig }[];
    event: never;
  };
  train: { params: TrainRequest; result: { modelPath: string; summary: ModelSummary }; event: TrainEvent };
  /** Takes effect between two time steps, well within 200 ms. */
  control: { params: { runId: string; action: 'pause' | 'resume' | 'stop' }; result: null; event: never };
  /** The run leaves a thread to others for a moment: somebody types. Nothing where there is no such run. */
  yieldThread: { params: { runId: string; milliseconds: number }; result: null; event: never };
  /** False for an edit of a text that is not known: the document must be sent whole. */
  updateDocument: { params: DocumentUpdate; result: boolean; event: never };
  /** A document is closed: what it said is forgotten. */
  closeDocument: { params: { id: string }; result: null; event: never };
  sample: { params: SampleRequest; result: SampleResult; event: SampleDelta };
  considered: { params: ConsideredRequest; result: Considered[]; event: never };
  complete: { params: CompletionRequest; result: CompletionResult; event: never };
  surprise: { params: SurpriseRequest; result: SurpriseResult; event: never };
  inspect: { params: { path: string }; result: ModelSummary; event: never };
  baselines: { params: { sources: TextSource[]; heldOutFraction: number }; result: TextBaselines; event: never };
  /** One verdict a text, in their order. */
  classify: { params: ClassifyRequest; result: Verdict[]; event: never };
  /** Without a path: the spam model that comes with the program. */
  describeClassifier: { params: { modelPath?: string }; result: ClassifierRecord; event: never };
  /** Which columns of a labelled text would be read; null where it has none. */
  labelledColumns: { params: { source: LabelledSource }; result: LabelledColumns | null; event: never };
  /** Cancelling it leaves no model. */
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
