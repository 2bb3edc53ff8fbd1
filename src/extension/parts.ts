/** The parts of the extension, created once on activation. Creating them only connects them. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { isAlive } from '../common/isAlive';
import { createClassifier, type ClassifierParts } from './classifier/classifierParts';
import { systemClock } from './clock';
import { CompletionProvider } from './completion/completionProvider';
import { CompletionSwitch } from './completion/completionSwitch';
import { OfferTally, type Tally } from './completion/offerTally';
import { migrateOldSettings } from './completion/oldSettings';
import { completionEnabled, engineChoice, setting } from './configuration';
import { Disposables } from './dispose';
import { createEngineClient } from './engineHost/engineClient';
import type { EngineSupervisor } from './engineHost/engineSupervisor';
import { SentDocuments } from './engineHost/sentDocuments';
import { launchNow, onDidChangeLaunch } from './engineHost/launchSettings';
import { GpuParts } from './gpu/gpuParts';
import { ActiveModel } from './models/activeModel';
import { DocumentBase } from './models/documentBase';
import { ModelActions } from './models/modelActions';
import { ModelStore } from './models/modelStore';
import { ModelsTree } from './models/modelsTree';
import { Journal } from './remembered/journal';
import { RememberedWriting } from './remembered/rememberedWriting';
import { classifierPort } from './studio/classifierPort';
import { editorPort } from './studio/editorPort';
import { enginePort } from './studio/enginePort';
import { StudioModels } from './studio/modelsPort';
import { runsPort } from './studio/runsPort';
import { registerStudio, type Studio } from './studio/studioView';
import { TintedTexts } from './studio/tintedTexts';
import { SurpriseMarks } from './surprise/surpriseMarks';
import { SurpriseStatus } from './surprise/surpriseStatus';
import { clusterToken } from './training/clusterToken';
import { RunStore } from './training/runStore';
import { yieldThreadWhileTyping } from './training/yieldWhileTyping';
import { TrainingProgress } from './training/trainingProgress';
import { TrainingRuns } from './training/trainingRuns';
import { TextContinuation } from './writing/continueText';
import { FolderTexts } from './writing/folderTexts';
import type { SampleTexts } from './writing/sampleText';
import { ProposalView } from './writing/proposal';

const tallyKey = 'inkling.offers';

export interface Parts extends vscode.Disposable {
  log: vscode.LogOutputChannel;
  /** Where the log is written. */
  logFolder: string;
  engine: EngineSupervisor;
  models: ModelStore;
  active: ActiveModel;
  base: DocumentBase;
  modelActions: ModelActions;
  runs: TrainingRuns;
  continuation: TextContinuation;
  proposal: ProposalView;
  completionSwitch: CompletionSwitch;
  completions: CompletionProvider;
  tally: OfferTally;
  journal: Journal;
  surprise: SurpriseMarks;
  surpriseStatus: SurpriseStatus;
  classifier: ClassifierParts;
  gpu: GpuParts;
  studio: Studio;
  sampleTexts: SampleTexts;
  /** docs/course.md. */
  coursePage: vscode.Uri;
}

