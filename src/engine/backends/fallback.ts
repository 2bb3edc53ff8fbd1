/**
 * A network on a GPU that can be lost: when the GPU fails (device lost, memory gone), training goes on with another
 * backend from the last state that was saved, and somebody is told once. The state is saved every few seconds of
 * training, between two steps; steps since then are lost.
 */
import { asInklingError } from '../../common/errors';
import type { NetworkSpec } from '../model/networkSpec';
import type {
  Backend,
  Batch,
  EvaluationResult,
  Network,
  NetworkLimits,
  OptimiserState,
  StepResult,
  Update,
} from './backend';

export interface FallbackOptions {
  /** Makes the backend that takes over; called once at most. */
  spare: () => Promise<Backend>;
  /** What happened, for people. */
  onFallback: (message: string) => void;
  saveEveryMs?: number;
  now?: () => number;
}

interface Saved {
  parameters: Float32Array;
  optimiser: OptimiserState | undefined;
  state: Float32Array;
}

const saveEveryMs = 10_000;

/** The backend itself until it fails; then, for all of its networks, the spare one. */
export class FallbackBackend implements Backend {
  private takenOver: Promise<Backend> | undefined;
  private current: Backend;

  constructor(
    private readonly first: Backend,
    private readonly options: FallbackOptions,
  ) {
    this.current = first;
  }

  get name(): Backend['name'] {
    return this.current.name;
  }

  get kernel(): string {
    return this.current.kernel;
  }

  get threads(): number {
    return this.current.threads;
  }

  async createNetwork(spec: NetworkSpec, parameters: Float32Array, limits: NetworkLimits): Promise<Network> {
    let network: Network;
    try {
      network = await this.current.createNetwork(spec, parameters, limits);
    } catch (error) {
      network = await (await this.takeOver(error)).createNetwork(spec, parameters, limits);
    }
    const saved: Saved = { parameters, optimiser: undefined, state: new Float32Array(0) };
    return new FallbackNetwork(this, network, saved, this.options);
  }

  async dispose(): Promise<void> {
    await this.first.dispose();
    if (this.takenOver) await (await this.takenOver).dispose();
  }

  /** The spare backend, if `error` is the GPU's failure; throws it otherwise. */
  takeOver(error: unknown): Promise<Backend> {
    const { code, message } = asInklingError(error);
    const gpuFailed = code === 'backendUnavailable' || code === 'outOfMemory';
    if (!gpuFailed) throw error;
    this.takenOver ??= this.options.spare().then((spare) => {
      this.options.onFallback(`${message} Going on with ${spare.name}.`);
      return (this.current = spare);
    });
    return this.takenOver;
  }
}

class FallbackNetwork implements Network {
  private lastSavedMs: number;
  private fellBack = false;
  private readonly now: () => number;

  constructor(
    private readonly backend: FallbackBackend,
    private network: Network,
    private saved: Saved,
    private readonly options: FallbackOptions,
  ) {
    this.now = options.now ?? ((): number => performance.now());
    this.lastSavedMs = this.now();
  }

  get spec(): NetworkSpec {
    return this.network.spec;
  }

  get limits(): NetworkLimits {
    return this.network.limits;
  }

  async trainStep(batch: Batch, update: Update, isInterrupted?: () => boolean): Promise<StepResult> {
    const result = await this.attempt((network) => network.trainStep(batch, update, isInterrupted));
    if (!this.fellBack && this.now() - this.lastSavedMs >= (this.options.saveEveryMs ?? saveEveryMs)) await this.save();
    return result;
  }

  gradients(batch: Batch, lossScale: number, dropoutKey: number): ReturnType<Network['gradients']> {
    return this.attempt((network) => network.gradients(batch, lossScale, dropoutKey));
  }

  evaluate(batch: Batch, want?: { losses?: boolean; logits?: boolean }): Promise<EvaluationResult> {
    return this.attempt((network) => network.evaluate(batch, want));
  }

  readParameters(): Promise<Float32Array> {
    return this.attempt((network) => network.readParameters());
  }

  async writeParameters(parameters: Float32Array): Promise<void> {
    await this.attempt((network) => network.writeParameters(parameters));
    this.saved.parameters = parameters.slice();
  }

  readOptimiser(): Promise<OptimiserState> {
    return this.attempt((network) => network.readOptimiser());
  }

  async writeOptimiser(state: OptimiserState): Promise<void> {
    await this.attempt((network) => network.writeOptimiser(state));
    this.saved.optimiser = { ...state, slots: state.slots.map((slot) => slot.slice()) };
  }

  readState(): Promise<Float32Array> {
    return this.attempt((network) => network.readState());
  }

  async writeState(state: Float32Array): Promise<void> {
    await this.attempt((network) => network.writeState(state));
    this.saved.state = state.slice();
  }

  dispose(): void {
    this.network.dispose();
  }

  private async save(): Promise<void> {
    this.saved = await this.attempt(async (network) => ({
      parameters: await network.readParameters(),
      optimiser: await network.readOptimiser(),
      state: await network.readState(),
    }));
    this.lastSavedMs = this.now();
  }

  private async attempt<T>(work: (network: Network) => Promise<T>): Promise<T> {
    try {
      return await work(this.network);
    } catch (error) {
      if (this.fellBack) throw error;
      const spare = await this.backend.takeOver(error);
      const { parameters, optimiser, state } = this.saved;
      const { spec, limits } = this.network;
      this.network.dispose();
      this.network = await spare.createNetwork(spec, parameters, limits);
      this.fellBack = true;
      if (optimiser) await this.network.writeOptimiser(optimiser);
      if (state.length > 0) await this.network.writeState(state);
      return await work(this.network);
    }
  }
}
