/**
 * The interface of all backends. It is deliberately coarse, so that each backend can fuse operations as it likes. All
 * backends must agree: the same weights and batch give the same losses and gradients, within the tolerances of the
 * tests.
 *
 * All matrices that cross this interface are unpadded float32 in the layout of `parameterLayout` (PyTorch's names and
 * shapes); a backend keeps its own layout inside and converts without loss.
 */
import type { Told } from '../../common/l10n';
import type { NetworkSpec } from '../model/networkSpec';

/** The input id for "no token": the input is a zero vector. */
export const noToken = 0xffff;
/** The target id for "no loss". */
export const noTarget = -1;

export interface Batch {
  /** Rows B, 1 ≤ B ≤ the network's `limits.batch`. */
  batch: number;
  /** Steps T, 1 ≤ T ≤ the network's `limits.steps`. */
  steps: number;
  /** [T, B] token ids, or `noToken`. */
  inputs: Uint16Array;
  /** [T, B] class ids, or `noTarget`. */
  targets: Int32Array;
  /**
   * The initial recurrent state: zeros, or the final state of the last `carry` call of the same kind (train or
   * evaluate; `gradients` counts as train); zeros again if the number of rows has changed. Only `carry` calls save
   * their state.
   */
  state: 'zero' | 'carry';
  /** With `carry`: rows that start from zeros all the same, because a new text begins there. [B], 1 = reset. */
  resetRows?: Uint8Array;
  /** The length of each row, [B]; needed only by a bidirectional network, whose second direction starts there. */
  lengths?: Int32Array;
  /** The weight of each row in the gradients, [B]; by default 1. Reported losses are unweighted. */
  rowWeights?: Float32Array;
}

export interface Update {
  kind: 'sgd' | 'rmsprop' | 'adam';
  learningRate: number;
  beta1: number;
  beta2: number;
  rho: number;
  epsilon: number;
  /** 0 = none. */
  clipValue: number;
  /** 0 = none. */
  clipNorm: number;
  /** Each weight also shrinks by `learningRate · weightDecay` of itself, apart from its gradient. 0 = none. */
  weightDecay: number;
  /** Gradients are those of the sum of the targets' losses times this (for their mean, 1 / the number of targets). */
  lossScale: number;
  /** The key of this step's dropout masks (see `dropoutKeep`); the same key gives the same masks on every backend. */
  dropoutKey: number;
}

/** Keras' values for the constants of the optimisers; no clipping, no weight decay, no key for dropout masks. */
export const updateDefaults = {
  beta1: 0.9,
  beta2: 0.999,
  rho: 0.9,
  epsilon: 1e-7,
  clipValue: 0,
  clipNorm: 0,
  weightDecay: 0,
  dropoutKey: 0,
} satisfies Partial<Update>;

export interface StepResult {
  /** The sum of the targets' cross-entropies, in nats. */
  lossSum: number;
  /** The number of targets. */
  targets: number;
  /** The number of targets that were the most likely class (ties: the lowest id). */
  correct: number;
  /** The Euclidean norm of the whole gradient before clipping. */
  gradientNorm: number;
  /** The same after clipping; only for a training step, and if the backend measures it. */
  clippedNorm?: number;
}

export interface EvaluationResult {
  lossSum: number;
  targets: number;
  correct: number;
  /** [T, B] nats of each target, 0 where there is none; only if requested. */
  losses?: Float32Array;
  /** [T, B, V] logits at the targets (elsewhere, the content is undefined); only if requested. */
  logits?: Float32Array;
}

/** The state that training adds to the weights. Slots: none for SGD, [v] for RMSprop, [m, v] for Adam. */
export interface OptimiserState {
  kind: 'sgd' | 'rmsprop' | 'adam';
  /** The number of updates so far, for Adam's bias correction. */
  updates: number;
  slots: Float32Array[];
}

/** The number of slots of an optimiser. */
export const slotsOf: Record<OptimiserState['kind'], number> = { sgd: 0, rmsprop: 1, adam: 2 };

export interface NetworkLimits {
  batch: number;
  steps: number;
}

/** What identifies a backend. */
export interface BackendInfo {
  readonly name: 'reference' | 'wasm' | 'tensorflow' | 'webgpu';
  /** The build or device, for display: "relaxed SIMD", "NVIDIA …". */
  readonly kernel: string;
  readonly threads: number;
}

