/**
 * A training run from texts to a model file: corpus, trainer, checkpoints beside the file and, at the end, the file
 * itself. The command line and the engine process both use it.
 */
import type { Reason } from '../../common/reasons';
import * as path from 'node:path';
import { sentence } from '../../common/l10n';
import { noticeOf, type TrainEvent } from '../../common/trainEvents';
import type { TrainingConfig } from '../../common/trainingConfig';
import { validateConfig } from '../../common/trainingConfigRules';
import { createStepper } from '../backends';
import type { Compute } from '../backends/backend';
import { buildCorpus, type Corpus } from '../corpus/corpus';
import { planBatches } from '../corpus/planBatches';
import { heldOutSpans } from '../corpus/spans';
import type { NamedText } from '../corpus/readTextFile';
import { initialiseParameters } from '../model/initialisation';
import { openModel } from '../generation/languageModel';
import { createPredictor } from '../generation/createPredictor';
import { checkWritable, readWeights, writeModelFile, type StoredLanguageModel } from '../model/modelFile';
import { recipes } from '../recipes/recipes';
import { kindNotice } from '../recipes/textKind';
import type { NetworkSpec } from '../model/networkSpec';
import { networkSpecOf } from '../model/networkSpecOf';
import { keepModel, movedNotice, versionOf } from '../model/keepModel';
import { calibrateOffers } from '../offers/calibration';
import type { LeastProbability } from '../../common/engineProtocol';
import { openBase } from '../bases/shippedBases';
import { memoryOf } from '../memory/memoryFile';
import { adaptable } from '../memory/mixture';
import { CheckpointFile } from './checkpointFile';
import { extendParameters } from './extendModel';
import { newRun, startFrom, type Resumable } from './resume';
import { checkpointModel, storedModel, type RunDescription } from './storedRun';
import { Trainer, type TrainerOptions } from './trainer';

export interface FileRunOptions {
  texts: readonly NamedText[];
  config: TrainingConfig;
  compute: Compute;
  modelPath: string;
  title?: string;
  /** The model to continue, by the rule of `startFrom`. */
  resume?: Resumable;
  /** The model that `config.base` names, if the caller has it open; otherwise the shipped one is read. */
  base?: StoredLanguageModel;
  /** A file whose tensors are the initial weights of a new run, instead of random ones. */
  weights?: string;
  /**
   * The budget applies to the further training; otherwise it counts from the start of the run that `resume` continues.
   */
  further?: boolean;
  /** The corpus of the texts with this config, if it is already built; only for a new model. */
  corpus?: Corpus;
  reasons?: Reason[];
  expectedSeconds?: number;
  onEvent: (event: TrainEvent) => void;
  onSnapshot?: TrainerOptions['onSnapshot'];
  checkpointSeconds?: number;
}

export interface FileRun {
  /** To pause, resume and stop the run. */
  trainer: Trainer;
  corpus: Corpus;
  spec: NetworkSpec;
  /** Trains to the end, writes the model file, removes the checkpoint, sends `done`. */
  run(): Promise<StoredLanguageModel>;
}

/** How sure the model's offers have to be, measured on the held-out end of the texts; undefined without one. */
export async function leastProbabilityOf(
  stored: StoredLanguageModel,
  corpus: Corpus,
  isSkipped: () => boolean,
): Promise<LeastProbability | undefined> {
  if (stored.config.text.examples !== 'text') return undefined;
  const text = heldOutSpans(corpus)
    .map(({ start, end }) => stored.vocabulary.decode(corpus.ids.subarray(start, end)))
    .join('\n');
  const model = openModel(stored, createStepper);
  return calibrateOffers(model, createPredictor(model, { context: 'carried' }), text, isSkipped);
}

/** A base with its weights in the layout of the run's network, which may know more characters. */
function baseFor(spec: NetworkSpec, base: StoredLanguageModel): TrainerOptions['base'] {
  const memory = memoryOf(base);
  return {
    title: base.title,
    parameters: extendParameters(base.spec, spec, base.parameters, 'mean'),
    tables: memory && adaptable(memory.tables),
  };
}