export function createParts(context: vscode.ExtensionContext): Parts {
  const bag = new Disposables();
  const log = bag.add(vscode.window.createOutputChannel('Inkling', { log: true }));
  const entry = path.join(context.extensionPath, 'dist', 'engine.js');
  const gpuFolder = path.join(context.globalStorageUri.fsPath, 'gpu');
  const engine = bag.add(createEngineClient(entry, log, () => launchNow(gpuFolder)));
  bag.add(onDidChangeLaunch(() => engine.renew()));
  const runFolder = path.join((context.storageUri ?? context.globalStorageUri).fsPath, 'runs');
  const store = new RunStore(
    runFolder,
    (pid) => isAlive(() => process.kill(pid, 0)),
    (error) => log.error(`A run could not be recorded: ${String(error)}`),
  );
  const models = new ModelStore(
    path.join(context.globalStorageUri.fsPath, 'models'),
    (file) => engine.call('inspect', { path: file }),
    () => store.modelPaths(),
    () => store.pathsInTraining(),
  );
  const runs = new TrainingRuns(engine, store, models, engineChoice, (job, mayChange) =>
    clusterToken(context.secrets, job, mayChange),
  );
  const base = new DocumentBase({
    engine,
    globalState: context.globalState,
    wanted: (document) => setting('writing.base', document),
    onError: (message) => log.warn(`The base that fits the text could not be found: ${message}`),
  });
  const active = new ActiveModel(
    context.workspaceState,
    context.globalState,
    models,
    {
      path: () => (runs.active?.latest ? runs.active.modelPath : undefined),
      onDidChange: runs.onDidChange,
    },
    base,
  );
  bag.add(yieldThreadWhileTyping(runs, engine));
  const folders = bag.add(
    new FolderTexts({
      engine,
      onError: (message) => log.warn(`The texts of a folder could not be sent to the engine: ${message}`),
    }),
  );
  const journal = new Journal(path.join(context.globalStorageUri.fsPath, 'remembered.json'));
  const remembered = bag.add(
    new RememberedWriting({
      journal,
      engine,
      active,
      clock: systemClock,
      isRemembered: (document) => setting('writing.learn', document) === 'remember' && completionEnabled(document),
      onError: (message) => log.warn(`What was written could not be remembered: ${message}`),
    }),
  );
  const documents = new SentDocuments({
    engine,
    isLearned: (document) => setting('writing.learn', document) !== 'off',
    beside: (document) => {
      const learn = setting('writing.learn', document);
      if (learn === 'folder') return folders.collection(document);
      return learn === 'remember' ? remembered.collection() : undefined;
    },
    onError: (message) => log.warn(`The text of a document could not be sent to the engine: ${message}`),
  });
  bag.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => documents.close(uri.toString())));
  const proposal = bag.add(new ProposalView());
  const continuation = new TextContinuation(engine, documents, proposal);
  migrateOldSettings(context.globalState, context.workspaceState).then(undefined, (error: unknown) =>
    log.warn(`The setting completion.minimumConfidence could not be migrated: ${String(error)}`),
  );
  const tally = new OfferTally(
    context.globalState.get<Tally>(tallyKey, { shown: 0, taken: 0 }),
    (counts) => void context.globalState.update(tallyKey, counts),
  );
  bag.add(
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      for (const { rangeOffset, rangeLength, text } of contentChanges) {
        tally.changed(document.uri.toString(), rangeOffset, rangeLength, text);
      }
    }),
  );
  const completionSwitch = bag.add(new CompletionSwitch(context.globalState, active, models, tally));
  const completions = new CompletionProvider({
    engine,
    active,
    clock: systemClock,
    log,
    tally,
    documents,
    isPaused: () => completionSwitch.paused || continuation.active,
  });
  bag.add(vscode.languages.registerInlineCompletionItemProvider({ pattern: '**' }, completions));
  const surprise = bag.add(new SurpriseMarks(engine, active, log));
  const surpriseStatus = bag.add(new SurpriseStatus(surprise, active, models));
  bag.add(new ModelsTree(models, active, journal));
  bag.add(
    active.onDidChange(() => {
      completions.forget();
      void surprise.refresh();
    }),
  );
  bag.add(models.onDidChange(() => completions.forget()));
  bag.add(journal.onDidChange(() => completions.forget()));
  bag.add(
    // Cached answers of a model in training are outdated after each snapshot.
    runs.onDidTrain(({ event }) => {
      if (event.event === 'epoch' && event.best && runs.active?.modelPath === active.path) completions.forget();
    }),
  );
  const classifier = bag.add(createClassifier(engine, models, context.globalState, context.globalStorageUri.fsPath));
  // Runs and models are read from disk when the page first asks for them, not when the extension starts.
  let reading: Promise<unknown> | undefined;
  const readOnce = (): void => {
    reading ??= Promise.all([runs.load(), models.refresh()]).catch((error) => log.error(String(error)));
  };
  const studio = bag.add(
    registerStudio(context, {
      runs: runsPort({ runs, engine, readOnce }),
      models: bag.add(new StudioModels({ models, active, runs, base })),
      engine: enginePort(engine, documents),
      editor: editorPort({ continuation, tinted: bag.add(new TintedTexts()), store }),
      classifier: classifierPort({ ...classifier, models }),
      memory: context.workspaceState,
      clock: systemClock,
      log: (message) => log.info(`Studio: ${message}`),
    }),
  );
  bag.add(new TrainingProgress(runs, studio));
  bag.add(
    runs.onDidStart(({ outcome }) => {
      outcome.then(
        ({ record }) => studio.fillWall(record.modelPath),
        () => undefined, // shown by the command that started the run
      );
    }),
  );
  const modelActions = new ModelActions(models, active, runs);
  const { version } = context.extension.packageJSON as { version: string };
  const gpu = bag.add(
    new GpuParts({ entry, ownFolder: gpuFolder, engine, log, store, tally, state: context.globalState, version }),
  );
  return {
    log,
    logFolder: context.logUri.fsPath,
    engine,
    models,
    active,
    base,
    modelActions,
    runs,
    continuation,
    proposal,
    completionSwitch,
    completions,
    tally,
    journal,
    surprise,
    surpriseStatus,
    classifier,
    gpu,
    studio,
    sampleTexts: {
      shipped: ['dist/samples/moby-dick.txt', 'media/samples/sample.md'].map((name) =>
        vscode.Uri.joinPath(context.extensionUri, name),
      ),
      folder: vscode.Uri.joinPath(context.globalStorageUri, 'samples'),
    },
    coursePage: vscode.Uri.joinPath(context.extensionUri, 'docs', 'course.md'),
    dispose: () => bag.dispose(),
  };
}
