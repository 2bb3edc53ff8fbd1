/**
 * A run as stored in a model file. The weights of the file are those that the run keeps. Everything else that is needed
 * to resume is in the file, too: the current weights and the best so far (unless they equal the weights of the file),
 * the optimiser, the carried state.
 */
import { InklingError } from '../../common/errors';
import { sentence, type Told } from '../../common/l10n';
import { number, object, oneOf, orNull, whole, yesNo } from '../../common/schema';
import type { OptimiserKind, TrainingConfig } from '../../common/trainingConfig';
import type { TrainEvent, TrainingResults } from '../../common/trainEvents';
import { slotsOf } from '../backends/backend';
import type { BatchSourceState } from '../corpus/batchSource';
import { countTokens, type Corpus } from '../corpus/corpus';
import { storeMemory } from '../memory/memoryFile';
import type { ModelMemory } from '../memory/modelMemory';
import { areFinite, floatTensor, type StoredLanguageModel } from '../model/modelFile';
import { figure, parsePart } from '../model/modelMetadata';
import type { NetworkSpec } from '../model/networkSpec';
import type { TensorValues } from '../model/safetensors';
import { engineVersion } from '../version';
import type { GuardState } from './divergenceGuard';
import { meanLoss, type LossSums } from './lossSums';
import type { OverfittingState } from './overfitting';
import { recentLosses, type RunProgress, type RunState } from './runState';
import type { ScheduleState } from './schedule';

/** The JSON part of a stored run. */
interface StoredRun {
  progress: RunProgress;
  optimiser: { kind: OptimiserKind; updates: number };
}

const lossSums = object<LossSums>({ lossSum: number(), targets: whole(), correct: whole() });

const storedRun = object<StoredRun>({
  progress: object<RunProgress>({
    step: whole(),
    epoch: whole(),
    seconds: number(0),
    characters: whole(),
    epochSums: lossSums,
    lastEpochSums: lossSums,
    smoothedLoss: orNull(number()),
    best: object({ loss: orNull(number()), step: whole(), epoch: whole() }),
    evaluationsWithoutBest: whole(),
    guardEvents: whole(),
    schedule: object<ScheduleState>({
      scale: number(0),
      bestLoss: orNull(number()),
      evaluationsWithoutBest: whole(),
    }),
    guard: object<GuardState>({
      initialLoss: orNull(number()),
      runningLoss: number(),
      bestRunningLoss: orNull(number()),
      batches: whole(),
    }),
    overfitting: object<OverfittingState>({
      best: orNull(object({ epoch: whole(), step: whole(), trainLoss: figure, heldOutLoss: figure })),
      worse: whole(),
      said: yesNo,
    }),
    batches: object<BatchSourceState>({ epoch: whole(), step: whole() }),
    due: orNull(object({ epochEnded: yesNo, evaluation: yesNo, samples: yesNo })),
  }),
  optimiser: object({ kind: oneOf<OptimiserKind>({ sgd: true, rmsprop: true, adam: true }), updates: whole() }),
});

export interface RunDescription {
  title: string;
  config: TrainingConfig;
  spec: NetworkSpec;
  corpus: Corpus;
  /** The start time of the run, ISO 8601. */
  created: string;
}

/** Whether a run keeps its last weights even if they are not the best. */
export function keepsLast({ keep }: TrainingConfig): boolean {
  return keep === 'last' || keep === 'every-epoch';
}

const trainingTensor = 'training.parameters';
const bestTensor = 'best.parameters';
const stateTensor = 'state.train';
const slotTensor = (i: number): string => `optimiser.${i}`;

