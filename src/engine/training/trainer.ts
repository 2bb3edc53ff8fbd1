/**
 * A training run: takes batches, updates the network, and reports what happens as `TrainEvent`s. It evaluates, keeps
 * the best weights, lowers the learning rate, detects divergence and overfitting, writes samples and checkpoints, and
 * can be paused, resumed and stopped: between two steps, or during one that is then abandoned and repeated later.
 *
 * Everything that influences a later step is either in `RunState` or follows from the config and the step's number, so
 * a run restored from its state continues exactly as if it had not been interrupted.
 */
import { asInklingError, InklingError, unlessCancelled } from '../../common/errors';
import { say, sentence, type Told } from '../../common/l10n';
import type { Reason } from '../../common/reasons';
import type { TrainingConfig } from '../../common/trainingConfig';
import {
  noticeOf,
  type DoneEvent,
  type EpochEvent,
  type GuardEvent,
  type NoticeEvent,
  type SampleEvent,
  type TrainEvent,
} from '../../common/trainEvents';
import { createStepper } from '../backends';
import type { Network, NewStepper, OptimiserState, Stepper, StepResult } from '../backends/backend';
import type { BatchPlan } from '../corpus/batchPlan';
import { trainingBatches, type BatchSource } from '../corpus/batchSource';
import type { Corpus } from '../corpus/corpus';
import { randomWindow } from '../corpus/spans';
import { generate } from '../generation/generator';
import type { ModelMemory } from '../memory/modelMemory';
import type { MixtureTables } from '../memory/mixture';
import type { Reading } from '../memory/reading';
import { readHeldOut, rememberTraining } from '../memory/remember';
import { areFinite } from '../model/modelFile';
import { parameterCount } from '../model/networkSpec';
import { Random } from '../random';
import { TimeSlice } from '../timeSlice';
import { bestBlend, describeBlend } from './blend';
import { DivergenceGuard } from './divergenceGuard';
import { evaluateHeldOut, type Evaluation } from './evaluation';
import { History } from './history';
import { accuracyOf, addLoss, meanLoss, noLoss, type LossSums } from './lossSums';
import { OverfittingWatch } from './overfitting';
import { ProgressMeter } from './progressMeter';
import { recentLosses, type RunProgress, type RunState } from './runState';
import { RunClock } from './runClock';
import { Schedule } from './schedule';
import { keepsLast } from './storedRun';
import { updateOf } from './updateOf';

export interface TrainerOptions {
  config: TrainingConfig;
  corpus: Corpus;
  /** The batches of the corpus with this config. */
  plan: BatchPlan;
  /** Has the initial weights and limits that fit the batches of the plan. The trainer disposes of it. */
  network: Network;
  /** Goes into the `done` event. */
  modelPath: string;
  /** For the samples. */
  newStepper?: NewStepper;
  onEvent: (event: TrainEvent) => void;
  /** Saves the state of the run, by default every 30 seconds, at a pause and at the end of a long epoch. */
  onCheckpoint?: (state: RunState, history: TrainEvent[]) => Promise<string>;
  /** Saves a copy of the model after an epoch and returns its path. Only for `keep: every-epoch`. */
  onEpochEnd?: (state: RunState, history: TrainEvent[], loss: number | null) => Promise<string>;
  /**
   * Receives the weights, for sampling during training: before the first progress event, so that its listeners can
   * already write, and then about every two seconds.
   */
  onSnapshot?: (parameters: Float32Array, step: number) => void;
  files?: string[];
  /** The reasons for the choices of the automatic configuration. */
  reasons?: Reason[];
  /** Reported at the start: how a run that continues a model begins. */
  notices?: readonly Told[];
  expectedSeconds?: number;
  /** The state and the history of the run to continue. */
  state?: RunState;
  history?: readonly TrainEvent[];
  /** The optimiser state of the model that the weights come from. */
  initialOptimiser?: OptimiserState;
  /** The base that the run starts from: its weights in the layout of the run's network, and its mixture. */
  base?: { title: string; parameters: Float32Array; tables?: MixtureTables };
  /** Replaces the training batches of the plan. */
  batches?: BatchSource;
  /** Milliseconds since a fixed time. */
  now?: () => number;
  checkpointSeconds?: number;
}

