/** The methods of a trainer thread: training, and other work that takes seconds (plans, baselines). */
import * as fs from 'node:fs/promises';
import type { ComputeRequest, EngineMethods, ModelSummary, TrainRequest } from '../../common/engineProtocol';
import { InklingError } from '../../common/errors';
import type { TrainingConfig } from '../../common/trainingConfig';
import type { TrainEvent } from '../../common/trainEvents';
import { createStepper, withCompute, type createBackend } from '../backends';
import type { Compute } from '../backends/backend';
import { ClassifierService, describeColumnsOf } from '../classification/classifierService';
import { chooseBase } from '../bases/chooseBase';
import { listFor } from '../bases/wordList';
import { measureBaselines } from '../corpus/baselines';
import type { NamedText } from '../corpus/readTextFile';
import { wordsIn } from '../generation/knownWords';
import { findOverused, frequenciesOf } from '../generation/overused';
import { lookInside } from '../inside/lookInside';
import { attachToJob } from '../exchange/jobs/attachToJob';
import { writeAutomaticJob } from '../exchange/jobs/writeJob';
import { networkSpecOf } from '../model/networkSpecOf';
import type { StoredLanguageModel } from '../model/modelFile';
import { describeNetwork, summariseModel } from '../model/modelSummary';
import { parameterCount } from '../model/networkSpec';
import { chooseAutomatically, planBudgets } from '../recipes/automatic';
import { estimateRuns } from '../recipes/estimate';
import type { Handlers } from '../../common/rpc/methods';
import { openFileRun, type FileRunOptions } from '../training/fileRun';
import { readForResume } from '../training/resume';
import type { Trainer } from '../training/trainer';
import type { LiveModel } from './modelShelf';
import { SnapshotWriter } from './snapshot';
import { readSources } from './readSources';

/** Tells the engine that weights can be read from `live`. */
export interface PublishedEvent {
  event: 'published';
  live: LiveModel;
}

export interface TrainerMethods extends Pick<
  EngineMethods,
  | 'plan'
  | 'estimate'
  | 'baselines'
  | 'inside'
  | 'overused'
  | 'control'
  | 'yieldThread'
  | 'labelledColumns'
  | 'trainClassifier'
  | 'exportJob'
  | 'attachJob'
> {
  train: {
    params: TrainRequest;
    result: EngineMethods['train']['result'];
    event: TrainEvent | PublishedEvent;
  };
}

type Action = EngineMethods['control']['params']['action'];

