/** Asks which columns of a labelled table to read where its header leaves that open. */
import * as vscode from 'vscode';
import type { LabelledColumns } from '../../common/classifierProtocol';

/** The columns to read; undefined when the user turned away. Nothing is asked where the header is clear. */
export async function askForColumns(
  name: string,
  found: LabelledColumns | null,
): Promise<{ label?: string; text?: string } | undefined> {
  if (!found?.doubtful) return {};
  const label = await ask(vscode.l10n.t('Which column of {0} holds the labels?', name), found.columns, found.label);
  if (label === undefined) return undefined;
  const others = found.columns.filter((column) => column !== label);
  const text = await ask(vscode.l10n.t('Which column of {0} holds the texts?', name), others, found.text);
  return text === undefined ? undefined : { label, text };
}

async function ask(title: string, columns: string[], likely: string | undefined): Promise<string | undefined> {
  const order = [...columns].sort((a, b) => Number(b === likely) - Number(a === likely));
  return vscode.window.showQuickPick(order, { title });
}
