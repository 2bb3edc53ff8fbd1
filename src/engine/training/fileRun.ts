/**
 * A training run from texts to a model file: corpus, trainer, checkpoints beside the file, the file itself at the end.
 * What the command line and the engine process both call.
 */
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { InklingError } from '../../common/errors';
import type { TrainEvent } from '../../common/trainEvents';
import type { BudgetConfig, NetworkConfig, TrainingConfig } from '../../common/trainingConfig';
import { validateConfig } from '../../common/trainingConfigRules';
import type { Backend } from '../backends/backend';
import { buildCorpus, type Corpus } from '../corpus/corpus';
import { normalisedPieces } from '../corpus/normaliseText';
import { Vocabulary, type VocabularyJson } from '../corpus/vocabulary';
import { checkWritable, readModelFile, readModelMetadata, writeModelFile, type StoredModel } from '../model/modelFile';
import type { NetworkSpec } from '../model/networkSpec';
import { extendParameters, extendSpec } from './extendModel';
import { networkSpecOf } from './networkSpecOf';
import { keepModel, lastWritten } from './keepModel';
import type { RunProgress, RunState } from './runState';
import { checkpointModel, runStateOf, storedModel, type RunDescription } from './storedRun';
import { Trainer, type TrainerOptions } from './trainer';

export interface SourceText {
  name: string;
  text: string;
}

export interface FileRunOptions {
  texts: readonly SourceText[];
  config: TrainingConfig;
  backend: Backend;
  modelPath: string;
  title?: string;
  /** Go on with this model: exactly where it is the same text and course, else with its weights. */
  resume?: StoredModel;
  /** The budget is for what is to come; else it counts from the start of the run that `resume` goes on with. */
  further?: boolean;
  /** Built already, with the config's text settings (automatic configuration); only for a new model. */
  corpus?: Corpus;
  reasons?: string[];
  expectedSeconds?: number;
  onEvent: (event: TrainEvent) => void;
  onSnapshot?: TrainerOptions['onSnapshot'];
  isInterrupted?: TrainerOptions['isInterrupted'];
  checkpointSeconds?: number;
}

export interface FileRun {
  /** Pauses, resumes and stops it. */
  trainer: Trainer;
  corpus: Corpus;
  spec: NetworkSpec;
  /** Trains to the end, writes the model file, removes the checkpoint, sends `done`. */
  run(): Promise<StoredModel>;
}

/** Where checkpoints of a model lie until it is written. */
export function checkpointPath(modelPath: string): string {
  return `${modelPath}.checkpoint`;
}

/**
 * The model or checkpoint to go on with: `file`, or the checkpoint beside it where that stands further in the same run
 * (the run was cut off), or where there is no file yet.
 */
export async function readForResume(file: string): Promise<StoredModel> {
  const checkpoint = await readIfThere(checkpointPath(file));
  if (!checkpoint) return readModelFile(file);
  const model = await readIfThere(file);
  if (!model) return checkpoint;
  const isFurther =
    checkpoint.provenance.created === model.provenance.created && checkpoint.results.steps > model.results.steps;
  return isFurther ? checkpoint : model;
}

/** Removes the checkpoint beside a model, if it is of one of the runs `created` then: another may train this path. */
async function removeCheckpoint(modelPath: string, created: (string | undefined)[]): Promise<void> {
  const file = checkpointPath(modelPath);
  const checkpoint = await readModelMetadata(file).catch(() => undefined);
  if (!checkpoint || created.includes(checkpoint.provenance.created)) await fs.rm(file, { force: true });
}

async function readIfThere(file: string): Promise<StoredModel | undefined> {
  const there = await fs.access(file).then(
    () => true,
    () => false,
  );
  return there ? readModelFile(file) : undefined;
}

/** Throws `invalidInput` for settings or texts that cannot be trained, `incompatibleModel` for another network. */
export function openFileRun(options: FileRunOptions): FileRun {
  const { resume, modelPath, onEvent } = options;
  const asked = validateConfig(options.config);
  const start = resume ? continueModel(resume, asked, options) : undefined;
  const config = { ...asked, budget: start?.budget ?? asked.budget };
  const corpus = start?.corpus ?? options.corpus ?? buildCorpus(options.texts, config.text);
  const run: RunDescription = {
    title: options.title ?? path.basename(options.texts[0].name),
    config,
    spec: start?.spec ?? networkSpecOf(config, corpus.vocabulary.size),
    corpus,
    created: start?.state ? resume!.provenance.created : new Date().toISOString(),
  };
  const trainer = new Trainer({
    config,
    corpus,
    backend: options.backend,
    modelPath,
    files: options.texts.map((text) => text.name),
    reasons: options.reasons,
    expectedSeconds: options.expectedSeconds,
    checkpointSeconds: options.checkpointSeconds,
    onSnapshot: options.onSnapshot,
    isInterrupted: options.isInterrupted,
    spec: run.spec,
    state: start?.state,
    initialParameters: start?.initialParameters,
    initialOptimiser: start?.initialOptimiser,
    history: start?.state ? resume!.history : undefined,
    onEvent,
    onCheckpoint: async (state, history) => {
      const file = checkpointPath(modelPath);
      await writeModelFile(file, checkpointModel(run, state, history));
      return file;
    },
  });
  return {
    trainer,
    corpus,
    spec: run.spec,
    async run() {
      await checkWritable(modelPath);
      const seenMs = await lastWritten(modelPath);
      const { done, parameters, state, history } = await trainer.run();
      const { steps, epochs, seconds, trainLoss, heldOutLoss, heldOutBitsPerCharacter } = done;
      const results = { steps, epochs, seconds, trainLoss, heldOutLoss, heldOutBitsPerCharacter };
      const model = storedModel(run, parameters, state, history, results);
      const moved = await keepModel(modelPath, model, seenMs);
      if (moved) {
        const message = `Another run wrote ${modelPath} meanwhile: its model is now ${moved}. Give each run a file of its own.`;
        onEvent({ event: 'notice', step: steps, kind: 'information', message });
      }
      await removeCheckpoint(modelPath, [run.created, resume?.provenance.created]);
      onEvent(done);
      return model;
    },
  };
}