export interface TrainedRun {
  done: DoneEvent;
  /** The weights that the run keeps, by the config's `keep`. */
  parameters: Float32Array;
  /** The memory, if the config's `memory` asks for one. */
  memory?: ModelMemory;
  /** The state of training, for resuming. */
  state: RunState;
  history: TrainEvent[];
}

type Ending = DoneEvent['reason'];

/** With a memory: the results of the network alone, and of both when they learn from what they have read. */
type FinalEvaluation = Evaluation & { networkLoss?: number; onlineLoss?: number };

const progressMs = 500;
const snapshotMs = 2000;
/** An epoch shorter than this does not get its own checkpoint. */
const shortestEpochToKeepMs = 5000;
/** The number of held-out tokens that are read to find out whether training has improved on the base. */
const judgedTargets = 20_000;
/** The guard intervenes this many times; then the run ends with its best weights. */
const maximumGuardEvents = 6;
/** Separate from the random streams of other rooms. */
const sampleStream = 0x5a3b;

export class Trainer {
  private readonly config: TrainingConfig;
  private readonly history = new History();
  private readonly schedule: Schedule;
  private readonly guard = new DivergenceGuard();
  private readonly overfitting = new OverfittingWatch();
  private readonly meter = new ProgressMeter();
  private readonly plan: BatchPlan;
  private readonly batches: BatchSource;
  private readonly clock: RunClock;
  private readonly progress: RunProgress;
  private readonly network: Network;
  private stepper: Stepper | undefined;
  /** The GPU failure that was already reported. */
  private reportedFallback: Told | undefined;
  private bestParameters!: Float32Array;
  private learningRate = 0;
  private stopping = false;
  private pausing = false;
  /** Whether to skip all measurements after the end of training. */
  skipsEvaluation = false;
  private wake: (() => void) | undefined;
  private sampling: AbortController | undefined;
  // By the clock of the run.
  private lastProgressMs = 0;
  private lastSnapshotMs = -Infinity;
  private lastCheckpointMs = 0;
  /** The losses of the first batch before anything was learned, if requested. */
  private untrained: LossSums | undefined;
  /** Whether the loss is no longer finite, without a guard to restore the run. */
  private hasDiverged = false;
  /** The step of the last evaluation, so that none is repeated. */
  private evaluatedStep = -1;

  constructor(private readonly options: TrainerOptions) {
    const { config, corpus, state } = options;
    this.config = config;
    this.clock = new RunClock(options.now);
    this.schedule = new Schedule(config.schedule, config.optimiser.learningRate);
    this.plan = options.plan;
    this.network = options.network;
    this.batches = options.batches ?? trainingBatches(this.plan, config.seed);
    if (options.history) this.history.restore(options.history);
    const evaluated = options.history?.findLast((event) => event.event === 'epoch' && event.heldOutLoss !== undefined);
    if (evaluated?.event === 'epoch') this.evaluatedStep = evaluated.step;
    this.progress = state
      ? structuredClone(state.progress)
      : {
          step: 0,
          epoch: 0,
          seconds: 0,
          characters: 0,
          epochSums: noLoss(),
          lastEpochSums: noLoss(),
          smoothedLoss: config.smoothedLoss ? Math.log(corpus.vocabulary.size) * config.smoothedLoss.startLength : null,
          best: { loss: null, step: 0, epoch: 0 },
          evaluationsWithoutBest: 0,
          guardEvents: 0,
          schedule: this.schedule.state(),
          guard: this.guard.state(),
          overfitting: this.overfitting.state(),
          batches: this.batches.state(),
          due: null,
        };
    if (state) {
      this.schedule.restore(state.progress.schedule);
      this.guard.restore(state.progress.guard);
      this.overfitting.restore(state.progress.overfitting);
      this.batches.restore(state.progress.batches);
    }
  }

  /**
   * Takes effect between two steps, or abandons a long step. Saves a checkpoint, also if the run is already paused.
   */
  pause(): void {
    this.pausing = true;
    this.wake?.();
    this.sampling?.abort();
  }

