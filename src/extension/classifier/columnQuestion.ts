/** Asks what the columns and labels of a table mean if that is ambiguous. */
import * as vscode from 'vscode';
import type { LabelledColumns } from '../../common/classifierProtocol';
import { showList, showTexts } from '../messages';

/**
 * The columns to read, and the label that means spam; undefined if the user cancelled. Asks nothing if the table is
 * unambiguous.
 */
export async function askForColumns(
  name: string,
  found: LabelledColumns | null,
): Promise<{ label?: string; text?: string; spam?: string } | undefined> {
  if (!found?.doubtful) return found?.bareLabels ? askForSpam(name, found.bareLabels) : {};
  const label = await ask(vscode.l10n.t('Which column of {0} holds the labels?', name), found.columns, found.label);
  if (label === undefined) return undefined;
  const others = found.columns.filter((column) => column !== label);
  const text = await ask(vscode.l10n.t('Which column of {0} holds the texts?', name), others, found.text);
  return text === undefined ? undefined : { label, text };
}

async function askForSpam(name: string, labels: string[]): Promise<{ spam?: string } | undefined> {
  const items = [
    ...labels.map((label) => ({ label, spam: label })),
    { label: vscode.l10n.t('Neither: keep both labels as they are'), spam: undefined },
  ];
  const chosen = await showList(items, {
    title: vscode.l10n.t('Which label of {0} means spam?', name),
  });
  return chosen && (chosen.spam === undefined ? {} : { spam: chosen.spam });
}

async function ask(title: string, columns: string[], likely: string | undefined): Promise<string | undefined> {
  const order = [...columns].sort((a, b) => Number(b === likely) - Number(a === likely));
  return showTexts(order, { title });
}
