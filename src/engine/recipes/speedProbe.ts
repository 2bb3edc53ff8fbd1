/**
 * Measures how fast this machine trains: a few real steps of an LSTM at two sizes, within two seconds, from which the
 * time of any other size is estimated. The operations of a step are counted; how many the backend performs per second
 * grows with the width of the layer, and is interpolated between the two sizes on a logarithmic scale.
 */
import type { LayerConfig } from '../../common/trainingConfig';
import { updateDefaults, type Batch, type Compute, type Update } from '../backends/backend';
import { initialiseParameters } from '../model/initialisation';
import type { NetworkSpec } from '../model/networkSpec';

export interface Speed {
  /** Seconds of training per target of a one-hot LSTM with these layers. */
  secondsPerTarget(layers: readonly Pick<LayerConfig, 'units'>[], vocabulary: number): number;
}

const probeUnits = [96, 320];
const probeSteps = 64;
/** For each size, after one warm-up step. */
const probeMs = 600;

/**
 * Floating-point operations for one target, forward and backward: each weight of a matrix product costs one
 * multiplication and one addition forward, and twice that backward. A one-hot input is a row lookup, not a product.
 */
export function operationsPerTarget(layers: readonly Pick<LayerConfig, 'units'>[], vocabulary: number): number {
  let weights = 0;
  let below = 0;
  for (const { units } of layers) {
    weights += 4 * units * (below + units);
    below = units;
  }
  return 6 * (weights + below * vocabulary);
}

/** Trains for at most about two seconds on random tokens, with `batch` rows per step, and returns the measurements. */
export async function measureSpeed(compute: Compute, vocabulary: number, batch: number): Promise<Speed> {
  const measured: { units: number; rate: number }[] = [];
  for (const units of probeUnits) {
    const expectedMs =
      measured.length === 0 ? 0 : (1000 * operationsPerStep(units, vocabulary, batch)) / measured[0].rate;
    // On a slow backend, only the small size is measured.
    if (expectedMs > probeMs) break;
    measured.push({ units, rate: await operationsPerSecond(compute, units, vocabulary, batch) });
  }
  return speedFrom(measured);
}

function operationsPerStep(units: number, vocabulary: number, batch: number): number {
  return operationsPerTarget([{ units }], vocabulary) * batch * probeSteps;
}

/** From operations per second measured at one or more widths, in ascending order. */
export function speedFrom(measured: readonly { units: number; rate: number }[]): Speed {
  const rateAt = (units: number): number => {
    const first = measured[0];
    const last = measured[measured.length - 1];
    if (units <= first.units) return first.rate;
    if (units >= last.units) return last.rate;
    const above = measured.findIndex((point) => point.units >= units);
    const [a, b] = [measured[above - 1], measured[above]];
    const share = Math.log(units / a.units) / Math.log(b.units / a.units);
    return a.rate + (b.rate - a.rate) * share;
  };
  return {
    secondsPerTarget(layers, vocabulary) {
      const widest = Math.max(...layers.map((layer) => layer.units));
      return operationsPerTarget(layers, vocabulary) / rateAt(widest);
    },
  };
}

async function operationsPerSecond(compute: Compute, units: number, vocabulary: number, rows: number): Promise<number> {
  const spec: NetworkSpec = {
    cell: 'lstm',
    input: { kind: 'one-hot', vocabulary },
    layers: [{ units, dropout: 0 }],
    output: { kind: 'softmax', classes: vocabulary },
  };
  const tokens = rows * probeSteps;
  const batch: Batch = {
    batch: rows,
    steps: probeSteps,
    inputs: Uint16Array.from({ length: tokens }, (_, i) => (i * 31) % vocabulary),
    targets: Int32Array.from({ length: tokens }, (_, i) => (i * 17) % vocabulary),
    state: 'zero',
  };
  const update: Update = {
    ...updateDefaults,
    kind: 'adam',
    learningRate: 1e-3,
    clipNorm: 5,
    lossScale: 1 / tokens,
  };
  const limits = { batch: rows, steps: probeSteps };
  const network = await compute.createNetwork(spec, await initialiseParameters(spec, { kind: 'keras' }, 0), limits);
  try {
    const seconds = await secondsPerStep(probeMs, () => network.trainStep(batch, update));
    return operationsPerStep(units, vocabulary, rows) / seconds;
  } finally {
    network.dispose();
  }
}

/**
 * Mean time of the steps (at least one) that fit into `milliseconds`, after one warm-up step; `trainStep` receives the
 * number of the step.
 */
export async function secondsPerStep(
  milliseconds: number,
  trainStep: (step: number) => Promise<unknown>,
): Promise<number> {
  await trainStep(0);
  const began = performance.now();
  for (let step = 1; ; step++) {
    await trainStep(step);
    const elapsedMs = performance.now() - began;
    if (elapsedMs >= milliseconds) return elapsedMs / 1000 / step;
  }
}
