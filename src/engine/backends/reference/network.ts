/**
 * Runs a batch through a whole network, one row at a time: forward through all layers and steps, loss, and backward
 * (back-propagation through time). Pure functions over float64 blocks in the layout of `parameterLayout`. B batch, T
 * steps, H units, V logits, S size of the recurrent state per row (`stateSize`).
 */
import { noTarget, noToken, dropoutKeep, type Batch } from '../backend';
import { outputSize, parameterLayout, stateSize, type NetworkSpec } from '../../model/networkSpec';
import { backwardCell, cellStateSize, forwardCell, type CellTensors, type CellTrace, type StepInput } from './cells';
import { crossEntropy } from './loss';
import { addOuterProduct, addProduct, addTransposedProduct, addVector } from './matrix';

/** Named views into a parameter block, or into a block of gradients. */
export interface NetworkTensors {
  /** [V, D] */
  embedding?: Float64Array;
  layers: { forward: CellTensors; reverse?: CellTensors }[];
  /** [V, H], H the width of the last layer's output. */
  outputWeights: Float64Array;
  /** [V] */
  outputBias: Float64Array;
}

export interface Training {
  /** Gradients are those of Σ rowWeight · loss · lossScale. */
  lossScale: number;
  dropoutKey: number;
}

export interface BatchResult {
  /** The unweighted sum of the targets' losses, in nats. */
  lossSum: number;
  targets: number;
  correct: number;
  /** [T, B] nats, 0 where there is no target. */
  losses: Float64Array;
  /** [T, B, V], zeros where there is no target; only if requested. */
  logits?: Float64Array;
  /** [B, S] after the last step. */
  finalStates: Float64Array;
  /** Only when training. Zero if not trainable. */
  gradients: Float64Array;
  /** [B, S] gradients of the initial states, only when training. */
  initialStateGradients: Float64Array;
}

/** The steps of one layer in the order in which they were run. */
interface LayerTrace {
  forward: CellTrace[];
  reverse: CellTrace[];
}

/** Views of all tensors in `block`. */
export function tensorsOf(spec: NetworkSpec, block: Float64Array): NetworkTensors {
  const named = new Map(parameterLayout(spec).map((t) => [t.name, block.subarray(t.offset, t.offset + t.size)]));
  const cell = (end: string): CellTensors => ({
    inputWeights: named.get(`rnn.weight_ih_${end}`)!,
    recurrentWeights: named.get(`rnn.weight_hh_${end}`)!,
    inputBias: named.get(`rnn.bias_ih_${end}`)!,
    recurrentBias: named.get(`rnn.bias_hh_${end}`),
  });
  return {
    embedding: named.get('embedding.weight'),
    layers: spec.layers.map((layer, l) => ({
      forward: cell(`l${l}`),
      reverse: layer.bidirectional ? cell(`l${l}_reverse`) : undefined,
    })),
    outputWeights: named.get('output.weight')!,
    outputBias: named.get('output.bias')!,
  };
}

/**
 * Runs `batch`, which has passed `checkBatch`, from `initialStates` [B, S]; with `training`, computes gradients and
 * applies dropout.
 */
