/** A list of dispatches that is created once for each shape of batch and then replayed. */
import type { Device } from './device';
import type { GpuBindGroup, GpuBuffer, GpuComputePass, GpuPipeline } from './gpuApi';
import type { Shader } from './shaders/shader';

interface Dispatch {
  pipeline: GpuPipeline;
  group: GpuBindGroup;
  uniformOffset: number;
  x: number;
  y: number;
}

interface Step<Field extends string = string> {
  shader: Shader<Field>;
  dims: Record<Field, number>;
  buffers: GpuBuffer[];
  x: number;
  y: number;
}

/** The bytes from one dispatch's dimensions to the next: the strictest alignment that a GPU may require. */
const uniformStride = 256;

/** The 32 bits of a float32, for dimensions that are float32. */
export function floatBits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0];
}

export class PlanBuilder {
  private readonly steps: Step[] = [];

  /** `buffers` in the order of the shader. */
  add<Field extends string>(
    shader: Shader<Field>,
    dims: Record<Field, number>,
    buffers: GpuBuffer[],
    x: number,
    y = 1,
  ): void {
    if (x > 0 && y > 0) this.steps.push({ shader: shader as Shader, dims, buffers, x, y });
  }

  build(device: Device): DispatchPlan {
    const words = new Uint32Array((this.steps.length * uniformStride) / 4);
    const uniform = device.uniform('dimensions', Math.max(uniformStride, words.byteLength));
    const numbers = new Map<GpuBuffer, number>();
    const groups = new Map<string, GpuBindGroup>();
    const dispatches = this.steps.map(({ shader, dims, buffers, x, y }, i): Dispatch => {
      const compiled = device.compile(shader);
      const key = [shader.name, ...buffers.map((b) => numbers.get(b) ?? numbers.set(b, numbers.size).size - 1)].join();
      let group = groups.get(key);
      if (!group) {
        // The size of uniform structs is rounded up to 16 bytes.
        const bytes = Math.ceil(shader.fields.length / 4) * 16;
        group = device.bindGroup(compiled, uniform, bytes, buffers);
        groups.set(key, group);
      }
      shader.fields.forEach((field, f) => (words[(i * uniformStride) / 4 + f] = dims[field]));
      return { pipeline: compiled.pipeline, group, uniformOffset: i * uniformStride, x, y };
    });
    device.write(uniform, words);
    return new DispatchPlan(dispatches, uniform);
  }
}

export class DispatchPlan {
  constructor(
    private readonly dispatches: Dispatch[],
    private readonly uniform: GpuBuffer,
  ) {}

  encode(pass: GpuComputePass): void {
    let last: GpuPipeline | undefined;
    for (const { pipeline, group, uniformOffset, x, y } of this.dispatches) {
      if (pipeline !== last) pass.setPipeline((last = pipeline));
      pass.setBindGroup(0, group, [uniformOffset]);
      pass.dispatchWorkgroups(x, y);
    }
  }

  dispose(): void {
    this.uniform.destroy();
  }
}
