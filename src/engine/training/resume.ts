/**
 * The rule for resuming: the file that a run continues from, what it takes over from it, and what is reported about it.
 * The command line and the engine process both use it.
 */
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { asInklingError, InklingError } from '../../common/errors';
import { sentence, type Told } from '../../common/l10n';
import type { BudgetConfig, NetworkConfig, TrainingConfig } from '../../common/trainingConfig';
import { buildCorpus, type Corpus } from '../corpus/corpus';
import { readLanguageModel, readModelMetadata, type StoredLanguageModel } from '../model/modelFile';
import type { ModelMetadata } from '../model/modelMetadata';
import type { NetworkSpec } from '../model/networkSpec';
import { networkSpecOf } from '../model/networkSpecOf';
import { extendParameters, extendSpec, extendVocabulary } from './extendModel';
import type { RunProgress, RunState } from './runState';
import { runStateOf } from './storedRun';

/** The path of the checkpoint of a run until its model is written. */
export function checkpointPath(modelPath: string): string {
  return `${modelPath}.checkpoint`;
}

/** A model to continue with. */
export interface Resumable {
  model: StoredLanguageModel;
  /** Sentences about the choice, if there was one. */
  notices: Told[];
}

/**
 * Reads the model to continue with: `file`, or the checkpoint next to it if there is no file yet, or if it is further
 * along in the same run, which was then interrupted. If one is damaged, the other is used. Throws like
 * `readLanguageModel`.
 */
export async function readForResume(file: string): Promise<Resumable> {
  const beside = checkpointPath(file);
  if (!(await isThere(beside))) return { model: await readLanguageModel(file), notices: [] };
  if (!(await isThere(file))) return { model: await readLanguageModel(beside), notices: [] };
  const [own, cut] = await Promise.all(
    [file, beside].map((name) => readModelMetadata(name).catch((error: Error) => error)),
  );
  const bothWhole = !(own instanceof Error) && !(cut instanceof Error);
  const sameRun = bothWhole && own.provenance.created === cut.provenance.created;
  const isFurther = sameRun && cut.results.steps > own.results.steps;
  const [first, second] = isFurther ? [beside, file] : [file, beside];
  const model = await readLanguageModel(first).catch((error: Error) => error);
  if (model instanceof InklingError && model.code === 'corruptModel') {
    const other = await readLanguageModel(second).catch(() => Promise.reject(model));
    return {
      model: other,
      notices: [sentence('{0} Continuing from {1} instead.', model.told, describe(second, other))],
    };
  }
  if (model instanceof Error) throw model;
  if (isFurther) return { model, notices: [sentence('Continuing from the checkpoint {0}.', describe(beside, model))] };
  if (cut instanceof Error) return { model, notices: [asInklingError(cut).told] };
  if (sameRun) return { model, notices: [] };
  const notice = sentence(
    'The checkpoint {0} belongs to another run, which was not finished. To continue that one, resume from {1}.',
    describe(beside, cut),
    beside,
  );
  return { model, notices: [notice] };
}

/** The starting point of a run that continues a model. */
export interface Start {
  corpus: Corpus;
  spec: NetworkSpec;
  /** The state from which the run itself continues; undefined if a new run starts with the model's weights. */
  state?: RunState;
  /** Counted from the start of the run. */
  budget: BudgetConfig;
  initialParameters?: Float32Array;
  initialOptimiser?: RunState['optimiser'];
  /** The reasons for starting a new run, as sentences. */
  notices: Told[];
}

/**
 * The starting point of a run with `config` on these texts that continues `model`: exactly where its run stopped if the
 * text and the relevant settings are the same, otherwise step 0 of a new run with its weights. `further`: whether the
 * budget counts from where the run stopped, or else from its start. A run that was interrupted after its last step may
 * have nothing left to train.
 *
 * Throws `incompatibleModel` for another network, `invalidInput` for a finished run whose budget is used up.
 */
export function startFrom(
  model: StoredLanguageModel,
  config: TrainingConfig,
  texts: readonly { name: string; text: string }[],
  further: boolean,
): Start {
  const state = runStateOf(model);
  const fresh = newRun(model, config, texts);
  const obstacle = whyNew(model, state, fresh.corpus, config);
  if (state && obstacle === undefined) {
    const budget = further ? budgetFrom(state.progress, config.budget) : config.budget;
    if (model.history.at(-1)?.event === 'done') checkBudgetLeft(model.title, budget, state.progress);
    return { corpus: fresh.corpus, spec: fresh.spec, state, budget, notices: [] };
  }
  const keepsOptimiser = state && state.optimiser.kind === config.optimiser.kind;
  return {
    ...fresh,
    initialOptimiser: keepsOptimiser
      ? {
          ...state.optimiser,
          slots: state.optimiser.slots.map((slot) => extendParameters(model.spec, fresh.spec, slot, 'zero')),
        }
      : undefined,
    notices: [sentence('{0} Training begins at step 0, with the weights of "{1}".', obstacle!, model.title)],
  };
}

/**
 * A new run with `config` on these texts whose initial weights are those of `model`; unknown characters are added to
 * its vocabulary. Throws `incompatibleModel` if `config` specifies another network.
 */
export function newRun(
  model: StoredLanguageModel,
  config: TrainingConfig,
  texts: readonly { name: string; text: string }[],
): Start {
  if (!isDeepStrictEqual(networkShape(model.config.network), networkShape(config.network))) {
    throw new InklingError(
      'incompatibleModel',
      sentence(
        '"{0}" has a different network from these settings: leave the settings under "network" as they are in the model, or start a new one.',
        model.title,
      ),
    );
  }
  const vocabulary = extendVocabulary(model.vocabulary, texts, config.text);
  const corpus = buildCorpus(texts, config.text, vocabulary);
  // The dropout may differ; everything else of the network is the model's.
  const { layers } = networkSpecOf(config, vocabulary.size);
  const spec = { ...extendSpec(model.spec, vocabulary.size), layers };
  const initialParameters = extendParameters(model.spec, spec, model.parameters, 'mean');
  return { corpus, spec, budget: config.budget, initialParameters, notices: [] };
}

/** The reason why the run of `model` cannot continue where it stopped; undefined if it can. */
function whyNew(
  { config: before, provenance }: StoredLanguageModel,
  state: RunState | undefined,
  corpus: Corpus,
  config: TrainingConfig,
): Told | undefined {
  if (!state) return sentence('The model does not say where its training stopped.');
  if (corpus.hash !== provenance.textHash) return sentence('The text is not the one that the model was trained on.');
  // A position in the batches is only valid with the settings that determine them.
  const course = ({ text, objective, batch, seed, optimiser }: TrainingConfig): Record<string, unknown> => ({
    text,
    objective,
    batch,
    seed,
    'optimiser.kind': optimiser.kind,
  });
  const [then, now] = [course(before), course(config)];
  const changed = Object.keys(now).filter((name) => !isDeepStrictEqual(then[name], now[name]));
  return changed.length === 0
    ? undefined
    : sentence("The settings differ from the model's in {0}.", changed.join(', '));
}

/** A budget for the training after `progress`, counted from the start of the run. */
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

/** The settings of a network without those that may change when it is trained further. */
export function networkShape({ cell, input, layers }: NetworkConfig): unknown[] {
  return [cell, input, layers.map((layer) => layer.units)];
}

async function isThere(file: string): Promise<boolean> {
  return fs.access(file).then(
    () => true,
    () => false,
  );
}

function describe(file: string, { provenance, results }: ModelMetadata): string {
  return `${path.basename(file)} (seed ${provenance.seed}, step ${results.steps})`;
}
