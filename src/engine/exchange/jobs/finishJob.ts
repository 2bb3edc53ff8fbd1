/**
 * Completes the model that `train.py` has written, as training here would have done: adds the memory, if the settings
 * ask for one, and measures how sure its offers have to be.
 */
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { InklingError } from '../../../common/errors';
import { sentence, type Told } from '../../../common/l10n';
import { SchemaFault } from '../../../common/schema';
import type { DoneEvent } from '../../../common/trainEvents';
import type { Compute } from '../../backends/backend';
import { unknownIn, type Corpus, type TokenIds } from '../../corpus/corpus';
import { planBatches } from '../../corpus/planBatches';
import { checkRegular } from '../../corpus/readTextFile';
import { storeMemory } from '../../memory/memoryFile';
import { readHeldOut, rememberTraining } from '../../memory/remember';
import { keepModel } from '../../model/keepModel';
import { readLanguageModel, type StoredLanguageModel } from '../../model/modelFile';
import { leastProbabilityOf } from '../../training/fileRun';
import { jobFileName, parseJob, type JobTokens } from './writeJob';

/** The model that the script writes into the folder of its job. */
export const trainedModelName = 'model.inkling.safetensors';

export interface FinishRequest {
  modelPath: string;
  seen?: string;
  compute: Compute;
  isSkipped?: () => boolean;
}

export interface FinishedJob {
  model: StoredLanguageModel;
  done: DoneEvent;
  /** Where the model is now that another run has written to `modelPath` meanwhile. */
  moved?: string;
}

/**
 * Finishes the model of the job in `folder` and writes it to `modelPath`, which was last seen in the version `seen`
 * (keepModel.ts). The ids of the whole text are read into memory. Throws like `readLanguageModel` and `keepModel`, and
 * `invalidInput` for a job that has not ended.
 */
export async function finishJob(
  folder: string,
  { modelPath, seen, compute, isSkipped = () => false }: FinishRequest,
): Promise<FinishedJob> {
  const model = await readLanguageModel(path.join(folder, trainedModelName));
  const last = model.history.at(-1);
  if (last?.event !== 'done') {
    throw new InklingError(
      'invalidInput',
      sentence('The job in {0} has not ended. Attach to it again once it has.', folder),
    );
  }
  let done: DoneEvent = { ...last, model: modelPath };
  if (model.config.memory === 'on' && model.memory === undefined) {
    const corpus = await readCorpus(folder, model);
    const plan = planBatches(corpus, model.config);
    const network = await compute.createNetwork(model.spec, model.parameters, plan.limits);
    try {
      const counted = rememberTraining(corpus);
      const heldOut = await readHeldOut(network, counted, corpus, isSkipped);
      const stored = storeMemory({ ...counted, tables: heldOut?.tables ?? counted.tables });
      model.memory = stored.memory;
      model.extraTensors = { ...model.extraTensors, ...stored.tensors };
      if (heldOut) done = { ...done, ...figures(heldOut, model) };
    } finally {
      network.dispose();
    }
    const { heldOutLoss, heldOutBitsPerCharacter, heldOutNetworkLoss, heldOutOnlineLoss } = done;
    Object.assign(model.results, { heldOutLoss, heldOutBitsPerCharacter, heldOutNetworkLoss, heldOutOnlineLoss });
    model.leastProbability = await leastProbabilityOf(model, corpus, isSkipped);
  }
  model.history = [...model.history.slice(0, -1), done];
  const moved = await keepModel(modelPath, model, seen);
  return { model, done, moved };
}

function figures(
  heldOut: { static: number; network: number; online: number; correct: number; targets: number },
  { config }: StoredLanguageModel,
): Partial<DoneEvent> {
  const { targets } = heldOut;
  const heldOutLoss = heldOut.static / targets;
  return {
    heldOutLoss,
    heldOutBitsPerCharacter: config.text.unit === 'character' ? heldOutLoss / Math.LN2 : null,
    heldOutAccuracy: heldOut.correct / targets,
    heldOutNetworkLoss: heldOut.network / targets,
    heldOutOnlineLoss: heldOut.online / targets,
  };
}

/**
 * The corpus that a job was exported from. The folder may come from anywhere: throws `invalidInput` if its files are not
 * those of one job with the vocabulary of `model`, before memory is allocated for them.
 */
export async function readCorpus(folder: string, model: StoredLanguageModel): Promise<Corpus> {
  const damaged = (what: Told, cause?: unknown): InklingError =>
    new InklingError('invalidInput', sentence('The job in {0} is damaged: {1}. Copy its folder again.', folder, what), {
      cause,
    });
  const job = await readJob(folder, damaged);
  const { config, vocabulary, provenance } = model;
  const shards = job.shards.map((shard) => path.join(folder, shard));
  let size = 0;
  for (const shard of shards) {
    await checkRegular(shard, shard);
    size += (await fs.stat(shard).catch(() => undefined))?.size ?? 0;
  }
  if (size !== job.tokens * job.bytesPerToken) throw damaged(sentence('its tokens have {0} bytes', String(size)));
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const shard of shards) {
    const read = await fs.readFile(shard);
    bytes.set(read, at);
    at += read.length;
  }
  const ids: TokenIds = job.bytesPerToken === 1 ? bytes : new Uint16Array(bytes.buffer);
  const unknown = unknownIn(ids);
  if (!ids.every((id) => id < vocabulary.size || id === unknown)) {
    throw damaged(sentence('its tokens are not in the vocabulary of its model'));
  }
  return {
    config: config.text,
    vocabulary,
    ids,
    files: job.files,
    examples: null,
    hash: provenance.textHash,
    unknownTokens: 0,
  };
}

async function readJob(folder: string, damaged: (what: Told, cause: unknown) => InklingError): Promise<JobTokens> {
  const file = path.join(folder, jobFileName);
  await checkRegular(file, file);
  try {
    return parseJob(JSON.parse(await fs.readFile(file, 'utf8')));
  } catch (error) {
    if (error instanceof SchemaFault) throw damaged(error.message, error);
    if (error instanceof SyntaxError) throw damaged(sentence('{0} is not JSON', jobFileName), error);
    throw error;
  }
}