export interface EvaluationOptions {
  losses?: boolean;
  logits?: boolean;
  isInterrupted?: () => boolean;
}

export interface Network {
  readonly spec: NetworkSpec;
  readonly limits: NetworkLimits;
  /** The backend of the network. It changes if a GPU fails during a run. */
  backend: BackendInfo & {
    /** Why this backend is used, in a few sentences for the user. */
    readonly reason?: Told;
    /** What happened to the backend that it replaces, in a few sentences for the user. */
    readonly fallback?: Told;
  };
  /**
   * Forward, loss, backward, clip, update. If `isInterrupted` returns true, throws `cancelled` without having changed
   * anything; a backend need not check it.
   */
  trainStep(batch: Batch, update: Update, isInterrupted?: () => boolean): Promise<StepResult>;
  /** Forward, loss and backward only; gradients in `parameterLayout`, before clipping, zero if not trainable. */
  gradients(batch: Batch, lossScale: number, dropoutKey: number): Promise<StepResult & { gradients: Float32Array }>;
  /** Forward and loss without dropout. Throws `cancelled` like `trainStep`. */
  evaluate(batch: Batch, options?: EvaluationOptions): Promise<EvaluationResult>;
  readParameters(): Promise<Float32Array>;
  writeParameters(parameters: Float32Array): Promise<void>;
  readOptimiser(): Promise<OptimiserState>;
  writeOptimiser(state: OptimiserState): Promise<void>;
  /** The carried state of training, [B, stateSize(spec)] of the last carried batch; empty before the first. */
  readState(): Promise<Float32Array>;
  writeState(state: Float32Array): Promise<void>;
  /**
   * Leaves one of several threads idle for a while from now on, because the user is typing. Does not change any result.
   */
  yieldThread?(milliseconds: number): void;
  dispose(): void;
}

/** Throws `invalidInput` for parameters that do not fit the spec, `outOfMemory` and `backendUnavailable`. */
export type CreateNetwork = (spec: NetworkSpec, parameters: Float32Array, limits: NetworkLimits) => Promise<Network>;

/** Opens networks, each of which may run on a different backend. */
export interface Compute {
  /** The number of threads that a network may use; 1 on a GPU. */
  readonly threads: number;
  readonly createNetwork: CreateNetwork;
}

/**
 * Runs a network token by token for writing: synchronously and on the CPU, whichever backend trained the weights. One
 * token is too little work for a round trip to a GPU.
 */
export interface Stepper {
  readonly spec: NetworkSpec;
  /**
   * Advances S states by one token each, any S ≥ 1. `tokens` [S] are ids or `noToken`; `states` [S, stateSize(spec)] is
   * advanced in place; `logits` [S, V] receives the logits of the next tokens. The results of a row do not depend on
   * other rows. Throws `invalidInput` for inconsistent lengths and for unknown ids.
   */
  step(tokens: Uint16Array, states: Float32Array, logits: Float32Array): void;
  /** Replaces the weights with a copy of these. Throws `invalidInput` if their number is wrong. */
  writeParameters(parameters: Float32Array): void;
}

/** Throws `invalidInput` for parameters that do not fit the spec, and for a network that cannot step (bidirectional). */
export type NewStepper = (spec: NetworkSpec, parameters: Float32Array) => Stepper;

export interface Backend extends BackendInfo, Compute {
  dispose(): Promise<void>;
}

/**
 * The dropout mask, the same on every backend: whether unit `unit` of row `row` at step `step` of layer `layer` is
 * kept. It is a 32-bit integer hash ("lowbias32", Ellis 2018) of the position and the key; the kernels and shaders
 * implement it, too. A kept output is divided by (1 - rate).
 */
export function dropoutKeep(
  key: number,
  layer: number,
  step: number,
  row: number,
  unit: number,
  rate: number,
): boolean {
  let x = Math.imul(unit, 0x9e3779b1) ^ Math.imul(row + 1, 0x85ebca77) ^ Math.imul(step + 1, 0xc2b2ae3d);
  x = (x ^ Math.imul(layer + 1, 0x27d4eb2f) ^ key) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  x ^= x >>> 16;
  // Compare 24 bits so that the threshold is exact in float32 and in int32.
  return x >>> 8 >= Math.round(rate * 0x1000000);
}
