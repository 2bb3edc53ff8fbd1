/**
 * A run as a model file holds it. The file's own weights are those that the run gives back; beside them lies all that
 * is needed to go on: the weights as training left them, the best so far, the optimiser, the carried state. What equals
 * the file's own weights is not stored a second time.
 */
import { InklingError } from '../../common/errors';
import type { TrainingConfig } from '../../common/trainingConfig';
import type { TrainEvent } from '../../common/trainEvents';
import type { OptimiserState } from '../backends/backend';
import type { Corpus } from '../corpus/corpus';
import { floatTensor, type StoredModel, type TrainingResults } from '../model/modelFile';
import type { NetworkSpec } from '../model/networkSpec';
import { engineVersion } from '../version';
import { meanLoss } from './lossSums';
import type { RunProgress, RunState } from './runState';

/** The JSON part of a stored run. */
interface StoredRun {
  progress: RunProgress;
  optimiser: { kind: OptimiserState['kind']; updates: number; slots: number };
}

export interface RunDescription {
  title: string;
  config: TrainingConfig;
  spec: NetworkSpec;
  corpus: Corpus;
  /** When the run began, ISO 8601. */
  created: string;
}

const trainingTensor = 'training.parameters';
const bestTensor = 'best.parameters';
const stateTensor = 'state.train';
const slotTensor = (i: number): string => `optimiser.${i}`;

/** A run that is still under way; its file can be used as a model as it is. */
export function checkpointModel(run: RunDescription, state: RunState, history: TrainEvent[]): StoredModel {
  const { progress } = state;
  const kept = run.config.keep === 'last' || progress.best.loss === null ? state.parameters : state.bestParameters;
  const losses = progress.epochSums.targets > 0 ? progress.epochSums : progress.lastEpochSums;
  const evaluated = history.findLast((event) => event.event === 'epoch' && event.heldOutLoss !== undefined);
  const results: TrainingResults = {
    steps: progress.step,
    epochs: progress.epoch,
    seconds: progress.seconds,
    trainLoss: losses.targets > 0 ? meanLoss(losses) : null,
    heldOutLoss: (evaluated?.event === 'epoch' && evaluated.heldOutLoss) || null,
    heldOutBitsPerCharacter: (evaluated?.event === 'epoch' && evaluated.heldOutBitsPerCharacter) || null,
  };
  return storedModel(run, kept, state, history, results);
}

/** A run that has ended, as `Trainer.run` gave it back. */
export function storedModel(
  run: RunDescription,
  parameters: Float32Array,
  state: RunState,
  history: TrainEvent[],
  results: TrainingResults,
): StoredModel {
  const { config, corpus, spec, title, created } = run;
  const extraTensors: Record<string, Float32Array> = {};
  if (!sameNumbers(state.parameters, parameters)) extraTensors[trainingTensor] = state.parameters;
  if (!sameNumbers(state.bestParameters, parameters)) extraTensors[bestTensor] = state.bestParameters;
  if (state.carried.length > 0) extraTensors[stateTensor] = state.carried;
  state.optimiser.slots.forEach((slot, i) => (extraTensors[slotTensor(i)] = slot));
  const { kind, updates, slots } = state.optimiser;
  const checkpoint: StoredRun = { progress: state.progress, optimiser: { kind, updates, slots: slots.length } };
  return {
    kind: 'language-model',
    title,
    spec,
    vocabulary: corpus.vocabulary.toJSON(),
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
    parameters,
    extraTensors,
  };
}

/** The state of the run that a model file holds; undefined where it holds none. Throws `corruptModel`. */
export function runStateOf(model: StoredModel): RunState | undefined {
  if (model.checkpoint === undefined) return undefined;
  const { progress, optimiser } = model.checkpoint as StoredRun;
  const found = Array.from({ length: optimiser.slots }, (_, i) => floatTensor(model, slotTensor(i)));
  const slots = found.filter((slot) => slot?.length === model.parameters.length) as Float32Array[];
  if (slots.length < optimiser.slots) {
    throw new InklingError(
      'corruptModel',
      `The model "${model.title}" lacks a part of its optimiser: train a new one, or resume from an earlier checkpoint.`,
    );
  }
  return {
    progress,
    parameters: floatTensor(model, trainingTensor) ?? model.parameters,
    bestParameters: floatTensor(model, bestTensor) ?? model.parameters,
    optimiser: { kind: optimiser.kind, updates: optimiser.updates, slots },
    carried: floatTensor(model, stateTensor) ?? new Float32Array(0),
  };
}

/** Bit for bit. */
function sameNumbers(a: Float32Array, b: Float32Array): boolean {
  const bytes = (x: Float32Array): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
  return bytes(a).equals(bytes(b));
}
