/** The commands of the surprise map: from one surprise to the next, and the list of the most surprising sentences. */
import * as vscode from 'vscode';
import { formatFixed } from '../../common/formats';
import { showInformation, showList } from '../messages';
import { passages, positionOf, textOf } from './mappedText';
import type { SurpriseMarks } from './surpriseMarks';
import { mostSurprising, sentencesOf, type SurprisingSentence } from './surprisingSentences';

const listedSentences = 50;
/** In characters; a longer label would push its description out of sight. */
const longestLabel = 60;

/** Moves the cursor to the next (or previous) strongly tinted word, and shows what was expected there. */
export async function goToSurprise(
  marks: SurpriseMarks,
  editor: vscode.TextEditor,
  direction: 'next' | 'previous',
): Promise<void> {
  const found = await marks.find(editor.document, editor.selection.active, direction);
  if (!found) {
    void showInformation(vscode.l10n.t('Nothing in this text surprised the model much.'));
    return;
  }
  editor.selection = new vscode.Selection(found.start, found.start);
  editor.revealRange(found, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  await vscode.commands.executeCommand('editor.action.showHover');
}

/** Lists the sentences with the highest mean surprise; the one in focus is shown in the text. */
export async function listSentences(marks: SurpriseMarks, editor: vscode.TextEditor): Promise<void> {
  const items = await surprisingSentences(marks, editor.document);
  if (items.length === 0) {
    void showInformation(vscode.l10n.t('There is no sentence here that is long enough to judge.'));
    return;
  }
  const before = editor.selection;
  const chosen = await showList(items, {
    title: vscode.l10n.t('Most Surprising Sentences'),
    placeHolder: vscode.l10n.t('The model expected the first one least. Choose one to go there.'),
    matchOnDescription: true,
    onDidSelectItem: (item) => select(editor, (item as PlaceItem).range),
  });
  if (chosen) {
    await vscode.window.showTextDocument(editor.document, { viewColumn: editor.viewColumn, selection: chosen.range });
  } else select(editor, before);
}

interface PlaceItem extends vscode.QuickPickItem {
  range: vscode.Range;
}

/** The most surprising sentences of a document, the first one expected least. Throws as `SurpriseMarks.complete`. */
export async function surprisingSentences(marks: SurpriseMarks, document: vscode.TextDocument): Promise<PlaceItem[]> {
  const map = await marks.complete(document);
  const all: SurprisingSentence[] = [];
  for (const part of map.parts) {
    const text = textOf(map, part);
    for (const { start, end } of passages(map, part)) {
      const passage = { start: start - part.base, end: end - part.base };
      for (const sentence of sentencesOf(text, passage, part.figures, part.skipped)) {
        all.push({ ...sentence, start: part.base + sentence.start, end: part.base + sentence.end });
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return mostSurprising(all, listedSentences).map(({ start, end, bits }) => {
    const range = new vscode.Range(positionOf(map, start), positionOf(map, end));
    const sentence = map.text.slice(start, end).replace(/\s+/g, ' ');
    return {
      label: sentence.length > longestLabel ? `${sentence.slice(0, longestLabel).trimEnd()}…` : sentence,
      description: vscode.l10n.t('line {0}, {1} bits per character', range.start.line + 1, formatFixed(bits, 1)),
      range,
    };
  });
}

function select(editor: vscode.TextEditor, range: vscode.Range): void {
  editor.selection = new vscode.Selection(range.start, range.end);
  editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
