/**
 * The buffers for batches up to a given size. B rows, T steps, H units, G gates, V logits; shapes as in
 * shaders/recurrent.ts.
 */
import { gatesOf, inputSize, layerOutputSize, outputSize, type NetworkSpec } from '../../model/networkSpec';
import { learnedRows, sectionsOf, type Sections } from './batchBlock';
import type { Device } from './device';
import type { GpuBuffer } from './gpuApi';
import { mostSquareGroups, statsSize } from './shaders/optimiser';
import { persistentShape } from './shaders/persistent';
import type { Stored } from './shaders/recurrent';

/** One layer in one direction. */
export interface DirectionBuffers {
  gates: GpuBuffer;
  h: GpuBuffer;
  /** LSTM. */
  c?: GpuBuffer;
  /** GRU. */
  recurrent?: GpuBuffer;
  /** [T, B, D] dense input vectors of layer 0. */
  vectors?: GpuBuffer;
  /** [B, H] gradients passed from step to step. */
  carriedGradient?: GpuBuffer;
  /** [H, G·H] the transposed recurrent weights, if the layer uses the persistent shaders. */
  transposed?: GpuBuffer;
}

/** The saved states of a carried batch of one kind, [B, H], float32. */
export interface CarriedBuffers {
  h: GpuBuffer;
  c?: GpuBuffer;
}

export interface LayerBuffers {
  directions: DirectionBuffers[];
  /** [T, B, width] the output, if it is not simply h. */
  output?: GpuBuffer;
  /** [T, B, width] the gradients of the output. */
  dOutput?: GpuBuffer;
}

/** The variants of the shaders; by default those that suit the shapes. Tests request the others. */
export interface Tuning {
  /** `false`: a dispatch for every time step even if a layer is small. */
  persistent?: boolean;
  /** Rows of the batch that each invocation of a recurrent step takes. */
  rowsEach?: 1 | 2 | 4;
  /** How activations are stored during training. */
  stored?: Stored;
}

export interface Workspace {
  rows: number;
  steps: number;
  stored: Stored;
  tuning: Tuning;
  layers: LayerBuffers[];
  carried: { train: CarriedBuffers[]; evaluate: CarriedBuffers[] };
  /** [T, B, V]; then their gradients. */
  logits: GpuBuffer;
  /** [2, T · B] losses and hits. */
  outcomes: GpuBuffer;
  stats: GpuBuffer;
  /** Sums of squares. */
  squares: GpuBuffer;
  /** [T, B, D] gradients of the vectors of a trainable table. */
  dVectors?: GpuBuffer;
  /** Sums of the segments of positions with the same token. */
  segmentSums?: GpuBuffer;
  batch: GpuBuffer;
  sections: Sections;
  dispose(): void;
}

/** Allocates the buffers for batches of up to `rows` × `steps`. Throws `outOfMemory`. */
export function createWorkspace(
  device: Device,
  spec: NetworkSpec,
  rows: number,
  steps: number,
  tuning: Tuning,
): Workspace {
  const stored = tuning.stored ?? 'f32';
  const all: GpuBuffer[] = [];
  const words = (elements: number): number => (stored === 'f16' ? Math.ceil(elements / 2) : elements);
  const take = (label: string, elements: number): GpuBuffer => {
    const buffer = device.storage(label, elements);
    all.push(buffer);
    return buffer;
  };
  const lstm = spec.cell === 'lstm';
  const gru = spec.cell === 'gru';
  const positions = rows * steps;
  const dense = spec.input.kind !== 'one-hot';
  try {
    const layers = spec.layers.map((layer, l): LayerBuffers => {
      const H = layer.units;
      const gates = gatesOf[spec.cell] * H;
      const width = layerOutputSize(layer);
      const persistent = tuning.persistent !== false && persistentShape(spec.cell, H) !== undefined;
      const directions = (layer.bidirectional ? [false, true] : [false]).map((): DirectionBuffers => ({
        gates: take(`gates of layer ${l}`, words(positions * gates)),
        h: take(`states of layer ${l}`, words((positions + rows) * H)),
        c: lstm ? take(`cells of layer ${l}`, (positions + rows) * H) : undefined,
        recurrent: gru ? take(`recurrent gates of layer ${l}`, words(positions * gates)) : undefined,
        vectors: dense && l === 0 ? take('input vectors', words(positions * inputSize(spec))) : undefined,
        carriedGradient: !persistent ? take('carried gradient', rows * H) : undefined,
        transposed: persistent ? take('transposed weights', gates * H) : undefined,
      }));
      const joins = layer.bidirectional || layer.dropout > 0;
      return {
        directions,
        output: joins ? take(`output of layer ${l}`, words(positions * width)) : undefined,
        dOutput: take(`gradients of layer ${l}`, positions * width),
      };
    });
    const carried = (): CarriedBuffers[] =>
      spec.layers.map(({ units }) => ({
        h: take('carried state', rows * units),
        c: lstm ? take('carried cells', rows * units) : undefined,
      }));
    const sections = sectionsOf(spec, rows, steps);
    const tableRows = learnedRows(spec);
    const columns = dense ? inputSize(spec) : gatesOf[spec.cell] * spec.layers[0].units;
    return {
      rows,
      steps,
      stored,
      tuning,
      layers,
      carried: { train: carried(), evaluate: carried() },
      logits: take('logits', positions * outputSize(spec)),
      outcomes: take('losses', 2 * positions),
      stats: take('stats', statsSize),
      squares: take('sums of squares', 2 * mostSquareGroups),
      dVectors: tableRows > 0 && dense ? take('gradients of the input vectors', positions * columns) : undefined,
      segmentSums: tableRows > 0 ? take('token gradients', sections.segmentCapacity * columns) : undefined,
      batch: take('batch', sections.words),
      sections,
      dispose: () => all.forEach((buffer) => buffer.destroy()),
    };
  } catch (error) {
    all.forEach((buffer) => buffer.destroy());
    throw error;
  }
}