export function runBatch(
  spec: NetworkSpec,
  parameters: Float64Array,
  batch: Batch,
  initialStates: Float64Array,
  training?: Training,
  wantLogits = false,
): BatchResult {
  const { batch: B, steps: T } = batch;
  const V = outputSize(spec);
  const S = stateSize(spec);
  const weights = tensorsOf(spec, parameters);
  const result: BatchResult = {
    lossSum: 0,
    targets: 0,
    correct: 0,
    losses: new Float64Array(T * B),
    logits: wantLogits ? new Float64Array(T * B * V) : undefined,
    finalStates: new Float64Array(B * S),
    gradients: new Float64Array(training ? parameters.length : 0),
    initialStateGradients: new Float64Array(training ? B * S : 0),
  };
  const gradients = training && tensorsOf(spec, result.gradients);

  for (let b = 0; b < B; b++) {
    // Where the reverse direction of a bidirectional network starts.
    const length = spec.layers[0].bidirectional ? batch.lengths![b] : T;
    const row = forwardRow(spec, weights, batch, b, length, initialStates.subarray(b * S, (b + 1) * S), training);
    result.finalStates.set(row.finalState, b * S);
    const last = row.outputs.at(-1)!;
    /** Gradients of the last layer's outputs. */
    const dLast: (Float64Array | undefined)[] = new Array<undefined>(T);
    for (let t = 0; t < T; t++) {
      const at = t * B + b;
      const target = batch.targets[at];
      if (target === noTarget) continue;
      const hidden = last[t]!;
      const logits = logitsOf(weights, hidden);
      result.logits?.set(logits, at * V);
      const { loss, correct, dLogits } = crossEntropy(spec.output, logits, target);
      result.lossSum += loss;
      result.targets += 1;
      result.correct += correct ? 1 : 0;
      result.losses[at] = loss;
      if (!training || !gradients) continue;
      const scale = training.lossScale * (batch.rowWeights?.[b] ?? 1);
      for (let j = 0; j < V; j++) dLogits[j] *= scale;
      addOuterProduct(gradients.outputWeights, dLogits, hidden);
      addVector(gradients.outputBias, dLogits);
      dLast[t] = new Float64Array(hidden.length);
      addTransposedProduct(dLast[t]!, weights.outputWeights, dLogits);
    }
    if (training && gradients) {
      const dInitial = backwardRow(spec, weights, gradients, batch, b, row.traces, dLast, training);
      result.initialStateGradients.set(dInitial, b * S);
    }
  }
  return result;
}

/** One step of one row without dropout; returns its logits [V] and replaces `state` [S] by the state after it. */
export function runStep(spec: NetworkSpec, weights: NetworkTensors, id: number, state: Float64Array): Float64Array {
  let input = inputOf(spec, weights, id);
  let offset = 0;
  spec.layers.forEach(({ units }, l) => {
    const own = state.subarray(offset, offset + cellStateSize(spec.cell, units));
    const { after } = forwardCell(spec.cell, units, weights.layers[l].forward, input, own.slice());
    own.set(after);
    input = after.subarray(0, units);
    offset += own.length;
  });
  return logitsOf(weights, input as Float64Array);
}

function logitsOf(weights: NetworkTensors, hidden: Float64Array): Float64Array {
  const logits = Float64Array.from(weights.outputBias);
  addProduct(logits, weights.outputWeights, hidden);
  return logits;
}

/**
 * `outputs[l][t]` is the output of layer l at step t, after dropout; for a bidirectional layer, only at its last step.
 */
function forwardRow(
  spec: NetworkSpec,
  weights: NetworkTensors,
  batch: Batch,
  b: number,
  length: number,
  initialState: Float64Array,
  training: Training | undefined,
): { traces: LayerTrace[]; outputs: (Float64Array | undefined)[][]; finalState: Float64Array } {
  const { batch: B, steps: T } = batch;
  let inputs: StepInput[] = [];
  for (let t = 0; t < T; t++) inputs.push(inputOf(spec, weights, batch.inputs[t * B + b]));
  const traces: LayerTrace[] = [];
  const outputs: (Float64Array | undefined)[][] = [];
  const finalState = new Float64Array(initialState.length);
  let offset = 0;
  spec.layers.forEach(({ units, bidirectional }, l) => {
    const size = cellStateSize(spec.cell, units);
    const trace: LayerTrace = { forward: [], reverse: [] };
    let state: Float64Array = initialState.slice(offset, offset + size);
    for (let t = 0; t < T; t++) {
      trace.forward.push(forwardCell(spec.cell, units, weights.layers[l].forward, inputs[t], state));
      state = trace.forward[t].after;
    }
    finalState.set(state, offset);
    offset += size;
    let output: (Float64Array | undefined)[] = trace.forward.map((step) => step.after.slice(0, units));
    if (bidirectional) {
      let reverseState: Float64Array = new Float64Array(size);
      for (let t = length - 1; t >= 0; t--) {
        trace.reverse.push(forwardCell(spec.cell, units, weights.layers[l].reverse!, inputs[t], reverseState));
        reverseState = trace.reverse.at(-1)!.after;
      }
      const joined = Float64Array.of(...output[length - 1]!, ...reverseState.subarray(0, units));
      output = new Array<undefined>(T);
      output[length - 1] = joined;
    }
    if (training) output.forEach((h, t) => h && applyDropout(spec, h, l, t, b, training.dropoutKey));
    traces.push(trace);
    outputs.push(output);
    // Only the single layer of a bidirectional network has gaps, and there is no layer above it.
    inputs = output as Float64Array[];
  });
  return { traces, outputs, finalState };
}

