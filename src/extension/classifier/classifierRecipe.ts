/** The recipe of the spam detector: one of its six variants, started as it is or with other settings. */
import * as vscode from 'vscode';
import { spamRecipeSettings, type ClassifierVariant } from '../../common/classifierProtocol';
import { chosenSeed } from '../configuration';
import type { ClassifierChoice } from './classifierTraining';
import { showList } from '../messages';

/** Whether to start a recipe as it is or to change its settings, or one of `more`; undefined if the user cancels. */
export async function askStartOrEdit<More extends string = never>(
  title: string,
  more: (vscode.QuickPickItem & { answer: More })[] = [],
): Promise<'start' | 'edit' | More | undefined> {
  const items = [
    { label: vscode.l10n.t('Start'), iconPath: new vscode.ThemeIcon('play'), answer: 'start' as const },
    {
      label: vscode.l10n.t('Edit Settings…'),
      iconPath: new vscode.ThemeIcon('settings-gear'),
      detail: vscode.l10n.t('Epochs and seed first, then every other setting'),
      answer: 'edit' as const,
    },
    ...more,
  ];
  return (await showList(items, { title, ignoreFocusOut: true }))?.answer;
}

/** What can be changed, and the values to choose from. */
const editable = {
  epochs: { low: 1, high: 1000, whole: true },
  seed: { low: 0, high: 2 ** 32 - 1, whole: true },
  units: { low: 1, high: 1024, whole: true },
  dropout: { low: 0, high: 0.95, whole: false },
  batch: { low: 1, high: 4096, whole: true },
  learningRate: { low: 1e-6, high: 1, whole: false },
  maximumTokens: { low: 1, high: 2000, whole: true },
} as const;
type Editable = keyof typeof editable;

type Settings = Record<Editable, number> & { lengths: 'padded' | 'ragged' };

/** Lets the user start a variant, or change settings until they start or cancel (undefined). */
export async function startOrEditClassifier(variant: ClassifierVariant): Promise<ClassifierChoice | undefined> {
  const title = `sms-spam, ${variant}`;
  const answer = await askStartOrEdit(title);
  if (answer === undefined) return undefined;
  const settings: Settings = { ...spamRecipeSettings, units: 64, dropout: 0.3, seed: chosenSeed() ?? 42 };
  if (answer === 'edit' && !(await edit(settings, title))) return undefined;
  return { settings: { ...spamRecipeSettings, variant, ...settings } };
}

/** Changes `settings` until the user starts (true) or cancels. */
async function edit(settings: Settings, title: string): Promise<boolean> {
  const names = Object.keys(editable) as Editable[];
  for (;;) {
    const item = await showList(
      [
        { label: vscode.l10n.t('Start training'), iconPath: new vscode.ThemeIcon('play'), name: 'start' as const },
        ...[...names, 'lengths' as const].map((name) => ({ label: name, description: String(settings[name]), name })),
      ],
      { title, ignoreFocusOut: true, matchOnDescription: true },
    );
    if (!item) return false;
    if (item.name === 'start') return true;
    if (item.name === 'lengths') settings.lengths = settings.lengths === 'padded' ? 'ragged' : 'padded';
    else await ask(settings, item.name);
  }
}

async function ask(settings: Settings, name: Editable): Promise<void> {
  const { low, high, whole } = editable[name];
  const isFine = (typed: string): boolean => {
    const value = typed.trim() === '' ? NaN : Number(typed);
    return value >= low && value <= high && (!whole || Number.isInteger(value));
  };
  const typed = await vscode.window.showInputBox({
    title: name,
    value: String(settings[name]),
    ignoreFocusOut: true,
    validateInput: (text) =>
      isFine(text)
        ? undefined
        : whole
          ? vscode.l10n.t('Enter a whole number from {0} to {1}.', low, high)
          : vscode.l10n.t('Enter a number from {0} to {1}.', low, high),
  });
  if (typed !== undefined && isFine(typed)) settings[name] = Number(typed);
}
