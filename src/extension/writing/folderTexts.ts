/**
 * The prose files of a workspace folder, which the engine is told about so that it can take them into account while the
 * user writes in one of them. Only files on disk count; the engine reads them itself.
 */
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { TextSource } from '../../common/engineProtocol';
import { asInklingError } from '../../common/errors';
import { setting } from '../configuration';
import { Disposables } from '../dispose';
import type { EngineCaller } from '../engineHost/engineClient';
import { fileEncoding } from '../fileEncoding';
import { notProse } from '../training/gatherTexts';
import { GitIgnore } from './gitIgnore';

/** At most this many files of a folder are considered. */
const maximumFiles = 2000;
/** The limit of their total size; those that were changed last come first. */
const maximumBytes = 20_000_000;
const ignoreFiles = '**/.gitignore';

interface Folder {
  uri: vscode.Uri;
  watcher: vscode.Disposable;
  /** Undefined if something has come or gone since they were looked for. */
  files: Promise<TextSource[]> | undefined;
  /** The process that knows the current files; undefined when they have changed since. */
  pid: number | undefined;
  isSending: boolean;
}

export interface FolderTextsOptions {
  /** `pid` is undefined while no engine runs. */
  engine: EngineCaller & { readonly pid: number | undefined };
  onError(message: string): void;
}

export class FolderTexts extends Disposables {
  /** By the collection of their texts in the engine. */
  private readonly folders = new Map<string, Folder>();

  constructor(private readonly options: FolderTextsOptions) {
    super();
    this.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('inkling.writing') || event.affectsConfiguration('files')) this.forget();
      }),
    );
    this.add(vscode.workspace.onDidChangeWorkspaceFolders(() => this.forget()));
    this.add({ dispose: () => this.stopWatching() });
  }

  /**
   * The collection of the texts in a document's folder; undefined for a document without one. The engine may not know
   * it yet, or be out of date: it is told, but its answer is not awaited.
   */
  collection(document: vscode.TextDocument): string | undefined {
    const folder = vscode.workspace.getWorkspaceFolder(document.uri);
    if (folder?.uri.scheme !== 'file') return undefined;
    const collection = `folder ${folder.uri.toString()}`;
    const known = this.folders.get(collection) ?? this.watch(folder);
    this.folders.set(collection, known);
    if (!known.isSending && (known.pid === undefined || known.pid !== this.options.engine.pid)) {
      void this.send(collection, known);
    }
    return collection;
  }

  private watch({ uri }: vscode.WorkspaceFolder): Folder {
    const watch = (glob: string): vscode.FileSystemWatcher =>
      vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(uri, glob));
    const [prose, rules, entries] = [watch(setting('writing.files', uri)), watch(ignoreFiles), watch('**')];
    const watcher = vscode.Disposable.from(prose, rules, entries);
    const folder: Folder = { uri, watcher, files: undefined, pid: undefined, isSending: false };
    prose.onDidChange(() => (folder.pid = undefined));
    rules.onDidChange(() => forgetFiles(folder));
    // Not only of prose: when a whole folder comes or goes, the files in it need not be reported.
    const comesOrGoes = (entry: vscode.Uri): void => {
      if (!entry.path.includes('/.git/')) forgetFiles(folder);
    };
    entries.onDidCreate(comesOrGoes);
    entries.onDidDelete(comesOrGoes);
    return folder;
  }

  private async send(collection: string, folder: Folder): Promise<void> {
    const { engine, onError } = this.options;
    folder.isSending = true;
    try {
      const found = (folder.files ??= findProse(folder.uri));
      const texts = await found;
      // It may have been forgotten in the meantime.
      if (this.folders.get(collection) !== folder) return;
      const known = engine.call('knowTexts', { collection, texts });
      // What came or went while they were being found is looked for the next time.
      if (folder.files === found) folder.pid = engine.pid;
      await known;
    } catch (error) {
      forgetFiles(folder);
      onError(asInklingError(error).message);
    } finally {
      folder.isSending = false;
    }
  }

  /** The engine forgets all folders; the next document that asks makes it read its own again. */
  private forget(): void {
    const { engine, onError } = this.options;
    this.stopWatching();
    for (const collection of this.folders.keys()) {
      if (engine.pid === undefined) break;
      engine
        .call('knowTexts', { collection, texts: [] })
        .catch((error: unknown) => onError(asInklingError(error).message));
    }
    this.folders.clear();
  }

  private stopWatching(): void {
    for (const { watcher } of this.folders.values()) watcher.dispose();
  }
}

function forgetFiles(folder: Folder): void {
  folder.files = undefined;
  folder.pid = undefined;
}

/** The files that match the glob of prose, without what `files.exclude` and .gitignore files exclude. */
async function findProse(folder: vscode.Uri): Promise<TextSource[]> {
  const find = (glob: string): Thenable<vscode.Uri[]> =>
    vscode.workspace.findFiles(new vscode.RelativePattern(folder, glob), `{${notProse}}`, maximumFiles);
  const [found, rules] = await Promise.all([find(setting('writing.files', folder)), find(ignoreFiles)]);
  const ignored = new GitIgnore(
    await readable(rules, async (uri) => ({
      folder: path.posix.dirname(uri.path),
      text: new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)),
    })),
  );
  const files = await readable(
    found.filter((uri) => !ignored.ignores(uri.path)),
    async (uri) => ({ uri, ...(await vscode.workspace.fs.stat(uri)) }),
  );
  files.sort((a, b) => b.mtime - a.mtime);
  let left = maximumBytes;
  return files
    .filter(({ size }) => size <= left && (left -= size) >= 0)
    .map(({ uri }) => ({ name: uri.toString(), path: uri.fsPath, encoding: fileEncoding(uri) }));
}

/** The results of `read`, without those of files that cannot be read, such as one that was deleted in the meantime. */
async function readable<T>(files: readonly vscode.Uri[], read: (file: vscode.Uri) => Promise<T>): Promise<T[]> {
  const results = await Promise.allSettled(files.map(read));
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
