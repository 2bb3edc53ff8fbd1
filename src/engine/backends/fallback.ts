/**
 * A network on a GPU that may fail (device lost, out of memory): training then continues with another network from the
 * last saved state. The state is saved every few seconds of training, between two steps; the steps since then are lost.
 */
import type { NetworkSpec } from '../model/networkSpec';
import type {
  Batch,
  EvaluationResult,
  EvaluationOptions,
  Network,
  NetworkLimits,
  OptimiserState,
  StepResult,
  Update,
} from './backend';

export interface FallbackOptions {
  /**
   * Opens the network that takes over, with these parameters; throws `error` if that is not a failure of the GPU. Called
   * for every error until it has returned a network.
   */
  spare: (error: unknown, parameters: Float32Array) => Promise<Network>;
  saveEveryMs?: number;
  now?: () => number;
}

interface Saved {
  parameters: Float32Array;
  optimiser: OptimiserState | undefined;
  state: Float32Array;
}

const saveEveryMs = 10_000;

export class FallbackNetwork implements Network {
  private lastSavedMs: number;
  private fellBack = false;
  private saved: Saved;
  private readonly now: () => number;

  /** `parameters` are those of the network. */
  constructor(
    private network: Network,
    parameters: Float32Array,
    private readonly options: FallbackOptions,
  ) {
    this.saved = { parameters, optimiser: undefined, state: new Float32Array(0) };
    this.now = options.now ?? ((): number => performance.now());
    this.lastSavedMs = this.now();
  }

  get backend(): Network['backend'] {
    return this.network.backend;
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

  evaluate(batch: Batch, options?: EvaluationOptions): Promise<EvaluationResult> {
    return this.attempt((network) => network.evaluate(batch, options));
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

  yieldThread(milliseconds: number): void {
    this.network.yieldThread?.(milliseconds);
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
      const { parameters, optimiser, state } = this.saved;
      const spare = await this.options.spare(error, parameters);
      this.network.dispose();
      this.network = spare;
      this.fellBack = true;
      if (optimiser) await this.network.writeOptimiser(optimiser);
      if (state.length > 0) await this.network.writeState(state);
      return await work(this.network);
    }
  }
}