/** "novel.epoch-03-loss-2.6727.inkling.safetensors" beside "novel.inkling.safetensors". */
function epochPath(modelPath: string, epoch: number, loss: number | null): string {
  const ending = /(\.inkling)?\.safetensors$/.exec(modelPath)?.[0] ?? '';
  const number = String(epoch).padStart(2, '0');
  return `${modelPath.slice(0, modelPath.length - ending.length)}.epoch-${number}-loss-${loss?.toFixed(4) ?? 'none'}${ending}`;
}

/**
 * Throws `invalidInput` for settings or texts that cannot be used, `incompatibleModel` for another network, and what
 * opening the network throws.
 */
export async function openFileRun(options: FileRunOptions): Promise<FileRun> {
  const { modelPath, onEvent } = options;
  const resume = options.resume?.model;
  const asked = validateConfig(options.config);
  const base = options.base ?? (asked.base === undefined ? undefined : (await openBase(asked.base)).model);
  const start = resume
    ? startFrom(resume, asked, options.texts, options.further ?? false)
    : base && newRun(base, asked, options.texts);
  const config = { ...asked, budget: start?.budget ?? asked.budget };
  const corpus = start?.corpus ?? options.corpus ?? buildCorpus(options.texts, config.text);
  const run: RunDescription = {
    title: options.title ?? path.basename(options.texts[0].name),
    config,
    spec: start?.spec ?? networkSpecOf(config, corpus.vocabulary.size),
    corpus,
    created: start?.state ? resume!.provenance.created : new Date().toISOString(),
  };
  const plan = planBatches(corpus, config);
  // A run that took its weights from a model is not compared with the base of that model.
  const startsFromBase = !resume || start?.state !== undefined;
  // An automatic configuration has examined the text itself; a run that continues a model has already reported it.
  const isRecipe = !resume && recipes.some(({ id }) => id === config.recipe);
  const parameters =
    start?.state?.parameters ??
    start?.initialParameters ??
    (options.weights === undefined ? undefined : await readWeights(options.weights, run.spec)) ??
    (await initialiseParameters(run.spec, config.network.initialisation, config.seed));
  const checkpoint = new CheckpointFile(modelPath, [run.created, resume?.provenance.created]);
  const trainer = new Trainer({
    config,
    corpus,
    plan,
    network: await options.compute.createNetwork(run.spec, parameters, plan.limits),
    modelPath,
    files: options.texts.map((text) => text.name),
    reasons: options.reasons,
    notices: [
      ...options.texts.flatMap((text) => text.notices ?? []),
      ...(isRecipe ? options.texts.flatMap((text) => kindNotice(text, config) ?? []) : []),
      ...(options.resume?.notices ?? []),
      ...(start?.notices ?? []),
      ...(options.weights === undefined
        ? []
        : [sentence('The first weights are those of {0}.', path.basename(options.weights))]),
    ],
    expectedSeconds: options.expectedSeconds,
    checkpointSeconds: options.checkpointSeconds,
    onSnapshot: options.onSnapshot,
    state: start?.state,
    initialOptimiser: start?.initialOptimiser,
    base: base && startsFromBase ? baseFor(run.spec, base) : undefined,
    history: start?.state ? resume!.history : undefined,
    onEvent,
    onCheckpoint: async (state, history) => {
      const { file, notice } = await checkpoint.write(checkpointModel(run, state, history));
      if (notice) onEvent(noticeOf('information', state.progress.step, notice));
      return file;
    },
    onEpochEnd: async (state, history, loss) => {
      const file = epochPath(modelPath, state.progress.epoch, loss);
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
      const seen = await versionOf(modelPath);
      await checkpoint.begin();
      const { done, parameters, memory, state, history } = await trainer.run();
      const { steps, epochs, seconds, trainLoss, heldOutLoss, heldOutBitsPerCharacter } = done;
      const { heldOutNetworkLoss, heldOutOnlineLoss } = done;
      const results = {
        ...{ steps, epochs, seconds, trainLoss, heldOutLoss, heldOutBitsPerCharacter },
        ...{ heldOutNetworkLoss, heldOutOnlineLoss },
      };
      const model = storedModel(run, parameters, state, history, results, memory);
      model.leastProbability =
        (await leastProbabilityOf(model, corpus, () => trainer.skipsEvaluation)) ?? base?.leastProbability;
      const moved = await keepModel(modelPath, model, seen);
      if (moved) onEvent(noticeOf('information', steps, movedNotice(modelPath, moved)));
      await checkpoint.remove();
      onEvent(done);
      return model;
    },
  };
}
