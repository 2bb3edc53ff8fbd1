/** What the Studio asks for, answered by the rest of the extension. */
import * as vscode from 'vscode';
import type { SamplingOptions } from '../common/engineProtocol';
import { InklingError } from '../common/errors';
import type { ModelItem, RunItem } from '../common/studioProtocol';
import { studioClassifier } from './classifier/classifierBridge';
import { textBefore } from './continueText';
import type { Cancellation } from './engineHost/engineSupervisor';
import { findPassage } from './findPassage';
import type { Services } from './services';
import type { StudioServices } from './studio/studioServices';
import type { RunRecord } from './training/runStore';

type Parts = Pick<Services, 'log' | 'engine' | 'models' | 'active' | 'runs' | 'continuation' | 'classifier'>;

export function studioServices(context: vscode.ExtensionContext, parts: Parts): StudioServices {
  const { engine, models, active, runs, continuation, classifier, log } = parts;
  // Runs and models are read from the disk when the page first asks for them, not when the extension starts.
  let reading: Promise<unknown> | undefined;
  const readOnce = (): void => {
    reading ??= Promise.all([runs.load(), models.refresh()]).catch((error) => log.error(String(error)));
  };
  return {
    runs: {
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
      baselines: (runId) => baselines(parts, runId),
    },
    models: {
      list: () => modelItems(parts),
      active: () => active.path ?? modelItems(parts)[0]?.path,
      use: (path) => active.use(path),
      onDidChange: (listener) => {
        const fire = (): unknown => listener();
        return vscode.Disposable.from(models.onDidChange(fire), active.onDidChange(fire), runs.onDidChange(fire));
      },
    },
    engine: {
      sample: (request, onDelta, signal) =>
        engine.call('sample', request, { onEvent: onDelta, token: tokenOf(signal) }),
      considered: (request, signal) => engine.call('considered', request, { token: tokenOf(signal) }),
    },
    editor: {
      textBeforeCursor: (maximumLength) => {
        const editor = vscode.window.activeTextEditor;
        return editor && textBefore(editor.document, editor.selection.active).slice(-maximumLength);
      },
      insertAtCursor: async (text) => {
        const editor = requireEditor();
        const { version } = editor.document;
        const done = await editor.edit((edit) => editor.selections.forEach(({ end }) => edit.insert(end, text)));
        // A read-only editor says that it was done, and does nothing.
        const changed = text === '' || editor.document.version !== version;
        if (!done || !changed)
          throw new InklingError('invalidInput', vscode.l10n.t('The active document cannot be written to.'));
      },
      continueText: async (modelPath: string, options: SamplingOptions, signal: AbortSignal) => {
        const source = new vscode.CancellationTokenSource();
        signal.addEventListener('abort', () => source.cancel(), { once: true });
        await continuation.run(requireEditor(), modelPath, options, source.token);
      },
      openSource: (modelPath, source, offset, passage) => openSource(parts, modelPath, source, offset, passage),
      copy: async (text) => vscode.env.clipboard.writeText(text),
      saveFile: async (suggestedName, contents) => {
        const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
        const defaultUri = folder && vscode.Uri.joinPath(folder, suggestedName);
        const file = await vscode.window.showSaveDialog({ defaultUri });
        if (file) await vscode.workspace.fs.writeFile(file, contents);
        return file !== undefined;
      },
    },
    classifier: studioClassifier(classifier, models),
    memory: context.workspaceState,
    log: (message) => log.info(`Studio: ${message}`),
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
}: RunRecord): RunItem {
  return { id, title, startedAt, state, modelPath, network, heldOutBitsPerCharacter, message };
}

