/** Remembered writing in the Models view: one item with a passage below it for each entry of the journal. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { formatFixed, formatMoment } from '../../common/formats';
import { visibleLine } from '../plainText';
import type { Journal, Passage } from './journal';

/** The item above all passages. */
export class RememberedItem {
  constructor(readonly passages: readonly Passage[]) {}
}

const shownCharacters = 600;

export function rememberedItem(journal: Journal): RememberedItem | undefined {
  const passages = journal.all();
  return passages.length > 0 ? new RememberedItem(passages) : undefined;
}

export function treeItemOf(element: RememberedItem | Passage): vscode.TreeItem {
  return element instanceof RememberedItem ? itemOfAll(element.passages) : itemOfPassage(element);
}

function itemOfAll(passages: readonly Passage[]): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t('Remembered Writing'), vscode.TreeItemCollapsibleState.Collapsed);
  item.id = 'remembered';
  item.iconPath = new vscode.ThemeIcon('history');
  item.contextValue = 'remembered.all';
  const measured = passages.filter(({ bits }) => bits !== undefined);
  const weights = measured.map(({ added }) => charactersOf(added));
  const weight = weights.reduce((sum, each) => sum + each, 0);
  const mean = (which: 'without' | 'with'): number =>
    measured.reduce((sum, { bits }, i) => sum + bits![which] * weights[i], 0) / weight;
  item.description = [
    passages.length === 1 ? vscode.l10n.t('1 passage') : vscode.l10n.t('{0} passages', passages.length),
    weight > 0 ? bitsOf({ without: mean('without'), with: mean('with') }) : '',
  ]
    .filter((part) => part !== '')
    .join(' · ');
  item.tooltip = vscode.l10n.t(
    'What you wrote while inkling.writing.learn was "remember". The figures are bits per character of the passages for the model, without and with what was remembered of other documents.',
  );
  return item;
}

function itemOfPassage({ id, at, document, added, bits }: Passage): vscode.TreeItem {
  const item = new vscode.TreeItem(visibleLine(path.posix.basename(vscode.Uri.parse(document).path)));
  item.id = `remembered ${id}`;
  item.iconPath = new vscode.ThemeIcon('quote');
  item.contextValue = 'remembered.passage';
  item.description = [
    formatMoment(new Date(at).toISOString()),
    vscode.l10n.t('{0} characters', charactersOf(added)),
    bits ? bitsOf(bits) : '',
  ]
    .filter((part) => part !== '')
    .join(' · ');
  item.tooltip = added.join('\n').slice(0, shownCharacters);
  return item;
}

function bitsOf(bits: NonNullable<Passage['bits']>): string {
  return vscode.l10n.t('{0} → {1} bits', formatFixed(bits.without, 2), formatFixed(bits.with, 2));
}

function charactersOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length, 0);
}
