/**
 * The typed settings of a training run: what a recipe names, what `--set path=value` edits, what the editor's Custom
 * choice shows. Plain JSON, so that it can be stored in a model file and cross a process boundary.
 */

export type CellKind = 'lstm' | 'gru' | 'rnn';
export type ObjectiveKind = 'every-step' | 'last-step';
export type OptimiserKind = 'sgd' | 'rmsprop' | 'adam';

export interface TextConfig {
  /** What one token is. */
  unit: 'character' | 'word';
  lowercase: boolean;
  /** Unicode normalisation applied to every text, also to prompts and to scored files. */
  normalization: 'none' | 'nfc';
  /** `text`: contiguous text. `lines`: every line is one example (a name, a verse); the newline is its end symbol.
   *  `line-prefixes`: every prefix of two or more words of every line is one example (seed system 5). */
  examples: 'text' | 'lines' | 'line-prefixes';
  heldOut: {
    /** `tail`: the last part of the text. `random`: a random share of windows or lines. */
    kind: 'tail' | 'random' | 'none';
    /** Share of the text in [0, 0.5]. */
    fraction: number;
  };
  /** Use at most this many examples (only for examples other than `text`). */
  maximumExamples?: number;
}

export interface LayerConfig {
  units: number;
  /** Share of this layer's outputs dropped while training, in [0, 1). */
  dropout: number;
}

export interface NetworkConfig {
  cell: CellKind;
  /** `one-hot`: the token picks a row of the input weights. `embedding`: a learned vector of `dimensions` numbers.
   *  `scalar`: the one number index / vocabulary size (seed systems 6 and 7). */
  input: { kind: 'one-hot' } | { kind: 'embedding'; dimensions: number } | { kind: 'scalar' };
  layers: LayerConfig[];
  /** `keras`: Glorot-uniform kernels, orthogonal recurrent kernels, forget bias 1. `normal`: N(0,1)·scale, biases 0. */
  initialisation: { kind: 'keras' } | { kind: 'normal'; scale: number };
}

export interface ObjectiveConfig {
  /** `every-step`: stateful truncated back-propagation through contiguous text, a loss at every step.
   *  `last-step`: windows of `steps` tokens, one every `stride`; the loss is on the token that follows only. */
  kind: ObjectiveKind;
  /** Steps of back-propagation, or the window's length. */
  steps: number;
  /** Distance between the starts of two windows; only for last-step. */
  stride: number;
  /** `mean` over the targets of a batch, or their `sum` (seed system 3). */
  reduction: 'mean' | 'sum';
  /** Keep the recurrent state from one batch to the next. Every-step text training does; system 3 does over names. */
  carryState: boolean;
  shuffle: boolean;
  /** What fills a prompt shorter than a window when generating: spaces (seed system 2), or, by default, no character. */
  padding?: 'space';
}

export interface OptimiserConfig {
  kind: OptimiserKind;
  learningRate: number;
  /** Clip each gradient element to [-clipValue, clipValue]. */
  clipValue?: number;
  /** Scale the whole gradient down to this Euclidean norm. */
  clipNorm?: number;
  /** Adam; default 0.9. */
  beta1?: number;
  /** Adam; default 0.999. */
  beta2?: number;
  /** RMSprop's decay; default 0.9. */
  rho?: number;
  /** Default 1e-7, as Keras. */
  epsilon?: number;
}

export type ScheduleConfig =
  | { kind: 'constant'; warmupSteps?: number }
  /** Falls to `finalFraction` of the rate along half a cosine over the run's budget; over `epochs` where they are given,
   *  so that the rate of a step does not depend on where the run ends. */
  | { kind: 'cosine'; warmupSteps?: number; finalFraction: number; epochs?: number }
  /** Multiplied by `factor` after `patience` evaluations without a better held-out loss. */
  | { kind: 'plateau'; warmupSteps?: number; factor: number; patience: number; minimum: number };

export interface BudgetConfig {
  /** Counted from the start of the run, also after a resume; whichever limit is met first ends the run. */
  epochs?: number;
  maxSteps?: number;
  /** Seconds of training, counted over all sittings of the run. */
  maxSeconds?: number;
}

export interface TrainingConfig {
  recipe: string;
  seed: number;
  /** Language of the shipped base model whose weights training starts from; default: random weights. */
  base?: string;
  text: TextConfig;
  network: NetworkConfig;
  objective: ObjectiveConfig;
  batch: number;
  optimiser: OptimiserConfig;
  schedule: ScheduleConfig;
  budget: BudgetConfig;
  evaluation: {
    /** Evaluate on the held-out part after every epoch or every so many steps. */
    every: 'epoch' | number;
    /** Also evaluate, and write samples, before the first step; the training loss is then that of the first batch. */
    atStart?: boolean;
    /** Evaluate on at most this many held-out targets while training; the final figure always uses all. */
    maximumTargets: number;
  };
  /** Whether counts of the training text are kept beside the network and mixed with it; default: off. */
  memory?: 'on' | 'off';
  /** `restore`, the default: when training falls apart, it goes back to the best weights with half the learning rate.
   *  `none`: it is left to fall apart, and ends where the loss is no longer a number. */
  guard?: { kind: 'restore' | 'none' };
  /** Stop after this many evaluations without a better held-out loss. */
  earlyStopping?: { patience: number };
  /** Which weights the run gives back. `every-epoch`: the last, and those of every epoch in a file of its own. */
  keep: 'best-held-out' | 'best-train' | 'last' | 'every-epoch';
  /** Samples written while training. */
  samples: {
    every: 'epoch' | number;
    temperatures: number[];
    length: number;
    /** `window`: a random stretch of the training text; `none`: the empty prompt; else the prompt itself. */
    prompt: { kind: 'window' | 'none' } | { kind: 'text'; text: string };
    /** How many samples each time. */
    count: number;
  };
  /** Seed system 3's running loss: old·decay + (1-decay)·new, started at -ln(1/V)·length. */
  smoothedLoss?: { decay: number; startLength: number };
}