/**
 * Propagates `dLast` back through all layers and steps, adds to `gradients`, and returns the gradient of the initial
 * state [S].
 */
function backwardRow(
  spec: NetworkSpec,
  weights: NetworkTensors,
  gradients: NetworkTensors,
  batch: Batch,
  b: number,
  traces: LayerTrace[],
  dLast: (Float64Array | undefined)[],
  training: Training,
): Float64Array {
  const T = batch.steps;
  const dInitial = new Float64Array(stateSize(spec));
  let offset = dInitial.length;
  let dOutputs = dLast;
  for (let l = spec.layers.length - 1; l >= 0; l--) {
    const { units } = spec.layers[l];
    const size = cellStateSize(spec.cell, units);
    dOutputs.forEach((d, t) => d && applyDropout(spec, d, l, t, b, training.dropoutKey));
    const dInputs: (Float64Array | undefined)[] = new Array<undefined>(T);

    let dState: Float64Array = new Float64Array(size);
    for (let t = T - 1; t >= 0; t--) {
      const d = dOutputs[t];
      if (d) addVector(dState.subarray(0, units), d);
      const step = traces[l].forward[t];
      const { forward } = weights.layers[l];
      const { dBefore, dInput } = backwardCell(spec.cell, units, forward, gradients.layers[l].forward, step, dState);
      dState = dBefore;
      dInputs[t] = dInput;
    }
    offset -= size;
    dInitial.set(dState, offset);

    const { reverse } = traces[l];
    if (reverse.length > 0) {
      // Only the state after the last step, at position 0, was passed on.
      let dReverse: Float64Array = new Float64Array(size);
      const d = dOutputs[reverse.length - 1];
      if (d) dReverse.set(d.subarray(units));
      for (let t = 0; t < reverse.length; t++) {
        const step = reverse[reverse.length - 1 - t];
        const own = gradients.layers[l].reverse!;
        const { dBefore, dInput } = backwardCell(spec.cell, units, weights.layers[l].reverse!, own, step, dReverse);
        dReverse = dBefore;
        if (dInput) addVector(dInputs[t]!, dInput);
      }
    }
    dOutputs = dInputs;
  }
  addEmbeddingGradients(spec, gradients, batch, b, dOutputs);
  return dInitial;
}

/** `dInputs[t]` is the gradient of the input vector of layer 0 at step t. */
function addEmbeddingGradients(
  spec: NetworkSpec,
  gradients: NetworkTensors,
  batch: Batch,
  b: number,
  dInputs: (Float64Array | undefined)[],
): void {
  if (spec.input.kind !== 'embedding' || !spec.input.trainable) return;
  const { dimensions } = spec.input;
  for (let t = 0; t < batch.steps; t++) {
    const id = batch.inputs[t * batch.batch + b];
    if (id !== noToken) addVector(gradients.embedding!.subarray(id * dimensions, (id + 1) * dimensions), dInputs[t]!);
  }
}

/**
 * Applies dropout to the values or gradients of a layer's output at one step: dropped ones become 0, kept ones are
 * divided by (1 - rate).
 */
function applyDropout(spec: NetworkSpec, x: Float64Array, layer: number, step: number, row: number, key: number): void {
  const rate = spec.layers[layer].dropout;
  if (rate === 0) return;
  for (let u = 0; u < x.length; u++) x[u] = dropoutKeep(key, layer, step, row, u, rate) ? x[u] / (1 - rate) : 0;
}

function inputOf(spec: NetworkSpec, weights: NetworkTensors, id: number): StepInput {
  const { input } = spec;
  switch (input.kind) {
    case 'one-hot':
      return id;
    case 'embedding':
      if (id === noToken) return new Float64Array(input.dimensions);
      return weights.embedding!.subarray(id * input.dimensions, (id + 1) * input.dimensions);
    case 'scalar':
      return Float64Array.of(id === noToken ? 0 : id * input.scale);
  }
}
