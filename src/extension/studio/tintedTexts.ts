/** New documents in which passages are tinted, until they are changed: the wall as a text, for a large font. */
import * as vscode from 'vscode';
import type { TintRange } from '../../common/tint';
import { Disposables } from '../dispose';

/** The strongest is underlined as well, so that it can be recognised without its colour. */
const lines: readonly (string | undefined)[] = [undefined, undefined, undefined, 'underline dotted'];

export class TintedTexts extends Disposables {
  private readonly tints = new Map<vscode.TextDocument, readonly TintRange[]>();
  private readonly decorations = lines.map((textDecoration, i) =>
    this.add(
      vscode.window.createTextEditorDecorationType({
        backgroundColor: new vscode.ThemeColor(`inkling.surprise${i + 1}`),
        textDecoration,
        rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
      }),
    ),
  );

  constructor() {
    super();
    this.add(vscode.window.onDidChangeVisibleTextEditors(() => this.draw()));
    this.add(
      // Without changes, the event only says that the document has become dirty.
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0 && this.tints.delete(document)) this.draw();
      }),
    );
    this.add(vscode.workspace.onDidCloseTextDocument((document) => this.tints.delete(document)));
  }

  /** Opens a Markdown document with this text; offsets in UTF-16 units, tints from 1 to 4. */
  async open(content: string, tints: readonly TintRange[]): Promise<void> {
    const document = await vscode.workspace.openTextDocument({ language: 'markdown', content });
    this.tints.set(document, tints);
    await vscode.window.showTextDocument(document);
    this.draw();
  }

  /** What is tinted in a document, by step. For tests. */
  shown(document: vscode.TextDocument): vscode.Range[][] {
    const tints = this.tints.get(document) ?? [];
    return this.decorations.map((_, i) =>
      tints
        .filter(({ tint }) => tint === i + 1)
        .map(({ start, end }) => new vscode.Range(document.positionAt(start), document.positionAt(end))),
    );
  }

  private draw(): void {
    for (const editor of vscode.window.visibleTextEditors) {
      const shown = this.shown(editor.document);
      this.decorations.forEach((decoration, i) => editor.setDecorations(decoration, shown[i]));
    }
  }
}
