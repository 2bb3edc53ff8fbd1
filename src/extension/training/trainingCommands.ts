/** The commands that start, pause, resume and stop training. */
import * as vscode from 'vscode';
import { sayState } from '../../common/describeRun';
import type { ModelSummary } from '../../common/engineProtocol';
import { asInklingError, InklingError } from '../../common/errors';
import { formatMoment } from '../../common/formats';
import type { CommandTable } from '../commands';
import { engineChoice, setting } from '../configuration';
import { openResource, requireEditor } from '../editors';
import { showList, showWarning } from '../messages';
import { modelOf, type ModelEntry } from '../models/modelStore';
import type { Parts } from '../parts';
import { noText } from '../remedies';
import { askForEpochs } from './askForEpochs';
import { gatherFiles, gatherGlob, gatherSelection, type GatheredText } from './gatherTexts';
import { chooseJob, exportJob, titleOfJob, type JobChoice } from './jobChoice';
import { chooseTraining, type TrainingChoice } from './trainingChoice';
import type { KeptText, RunOutcome } from './trainingRuns';

type TrainingCommand =
  | 'inkling.trainOnFile'
  | 'inkling.trainOnWorkspaceFiles'
  | 'inkling.trainOnSelection'
  | 'inkling.pauseTraining'
  | 'inkling.resumeTraining'
  | 'inkling.stopTraining'
  | 'inkling.exportJob'
  | 'inkling.attachJob'
  | 'inkling.resumeModel';

export function trainingCommands(parts: Parts): CommandTable<TrainingCommand> {
  const { runs, modelActions } = parts;
  return {
    // In a menu, VS Code passes the clicked resource and all selected ones; in the title of a view, whatever is
    // selected there. The last argument answers the quick pick.
    'inkling.trainOnFile': async (clicked?: unknown, selected?: unknown, choice?: TrainingChoice) => {
      return train(parts, await gatherFiles(clickedOrActive(clicked, selected)), choice);
    },
    'inkling.trainOnWorkspaceFiles': async (glob?: string, choice?: TrainingChoice) => {
      const pattern = glob ?? (await askForGlob());
      if (pattern) return train(parts, await gatherGlob(pattern), choice);
    },
    'inkling.trainOnSelection': async (_clicked?: unknown, _context?: unknown, choice?: TrainingChoice) => {
      const editor = requireEditor(vscode.l10n.t('No text is open. Open one and select the text to train on.'));
      return train(parts, gatherSelection(editor), choice);
    },
    'inkling.pauseTraining': () => runs.control(requireActive(parts), 'pause'),
    'inkling.stopTraining': () => runs.control(requireActive(parts), 'stop'),
    'inkling.resumeTraining': async (wanted?: { runId: string }) => {
      if (!wanted && runs.active) return runs.control(runs.active.id, 'resume');
      const runId = wanted?.runId ?? (await chooseRun(parts));
      if (runId) await resumeRun(parts, runId);
    },
    'inkling.exportJob': async (clicked?: unknown, selected?: unknown, choice?: JobChoice) => {
      const text = await keep(parts, await gatherFiles(clickedOrActive(clicked, selected)));
      return exportJob(parts, text, choice);
    },
    'inkling.attachJob': async (given?: string) => {
      const job = given ?? (await chooseJob());
      if (job) return useWhenDone(parts, runs.attach(job, titleOfJob(job)));
    },
    'inkling.resumeModel': async (given?: ModelEntry) => {
      const entry = await modelActions.choose(given, vscode.l10n.t('Train which model further?'), 'language-model');
      if (entry?.summary) await resumeModel(parts, entry, entry.summary);
    },
  };
}

function clickedOrActive(clicked: unknown, selected: unknown): vscode.Uri[] {
  const uris = (Array.isArray(selected) ? selected : [clicked]).filter((each) => each instanceof vscode.Uri);
  return uris.length > 0 ? uris : [activeResource()];
}

/** Lets the user choose how to train, trains, and makes the new model the active one. Returns the path of the model. */
async function train(parts: Parts, gathered: GatheredText, given?: TrainingChoice): Promise<string | undefined> {
  const text = await keep(parts, gathered);
  const config = given ?? (await chooseTraining(parts.engine, text.sources, text.uris[0]));
  if (!config) return undefined;
  return begin(parts, text, config);
}

async function keep({ runs }: Parts, { title, texts, uris }: GatheredText): Promise<KeptText> {
  return { title, sources: await runs.store.texts.keep(texts), uris };
}

async function begin(
  parts: Parts,
  text: KeptText,
  config: TrainingChoice,
  resumePath?: string,
): Promise<string | undefined> {
  // A model that is trained further is trained for as long again.
  const request = { ...text, config, ...engineChoice(), resumePath, further: resumePath !== undefined };
  return useWhenDone(parts, parts.runs.start(request));
}