interface Start {
  corpus: Corpus;
  spec: NetworkSpec;
  state?: RunState;
  /** Counted from the start of the run, where it goes on. */
  budget?: BudgetConfig;
  initialParameters?: Float32Array;
  initialOptimiser?: RunState['optimiser'];
}

/** Where a run starts that continues `model`. */
function continueModel(
  model: StoredModel,
  config: TrainingConfig,
  { texts, further = false }: Pick<FileRunOptions, 'texts' | 'further'>,
): Start {
  if (model.kind !== 'language-model' || !model.config) {
    throw new InklingError(
      'incompatibleModel',
      `"${model.title}" is a classifier: choose a language model to train on.`,
    );
  }
  const known = Vocabulary.fromJSON(model.vocabulary as VocabularyJson);
  const { network } = model.config;
  if (!isDeepStrictEqual(withoutDropout(network), withoutDropout(config.network))) {
    throw new InklingError(
      'incompatibleModel',
      `"${model.title}" has another network than these settings: leave the settings under "network" as they are in the model, or start a new one.`,
    );
  }
  let vocabulary = known;
  for (const { text } of texts) vocabulary = vocabulary.extendBy(normalisedPieces(text, config.text));
  const corpus = buildCorpus(texts, config.text, vocabulary);
  const state = runStateOf(model);
  const sameText = corpus.hash === model.provenance.textHash;
  // Its dropout may be another now; all else of the network is the model's.
  const { layers } = networkSpecOf(config, vocabulary.size);
  const spec = { ...extendSpec(model.spec, vocabulary.size), layers };
  if (state && sameText && sameCourse(model.config, config)) {
    const budget = further ? budgetFrom(state.progress, config.budget) : config.budget;
    checkBudgetLeft(model.title, budget, state.progress);
    return { corpus, spec, state, budget };
  }

  const keepsOptimiser = state && state.optimiser.kind === config.optimiser.kind;
  return {
    corpus,
    spec,
    initialParameters: extendParameters(model.spec, spec, model.parameters, 'mean'),
    initialOptimiser: keepsOptimiser
      ? {
          ...state.optimiser,
          slots: state.optimiser.slots.map((slot) => extendParameters(model.spec, spec, slot, 'zero')),
        }
      : undefined,
  };
}

/** A budget for what follows `progress`, counted from the start of the run. */
function budgetFrom(
  { step, epoch, seconds }: RunProgress,
  { epochs, maxSteps, maxSeconds }: BudgetConfig,
): BudgetConfig {
  return {
    ...(epochs !== undefined && { epochs: epoch + epochs }),
    ...(maxSteps !== undefined && { maxSteps: step + maxSteps }),
    ...(maxSeconds !== undefined && { maxSeconds: seconds + maxSeconds }),
  };
}

/** A resumed run needs something left to do: its budget counts from the start of the run. */
function checkBudgetLeft(title: string, budget: BudgetConfig, { step, epoch, seconds }: RunProgress): void {
  const done = [
    budget.maxSteps !== undefined && step >= budget.maxSteps && `${step} steps`,
    budget.epochs !== undefined && epoch >= budget.epochs && `${epoch} epochs`,
    budget.maxSeconds !== undefined && seconds >= budget.maxSeconds && `${seconds.toFixed(1)} seconds`,
  ].find((part) => part !== false);
  if (done === undefined) return;
  throw new InklingError(
    'invalidInput',
    `"${title}" has already been trained for ${done}, and budgets count from the start of a run: give it more steps, epochs or minutes than that.`,
  );
}

/** Whether a run under `b` goes through the same batches as under `a`, so that a position in one is one in the other. */
function sameCourse(a: TrainingConfig, b: TrainingConfig): boolean {
  const course = ({ text, objective, batch, seed, optimiser }: TrainingConfig): unknown[] => [
    text,
    objective,
    batch,
    seed,
    optimiser.kind,
  ];
  return isDeepStrictEqual(course(a), course(b));
}

/** A network apart from what may change while it is trained on. */
function withoutDropout({ cell, input, layers }: NetworkConfig): unknown[] {
  return [cell, input, layers.map((layer) => layer.units)];
}
