/**
 * Who computes. Coarse on purpose, so that each backend can fuse as it likes. Every backend must agree: the same
 * weights and batch give the same losses and gradients (tolerances are declared by the tests).
 *
 * All matrices that cross this interface are unpadded float32 in the layout of `parameterLayout` (PyTorch's names and
 * shapes); a backend keeps its own layout inside and converts without loss.
 */
import type { NetworkSpec } from '../model/networkSpec';

/** An input id that stands for "no token": a zero vector enters the network. */
export const noToken = 0xffff;
/** A target that asks for no loss. */
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
  /** Where the recurrent state comes from: zeros, or where the last `carry` call of the same kind (train or evaluate)
   *  left it (`gradients` counts as train); zeros again when the number of rows changed. Only `carry` calls leave a
   *  state behind. */
  state: 'zero' | 'carry';
  /** With `carry`: rows that start from zeros all the same (a new text begins there). [B], 1 = reset. */
  resetRows?: Uint8Array;
  /** True length of each row, [B]; needed only by a bidirectional network, whose second direction starts there. */
  lengths?: Int32Array;
  /** Weight of each row in loss and gradients, [B]; default 1 (class weights). Reported losses are unweighted. */
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
  /** Gradients are of the sum of the targets' losses times this (1 / number of targets for the mean). */
  lossScale: number;
  /** Key of this step's dropout masks (see `dropoutKeep`); the same key gives the same masks on every backend. */
  dropoutKey: number;
}

export interface StepResult {
  /** Sum of the targets' cross-entropies, nats. */
  lossSum: number;
  /** Targets that had a loss. */
  targets: number;
  /** Targets whose most likely class was right (ties: the lowest id). */
  correct: number;
  /** Euclidean norm of the whole gradient before clipping. */
  gradientNorm: number;
  /** And after it; only of a training step, and where the backend measures it. */
  clippedNorm?: number;
}

export interface EvaluationResult {
  lossSum: number;
  targets: number;
  correct: number;
  /** [T, B] nats of each target, 0 where there is none; only when asked for. */
  losses?: Float32Array;
  /** [T, B, V] logits of the steps that have a target (others undefined content); only when asked for. */
  logits?: Float32Array;
}

/** All that training adds to the weights. Slots: none for SGD, [v] for RMSprop, [m, v] for Adam. */
export interface OptimiserState {
  kind: 'sgd' | 'rmsprop' | 'adam';
  /** Updates done, for Adam's bias correction. */
  updates: number;
  slots: Float32Array[];
}

export interface NetworkLimits {
  batch: number;
  steps: number;
}

/** Who computes. */
export interface BackendInfo {
  readonly name: 'reference' | 'wasm' | 'tensorflow' | 'webgpu';
  /** Which build or device, for people: "relaxed SIMD", "NVIDIA …". */
  readonly kernel: string;
  readonly threads: number;
}

export interface Network {
  readonly spec: NetworkSpec;
  readonly limits: NetworkLimits;
  /** Who computes it. Another one from the moment that a GPU has failed in the middle of a run. */
  backend: BackendInfo & {
    /** Why it is this one: a few sentences for people. */
    readonly reason?: string;
    /** What became of the backend that was to compute in its place: a few sentences for people. */
    readonly fallback?: string;
  };
  /** Forward, loss, backward, clip, update. Throws `cancelled` as soon as it finds that `isInterrupted`, and has changed
   *  nothing then; a backend need not ask. */
  trainStep(batch: Batch, update: Update, isInterrupted?: () => boolean): Promise<StepResult>;
  /** Forward, loss and backward only; gradients as `parameterLayout`, before clipping, zero where not trainable. */
  gradients(batch: Batch, lossScale: number, dropoutKey: number): Promise<StepResult & { gradients: Float32Array }>;
  /** Forward and loss without dropout. */
  evaluate(batch: Batch, want?: { losses?: boolean; logits?: boolean }): Promise<EvaluationResult>;
  readParameters(): Promise<Float32Array>;
  writeParameters(parameters: Float32Array): Promise<void>;
  readOptimiser(): Promise<OptimiserState>;
  writeOptimiser(state: OptimiserState): Promise<void>;
  /** Training's carried state, [B, stateSize(spec)] of the last carried batch; empty before the first. */
  readState(): Promise<Float32Array>;
  writeState(state: Float32Array): Promise<void>;
  /** Leaves one of several threads idle for a while, counted from now: somebody types. Changes no result. */
  yieldThread?(milliseconds: number): void;
  dispose(): void;
}

/** Throws `invalidInput` for parameters that do not fit the spec, `outOfMemory`, `backendUnavailable`. */
export type CreateNetwork = (spec: NetworkSpec, parameters: Float32Array, limits: NetworkLimits) => Promise<Network>;

/** Where networks come from that may each be computed by another backend. */
export interface Compute {
  /** Threads that a network may have; 1 on a GPU. */
  readonly threads: number;
  readonly createNetwork: CreateNetwork;
}

/**
 * Writes with a network's weights: advances recurrent states token by token. Always on the CPU and synchronous, whichever
 * backend trained the weights: one token is too little work to pay for the way to a GPU and back.
 */
export interface Stepper {
  readonly spec: NetworkSpec;
  /**
   * Advances S states by one token each, any S ≥ 1. `tokens` [S] are ids or `noToken`; `states` [S, stateSize(spec)] is
   * advanced in place; `logits` [S, V] receives what comes next, unnormalised. A row's figures do not depend on the other
   * rows. Throws `invalidInput` for lengths that do not fit together and for unknown ids.
   */
  step(tokens: Uint16Array, states: Float32Array, logits: Float32Array): void;
  /** Replaces the weights; they are copied. Throws `invalidInput` for another number of them. */
  writeParameters(parameters: Float32Array): void;
}

/** Throws `invalidInput` for parameters that do not fit the spec, and for a network that cannot step (bidirectional). */
export type NewStepper = (spec: NetworkSpec, parameters: Float32Array) => Stepper;

export interface Backend extends BackendInfo, Compute {
  dispose(): Promise<void>;
}

/**
 * Dropout's mask, the same on every backend: whether unit `unit` of row `row` at step `step` of layer `layer` is kept.
 * A 32-bit integer hash ("lowbias32", Ellis 2018) of a position counter under a key; the kernels repeat it.
 * A kept output is divided by (1 - rate).
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
