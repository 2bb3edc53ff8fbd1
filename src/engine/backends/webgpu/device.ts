/**
 * One GPU device and what all networks on it share: its limits, its compiled pipelines, and its failure.
 */
import { InklingError } from '../../../common/errors';
import { sentence } from '../../../common/l10n';
import {
  bufferUsage,
  computeStage,
  mapRead,
  type Gpu,
  type GpuAdapter,
  type GpuBindGroup,
  type GpuBindGroupLayout,
  type GpuBuffer,
  type GpuCommandEncoder,
  type GpuDevice,
  type GpuPipeline,
} from './gpuApi';
import { shaderCode, type Shader } from './shaders/shader';

export interface CompiledShader {
  pipeline: GpuPipeline;
  layout: GpuBindGroupLayout;
}

/** Part of a buffer, in 4-byte elements. */
export interface Slice {
  buffer: GpuBuffer;
  offset: number;
  size: number;
}

/** Software adapters, by the names that their drivers report. */
const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i;

/** The maximum size of a staging buffer that is worth keeping, in bytes. */
const largestSpare = 1 << 20;

export class Device {
  private readonly shaders = new Map<string, CompiledShader>();
  private readonly spareStaging: GpuBuffer[] = [];
  private failure: InklingError | undefined;
  readonly name: string;

  private disposed = false;

  private constructor(
    adapter: GpuAdapter,
    private readonly device: GpuDevice,
    /** Whether activations may be stored as f16. */
    readonly hasHalf: boolean,
  ) {
    this.name = isSoftware(adapter) ? `${nameOf(adapter)}, on the CPU` : nameOf(adapter);
    device.onuncapturederror = ({ error }): void => {
      this.failure ??= new InklingError(
        'backendUnavailable',
        sentence('The GPU refused a command: {0}', error.message),
      );
    };
    void device.lost.then(({ message }) => {
      if (this.disposed) return;
      this.failure = new InklingError(
        'backendUnavailable',
        sentence('The GPU was lost ({0}).', message || sentence('no reason given')),
      );
    });
  }

