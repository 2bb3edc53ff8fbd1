/**
 * The reference backend: plain TypeScript, one row at a time, slow and obvious; every other backend is tested against
 * it. All arithmetic is float64. What outlives a call (weights, optimiser slots, carried states) is rounded to float32,
 * as in the interface, so that a run resumed from a checkpoint continues exactly.
 */
import {
  checkNetworkSpec,
  outputSize,
  parameterCount,
  parameterLayout,
  stateSize,
  type NetworkSpec,
  type TensorSpec,
} from '../../model/networkSpec';
import type {
  Backend,
  BackendInfo,
  Batch,
  EvaluationOptions,
  EvaluationResult,
  Network,
  NetworkLimits,
  OptimiserState,
  StepResult,
  Stepper,
  Update,
} from '../backend';
import { checkBatch, checkOptimiser, checkParameters, checkState, checkStep, checkSteps } from '../checkBatch';
import { runBatch, runStep, tensorsOf, type BatchResult, type Training } from './network';
import { applyUpdate, clip, newOptimiserSlots, norm, type OptimiserSlots } from './optimiser';

const info: BackendInfo = { name: 'reference', kernel: 'float64', threads: 1 };

export function createReferenceBackend(): Backend {
  return {
    ...info,
    createNetwork: async (spec, parameters, limits) => new ReferenceNetwork(spec, parameters, limits),
    dispose: async () => {},
  };
}

/** What the stepper of the wasm kernels is tested against. Throws as `NewStepper` does. */
export function createReferenceStepper(spec: NetworkSpec, parameters: Float32Array): Stepper {
  checkNetworkSpec(spec);
  checkSteps(spec);
  const own = new Float64Array(parameterCount(spec));
  const weights = tensorsOf(spec, own);
  const writeParameters = (values: Float32Array): void => {
    checkParameters(spec, values);
    own.set(values);
  };
  writeParameters(parameters);
  return {
    spec,
    writeParameters,
    step: (tokens, states, logits) => {
      checkStep(spec, tokens, states, logits);
      const S = stateSize(spec);
      tokens.forEach((token, s) => {
        const state = Float64Array.from(states.subarray(s * S, (s + 1) * S));
        logits.set(runStep(spec, weights, token, state), s * outputSize(spec));
        states.set(state, s * S);
      });
    },
  };
}

class ReferenceNetwork implements Network {
  backend: Network['backend'] = info;
  private readonly layout: TensorSpec[];
  private readonly parameters: Float64Array;
  private optimiser: OptimiserSlots;
  /** The recurrent states after the last `carry` call of each kind, [B, S]. */
  private readonly carried: Record<'train' | 'evaluate', Float64Array> = {
    train: new Float64Array(0),
    evaluate: new Float64Array(0),
  };

  constructor(
    readonly spec: NetworkSpec,
    parameters: Float32Array,
    readonly limits: NetworkLimits,
  ) {
    checkNetworkSpec(spec);
    this.layout = parameterLayout(spec);
    this.parameters = new Float64Array(parameterCount(spec));
    this.optimiser = newOptimiserSlots('sgd', this.parameters.length);
    this.setParameters(parameters);
  }

  async trainStep(batch: Batch, update: Update): Promise<StepResult> {
    const result = this.run(batch, 'train', update);
    const gradientNorm = norm(result.gradients);
    clip(result.gradients, update.clipValue, update.clipNorm);
    const clippedNorm = norm(result.gradients);
    if (this.optimiser.kind !== update.kind) {
      this.optimiser = newOptimiserSlots(update.kind, this.parameters.length);
    }
    applyUpdate(this.parameters, result.gradients, this.layout, this.optimiser, update);
    roundToFloat32(this.parameters);
    this.optimiser.slots.forEach(roundToFloat32);
    const { lossSum, targets, correct } = result;
    return { lossSum, targets, correct, gradientNorm, clippedNorm };
  }

  /** With `carry` it reads and updates the state of training, as `trainStep` does. */
  async gradients(
    batch: Batch,
    lossScale: number,
    dropoutKey: number,
  ): Promise<StepResult & { gradients: Float32Array }> {
    const { lossSum, targets, correct, gradients } = this.run(batch, 'train', { lossScale, dropoutKey });
    return { lossSum, targets, correct, gradientNorm: norm(gradients), gradients: Float32Array.from(gradients) };
  }

  async evaluate(batch: Batch, options: EvaluationOptions = {}): Promise<EvaluationResult> {
    const { lossSum, targets, correct, losses, logits } = this.run(batch, 'evaluate', undefined, options.logits);
    return {
      lossSum,
      targets,
      correct,
      losses: options.losses ? Float32Array.from(losses) : undefined,
      logits: logits && Float32Array.from(logits),
    };
  }

  async readParameters(): Promise<Float32Array> {
    return Float32Array.from(this.parameters);
  }

  async writeParameters(parameters: Float32Array): Promise<void> {
    this.setParameters(parameters);
  }

  async readOptimiser(): Promise<OptimiserState> {
    const { kind, updates, slots } = this.optimiser;
    return { kind, updates, slots: slots.map((slot) => Float32Array.from(slot)) };
  }

  async writeOptimiser({ kind, updates, slots }: OptimiserState): Promise<void> {
    checkOptimiser(this.spec, { kind, updates, slots });
    const fresh = newOptimiserSlots(kind, this.parameters.length);
    slots.forEach((slot, i) => fresh.slots[i].set(slot));
    this.optimiser = { ...fresh, updates };
  }

  async readState(): Promise<Float32Array> {
    return Float32Array.from(this.carried.train);
  }

  async writeState(state: Float32Array): Promise<void> {
    checkState(this.spec, this.limits, state);
    this.carried.train = Float64Array.from(state);
  }

  dispose(): void {}

  private setParameters(parameters: Float32Array): void {
    checkParameters(this.spec, parameters);
    this.parameters.set(parameters);
  }

  private run(batch: Batch, kind: 'train' | 'evaluate', training?: Training, wantLogits?: boolean): BatchResult {
    checkBatch(this.spec, this.limits, batch);
    const result = runBatch(this.spec, this.parameters, batch, this.initialStates(batch, kind), training, wantLogits);
    if (batch.state === 'carry') {
      roundToFloat32(result.finalStates);
      this.carried[kind] = result.finalStates;
    }
    return result;
  }

  /** [B, S]. If the carried state has another number of rows, all rows start from zeros. */
  private initialStates(batch: Batch, kind: 'train' | 'evaluate'): Float64Array {
    const S = stateSize(this.spec);
    const states = new Float64Array(batch.batch * S);
    if (batch.state === 'zero') return states;
    if (this.carried[kind].length === states.length) states.set(this.carried[kind]);
    batch.resetRows?.forEach((reset, b) => {
      if (reset) states.fill(0, b * S, (b + 1) * S);
    });
    return states;
  }
}

function roundToFloat32(x: Float64Array): void {
  for (let i = 0; i < x.length; i++) x[i] = Math.fround(x[i]);
}
