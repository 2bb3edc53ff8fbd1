/** The parts of the extension, made once when it is activated. Making them does nothing but wire them up. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { createClassifier, type ClassifierParts } from './classifier/classifierParts';
import { CompletionProvider } from './completion/completionProvider';
import { CompletionSwitch } from './completion/completionSwitch';
import { TextContinuation } from './continueText';
import { engineChoice } from './configuration';
import { Disposables } from './dispose';
import { createEngineClient, systemClock } from './engineHost/engineClient';
import type { EngineSupervisor } from './engineHost/engineSupervisor';
import { GpuParts } from './gpu/gpuParts';
import { launchNow, onDidChangeLaunch } from './gpu/launchSettings';
import { ActiveModel } from './models/activeModel';
import { ModelActions } from './models/modelActions';
import { ModelStore } from './models/modelStore';
import { ModelsTree } from './models/modelsTree';
import { registerStudio, type Studio } from './studio/studioView';
import { studioServices } from './studioBridge';
import { SurpriseMap } from './surprise/surpriseMap';
import { RunStore } from './training/runStore';
import { standBackWhileTyping } from './training/standBack';
import { TrainingProgress } from './training/trainingProgress';
import { TrainingRuns } from './training/trainingRuns';

export interface Services extends vscode.Disposable {
  log: vscode.LogOutputChannel;
  /** Where the log is written to. */
  logFolder: string;
  engine: EngineSupervisor;
  models: ModelStore;
  active: ActiveModel;
  modelActions: ModelActions;
  runs: TrainingRuns;
  continuation: TextContinuation;
  completionSwitch: CompletionSwitch;
  completions: CompletionProvider;
  surprise: SurpriseMap;
  classifier: ClassifierParts;
  gpu: GpuParts;
  studio: Studio;
}

export function createServices(context: vscode.ExtensionContext): Services {
  const bag = new Disposables();
  const log = bag.add(vscode.window.createOutputChannel('Inkling', { log: true }));
  const entry = path.join(context.extensionPath, 'dist', 'engine.js');
  const gpuFolder = path.join(context.globalStorageUri.fsPath, 'gpu');
  const engine = bag.add(createEngineClient(entry, log, () => launchNow(gpuFolder)));
  bag.add(onDidChangeLaunch(() => engine.renew()));
  const runFolder = path.join((context.storageUri ?? context.globalStorageUri).fsPath, 'runs');
  const store = new RunStore(runFolder, isAlive, (error) => log.error(`A run could not be noted: ${String(error)}`));
  const models = new ModelStore(
    path.join(context.globalStorageUri.fsPath, 'models'),
    (file) => engine.call('inspect', { path: file }),
    () => store.modelPaths(),
  );
  const runs = new TrainingRuns(engine, store, models, engineChoice);
  const active = new ActiveModel(context.workspaceState, context.globalState, models, {
    path: () => (runs.active?.latest ? runs.active.modelPath : undefined),
    onDidChange: runs.onDidChange,
  });
  bag.add(new TrainingProgress(runs));
  bag.add(standBackWhileTyping(runs, engine));
  const continuation = new TextContinuation(engine);
  const completionSwitch = bag.add(new CompletionSwitch(context.globalState, active));
  const completions = new CompletionProvider({
    engine,
    active,
    clock: systemClock,
    log,
    isPaused: () => completionSwitch.paused || continuation.active,
  });
  bag.add(vscode.languages.registerInlineCompletionItemProvider({ pattern: '**' }, completions));
  const surprise = bag.add(new SurpriseMap(engine, active, log));
  bag.add(new ModelsTree(models, active));
  bag.add(
    active.onDidChange(() => {
      completions.forget();
      void surprise.refresh();
    }),
  );
  bag.add(models.onDidChange(() => completions.forget()));
  bag.add(
    // What a model in training has answered before it learned better.
    runs.onDidTrain(({ event }) => {
      if (event.event === 'epoch' && event.best && runs.active?.modelPath === active.path) completions.forget();
    }),
  );
  const correctionsFile = path.join(context.globalStorageUri.fsPath, 'corrections.json');
  const classifier = bag.add(createClassifier(engine, models, context.globalState, correctionsFile));
  const shared = { log, engine, models, active, runs, continuation, classifier };
  const studio = bag.add(registerStudio(context, studioServices(context, shared)));
  const modelActions = new ModelActions(models, active, runs);
  const { version } = context.extension.packageJSON as { version: string };
  const gpu = bag.add(
    new GpuParts({ entry, ownFolder: gpuFolder, engine, log, store, state: context.globalState, version }),
  );
  return {
    ...shared,
    logFolder: context.logUri.fsPath,
    modelActions,
    completionSwitch,
    completions,
    surprise,
    gpu,
    studio,
    dispose: () => bag.dispose(),
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