  resume(): void {
    this.pausing = false;
    this.wake?.();
  }

  /** Leaves one of several threads idle for a while from now on, because the user is typing. */
  yieldThread(milliseconds: number): void {
    this.network.yieldThread?.(milliseconds);
  }

  /**
   * Ends the run between two steps, or abandons a long step; what was learned is kept. With `evaluate: false`, the final
   * evaluation is skipped, or abandoned if it has begun.
   */
  stop({ evaluate = true }: { evaluate?: boolean } = {}): void {
    this.stopping = true;
    if (!evaluate) this.skipsEvaluation = true;
    this.sampling?.abort();
    this.wake?.();
  }

  /** Trains until a budget is used up, early stopping, or `stop`. Call it once. */
  async run(): Promise<TrainedRun> {
    await this.open();
    try {
      this.sendStart();
      if (this.config.evaluation.atStart && this.progress.step === 0 && !this.options.state) {
        await this.prepareEvaluationAtStart();
      }
      const ending = await this.train();
      return await this.finish(ending);
    } finally {
      this.network.dispose();
    }
  }

  private async open(): Promise<void> {
    const { state, initialOptimiser } = this.options;
    this.bestParameters = state?.bestParameters ?? (await this.network.readParameters());
    const optimiser = state?.optimiser ?? initialOptimiser;
    if (optimiser) await this.network.writeOptimiser(optimiser);
    if (state && state.carried.length > 0) await this.network.writeState(state.carried);
    this.clock.continueFrom(this.progress.seconds);
    this.lastProgressMs = this.lastCheckpointMs = this.clock.ms;
  }

  /** Makes an evaluation and samples of the untrained network due before the first step. */
  private async prepareEvaluationAtStart(): Promise<void> {
    const before = this.batches.state();
    this.untrained = await this.network.evaluate(this.batches.next().batch);
    this.batches.restore(before);
    this.progress.due = { epochEnded: false, evaluation: true, samples: true };
  }

  /** The loop: a step, then whatever is due after it. What a command interrupts is repeated once training continues. */
  private async train(): Promise<Ending> {
    const { config, progress } = this;
    const slice = new TimeSlice();
    for (;;) {
      if (slice.isOver) await slice.renew();
      this.leaveOutSleep();
      this.reportFallback();
      if (this.pausing && !this.stopping) await this.waitWhilePaused();
      if (this.stopping) return 'stopped';
      if (!progress.due && this.fraction() >= 1) return 'budget';

      if (!progress.due) {
        const epochEnded = await this.step();
        this.leaveOutSleep();
        if (epochEnded === 'interrupted') continue;
        if (progress.guardEvents > maximumGuardEvents) {
          this.notice(
            'early-stop',
            sentence('Training kept diverging; the best weights are kept. Lower the learning rate.'),
          );
          return 'early-stop';
        }
        if (this.hasDiverged) {
          const { step } = progress;
          this.notice(
            'early-stop',
            sentence('The loss is no longer a number at step {0}, and the guard is off: training ends.', String(step)),
          );
          return 'early-stop';
        }
        const isDue = (every: number | 'epoch'): boolean =>
          every === 'epoch' ? epochEnded : progress.step % every === 0;
        if (epochEnded) progress.epoch++;
        progress.due = { epochEnded, evaluation: isDue(config.evaluation.every), samples: isDue(config.samples.every) };
      }
      const { epochEnded, evaluation, samples } = progress.due;
      if (evaluation) {
        if (!(await this.evaluate(epochEnded))) continue;
        progress.due.evaluation = false;
      } else if (epochEnded) this.send(this.epochEvent(true, undefined));
      if (epochEnded && config.keep === 'every-epoch') await this.keepEpoch();
      if (epochEnded) {
        progress.lastEpochSums = progress.epochSums;
        progress.epochSums = noLoss();
        progress.due.epochEnded = false;
      }
      const patience = config.earlyStopping?.patience ?? Infinity;
      if (evaluation && progress.evaluationsWithoutBest >= patience) {
        const { epoch, step } = progress.best;
        this.notice(
          'early-stop',
          sentence(
            'No better held-out loss in {0} evaluations: stopped, with the weights of epoch {1} (step {2}).',
            String(patience),
            String(epoch),
            String(step),
          ),
        );
        return 'early-stop';
      }
      if (samples && !(await this.writeSamples())) continue;
      progress.due = null;
      const now = this.clock.ms;
      if (now - this.lastProgressMs >= progressMs) await this.sendProgress();
      const checkpointMs = epochEnded ? shortestEpochToKeepMs : (this.options.checkpointSeconds ?? 30) * 1000;
      if (now - this.lastCheckpointMs >= checkpointMs) await this.checkpoint();
    }
  }