/** Models that can write: the one in training first, then what is on disk. */
function modelItems({ models, runs }: Parts): ModelItem[] {
  const stored = models.known.flatMap(({ path, title, summary }): ModelItem[] =>
    summary?.kind === 'language-model'
      ? [
          {
            path,
            title,
            network: summary.network,
            unit: summary.unit,
            heldOutBitsPerCharacter: summary.heldOutBitsPerCharacter ?? undefined,
          },
        ]
      : [],
  );
  const run = runs.active;
  if (!run?.latest || stored.some(({ path }) => path === run.modelPath)) return stored;
  const title = vscode.l10n.t('{0} (in training)', run.title);
  return [{ path: run.modelPath, title, network: '', unit: 'character' }, ...stored];
}

/** Computed once, then kept with the run. */
async function baselines({ engine, runs }: Parts, runId: string): ReturnType<StudioServices['runs']['baselines']> {
  const record = runs.store.get(runId);
  if (!record || record.baselines) return record?.baselines;
  const events = await runs.store.readEvents(runId);
  const start = events.find((event) => event.event === 'start');
  const sources = await runs.store.readSources(runId);
  if (!start || start.heldOutTokens === 0 || start.config.text.heldOut.kind !== 'tail' || sources.length === 0) {
    return undefined;
  }
  const result = await engine.call('baselines', { sources, heldOutFraction: start.config.text.heldOut.fraction });
  await runs.store.update(runId, { baselines: result });
  return result;
}

/** Opens a training text where the passage stands that a sample copied. Offsets count plain line ends, positions the editor's. */
async function openSource(
  { runs }: Parts,
  modelPath: string,
  source: string,
  offset: number,
  passage: string,
): Promise<void> {
  const run = runs.store.list().find((record) => record.modelPath === modelPath);
  const uri = run?.sources.find(({ name }) => name === source)?.uri;
  if (!uri) throw new InklingError('invalidInput', vscode.l10n.t('It is not known any more where {0} lies.', source));
  const notebook = vscode.workspace.notebookDocuments.find((open) => open.uri.toString() === uri);
  const found = notebook ? await openCell(notebook, passage) : await openText(vscode.Uri.parse(uri), passage, offset);
  if (!found) {
    throw new InklingError(
      'invalidInput',
      vscode.l10n.t('The passage does not stand in {0} any more: the text has changed since it was learned.', source),
    );
  }
}

async function openText(uri: vscode.Uri, passage: string, offset: number): Promise<boolean> {
  const document = await vscode.workspace.openTextDocument(uri);
  const text = document.getText().replace(/\r\n?/g, '\n');
  const positionAt = (at: number): vscode.Position => {
    const before = text.slice(0, at);
    return new vscode.Position(before.split('\n').length - 1, at - (before.lastIndexOf('\n') + 1));
  };
  const place = findPassage(text, passage, offset);
  const selection = place && new vscode.Range(positionAt(place.start), positionAt(place.end));
  await vscode.window.showTextDocument(document, { selection });
  return place !== undefined;
}

/** Shows the cell that holds the passage; one that goes over several cells is not found. */
async function openCell(notebook: vscode.NotebookDocument, passage: string): Promise<boolean> {
  const cell = notebook.getCells().find(({ document }) => findPassage(document.getText(), passage, 0));
  const selections = cell && [new vscode.NotebookRange(cell.index, cell.index + 1)];
  await vscode.window.showNotebookDocument(notebook, { selections });
  return cell !== undefined;
}

function requireEditor(): vscode.TextEditor {
  const editor = vscode.window.activeTextEditor;
  if (!editor)
    throw new InklingError(
      'invalidInput',
      vscode.l10n.t('No text is open. Open one and put the cursor where to write.'),
    );
  return editor;
}

/** An AbortSignal as the engine's calls take it. */
function tokenOf(signal: AbortSignal): Cancellation {
  return {
    get isCancellationRequested() {
      return signal.aborted;
    },
    onCancellationRequested(listener) {
      signal.addEventListener('abort', listener, { once: true });
      return { dispose: () => signal.removeEventListener('abort', listener) };
    },
  };
}