export function trainerHandlers(create: typeof createBackend): Handlers<TrainerMethods> {
  /** The runs in progress; `null` while a run still opens its backend or reads its text: commands then wait. */
  const trainers = new Map<string, { trainer: Trainer | null; waiting: Action[] }>();

  const computing = <R>(
    { backend, threads, half }: ComputeRequest,
    work: (compute: Compute) => Promise<R>,
  ): Promise<R> => withCompute({ backend, threads, half, create }, work);

  return {
    train: async (request, { onEvent }) => {
      const { runId, modelPath, resumePath, title } = request;
      const control = { trainer: null as Trainer | null, waiting: [] as Action[] };
      trainers.set(runId, control);
      try {
        return await computing(request, async (compute) => {
          const texts = await readSources(request.sources);
          const resume = resumePath === undefined ? undefined : await readForResume(resumePath);
          const settings = await settingsOf(request, texts, compute, resume?.model);
          let writer: SnapshotWriter | undefined;
          const run = await openFileRun({
            ...settings,
            texts,
            compute,
            modelPath,
            title: title ?? resume?.model.title,
            resume,
            onEvent,
            onSnapshot: (parameters) => {
              if (writer) return writer.write(parameters);
              writer = new SnapshotWriter(parameters.length);
              writer.write(parameters);
              const vocabulary = run.corpus.vocabulary.toJSON();
              const live = { modelPath, spec: run.spec, vocabulary, config: settings.config, memory: writer.memory };
              onEvent({ event: 'published', live });
            },
          });
          control.trainer = run.trainer;
          for (const action of control.waiting) run.trainer[action]();
          return { modelPath, summary: await summaryOf(modelPath, await run.run()) };
        });
      } finally {
        trainers.delete(runId);
      }
    },
    control: ({ runId, action }) => {
      const control = trainers.get(runId);
      if (!control) throw new InklingError('invalidInput', 'This run has ended.');
      if (control.trainer) control.trainer[action]();
      else control.waiting.push(action);
      return null;
    },
    yieldThread: ({ runId, milliseconds }) => {
      trainers.get(runId)?.trainer?.yieldThread(milliseconds);
      return null;
    },
    plan: ({ sources, minutes, base, ...asked }) =>
      computing(asked, async (compute) => planBudgets(await readSources(sources), compute, minutes, base)),
    estimate: async ({ sources, configs, ...asked }, { onEvent }) => {
      const texts = await readSources(sources);
      await computing(asked, (compute) =>
        estimateRuns(texts, compute, configs, (index, estimate) => onEvent({ index, estimate })),
      );
      return null;
    },
    exportJob: async ({ sources, folder, title, epochs }) => {
      const adjust = (config: TrainingConfig): TrainingConfig => ({ ...config, budget: { epochs } });
      const job = await writeAutomaticJob({ sources, folder, title }, adjust);
      const { tokens, parameters, stepsPerEpoch, vocabulary } = job;
      return {
        tokens,
        parameters,
        stepsPerEpoch,
        network: describeNetwork(networkSpecOf(job.config, vocabulary.size)),
      };
    },
    attachJob: ({ job, token, modelPath, ...asked }, { signal, onEvent }) =>
      computing(asked, async (compute) => {
        const { model, done } = await attachToJob({ job, token, modelPath, compute, onEvent, signal });
        onEvent(done);
        return { modelPath, summary: await summaryOf(modelPath, model) };
      }),
    labelledColumns: ({ source }) => describeColumnsOf(source),
    trainClassifier: (request, { signal, onEvent }) =>
      new ClassifierService((threads) => create('wasm', { threads })).train(request, onEvent, signal),
    inside: async (request) => lookInside(await readSources(request.sources), request),
    overused: async ({ text }, { signal }) => {
      const list = await listFor(new Set(wordsIn(text)));
      return {
        language: list?.language ?? null,
        findings: await findOverused(text, list && frequenciesOf(list.words), signal),
      };
    },
    baselines: async ({ sources, heldOutFraction }) =>
      measureBaselines(
        await readSources(sources),
        { lowercase: false, normalization: 'nfc', heldOut: { kind: 'tail', fraction: heldOutFraction } },
        async (heldOutText) => {
          const choice = await chooseBase(heldOutText, createStepper);
          return choice?.base && { language: choice.base.language, bitsPerCharacter: choice.loss / Math.LN2 };
        },
      ),
  };
}

async function summaryOf(modelPath: string, model: StoredLanguageModel): Promise<ModelSummary> {
  // The model is not read back: by now, another run may have written to this path.
  const { size: bytes } = await fs.stat(modelPath);
  return summariseModel(modelPath, { ...model, bytes, parameterCount: parameterCount(model.spec) });
}

/**
 * The settings of a run: as given, or chosen automatically. A model that is trained further for a number of minutes
 * keeps its own.
 */
async function settingsOf(
  request: TrainRequest,
  texts: readonly NamedText[],
  compute: Compute,
  resume: StoredLanguageModel | undefined,
): Promise<Pick<FileRunOptions, 'config' | 'further' | 'corpus' | 'reasons' | 'expectedSeconds'>> {
  const { config: asked } = request;
  if ('planned' in asked) return { config: asked.planned, reasons: asked.reasons, further: request.further };
  if (!('auto' in asked)) return { config: asked, further: request.further };
  const { minutes, base, seed, memory } = asked;
  if (!(minutes > 0)) throw new InklingError('invalidInput', 'The training time must be more than 0 minutes.');
  const adjust = memory && ((config: TrainingConfig): TrainingConfig => ({ ...config, memory }));
  if (!resume) return chooseAutomatically({ texts, compute, minutes, base, seed, adjust });
  return { config: { ...resume.config, budget: { maxSeconds: 60 * minutes } }, further: true };
}