  private leaveOutSleep(): void {
    const sleptMs = this.clock.turn();
    if (sleptMs === 0) return;
    const minutes = Math.round(sleptMs / 60_000);
    this.notice(
      'information',
      sentence('The machine slept for about {0} min; that is not counted as training time.', String(minutes)),
    );
  }

  private readonly isInterrupted = (): boolean => this.stopping || this.pausing;

  /** Makes one update and returns whether an epoch ended with it. An interrupted update has no effect. */
  private async step(): Promise<boolean | 'interrupted'> {
    const { config, progress, network } = this;
    const before = this.batches.state();
    const { batch, epochEnded, tokens } = this.batches.next();
    this.learningRate = this.schedule.rate(progress.step, this.scheduleFraction());
    const { learningRate } = this;
    const update = updateOf(config, { learningRate, targets: tokens, step: progress.step });
    const began = this.clock.seconds;
    const result = await unlessCancelled(network.trainStep(batch, update, this.isInterrupted));
    if (!result) {
      this.batches.restore(before);
      return 'interrupted';
    }
    const stepMs = 1000 * (this.clock.seconds - began);
    progress.step++;
    progress.characters += result.targets;
    if (result.targets > 0) await this.record(result, stepMs);
    if (config.smoothedLoss && Number.isFinite(result.lossSum)) {
      const { decay } = config.smoothedLoss;
      progress.smoothedLoss = decay * progress.smoothedLoss! + (1 - decay) * result.lossSum;
    }
    return epochEnded;
  }

  /** Records the losses of a step with at least one target, or restores the run if it has diverged. */
  private async record(result: StepResult, stepMs: number): Promise<void> {
    const loss = meanLoss(result)!;
    if (this.config.guard?.kind === 'none') {
      this.hasDiverged = !Number.isFinite(loss) || !Number.isFinite(result.gradientNorm);
      if (this.hasDiverged) return;
    } else {
      const trouble = this.guard.observe(loss, result.gradientNorm);
      if (trouble) return this.recover(trouble, loss);
    }
    addLoss(this.progress.epochSums, result);
    this.meter.add({ ...result, clippedNorm: this.clippedNorm(result) }, stepMs);
  }

  /** If the backend does not measure it, it can be derived unless elements are clipped individually. */
  private clippedNorm({ gradientNorm, clippedNorm }: StepResult): number | undefined {
    const { clipValue, clipNorm = Infinity } = this.config.optimiser;
    return clippedNorm ?? (clipValue === undefined ? Math.min(gradientNorm, clipNorm) : undefined);
  }

  /** Back to the best weights, with a clean optimiser, an empty recurrent state and half the learning rate. */
  private async recover(reason: GuardEvent['reason'], loss: number): Promise<void> {
    const { network, progress } = this;
    await network.writeParameters(this.bestParameters);
    const { kind, slots } = await network.readOptimiser();
    await network.writeOptimiser({ kind, updates: 0, slots: slots.map((slot) => slot.fill(0)) });
    await network.writeState((await network.readState()).fill(0));
    this.schedule.halve();
    this.guard.restart();
    progress.guardEvents++;
    // The losses so far say nothing about the restored weights.
    progress.epochSums = noLoss();
    progress.lastEpochSums = noLoss();
    const learningRateBefore = this.learningRate;
    const learningRateAfter = learningRateBefore / 2;
    const what = reason === 'non-finite' ? 'The loss became infinite' : `The loss exploded (${loss.toFixed(2)} nats)`;
    const from = progress.best.step === 0 ? 'the beginning' : `step ${progress.best.step}`;
    this.send({
      event: 'guard',
      step: progress.step,
      reason,
      // JSON has no NaN.
      loss: Number.isFinite(loss) ? loss : Number.MAX_VALUE,
      restoredStep: progress.best.step,
      learningRateBefore,
      learningRateAfter,
      message: `${what} at step ${progress.step}: restored the weights of ${from}, learning rate halved to ${learningRateAfter.toPrecision(3)}.`,
    });
  }

