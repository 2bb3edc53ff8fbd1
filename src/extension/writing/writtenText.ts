/** The text that was written last, followed through the changes of its document for as long as it can be removed. */
import * as vscode from 'vscode';
import { followDocument } from '../followDocument';
import { DocumentTarget, rangeOf } from './documentTarget';
import type { StreamingInsertion } from './streamingInsertion';

export class WrittenText {
  private followed: vscode.Disposable;

  /** `onMoved` is called when the document has become another one, or was closed. */
  constructor(
    private target: DocumentTarget,
    readonly insertion: StreamingInsertion,
    private readonly onMoved: () => void,
  ) {
    this.followed = this.follow();
  }

  get document(): vscode.TextDocument {
    return this.target.document;
  }

  /** The ranges that are still as they were written; none once the document was closed. */
  get ranges(): vscode.Range[] {
    return this.document.isClosed ? [] : this.insertion.written().map(rangeOf);
  }

  dispose(): void {
    for (const each of [this.followed, this.insertion, this.target]) each.dispose();
  }

  /** The edit that removes it; undefined if the user has changed all of it, or closed the document. */
  takenBack(): vscode.WorkspaceEdit | undefined {
    const { document } = this.target;
    const changes = document.isClosed ? [] : this.insertion.takenBack();
    if (changes.length === 0) return undefined;
    const edit = new vscode.WorkspaceEdit();
    for (const change of changes) edit.replace(document.uri, rangeOf(change), change.text);
    return edit;
  }

  private follow(): vscode.Disposable {
    return followDocument(this.target.document, {
      moved: (opened) => {
        this.followed.dispose();
        this.target.dispose();
        this.target = new DocumentTarget(opened);
        this.insertion.moveTo(this.target);
        this.followed = this.follow();
        this.onMoved();
      },
      closed: () => this.onMoved(),
    });
  }
}
