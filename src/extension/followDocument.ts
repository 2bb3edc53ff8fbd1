/** Follows a document that data is kept about: it continues as another document, or is closed for good. */
import * as vscode from 'vscode';

export interface Followers {
  /**
   * Its file was renamed, or it was saved for the first time: from now on `opened` is the document, with the same text.
   */
  moved(opened: vscode.TextDocument): void;
  closed(): void;
}

export function followDocument(document: vscode.TextDocument, followers: Followers): vscode.Disposable {
  // A document that moves is closed first; only then is the new one known.
  let isMoving = false;
  const move = (opened: vscode.TextDocument | undefined): void => {
    isMoving = false;
    if (opened?.getText() === document.getText()) followers.moved(opened);
    else if (document.isClosed) followers.closed();
  };
  return vscode.Disposable.from(
    vscode.workspace.onWillRenameFiles(({ files }) => {
      if (files.some(({ oldUri }) => isWithin(document.uri, oldUri))) isMoving = true;
    }),
    vscode.workspace.onDidRenameFiles(({ files }) => {
      const renamed = files.find(({ oldUri }) => isWithin(document.uri, oldUri));
      if (!renamed) return;
      const { oldUri, newUri } = renamed;
      const uri = newUri.with({ path: newUri.path + document.uri.path.slice(oldUri.path.length) }).toString();
      move(vscode.workspace.textDocuments.find((open) => open.uri.toString() === uri));
    }),
    vscode.workspace.onWillSaveTextDocument((event) => {
      if (event.document === document && document.isUntitled) isMoving = true;
    }),
    vscode.workspace.onDidSaveTextDocument((saved) => {
      if (document.isUntitled && !saved.isUntitled) move(saved);
    }),
    // Also reported for a document that only changes its language.
    vscode.workspace.onDidCloseTextDocument((closed) => {
      if (closed === document && document.isClosed && !isMoving) followers.closed();
    }),
  );
}

/** Whether a resource is `other` or inside it. */
export function isWithin(uri: vscode.Uri, other: vscode.Uri): boolean {
  return uri.toString() === other.toString() || uri.toString().startsWith(`${other.toString()}/`);
}