  /** Evaluates the current weights and records whether they are the best so far; false if it was interrupted. */
  private async evaluate(complete: boolean): Promise<boolean> {
    const { config, plan, progress, network } = this;
    await this.sendProgress();
    const { maximumTargets } = config.evaluation;
    const heldOut = await evaluateHeldOut(network, plan, maximumTargets, this.isInterrupted);
    if (heldOut === 'interrupted') return false;
    this.evaluatedStep = progress.step;
    const event = this.epochEvent(complete, heldOut);
    event.best = await this.noteBest(event);
    this.send(event);
    const overfitting = this.overfitting.observe(event);
    if (overfitting) this.notice('overfitting', overfitting);
    if (heldOut && this.schedule.evaluated(heldOut.loss)) {
      const rate = this.schedule.rate(progress.step, this.scheduleFraction());
      this.notice(
        'learning-rate',
        sentence('The held-out loss has stopped improving: learning rate lowered to {0}.', rate.toPrecision(3)),
      );
    }
    return true;
  }

  private epochEvent(complete: boolean, heldOut: Evaluation | undefined): EpochEvent {
    const { progress } = this;
    const sums = (progress.step === 0 && this.untrained) || recentLosses(progress);
    return {
      event: 'epoch',
      step: progress.step,
      epoch: progress.epoch,
      complete,
      seconds: this.clock.seconds,
      trainLoss: meanLoss(sums),
      trainAccuracy: accuracyOf(sums),
      ...(heldOut && {
        heldOutLoss: heldOut.loss,
        heldOutAccuracy: heldOut.accuracy,
        heldOutBitsPerCharacter: this.bitsPerCharacter(heldOut.loss),
      }),
      ...(progress.smoothedLoss !== null && { smoothedLoss: progress.smoothedLoss }),
      best: false,
      learningRate: this.learningRate,
    };
  }

  /** Keeps the weights if they are the best so far by the rule of the run; returns whether they are. */
  private async noteBest(event: EpochEvent): Promise<boolean> {
    const { progress } = this;
    const loss = this.lossToKeepBy(event);
    // There may be an evaluation between an explosion and its detection by the guard.
    if (loss === undefined || !Number.isFinite(loss) || this.guard.hasExploded(loss)) return false;
    if (progress.best.loss !== null && loss >= progress.best.loss) {
      progress.evaluationsWithoutBest++;
      return false;
    }
    const parameters = await this.network.readParameters();
    if (!areFinite(parameters)) return false;
    progress.best = { loss, step: event.step, epoch: event.epoch };
    progress.evaluationsWithoutBest = 0;
    this.bestParameters = parameters;
    return true;
  }

  /** The loss that decides which weights are best; undefined if none was measured. */
  private lossToKeepBy(event: EpochEvent): number | undefined {
    if (this.config.keep !== 'best-train' && event.heldOutLoss !== undefined) return event.heldOutLoss;
    return event.trainLoss ?? undefined;
  }

