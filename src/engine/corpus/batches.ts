/**
 * The batches of a training run, epoch after epoch. How they are cut from the corpus depends on the examples and the
 * objective; the four ways lie in their own files (textStreams, windows, lines, linePrefixes).
 *
 * Each epoch's order is drawn from the seed and the epoch's number alone. So a position in the run is two numbers, and
 * a source restored to it goes on with exactly the batches that would have followed.
 */
import { InklingError } from '../../common/errors';
import type { TrainingConfig } from '../../common/trainingConfig';
import type { Batch } from '../backends/backend';
import { Random } from '../random';
import { countTargets } from './batchBuffer';
import type { Corpus } from './corpus';
import { linePrefixes } from './linePrefixes';
import { lines } from './lines';
import { textStreams } from './textStreams';
import { windows } from './windows';

/** One way of cutting batches. */
export interface BatchPlan {
  /** The largest batch and the most steps of any batch, training or held out. */
  readonly limits: { batch: number; steps: number };
  readonly stepsPerEpoch: number;
  /** Targets of one epoch. */
  readonly trainTargets: number;
  /** Targets that are held out. */
  readonly heldOutTargets: number;
  /** Lays out an epoch. */
  startEpoch(epoch: number, random: Random): void;
  /** Batch `step` of that epoch. */
  batch(step: number): Batch;
  /** Batches over the held-out part, `maximumTargets` targets spread over it. */
  heldOut(maximumTargets: number): Generator<Batch>;
}

/** A position between two batches, counted from the start of the run. Plain JSON. */
export interface BatchSourceState {
  epoch: number;
  step: number;
}

export interface BatchSource {
  readonly stepsPerEpoch: number;
  /** The next batch, valid until the next call; `tokens` are its targets, `epochEnded` says that it is its epoch's last. */
  next(): { batch: Batch; epochEnded: boolean; tokens: number };
  state(): BatchSourceState;
  restore(state: BatchSourceState): void;
}

/** Streams of the generator from here on belong to epochs. */
const epochStreams = 0x10000;

/**
 * The training batches of a corpus. Throws `invalidInput` where the text is too short for the settings, or where the
 * examples and the objective do not go together.
 */
export function createBatches(corpus: Corpus, config: TrainingConfig, seed: number): BatchSource {
  const plan = createPlan(corpus, config);
  let epoch = 0;
  let step = 0;
  let laidOut = -1;
  return {
    stepsPerEpoch: plan.stepsPerEpoch,
    next() {
      if (laidOut !== epoch) plan.startEpoch(epoch, new Random(seed, epochStreams + epoch));
      laidOut = epoch;
      const batch = plan.batch(step);
      const epochEnded = ++step === plan.stepsPerEpoch;
      if (epochEnded) {
        epoch++;
        step = 0;
      }
      return { batch, epochEnded, tokens: countTargets(batch) };
    },
    state: () => ({ epoch, step }),
    restore(state) {
      if (!(state.step >= 0 && state.step < plan.stepsPerEpoch && state.epoch >= 0)) {
        throw new InklingError(
          'incompatibleModel',
          'The checkpoint stands at a step that this text and these settings do not have: start a new run.',
        );
      }
      ({ epoch, step } = state);
    },
  };
}

/**
 * The batches of an evaluation on the held-out part, under the same objective as training; none where nothing is held
 * out. At most about `maximumTargets` targets, spread evenly over the part. Running text trained every step is read in
 * long streams whose state is carried; each begins with some text before it as context only, so that every target is
 * predicted as if the text had been read from further up, and each counts once.
 */
export function heldOutBatches(corpus: Corpus, config: TrainingConfig, maximumTargets = Infinity): Generator<Batch> {
  return createPlan(corpus, config).heldOut(maximumTargets);
}

/** The largest batch and the most steps that training or evaluation will ask of a network. */
export function networkLimits(corpus: Corpus, config: TrainingConfig): { batch: number; steps: number } {
  return createPlan(corpus, config).limits;
}

/** Targets of one epoch: tokens, windows or line prefixes. */
export function trainTargets(corpus: Corpus, config: TrainingConfig): number {
  return createPlan(corpus, config).trainTargets;
}

/** Targets that are held out; 0 where an evaluation is not possible. */
export function heldOutTargets(corpus: Corpus, config: TrainingConfig): number {
  return createPlan(corpus, config).heldOutTargets;
}

function createPlan(corpus: Corpus, config: TrainingConfig): BatchPlan {
  checkObjective(config);
  if (corpus.config.examples === 'lines') return lines(corpus, config);
  if (corpus.config.examples === 'line-prefixes') return linePrefixes(corpus, config);
  return config.objective.kind === 'every-step' ? textStreams(corpus, config) : windows(corpus, config);
}

function checkObjective({ batch, text, objective }: TrainingConfig): void {
  const fail = (message: string): never => {
    throw new InklingError('invalidInput', message);
  };
  const whole = (n: number): boolean => Number.isInteger(n) && n >= 1;
  if (!whole(batch) || batch > 4096) fail(`A batch has 1 to 4096 rows, not ${batch}: set batch.`);
  if (!whole(objective.steps) || objective.steps > 4096) {
    fail(`objective.steps is a whole number from 1 to 4096, not ${objective.steps}.`);
  }
  if (objective.kind === 'last-step' && !whole(objective.stride)) {
    fail(`objective.stride is a whole number from 1 on, not ${objective.stride}.`);
  }
  if (text.examples === 'lines' && objective.kind !== 'every-step') {
    fail('Lines are trained at every step: set objective.kind=every-step.');
  }
  if (text.examples === 'line-prefixes' && objective.kind !== 'last-step') {
    fail('Line prefixes are trained on their last word: set objective.kind=last-step.');
  }
  if (text.examples === 'lines' && objective.carryState && batch !== 1) {
    fail('State is carried from line to line only one line at a time: set batch=1 or objective.carryState=false.');
  }
}