/** Two windows that train one run would overwrite each other's model: if that may be the case, the user decides. */
async function resumeRun(parts: Parts, runId: string, epochs?: number): Promise<string | undefined> {
  if (await parts.runs.store.mayTrainElsewhere(runId)) {
    const resume = vscode.l10n.t('Resume Here');
    const message = vscode.l10n.t('This run may still be training in another window of VS Code.');
    const detail = vscode.l10n.t("Two windows would overwrite each other's model. Check the other window first.");
    const chosen = await showWarning(message, { modal: true, detail }, resume);
    if (chosen !== resume) return undefined;
  }
  return useWhenDone(parts, parts.runs.resume(runId, epochs));
}

/**
 * Shows the run in the Studio, makes the new model active when it has ended, and returns its path. Undefined if the
 * engine exited, which is reported with an offer to resume.
 */
async function useWhenDone({ active, studio }: Parts, outcome: Promise<RunOutcome>): Promise<string | undefined> {
  try {
    void studio.show('training', { preserveFocus: true });
    const { record } = await outcome;
    await active.use(record.modelPath);
    return record.modelPath;
  } catch (error) {
    if (asInklingError(error).code !== 'engineExited') throw error;
    return undefined;
  }
}

/** On the same text, the run continues; on another text, a new model starts from this one. */
async function resumeModel(parts: Parts, entry: ModelEntry, summary: ModelSummary): Promise<void> {
  await parts.runs.store.load();
  const run = parts.runs.store.list().find((record) => record.modelPath === modelOf(entry.path));
  const open = openResource();
  const items: (vscode.QuickPickItem & { go(): Promise<unknown> })[] = [];
  if (run) {
    items.push({
      label: vscode.l10n.t('The text it was trained on'),
      description: run.sources.map(({ name }) => name).join(', '),
      detail: vscode.l10n.t('Continues the run for the same length again'),
      go: () => resumeRun(parts, run.id),
    });
    items.push({
      label: vscode.l10n.t('More epochs on the text it was trained on…'),
      detail: vscode.l10n.t('Continues the run for one or more passes over the text'),
      go: async () => {
        const epochs = await askForEpochs({
          title: vscode.l10n.t('Train {0} for how many more epochs?', entry.title),
          value: '1',
        });
        if (epochs !== undefined) await resumeRun(parts, run.id, epochs);
      },
    });
  }
  const { config } = summary;
  if (open && config) {
    items.push({
      label: vscode.l10n.t('The open text'),
      description: vscode.workspace.asRelativePath(open),
      detail: vscode.l10n.t("A new model starts from this one's weights; new characters are added"),
      go: async () => {
        const text = await keep(parts, await gatherFiles([open]));
        return begin(parts, text, config, entry.path);
      },
    });
  }
  if (items.length === 0) {
    throw new InklingError('invalidInput', vscode.l10n.t('First open the text to train on.'));
  }
  const title = vscode.l10n.t('Train {0} further on which text?', entry.title);
  await (await showList(items, { title }))?.go();
}

async function chooseRun({ runs }: Parts): Promise<string | undefined> {
  await runs.store.load();
  const resumable = runs.store.list().filter(({ state }) => state !== 'running' && state !== 'paused');
  if (resumable.length === 0) {
    throw new InklingError(
      'invalidInput',
      vscode.l10n.t('There is no run to resume. Run "Inkling: Train on This File" first.'),
    );
  }
  const items = resumable.map((record) => ({
    label: record.title,
    description: sayState(record.state),
    detail: [record.network, record.device, formatMoment(record.startedAt)].filter(Boolean).join(' · '),
    id: record.id,
  }));
  return (await showList(items, { title: vscode.l10n.t('Resume which run?') }))?.id;
}

function requireActive({ runs }: Parts): string {
  if (!runs.active) {
    throw new InklingError(
      'invalidInput',
      vscode.l10n.t('Nothing is training in this window. Run "Inkling: Train on This File" first.'),
    );
  }
  return runs.active.id;
}

/** The text or notebook in front of the user. */
function activeResource(): vscode.Uri {
  const { activeNotebookEditor } = vscode.window;
  if (activeNotebookEditor) return activeNotebookEditor.notebook.uri;
  const uri = openResource();
  if (!uri) throw noText(vscode.l10n.t('No text is open. First open the text to train on, or try a sample.'));
  return uri;
}

function askForGlob(): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: vscode.l10n.t('Train on workspace files'),
    prompt: vscode.l10n.t('Which files? Enter a glob, relative to the workspace.'),
    value: setting('writing.files'),
    ignoreFocusOut: true,
  });
}