  /** Writes the samples that are due; false if it was interrupted. */
  private async writeSamples(): Promise<boolean> {
    const { config, corpus } = this.options;
    const { temperatures, count, length, prompt } = config.samples;
    const { step, epoch } = this.progress;
    if (temperatures.length === 0) return true;
    const random = new Random(config.seed ^ step, sampleStream);
    const stop = config.text.examples === 'lines' ? ['\n'] : undefined;
    const model = { stepper: await this.currentStepper(), vocabulary: corpus.vocabulary, config };
    const written: SampleEvent[] = [];
    this.sampling = new AbortController();
    if (this.isInterrupted()) this.sampling.abort();
    try {
      for (let i = 0; i < count; i++) {
        const start =
          prompt.kind === 'text'
            ? prompt.text
            : prompt.kind === 'window'
              ? randomWindow(corpus, config.objective.steps, random)
              : '';
        const streams = temperatures.map((temperature) => ({ temperature, length, stop, seed: random.uint32() }));
        const { texts } = await generate(model, { prompt: start, streams }, { signal: this.sampling.signal });
        temperatures.forEach((temperature, t) => {
          written.push({ event: 'sample', step, epoch, temperature, prompt: start, text: texts[t] });
        });
      }
    } catch (error) {
      if (!(error instanceof InklingError)) throw error;
      if (error.code === 'cancelled') return false;
      // A network that the guard is about to restore writes no samples.
      if (error.code !== 'corruptModel') throw error;
    } finally {
      this.sampling = undefined;
    }
    for (const sample of written) this.send(sample);
    return true;
  }

  /** A stepper with the current weights. */
  private async currentStepper(): Promise<Stepper> {
    const parameters = await this.network.readParameters();
    if (this.stepper) this.stepper.writeParameters(parameters);
    else this.stepper = (this.options.newStepper ?? createStepper)(this.network.spec, parameters);
    return this.stepper;
  }

  private async waitWhilePaused(): Promise<void> {
    const seconds = this.clock.seconds;
    while (this.pausing && !this.stopping) {
      const woken = new Promise<void>((resolve) => (this.wake = resolve));
      await this.checkpoint();
      this.notice('paused', sentence('Paused at step {0}.', String(this.progress.step)));
      await woken;
      // The pause does not count as training time.
      this.clock.continueFrom(seconds);
    }
    this.wake = undefined;
    this.lastProgressMs = this.lastCheckpointMs = this.clock.ms;
    if (!this.stopping)
      this.notice('resumed', sentence('Training continues from step {0}.', String(this.progress.step)));
  }

  /** Decides which weights the run keeps, and measures them on all held-out text. */
  private async finish(ending: Ending): Promise<TrainedRun> {
    const { config, corpus, base, modelPath } = this.options;
    const { progress, network } = this;
    const seconds = (progress.seconds = this.clock.seconds);
    // Saved first: what follows must not influence a run that continues from here.
    const state = await this.takeState();
    await this.sendProgress();
    const trained = await this.weightsToKeep();
    const counted = config.memory === 'on' ? rememberTraining(corpus, base?.tables) : undefined;
    const kept = counted ? await this.blendWithBase(trained, counted) : trained;
    await network.writeParameters(kept);
    const { memory, heldOut } = await this.finalMeasure(counted);
    this.reportFallback();
    const done: DoneEvent = {
      event: 'done',
      model: modelPath,
      seconds,
      steps: progress.step,
      epochs: progress.epoch,
      characters: progress.characters,
      trainLoss: meanLoss(recentLosses(progress)),
      heldOutLoss: heldOut?.loss ?? null,
      heldOutBitsPerCharacter: (heldOut && this.bitsPerCharacter(heldOut.loss)) ?? null,
      heldOutAccuracy: heldOut?.accuracy ?? null,
      ...(heldOut?.networkLoss !== undefined && {
        heldOutNetworkLoss: heldOut.networkLoss,
        heldOutOnlineLoss: heldOut.onlineLoss,
      }),
      ...(progress.smoothedLoss !== null && { smoothedLoss: progress.smoothedLoss }),
      charactersPerSecond: seconds > 0 ? progress.characters / seconds : 0,
      threads: network.backend.threads,
      backend: network.backend.name,
      kernel: network.backend.kernel,
      seed: config.seed,
      base: config.base ?? null,
      reason: ending,
    };
    // The history in the model file ends with it; the caller reports it once the file is written.
    this.history.add(done);
    return { done, parameters: kept, memory, state, history: this.history.toJSON() };
  }

  /** For a run from a base, the weights that predict the held-out text best (`blend.ts`); otherwise the trained ones. */
  private async blendWithBase(trained: Float32Array, memory: ModelMemory): Promise<Float32Array> {
    const { base, corpus } = this.options;
    if (!base || this.skipsEvaluation) return trained;
    const isSkipped = (): boolean => this.skipsEvaluation;
    const read = (): Promise<Reading | undefined> =>
      readHeldOut(this.network, memory, corpus, isSkipped, judgedTargets);
    const blend = await bestBlend(this.network, base.parameters, trained, read);
    if (!blend) return trained;
    this.notice('information', describeBlend(blend));
    return blend.parameters;
  }

