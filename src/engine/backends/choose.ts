/**
 * `auto`: chooses the fastest backend for a network by trying each one briefly on that network. For a small model, the
 * CPU often wins.
 */
import { asInklingError } from '../../common/errors';
import { sentence, type Sentence, type Told } from '../../common/l10n';
import { outputSize, type NetworkSpec } from '../model/networkSpec';
import { Random } from '../random';
import {
  noTarget,
  updateDefaults,
  type Backend,
  type Batch,
  type Network,
  type NetworkLimits,
  type Update,
} from './backend';

interface Measurement {
  name: Backend['name'];
  kernel: string;
  /** Time steps per second of training, summed over the rows; 0 if it failed. */
  stepsPerSecond: number;
  /** Why it failed. */
  problem?: Told;
}

interface ChosenBackend {
  backend: Backend;
  measurements: Measurement[];
  /** Why it was chosen, as a sentence for the user. */
  reason: Told;
}

/** The time for all measurements together. */
const totalMs = 500;
/** Another backend must be this many times as fast as the first to be chosen. */
const worthwhile = 1.1;
const seed = 1;

/** The fastest of `candidates` for a network; the first is preferred. At least one must work. */
export async function chooseBackend(
  candidates: Backend[],
  spec: NetworkSpec,
  parameters: Float32Array,
  limits: NetworkLimits,
  now: () => number = () => performance.now(),
): Promise<ChosenBackend> {
  const measurements: Measurement[] = [];
  for (const backend of candidates) {
    measurements.push(await measure(backend, spec, parameters, limits, totalMs / candidates.length, now));
  }
  const [first, ...others] = measurements;
  let best = 0;
  others.forEach(({ stepsPerSecond }, i) => {
    const bar = best === 0 ? first.stepsPerSecond * worthwhile : measurements[best].stepsPerSecond;
    if (stepsPerSecond > bar) best = i + 1;
  });
  return { backend: candidates[best], measurements, reason: reasonOf(measurements, best) };
}

function reasonOf(measurements: Measurement[], best: number): Sentence {
  const figures = measurements.map(({ name, stepsPerSecond, problem }) =>
    problem ? sentence('{0} failed ({1})', name, problem) : sentence('{0} {1}', name, Math.round(stepsPerSecond)),
  );
  const fastest = measurements.every(({ stepsPerSecond }) => stepsPerSecond <= measurements[best].stepsPerSecond);
  const all = figures.reduce((before, next) => sentence('{0}, {1}', before, next));
  const { name } = measurements[best];
  return fastest
    ? sentence('{0} is the fastest for this network (steps per second: {1}).', name, all)
    : sentence('{0} is used, since no other is much faster on this network (steps per second: {1}).', name, all);
}

async function measure(
  backend: Backend,
  spec: NetworkSpec,
  parameters: Float32Array,
  limits: NetworkLimits,
  ms: number,
  now: () => number,
): Promise<Measurement> {
  const { name, kernel } = backend;
  let network: Network | undefined;
  try {
    network = await backend.createNetwork(spec, parameters, limits);
    const batch = trialBatch(spec, limits);
    // The first step compiles and allocates.
    await network.trainStep(batch, trialUpdate);
    const began = now();
    let steps = 0;
    do {
      await network.trainStep(batch, trialUpdate);
      steps++;
    } while (now() - began < ms);
    return { name, kernel, stepsPerSecond: (steps * batch.batch * batch.steps * 1000) / (now() - began) };
  } catch (error) {
    return { name, kernel, stepsPerSecond: 0, problem: asInklingError(error).told };
  } finally {
    network?.dispose();
  }
}

/** With a learning rate of 0, it changes nothing. */
const trialUpdate: Update = {
  ...updateDefaults,
  kind: 'sgd',
  learningRate: 0,
  clipNorm: 1,
  lossScale: 1,
  dropoutKey: 1,
};

/** A full batch of random tokens, with a target at every step (bidirectional: at the last). */
function trialBatch(spec: NetworkSpec, { batch, steps }: NetworkLimits): Batch {
  const random = new Random(seed);
  const ids = spec.input.kind === 'scalar' ? 256 : spec.input.vocabulary;
  const classes = spec.output.kind === 'softmax' ? outputSize(spec) : 2;
  const bidirectional = spec.layers[0].bidirectional === true;
  const last = (steps - 1) * batch;
  return {
    batch,
    steps,
    inputs: Uint16Array.from({ length: batch * steps }, () => random.integer(ids)),
    targets: Int32Array.from({ length: batch * steps }, (_, i) =>
      bidirectional && i < last ? noTarget : random.integer(classes),
    ),
    state: 'zero',
    lengths: bidirectional ? new Int32Array(batch).fill(steps) : undefined,
  };
}
