/** The checks that every backend makes on its inputs before it computes. */
import { InklingError } from '../../common/errors';
import { outputSize, parameterCount, stateSize, type NetworkSpec } from '../model/networkSpec';
import { noTarget, noToken, slotsOf, type Batch, type NetworkLimits, type OptimiserState } from './backend';

export interface CheckedBatch {
  /** The first step that has a target; T if there is none. */
  firstLossStep: number;
  targets: number;
}

const fail = (message: string): never => {
  throw new InklingError('invalidInput', message);
};

/** Throws `invalidInput` for a batch that the network cannot process. */
export function checkBatch(spec: NetworkSpec, limits: NetworkLimits, batch: Batch): CheckedBatch {
  const { batch: B, steps: T, inputs, targets, lengths } = batch;
  if (B < 1 || B > limits.batch || T < 1 || T > limits.steps) {
    fail(`A batch of ${B} × ${T} does not fit this network's limits of ${limits.batch} × ${limits.steps}.`);
  }
  if (inputs.length < B * T || targets.length < B * T)
    fail(`A batch of ${B} × ${T} needs ${B * T} inputs and targets.`);
  checkTokens(spec, inputs.subarray(0, B * T));
  const bidirectional = spec.layers[0].bidirectional;
  if (bidirectional && batch.state === 'carry') fail('A bidirectional network carries no state; use state "zero".');
  if (bidirectional) {
    for (let b = 0; b < B; b++) {
      const length = lengths?.[b] ?? 0;
      if (length < 1 || length > T) {
        fail(`A bidirectional network needs the length of every row, from 1 to ${T}; row ${b} has ${length}.`);
      }
    }
  }
  const classes = spec.output.kind === 'softmax' ? spec.output.classes : 2;
  let firstLossStep = T;
  let count = 0;
  for (let i = 0; i < B * T; i++) {
    const target = targets[i];
    if (target === noTarget) continue;
    if (target < 0 || target >= classes) fail(`Target ${target} is not one of the network's ${classes} classes.`);
    if (bidirectional && Math.floor(i / B) !== lengths![i % B] - 1) {
      fail('A bidirectional network has its target at the last step of a row.');
    }
    firstLossStep = Math.min(firstLossStep, Math.floor(i / B));
    count++;
  }
  return { firstLossStep, targets: count };
}

/** Throws `invalidInput` for an id that is not in the network's vocabulary. */
function checkTokens({ input }: NetworkSpec, tokens: Uint16Array): void {
  if (input.kind === 'scalar') return;
  for (const token of tokens) {
    if (token >= input.vocabulary && token !== noToken) {
      fail(`Token ${token} is not in the network's vocabulary of ${input.vocabulary}.`);
    }
  }
}

/** Throws `invalidInput` for a network that cannot run step by step. */
export function checkSteps(spec: NetworkSpec): void {
  if (spec.layers[0].bidirectional) fail('A bidirectional network reads whole texts; it cannot run step by step.');
}

/** Throws `invalidInput` if the arguments of `Stepper.step` do not fit. */
export function checkStep(spec: NetworkSpec, tokens: Uint16Array, states: Float32Array, logits: Float32Array): void {
  const S = tokens.length;
  if (S < 1) fail('A step advances at least one state.');
  const checkLength = (what: string, length: number, each: number): void => {
    if (length !== S * each) fail(`The length of ${what} is ${length}; ${S} tokens need ${S * each}.`);
  };
  checkLength('states', states.length, stateSize(spec));
  checkLength('logits', logits.length, outputSize(spec));
  checkTokens(spec, tokens);
}

/** Throws `invalidInput` for a block whose length is not that of the network's parameters. */
export function checkParameters(spec: NetworkSpec, block: Float32Array, what = 'parameters'): void {
  const expected = parameterCount(spec);
  if (block.length !== expected) fail(`The ${what} are ${block.length} numbers; the network needs ${expected}.`);
}

/** The number of rows of a carried state. Throws `invalidInput` if it belongs to another network or batch. */
export function checkState(spec: NetworkSpec, limits: NetworkLimits, state: Float32Array): number {
  const rows = state.length / stateSize(spec);
  if (!Number.isInteger(rows) || rows > limits.batch) {
    fail('The stored recurrent state does not fit this network; train without resuming.');
  }
  return rows;
}

/** Throws `invalidInput` for an optimiser's state of another network. */
export function checkOptimiser(spec: NetworkSpec, { kind, slots }: OptimiserState): void {
  if (slots.length !== slotsOf[kind]) fail(`The optimiser ${kind} keeps ${slotsOf[kind]} slots, not ${slots.length}.`);
  for (const slot of slots) checkParameters(spec, slot, 'numbers of an optimiser slot');
}

/**
 * The input of the second direction of a bidirectional network, [T, B]: row b is row b of the inputs from position
 * lengths[b] − 1 down to 0, then "no token".
 */
export function reversedInputs({ batch: B, steps: T, inputs, lengths }: Batch): Uint16Array {
  const reversed = new Uint16Array(B * T).fill(noToken);
  for (let b = 0; b < B; b++) {
    const length = lengths![b];
    for (let t = 0; t < length; t++) reversed[t * B + b] = inputs[(length - 1 - t) * B + b];
  }
  return reversed;
}