  /** The results of the network on all held-out text, with its memory if it gets one. */
  private async finalMeasure(counted?: ModelMemory): Promise<{ memory?: ModelMemory; heldOut?: FinalEvaluation }> {
    if (!counted) return { heldOut: await this.evaluateUnlessSkipped(Infinity) };
    const read = await readHeldOut(this.network, counted, this.options.corpus, () => this.skipsEvaluation);
    if (!read) return { memory: counted };
    const memory = { ...counted, tables: read.tables };
    const { targets } = read;
    const heldOut = {
      loss: read.static / targets,
      accuracy: read.correct / targets,
      targets,
      networkLoss: read.network / targets,
      onlineLoss: read.online / targets,
    };
    return { memory, heldOut };
  }

  /** The best weights by `keep`, including the current ones. */
  private async weightsToKeep(): Promise<Float32Array> {
    const current = await this.network.readParameters();
    // The guard detects an explosion one step later, but there is no step after the last.
    if (keepsLast(this.config)) return areFinite(current) ? current : this.bestParameters;
    const { progress } = this;
    if (this.evaluatedStep !== progress.step && progress.step !== progress.best.step) {
      const heldOut = await this.evaluateUnlessSkipped(this.config.evaluation.maximumTargets);
      if (this.skipsEvaluation) return progress.best.loss === null ? current : this.bestParameters;
      const event = this.epochEvent(false, heldOut);
      event.best = await this.noteBest(event);
      this.send(event);
    }
    return this.bestParameters;
  }

  /** The held-out loss of the current weights; undefined if nothing is held out or `stop` asked to skip it. */
  private async evaluateUnlessSkipped(maximumTargets: number): Promise<Evaluation | undefined> {
    const isSkipped = (): boolean => this.skipsEvaluation;
    if (isSkipped()) return undefined;
    const heldOut = await evaluateHeldOut(this.network, this.plan, maximumTargets, isSkipped);
    return heldOut === 'interrupted' ? undefined : heldOut;
  }

  private async takeState(): Promise<RunState> {
    const progress: RunProgress = structuredClone({
      ...this.progress,
      seconds: this.clock.seconds,
      schedule: this.schedule.state(),
      guard: this.guard.state(),
      overfitting: this.overfitting.state(),
      batches: this.batches.state(),
    });
    return {
      progress,
      parameters: await this.network.readParameters(),
      bestParameters: this.bestParameters,
      optimiser: await this.network.readOptimiser(),
      carried: await this.network.readState(),
    };
  }

  private async checkpoint(): Promise<void> {
    this.lastCheckpointMs = this.clock.ms;
    if (!this.options.onCheckpoint) return;
    const { step } = this.progress;
    const state = await this.takeState();
    // The guard is about to discard these weights: the previous checkpoint is the better one.
    if (!areFinite(state.parameters)) return;
    try {
      const path = await this.options.onCheckpoint(state, this.history.toJSON());
      this.send({ event: 'checkpoint', step, path });
    } catch (error) {
      // A full disk must not end a run that may still succeed.
      this.notice('information', sentence('No checkpoint was written: {0}', asInklingError(error).told));
    }
    this.leaveOutSleep();
    this.lastCheckpointMs = this.clock.ms;
  }

  private async keepEpoch(): Promise<void> {
    const { epoch } = this.progress;
    const state = await this.takeState();
    if (!this.options.onEpochEnd || !areFinite(state.parameters)) return;
    try {
      const file = await this.options.onEpochEnd(state, this.history.toJSON(), meanLoss(this.progress.epochSums));
      this.notice('information', sentence('The weights of epoch {0} are kept in {1}.', String(epoch), file));
    } catch (error) {
      this.notice(
        'information',
        sentence('The weights of epoch {0} were not kept: {1}', String(epoch), asInklingError(error).told),
      );
    }
  }