  /** Throws `backendUnavailable` if there is no adapter, or only a software one with `hardwareOnly`. */
  static async open(gpu: Gpu, { hardwareOnly = false } = {}): Promise<Device> {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) {
      throw new InklingError(
        'backendUnavailable',
        sentence(
          'No GPU adapter was found: install a Vulkan, Metal or Direct3D 12 driver, or use the backend wasm (--backend wasm, or inkling.engine.backend in VS Code).',
        ),
      );
    }
    if (hardwareOnly && isSoftware(adapter)) {
      throw new InklingError(
        'backendUnavailable',
        sentence(
          'The only GPU adapter here, {0}, is a program on the CPU and slower than wasm, so it is not used (the backend webgpu uses it anyway).',
          nameOf(adapter),
        ),
      );
    }
    const { limits } = adapter;
    const hasHalf = adapter.features.has('shader-f16');
    const device = await adapter.requestDevice({
      requiredFeatures: hasHalf ? ['shader-f16'] : [],
      requiredLimits: {
        maxBufferSize: limits.maxBufferSize,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
        maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
        maxComputeInvocationsPerWorkgroup: Math.min(256, limits.maxComputeInvocationsPerWorkgroup),
      },
    });
    return new Device(adapter, device, hasHalf);
  }

  /** Throws the failure of the device, if there was one. */
  check(): void {
    if (this.failure) throw this.failure;
    if (this.disposed) throw new InklingError('internal', 'This GPU device has been released.');
  }

  /** A buffer of `elements` zeros of 4 bytes. Throws `outOfMemory` for more than one binding of this GPU can hold. */
  storage(label: string, elements: number): GpuBuffer {
    this.check();
    const { maxBufferSize, maxStorageBufferBindingSize } = this.device.limits;
    const size = Math.max(4, elements) * 4;
    if (size > Math.min(maxBufferSize, maxStorageBufferBindingSize)) throw tooLarge(label, size);
    const { storage, copySource, copyTarget } = bufferUsage;
    return this.device.createBuffer({ label, size, usage: storage | copySource | copyTarget });
  }

  uniform(label: string, bytes: number): GpuBuffer {
    return this.device.createBuffer({ label, size: bytes, usage: bufferUsage.uniform | bufferUsage.copyTarget });
  }

  /** A buffer of at least this many bytes to which results are copied; `read` takes it back. */
  staging(bytes: number): GpuBuffer {
    const at = this.spareStaging.findIndex(({ size }) => size >= bytes);
    if (at >= 0) return this.spareStaging.splice(at, 1)[0];
    return this.device.createBuffer({
      label: 'staging',
      size: bytes,
      usage: bufferUsage.mapRead | bufferUsage.copyTarget,
    });
  }

  /** Runs `create` and waits until the GPU confirms the allocation; throws `outOfMemory` if it fails. */
  async allocate<T>(create: () => T): Promise<T> {
    this.check();
    this.device.pushErrorScope('out-of-memory');
    let made: T;
    try {
      made = create();
    } finally {
      const error = await this.device.popErrorScope();
      if (error) {
        // eslint-disable-next-line no-unsafe-finally -- the GPU's own message says more
        throw new InklingError(
          'outOfMemory',
          sentence('The GPU has too little memory ({0}). {1}', error.message, smaller),
        );
      }
    }
    return made;
  }

  /** The compiled shader; each is compiled once. */
  compile(shader: Shader): CompiledShader {
    const { name, buffers } = shader;
    const known = this.shaders.get(name);
    if (known) return known;
    const layout = this.device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: computeStage, buffer: { type: 'uniform', hasDynamicOffset: true } },
        ...buffers.map(({ access }, i) => ({
          binding: i + 1,
          visibility: computeStage,
          buffer: { type: access === 'read' ? ('read-only-storage' as const) : ('storage' as const) },
        })),
      ],
    });
    const code = shaderCode(shader);
    const pipeline = this.device.createComputePipeline({
      label: name,
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: this.device.createShaderModule({ code, label: name }), entryPoint: 'main' },
    });
    const compiled = { pipeline, layout };
    this.shaders.set(name, compiled);
    return compiled;
  }

  /** `buffers[i]` goes to binding i + 1; the uniform of dimensions, with a dynamic offset, to binding 0. */
  bindGroup(shader: CompiledShader, uniform: GpuBuffer, uniformBytes: number, buffers: GpuBuffer[]): GpuBindGroup {
    return this.device.createBindGroup({
      layout: shader.layout,
      entries: [
        { binding: 0, resource: { buffer: uniform, offset: 0, size: uniformBytes } },
        ...buffers.map((buffer, i) => ({ binding: i + 1, resource: { buffer } })),
      ],
    });
  }

  write(buffer: GpuBuffer, data: ArrayBufferView): void {
    this.check();
    this.device.queue.writeBuffer(buffer, 0, data);
  }

  /** Submits one command buffer. */
  submit(encode: (encoder: GpuCommandEncoder) => void): void {
    this.check();
    const encoder = this.device.createCommandEncoder();
    encode(encoder);
    this.device.queue.submit([encoder.finish()]);
  }

  /** The first `bytes` of a staging buffer, once the GPU has filled it. The buffer no longer belongs to the caller. */
  async read(staging: GpuBuffer, bytes: number): Promise<ArrayBuffer> {
    try {
      await staging.mapAsync(mapRead, 0, bytes);
    } catch (error) {
      this.check();
      throw new InklingError(
        'backendUnavailable',
        sentence(
          'The GPU returned no result ({0}); use the backend wasm (--backend wasm, or inkling.engine.backend in VS Code).',
          String(error),
        ),
        {
          cause: error,
        },
      );
    }
    const copy = staging.getMappedRange(0, bytes).slice(0);
    staging.unmap();
    this.spareStaging.push(staging);
    // A few small ones are enough; large ones are only for rare reads of all parameters.
    if (staging.size > largestSpare || this.spareStaging.length > 4) this.spareStaging.pop()!.destroy();
    this.check();
    return copy;
  }

  /** The contents of parts of buffers, one after another, copied by one command buffer. */
  async readSlices(slices: Slice[]): Promise<Float32Array> {
    const elements = slices.reduce((sum, { size }) => sum + size, 0);
    if (elements === 0) return new Float32Array(0);
    const staging = this.staging(elements * 4);
    this.submit((encoder) => {
      let at = 0;
      for (const { buffer, offset, size } of slices) {
        encoder.copyBufferToBuffer(buffer, offset * 4, staging, at * 4, size * 4);
        at += size;
      }
    });
    return new Float32Array(await this.read(staging, elements * 4));
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.device.destroy();
  }
}

function nameOf({ info: { description, device, vendor, architecture } }: GpuAdapter): string {
  return description || device || `${vendor} ${architecture}`.trim() || 'unnamed adapter';
}

function isSoftware({ info }: GpuAdapter): boolean {
  const names = `${info.architecture} ${info.device} ${info.description}`;
  return info.isFallbackAdapter === true || softwareNames.test(names);
}

const smaller = sentence(
  'Choose fewer units, a smaller batch or fewer steps, or use the backend wasm (--backend wasm, or inkling.engine.backend in VS Code).',
);

function tooLarge(label: string, bytes: number): InklingError {
  return new InklingError(
    'outOfMemory',
    sentence('One buffer of this GPU cannot hold the {0} ({1} MiB). {2}', label, Math.ceil(bytes / 2 ** 20), smaller),
  );
}
