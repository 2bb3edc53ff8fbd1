/** Gives the Studio access to the training runs. */
import * as vscode from 'vscode';
import type { Inside } from '../../common/engineProtocol';
import { InklingError } from '../../common/errors';
import { t } from '../../common/l10n';
import type { RunItem } from '../../common/studioProtocol';
import type { EngineCaller } from '../engineHost/engineClient';
import type { RunRecord } from '../training/runStore';
import type { TrainingRuns } from '../training/trainingRuns';
import type { RunsPort } from './ports';

interface Needs {
  runs: TrainingRuns;
  engine: EngineCaller;
  /** Called whenever the page asks for the list: on the first call, runs and models are read from disk. */
  readOnce(): void;
}

export function runsPort({ runs, engine, readOnce }: Needs): RunsPort {
  return {
    list: () => {
      readOnce();
      return runs.store.list().map(itemOf);
    },
    onDidChange: runs.onDidChange,
    readEvents: (runId) => runs.store.readEvents(runId),
    onDidTrain: runs.onDidTrain,
    control: (runId, action) => runs.control(runId, action),
    resume: async (runId) => void (await vscode.commands.executeCommand('inkling.resumeTraining', { runId })),
    train: async () => void (await vscode.commands.executeCommand('inkling.trainOnFile')),
    trySample: async () => void (await vscode.commands.executeCommand('inkling.trySample')),
    baselines: (runId) => baselines(runs, engine, runId),
    inside: (runId, at, text) => inside(runs, engine, runId, at, text),
  };
}

function itemOf({
  id,
  title,
  startedAt,
  state,
  modelPath,
  network,
  heldOutBitsPerCharacter,
  message,
  job,
}: RunRecord): RunItem {
  const isJob = job !== undefined;
  return { id, title, startedAt, state, modelPath, network, heldOutBitsPerCharacter, message, isJob };
}

/** Computed once, then stored with the run. */
async function baselines(
  { store }: TrainingRuns,
  engine: EngineCaller,
  runId: string,
): ReturnType<RunsPort['baselines']> {
  const record = store.get(runId);
  if (!record || record.baselines) return record?.baselines;
  const events = await store.readEvents(runId);
  const start = events.find((event) => event.event === 'start');
  const sources = await store.readSources(runId);
  if (!start || start.heldOutTokens === 0 || start.config.text.heldOut.kind !== 'tail' || sources.length === 0) {
    return undefined;
  }
  const result = await engine.call('baselines', { sources, heldOutFraction: start.config.text.heldOut.fraction });
  await store.update(runId, { baselines: result });
  return result;
}

async function inside(
  { store }: TrainingRuns,
  engine: EngineCaller,
  runId: string,
  at: number,
  text: string,
): Promise<Inside> {
  const record = store.get(runId);
  const start = (await store.readEvents(runId)).find((event) => event.event === 'start');
  const sources = await store.readSources(runId);
  if (!record || !start || sources.length === 0) {
    throw new InklingError('invalidInput', t('The text of this run no longer exists. Train on the file again.'));
  }
  const { modelPath } = record;
  return engine.call('inside', { sources, config: start.config, modelPath, at, text });
}