  private async publish(): Promise<void> {
    this.lastSnapshotMs = this.clock.ms;
    this.options.onSnapshot?.(await this.network.readParameters(), this.progress.step);
  }

  private sendStart(): void {
    const { config, corpus, files, reasons, expectedSeconds } = this.options;
    const { backend } = this.network;
    const { epochs, maxSteps } = config.budget;
    const { stepsPerEpoch, trainTargets, heldOutTargets } = this.plan;
    const bounds = [maxSteps, epochs && epochs * stepsPerEpoch].filter((steps) => steps !== undefined);
    this.send({
      event: 'start',
      config,
      reasons: reasons ?? [],
      files: files ?? corpus.files.map((file) => file.name),
      tokens: corpus.ids.length,
      trainTokens: trainTargets,
      heldOutTokens: heldOutTargets,
      vocabulary: corpus.vocabulary.size,
      parameters: parameterCount(this.network.spec),
      stepsPerEpoch,
      ...(bounds.length > 0 && { totalSteps: Math.min(...bounds) }),
      ...(expectedSeconds !== undefined && { expectedSeconds }),
      backend: backend.name,
      ...(backend.reason && { backendReason: backend.reason }),
      kernel: backend.kernel,
      threads: backend.threads,
      seed: config.seed,
      base: config.base ?? null,
      fromStep: this.progress.step,
      fromSeconds: this.progress.seconds,
    });
    for (const message of this.options.notices ?? []) this.notice('information', message);
  }

  /** Reports the training since the last time, if there was any. */
  private async sendProgress(): Promise<void> {
    this.lastProgressMs = this.clock.ms;
    if (this.meter.isEmpty) return;
    if (this.lastProgressMs - this.lastSnapshotMs >= snapshotMs) await this.publish();
    const { progress } = this;
    const fraction = Math.min(1, this.fraction());
    const seconds = this.clock.seconds;
    this.send({
      event: 'progress',
      step: progress.step,
      epoch: progress.epoch,
      seconds,
      fraction,
      ...(fraction > 0 && { secondsLeft: (seconds * (1 - fraction)) / fraction }),
      ...this.meter.take(),
      ...(progress.smoothedLoss !== null && { smoothedLoss: progress.smoothedLoss }),
      learningRate: this.learningRate,
    });
  }

  private reportFallback(): void {
    const { fallback } = this.network.backend;
    if (fallback !== undefined && fallback !== this.reportedFallback) this.notice('backend', fallback);
    this.reportedFallback = fallback;
  }

  private notice(kind: NoticeEvent['kind'], told: Told): void {
    this.send(noticeOf(kind, this.progress.step, told));
  }

  private send(event: TrainEvent): void {
    this.history.add(inWords(event));
    this.options.onEvent(event);
  }

  /** The share of the budget that is used, by the limit that will be reached first. */
  private fraction(): number {
    const { epochs, maxSteps, maxSeconds } = this.config.budget;
    const { step, epoch } = this.progress;
    return Math.max(
      maxSteps === undefined ? 0 : step / maxSteps,
      // By complete epochs at the end of one, by steps within it.
      epochs === undefined ? 0 : epoch >= epochs ? 1 : Math.min(step / (epochs * this.plan.stepsPerEpoch), 1 - 1e-9),
      maxSeconds === undefined ? 0 : this.clock.ms / 1000 / maxSeconds,
    );
  }

  /** The position in the schedule of the learning rate. */
  private scheduleFraction(): number {
    const { schedule } = this.config;
    const epochs = schedule.kind === 'cosine' ? schedule.epochs : undefined;
    return epochs === undefined ? this.fraction() : this.progress.step / (epochs * this.plan.stepsPerEpoch);
  }

  private bitsPerCharacter(loss: number): number | undefined {
    return this.config.text.unit === 'character' ? loss / Math.LN2 : undefined;
  }
}

/** For the model file, which has no sentences to translate. */
function inWords(event: TrainEvent): TrainEvent {
  if (event.event === 'notice' && event.sentence) return { ...event, sentence: undefined };
  if (event.event !== 'start' || event.backendReason === undefined) return event;
  return { ...event, backendReason: say(event.backendReason) };
}
