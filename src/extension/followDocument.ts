/** What becomes of a document that something is kept about: it moves on as another one, or closes for good. */
import * as vscode from 'vscode';

export interface Followers {
  /** Its file was renamed, or it was saved for the first time: from now on it is `opened`, with the same text. */
  moved(opened: vscode.TextDocument): void;
  closed(): void;
}

export function followDocument(document: vscode.TextDocument, followers: Followers): vscode.Disposable {
  // A document that moves closes first, and only then is it known as what it opened again.
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
    // Reported of a document that only gets another language, too.
    vscode.workspace.onDidCloseTextDocument((closed) => {
      if (closed === document && document.isClosed && !isMoving) followers.closed();
    }),
  );
}

/** Whether a resource is `other` or lies in it. */
export function isWithin(uri: vscode.Uri, other: vscode.Uri): boolean {
  return uri.toString() === other.toString() || uri.toString().startsWith(`${other.toString()}/`);
}
