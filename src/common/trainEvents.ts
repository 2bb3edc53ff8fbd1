/**
 * The events of a training run: one stream for the terminal, for `--json` and for the editor. Losses are in nats per
 * token unless a field's name says otherwise; seconds count training time over all sittings of the run.
 */
import { isSentence, say, type Sentence, type Told } from './l10n';
import type { Reason } from './reasons';
import type { TrainingConfig } from './trainingConfig';

export interface StartEvent {
  event: 'start';
  config: TrainingConfig;
  /** The reasons for the choices of the automatic configuration; empty for a recipe. Sentences: of earlier versions. */
  reasons: (Reason | string)[];
  files: string[];
  /** Tokens in total (characters, or words), in the training part and in the held-out part. */
  tokens: number;
  trainTokens: number;
  heldOutTokens: number;
  vocabulary: number;
  parameters: number;
  stepsPerEpoch: number;
  /** Undefined if only a time budget bounds the run. */
  totalSteps?: number;
  expectedSeconds?: number;
  backend: string;
  kernel: string;
  threads: number;
  /** The reason for this backend, if there is one: what was measured, or why another one cannot be used. */
  backendReason?: Told;
  seed: number;
  /**
   * Language of the base model that training started from; null for random initial weights. Earlier versions left it
   * out.
   */
  base?: string | null;
  /** Steps and seconds before the run was resumed; 0 for a new run. */
  fromStep: number;
  fromSeconds: number;
}

export interface ProgressEvent {
  event: 'progress';
  step: number;
  epoch: number;
  seconds: number;
  /** Share of the budget used, 0 to 1. */
  fraction: number;
  secondsLeft?: number;
  /** Mean, smallest and largest batch loss since the last progress event. */
  trainLoss: number;
  minimumLoss: number;
  maximumLoss: number;
  trainAccuracy: number;
  smoothedLoss?: number;
  learningRate: number;
  /** Mean Euclidean norm of the whole gradient before clipping, and after it where that was measured. */
  gradientNorm: number;
  clippedNorm?: number;
  charactersPerSecond: number;
}

/** After an epoch and after every evaluation. */
export interface EpochEvent {
  event: 'epoch';
  step: number;
  epoch: number;
  /** Whether a full pass over the text ended here (otherwise: an evaluation in between). */
  complete: boolean;
  seconds: number;
  /**
   * Mean over the epoch so far, measured during training and with dropout; null if the divergence guard has discarded
   * all of it.
   */
  trainLoss: number | null;
  trainAccuracy: number | null;
  heldOutLoss?: number;
  heldOutAccuracy?: number;
  heldOutBitsPerCharacter?: number;
  smoothedLoss?: number;
  /** Best so far by the run's `keep` rule. */
  best: boolean;
  learningRate: number;
}

export interface SampleEvent {
  event: 'sample';
  step: number;
  epoch: number;
  temperature: number;
  prompt: string;
  text: string;
}

export interface CheckpointEvent {
  event: 'checkpoint';
  step: number;
  path: string;
}

/** The divergence guard restored the best weights of the run. */
export interface GuardEvent {
  event: 'guard';
  step: number;
  reason: 'non-finite' | 'exploding';
  loss: number;
  restoredStep: number;
  learningRateBefore: number;
  learningRateAfter: number;
  message: string;
}

/** A sentence for the user: overfitting, a learning rate lowered, an early stop, a GPU that failed. */
export interface NoticeEvent {
  event: 'notice';
  step: number;
  kind: 'overfitting' | 'learning-rate' | 'early-stop' | 'paused' | 'resumed' | 'backend' | 'information';
  message: string;
  /** What `message` says in English, if it can be translated. */
  sentence?: Sentence;
}

/** A notice in English, with its sentence if that can be translated. */
export function noticeOf(kind: NoticeEvent['kind'], step: number, told: Told): NoticeEvent {
  return { event: 'notice', step, kind, message: say(told), ...(isSentence(told) && { sentence: told }) };
}

/** A notice in the language of the reader, if it can be translated. */
export function sayNotice({ sentence, message }: NoticeEvent): string {
  return say(sentence ?? message);
}

/** What a run reached, as reported at its end and stored in its model. */
export interface TrainingResults {
  steps: number;
  epochs: number;
  /** Seconds of training. */
  seconds: number;
  /** Nats per token, of the last epoch; null if it was not measured, or discarded by the divergence guard. */
  trainLoss: number | null;
  /** Of the network together with its memory, if it has one, without learning from the held-out part. */
  heldOutLoss: number | null;
  heldOutBitsPerCharacter: number | null;
  /**
   * Only with a memory: the loss of the network alone, and the loss when the memory learns from each token after
   * predicting it.
   */
  heldOutNetworkLoss?: number;
  heldOutOnlineLoss?: number;
}

export interface DoneEvent extends TrainingResults {
  event: 'done';
  model: string;
  /** Characters (or words) trained on, repeats counted. */
  characters: number;
  heldOutAccuracy: number | null;
  smoothedLoss?: number;
  charactersPerSecond: number;
  threads: number;
  backend: string;
  kernel: string;
  seed: number;
  /** As in the start event. */
  base?: string | null;
  /** Why it ended. */
  reason: 'budget' | 'stopped' | 'early-stop';
}

export type TrainEvent =
  StartEvent | ProgressEvent | EpochEvent | SampleEvent | CheckpointEvent | GuardEvent | NoticeEvent | DoneEvent;
