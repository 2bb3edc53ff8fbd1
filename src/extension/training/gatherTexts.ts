/**
 * The texts to train on, as the user sees them: open documents with their unsaved changes; other files decoded as
 * VS Code would open them; all text files of a folder; the Markdown cells of a notebook.
 */
import { isUtf8 } from 'node:buffer';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { InklingError } from '../../common/errors';
import { fileEncoding } from '../fileEncoding';
import type { FoundText } from './textStore';

export interface GatheredText {
  title: string;
  texts: FoundText[];
  /** In the order of `texts`. */
  uris: string[];
}

/** Files that are clearly not prose, so that a folder with pictures trains only on its texts. */
export const notProse =
  '**/{node_modules,.git,.hg,.svn}/**,**/*.{png,jpg,jpeg,gif,webp,ico,svg,pdf,zip,gz,tar,7z,exe,dll,so,wasm,woff,woff2,ttf,otf,mp3,mp4,mov,wav,docx,odt,epub,safetensors,map,lock}';
const maximumFiles = 2000;
/** Larger local files are read by the engine itself: passing their text through here would only block the host. */
const maximumDecodedBytes = 2_000_000;
const sniffedBytes = 8192;

/** The texts of files and folders. Throws `invalidInput` if there are none. */
export async function gatherFiles(uris: readonly vscode.Uri[]): Promise<GatheredText> {
  const files = new Map<string, vscode.Uri>();
  for (const uri of uris) {
    for (const file of await filesBelow(uri)) files.set(file.toString(), file);
  }
  return gather([...files.values()], titleOf(uris, files.size), uris.length === 1 && files.size === 1);
}

/** The texts of all workspace files that match a glob. */
export async function gatherGlob(glob: string): Promise<GatheredText> {
  const files = await vscode.workspace.findFiles(glob, `{${notProse}}`, maximumFiles);
  files.sort((a, b) => a.path.localeCompare(b.path));
  return gather(files, glob, false);
}

/** The selected text, all selections one after the other. */
export function gatherSelection(editor: vscode.TextEditor): GatheredText {
  const { document } = editor;
  const selections = [...editor.selections]
    .filter((selection) => !selection.isEmpty)
    .sort((a, b) => a.start.compareTo(b.start));
  if (selections.length === 0) {
    throw new InklingError('invalidInput', vscode.l10n.t('Nothing is selected. First select the text to train on.'));
  }
  const title = vscode.l10n.t('Selection of {0}', path.posix.basename(document.uri.path));
  const text = selections.map((selection) => plainText(document.getText(selection))).join('\n');
  return { title, texts: [{ name: title, text }], uris: [document.uri.toString()] };
}

async function gather(files: vscode.Uri[], title: string, only: boolean): Promise<GatheredText> {
  const found: { uri: vscode.Uri; text: FoundText }[] = [];
  for (const uri of files) {
    const text = await readText(uri, only);
    if (text) found.push({ uri, text });
  }
  if (found.length === 0) {
    throw new InklingError(
      'invalidInput',
      vscode.l10n.t('There is no text in {0}. Choose files that contain prose.', title),
    );
  }
  return { title, texts: found.map(({ text }) => text), uris: found.map(({ uri }) => uri.toString()) };
}

/**
 * The text of one file. A binary file among others is left out; a single one is passed to the engine, which reports why
 * it cannot be used.
 */
async function readText(uri: vscode.Uri, only: boolean): Promise<FoundText | undefined> {
  const name = vscode.workspace.asRelativePath(uri, vscode.workspace.workspaceFolders?.length !== 1);
  const notebook = vscode.workspace.notebookDocuments.find((open) => open.uri.toString() === uri.toString());
  if (notebook) {
    const cells = notebook.getCells().filter((cell) => cell.kind === vscode.NotebookCellKind.Markup);
    return { name, text: cells.map((cell) => plainText(cell.document.getText())).join('\n\n') };
  }
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  if (open) return { name, text: plainText(open.getText()) };
  const { size } = await vscode.workspace.fs.stat(uri);
  const onDisk = uri.scheme === 'file' && { name, path: uri.fsPath, encoding: fileEncoding(uri) };
  if (onDisk && size > maximumDecodedBytes) return onDisk;
  const bytes = await vscode.workspace.fs.readFile(uri);
  if (looksBinary(bytes)) return (only && onDisk) || undefined;
  // VS Code would insert "\ufffd" wherever it is not UTF-8; the engine detects the encoding and reports it.
  if (onDisk && onDisk.encoding === undefined && !isUtf8(bytes) && !hasUtf16Mark(bytes)) return onDisk;
  return { name, text: plainText(await vscode.workspace.decode(bytes, { uri })) };
}

async function filesBelow(uri: vscode.Uri): Promise<vscode.Uri[]> {
  const open = [...vscode.workspace.textDocuments, ...vscode.workspace.notebookDocuments];
  if (open.some((document) => document.uri.toString() === uri.toString())) return [uri];
  const stat = await vscode.workspace.fs.stat(uri);
  if (!(stat.type & vscode.FileType.Directory)) return [uri];
  const pattern = new vscode.RelativePattern(uri, '**/*');
  const files = await vscode.workspace.findFiles(pattern, `{${notProse}}`, maximumFiles);
  return files.sort((a, b) => a.path.localeCompare(b.path));
}

/** A zero byte early on; UTF-16 text has them too, but begins with a byte order mark. */
function looksBinary(bytes: Uint8Array): boolean {
  return !hasUtf16Mark(bytes) && bytes.subarray(0, sniffedBytes).includes(0);
}

function hasUtf16Mark(bytes: Uint8Array): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}

/** Models learn only one kind of line end. */
function plainText(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

function titleOf(uris: readonly vscode.Uri[], files: number): string {
  const first = path.posix.basename(uris[0]?.path ?? '');
  return uris.length <= 1 ? first : vscode.l10n.t('{0} and {1} more', first, files - 1);
}
