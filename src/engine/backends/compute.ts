/**
 * Chooses the backend of a run: the requested one or, with `auto`, the one measured as fastest on the network of the
 * run. wasm takes over if a GPU is not available, or fails later. The decision and its reasons are in the network's
 * `backend`.
 */
import type { ComputeRequest } from '../../common/engineProtocol';
import { asInklingError } from '../../common/errors';
import { sentence, type Told } from '../../common/l10n';
import type { Backend, Compute, Network, CreateNetwork } from './backend';
import { chooseBackend } from './choose';
import { FallbackNetwork } from './fallback';
import { createBackend, defaultBackend, installedGpus } from './createBackend';

export interface ComputeOptions extends ComputeRequest {
  /** Whether to throw if the requested backend is not available; by default, wasm is used instead. */
  required?: boolean;
  modulesFolder?: string;
  /** Tests pass their own function. */
  create?: typeof createBackend;
  /** The GPU backends that `auto` tries; by default, those that are installed. */
  gpus?: ReturnType<typeof installedGpus>;
  /** Milliseconds; the real clock except in tests. */
  now?: () => number;
}

/** Calls `work` with a `Compute`; everything is disposed of afterwards. */
export async function withCompute<R>(options: ComputeOptions, work: (compute: Compute) => Promise<R>): Promise<R> {
  const compute = new ChosenCompute(options);
  try {
    return await work(compute);
  } finally {
    await compute.dispose();
  }
}

type Asked = Parameters<CreateNetwork>;

class ChosenCompute implements Compute {
  private readonly backends = new Map<Backend['name'], Backend>();
  /** Set once wasm has taken over from a GPU: from then on, it computes everything. */
  private takenOver: Pick<Network['backend'], 'reason' | 'fallback'> | undefined;

  constructor(private readonly options: ComputeOptions) {}

  get threads(): number {
    const { backend = 'auto', threads = defaultBackend().threads } = this.options;
    return backend === 'auto' || backend === 'wasm' ? threads : 1;
  }

  /** Throws `backendUnavailable` only for a backend that is `required`. */
  readonly createNetwork: CreateNetwork = async (...asked) => {
    const { name, reason } = await this.choose(asked);
    if (!isGpu(name)) return this.open(name, asked, { reason, ...this.takenOver });
    try {
      const network = await this.open(name, asked, { reason });
      const [spec, parameters, limits] = asked;
      const spare = (error: unknown, saved: Float32Array): Promise<Network> =>
        this.takeOver(error, [spec, saved, limits]);
      return new FallbackNetwork(network, parameters, { spare, now: this.options.now });
    } catch (error) {
      return this.takeOver(error, asked);
    }
  };

  async dispose(): Promise<void> {
    for (const backend of this.backends.values()) await backend.dispose();
  }

  private async choose(asked: Asked): Promise<{ name: Backend['name']; reason?: Told }> {
    const { backend: choice = 'auto', required, modulesFolder, now } = this.options;
    if (this.takenOver) return { name: 'wasm' };
    if (choice !== 'auto') {
      if (required) await this.backend(choice);
      return { name: choice };
    }
    const gpus = this.options.gpus ?? installedGpus(modulesFolder);
    if (gpus.length === 0) return { name: 'wasm', reason: sentence('No GPU package is installed.') };
    const candidates = [await this.backend('wasm')];
    const reasons: Told[] = [];
    for (const gpu of gpus) {
      try {
        candidates.push(await this.backend(gpu));
      } catch (error) {
        const { code, told } = asInklingError(error);
        if (code !== 'backendUnavailable') throw error;
        reasons.push(told);
      }
    }
    if (candidates.length === 1) return { name: 'wasm', reason: joined(reasons) };
    const { backend, reason } = await chooseBackend(candidates, ...asked, now);
    for (const { name } of candidates) if (isGpu(name) && name !== backend.name) await this.close(name);
    return { name: backend.name, reason: joined([...reasons, reason]) };
  }

  private async open(
    name: Backend['name'],
    asked: Asked,
    why: Pick<Network['backend'], 'reason' | 'fallback'>,
  ): Promise<Network> {
    const network = await (await this.backend(name)).createNetwork(...asked);
    network.backend = { ...network.backend, ...why };
    return network;
  }

  /** The same network on wasm, if `error` is the failure of a GPU; otherwise throws it. */
  private takeOver(error: unknown, asked: Asked): Promise<Network> {
    const { code, told } = asInklingError(error);
    if (code !== 'backendUnavailable' && code !== 'outOfMemory') throw error;
    this.takenOver = { reason: told, fallback: sentence('{0} Training continues with wasm.', told) };
    return this.open('wasm', asked, this.takenOver);
  }

  private async backend(name: Backend['name']): Promise<Backend> {
    const { threads, half, modulesFolder, create = createBackend, backend: choice = 'auto' } = this.options;
    let backend = this.backends.get(name);
    if (!backend) {
      // A software GPU runs on the same cores as wasm, and compiling its shaders alone takes seconds.
      backend = await create(name, { threads, half, modulesFolder, hardwareOnly: choice === 'auto' });
      this.backends.set(name, backend);
    }
    return backend;
  }

  private async close(name: Backend['name']): Promise<void> {
    await this.backends.get(name)?.dispose();
    this.backends.delete(name);
  }
}

function joined(reasons: Told[]): Told {
  return reasons.reduce((before, next) => sentence('{0} {1}', before, next));
}

function isGpu(name: Backend['name']): boolean {
  return name === 'webgpu' || name === 'tensorflow';
}
