/** What was written last, followed through its document's changes for as long as it can be taken back. */
import * as vscode from 'vscode';
import { DocumentTarget } from './documentTarget';
import type { StreamingInsertion } from './streamingInsertion';

export class WrittenText {
  private readonly moved: vscode.Disposable;

  constructor(
    private target: DocumentTarget,
    private readonly insertion: StreamingInsertion,
  ) {
    this.moved = vscode.Disposable.from(
      vscode.workspace.onDidRenameFiles(({ files }) => files.forEach((file) => this.renamed(file))),
      // Saving an untitled document makes a file of it.
      vscode.workspace.onDidSaveTextDocument((saved) => {
        if (this.target.document.isUntitled && !saved.isUntitled) this.moveTo(saved);
      }),
    );
  }

  dispose(): void {
    for (const each of [this.moved, this.insertion, this.target]) each.dispose();
  }

  /** The edit that takes it back; undefined where the user has changed all of it, or closed the document. */
  takenBack(): vscode.WorkspaceEdit | undefined {
    const { document } = this.target;
    const changes = document.isClosed ? [] : this.insertion.takenBack();
    if (changes.length === 0) return undefined;
    const edit = new vscode.WorkspaceEdit();
    for (const { start, end, text } of changes) {
      edit.replace(document.uri, new vscode.Range(start.line, start.character, end.line, end.character), text);
    }
    return edit;
  }

  private renamed({ oldUri, newUri }: { oldUri: vscode.Uri; newUri: vscode.Uri }): void {
    const { path } = this.target.document.uri;
    if (path !== oldUri.path && !path.startsWith(`${oldUri.path}/`)) return;
    const uri = newUri.with({ path: newUri.path + path.slice(oldUri.path.length) }).toString();
    const opened = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri);
    if (opened) this.moveTo(opened);
  }

  /** The file is another document now; its text is the same. */
  private moveTo(opened: vscode.TextDocument): void {
    if (opened.getText() !== this.target.document.getText()) return;
    this.target.dispose();
    this.target = new DocumentTarget(opened);
    this.insertion.moveTo(this.target);
  }
}
