/**
 * The typed settings of a training run: a recipe names them, `--set path=value` edits them, and the editor's Custom
 * choice shows them. Plain JSON, so that it can be stored in a model file and cross a process boundary.
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
   *  `line-prefixes`: every prefix of two or more words of every line is one example (the recipes `shakespeare-words-*`). */
  examples: 'text' | 'lines' | 'line-prefixes';
  heldOut: {
    /** `tail`: the last part of the text. `random`: a random share of windows or lines. */
    kind: 'tail' | 'random' | 'none';
    /** Share of the text in [0, 0.5]. */
    fraction: number;
  };
  /** The maximum number of examples (only for examples other than `text`). */
  maximumExamples?: number;
}

export interface LayerConfig {
  units: number;
  /** Share of this layer's outputs dropped during training, in [0, 1). */
  dropout: number;
}

export interface NetworkConfig {
  cell: CellKind;
  /** `one-hot`: the token picks a row of the input weights. `embedding`: a learned vector of `dimensions` numbers.
   *  `scalar`: the one number index / vocabulary size (the recipes `alice` and `alice-large`). */
  input: { kind: 'one-hot' } | { kind: 'embedding'; dimensions: number } | { kind: 'scalar' };
  layers: LayerConfig[];
  /** `keras`: Glorot-uniform kernels, orthogonal recurrent kernels, forget bias 1. `normal`: N(0,1)·scale, biases 0. */
  initialisation: { kind: 'keras' } | { kind: 'normal'; scale: number };
}

export interface ObjectiveConfig {
  /**
   * `every-step`: stateful truncated back-propagation through contiguous text, a loss at every step. `last-step`:
   * windows of `steps` tokens, one every `stride`, with a loss only on the token that follows.
   */
  kind: ObjectiveKind;
  /** Steps of back-propagation, or the length of the window. */
  steps: number;
  /** Distance between the starts of two windows; only for last-step. */
  stride: number;
  /** `mean` over the targets of a batch, or their `sum` (the recipe `dinosaur-names`). */
  reduction: 'mean' | 'sum';
  /**
   * Keep the recurrent state from one batch to the next. Every-step training on text does so; the recipe
   * `dinosaur-names` also does so across names.
   */
  carryState: boolean;
  shuffle: boolean;
  /**
   * What pads a prompt that is shorter than a window when generating: spaces (the recipe `leopardi`) or, by default, no
   * character.
   */
  padding?: 'space';
}

export interface OptimiserConfig {
  kind: OptimiserKind;
  learningRate: number;
  /** Clip each gradient element to [-clipValue, clipValue]. */
  clipValue?: number;
  /** Scale the whole gradient down to this Euclidean norm. */
  clipNorm?: number;
  /**
   * Weight decay: each weight also shrinks by `learningRate · weightDecay` of itself in every step (decoupled from the
   * gradient; with SGD this is L2 regularisation).
   */
  weightDecay?: number;
  /** Adam; default 0.9. */
  beta1?: number;
  /** Adam; default 0.999. */
  beta2?: number;
  /** RMSprop's decay; default 0.9. */
  rho?: number;
  /** Default 1e-7, as in Keras. */
  epsilon?: number;
}

export type ScheduleConfig =
  | { kind: 'constant'; warmupSteps?: number }
  /**
   * Decays to `finalFraction` of the rate along half a cosine over the budget of the run, or over `epochs` if given, so
   * that the rate of a step does not depend on where the run ends.
   */
  | { kind: 'cosine'; warmupSteps?: number; finalFraction: number; epochs?: number }
  /** Multiplied by `factor` after `patience` evaluations without a better held-out loss. */
  | { kind: 'plateau'; warmupSteps?: number; factor: number; patience: number; minimum: number };

export interface BudgetConfig {
  /** Counted from the start of the run, also after a resume; whichever limit is reached first ends the run. */
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
    /** Evaluate on the held-out part after every epoch or every this many steps. */
    every: 'epoch' | number;
    /** Also evaluate, and write samples, before the first step; the training loss is then that of the first batch. */
    atStart?: boolean;
    /** Evaluate on at most this many held-out targets while training; the final figure always uses all. */
    maximumTargets: number;
  };
  /** Whether a memory of the training text is kept beside the network and mixed with it; default: off. */
  memory?: 'on' | 'off';
  /**
   * `restore`, the default: when training diverges, it returns to the best weights with half the learning rate. `none`:
   * it may diverge, and ends when the loss is no longer a number.
   */
  guard?: { kind: 'restore' | 'none' };
  /** Stop after this many evaluations without a better held-out loss. */
  earlyStopping?: { patience: number };
  /** The weights that the run keeps. `every-epoch`: the last, and those of every epoch in separate files. */
  keep: 'best-held-out' | 'best-train' | 'last' | 'every-epoch';
  /** Samples written while training. */
  samples: {
    every: 'epoch' | number;
    temperatures: number[];
    length: number;
    /** `window`: a random passage of the training text; `none`: the empty prompt; otherwise the prompt itself. */
    prompt: { kind: 'window' | 'none' } | { kind: 'text'; text: string };
    /** The number of samples each time. */
    count: number;
  };
  /** The running loss of the recipe `dinosaur-names`: old·decay + (1-decay)·new, started at -ln(1/V)·length. */
  smoothedLoss?: { decay: number; startLength: number };
}