/** A run in progress as a model, which can already be used like any other. */
export function checkpointModel(run: RunDescription, state: RunState, history: TrainEvent[]): StoredLanguageModel {
  const { progress } = state;
  const kept = keepsLast(run.config) || progress.best.loss === null ? state.parameters : state.bestParameters;
  const evaluated = history.findLast((event) => event.event === 'epoch' && event.heldOutLoss !== undefined);
  const results: TrainingResults = {
    steps: progress.step,
    epochs: progress.epoch,
    seconds: progress.seconds,
    trainLoss: meanLoss(recentLosses(progress)),
    heldOutLoss: (evaluated?.event === 'epoch' && evaluated.heldOutLoss) || null,
    heldOutBitsPerCharacter: (evaluated?.event === 'epoch' && evaluated.heldOutBitsPerCharacter) || null,
  };
  return storedModel(run, kept, state, history, results);
}

/** A run that has ended as a model; `Trainer.run` returns its parts. */
export function storedModel(
  run: RunDescription,
  parameters: Float32Array,
  state: RunState,
  history: TrainEvent[],
  results: TrainingResults,
  memory?: ModelMemory,
): StoredLanguageModel {
  const { config, corpus, spec, title, created } = run;
  const stored = memory && storeMemory(memory);
  const extraTensors: Record<string, TensorValues> = {};
  if (!sameNumbers(state.parameters, parameters)) extraTensors[trainingTensor] = state.parameters;
  if (!sameNumbers(state.bestParameters, parameters)) extraTensors[bestTensor] = state.bestParameters;
  if (state.carried.length > 0) extraTensors[stateTensor] = state.carried;
  state.optimiser.slots.forEach((slot, i) => (extraTensors[slotTensor(i)] = slot));
  // Last, because its length in bytes would leave what follows unaligned.
  Object.assign(extraTensors, stored?.tensors);
  const { kind, updates } = state.optimiser;
  const checkpoint: StoredRun = { progress: state.progress, optimiser: { kind, updates } };
  return {
    kind: 'language-model',
    title,
    spec,
    vocabulary: corpus.vocabulary,
    tokenCounts: countTokens(corpus),
    config,
    history,
    provenance: {
      engineVersion,
      created,
      seed: config.seed,
      files: corpus.files.map((file) => file.name),
      textHash: corpus.hash,
    },
    results,
    checkpoint,
    memory: stored?.memory,
    parameters,
    extraTensors,
  };
}

/** The state of the run in a model file; undefined if there is none. Throws `corruptModel`. */
export function runStateOf(model: StoredLanguageModel): RunState | undefined {
  if (model.checkpoint === undefined) return undefined;
  const { progress, optimiser } = parsePart(model, 'checkpoint', storedRun, model.checkpoint);
  const { kind, updates } = optimiser;
  const damaged = (name: string, fault: Told): InklingError =>
    new InklingError(
      'corruptModel',
      sentence(
        '"{0}" cannot be continued: its tensor "{1}" {2}. Train a new model, or resume from an earlier checkpoint.',
        model.title,
        name,
        fault,
      ),
    );
  /** A block with one number per parameter. */
  const block = (name: string, otherwise?: Float32Array): Float32Array => {
    const values = floatTensor(model, name) ?? otherwise;
    if (values?.length === model.parameters.length) return values;
    throw damaged(name, sentence('is not whole'));
  };
  // The optimiser's numbers may overflow in a run that the divergence guard then rescues; these may not.
  for (const name of [trainingTensor, bestTensor, stateTensor]) {
    const values = floatTensor(model, name);
    if (values && !areFinite(values)) throw damaged(name, sentence('holds numbers that are not finite'));
  }
  return {
    progress,
    parameters: block(trainingTensor, model.parameters),
    bestParameters: block(bestTensor, model.parameters),
    optimiser: { kind, updates, slots: Array.from({ length: slotsOf[kind] }, (_, i) => block(slotTensor(i))) },
    carried: floatTensor(model, stateTensor) ?? new Float32Array(0),
  };
}

/** Bit for bit. */
function sameNumbers(a: Float32Array, b: Float32Array): boolean {
  const bytes = (x: Float32Array): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
  return bytes(a).equals(bytes(b));
}
