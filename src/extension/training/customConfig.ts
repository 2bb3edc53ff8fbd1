/** The custom choice: every setting of a run in one list; picking one asks for its value, checked while it is typed. */
import * as vscode from 'vscode';
import { asInklingError, InklingError } from '../../common/errors';
import type { TrainingConfig } from '../../common/trainingConfig';
import { configProblems, setPath } from '../../common/trainingConfigRules';
import { configEntries } from './configEntries';
import { showList } from '../messages';

/** Lets the user change `config` until they start or cancel (undefined); `showLayers` shows what it describes. */
export async function editConfig(
  config: TrainingConfig,
  showLayers: (config: TrainingConfig) => Promise<void>,
): Promise<TrainingConfig | undefined> {
  let current = config;
  for (;;) {
    const chosen = await chooseEntry(current);
    if (chosen === undefined) return undefined;
    if (chosen === 'start') return current;
    if (chosen === 'layers') {
      await showLayers(current);
      continue;
    }
    const edited = chosen === 'other' ? await editOther(current) : await editEntry(current, chosen.path, chosen.value);
    if (edited) current = edited;
  }
}

/** The entry that shows the layers of the settings. */
export function layersItem(): vscode.QuickPickItem {
  return {
    label: vscode.l10n.t('Show Layers'),
    iconPath: new vscode.ThemeIcon('list-tree'),
    detail: vscode.l10n.t('Output shape and parameters of each layer, and the first example'),
  };
}

type Chosen = 'start' | 'layers' | 'other' | { path: string; value: string } | undefined;

async function chooseEntry(config: TrainingConfig): Promise<Chosen> {
  const problems = configProblems(config);
  const start = {
    label: vscode.l10n.t('Start training'),
    iconPath: new vscode.ThemeIcon('play'),
    detail: problems.map(({ message }) => message).join(' ') || undefined,
    chosen: 'start' as const,
  };
  const layers = { ...layersItem(), chosen: 'layers' as const };
  // What a recipe is changed in most often comes first.
  const isFirst = ({ path }: { path: string }): boolean => path === 'seed' || path.startsWith('budget.');
  const all = configEntries(config);
  const ordered = [...all.filter(isFirst).reverse(), ...all.filter((entry) => !isFirst(entry))];
  const entries = ordered.map((entry) => ({
    label: entry.path,
    description: entry.value,
    detail: problems.find((problem) => problem.path === entry.path)?.message,
    chosen: { path: entry.path, value: entry.value },
  }));
  const other = {
    label: vscode.l10n.t('Another setting…'),
    iconPath: new vscode.ThemeIcon('add'),
    detail: vscode.l10n.t('A setting that is not in the list: another layer, early stopping, warm-up'),
    chosen: 'other' as const,
  };
  const item = await showList([start, layers, ...entries, other], {
    title: vscode.l10n.t('Custom training'),
    placeHolder: vscode.l10n.t('Choose a setting to change, or start training'),
    matchOnDescription: true,
    ignoreFocusOut: true,
  });
  if (item?.chosen !== 'start' || problems.length === 0) return item?.chosen;
  // Settings that do not fit together: lead to the first of them instead of starting.
  const [{ path }] = problems;
  const value = configEntries(config).find((entry) => entry.path === path)?.value ?? '';
  return { path, value };
}

function editEntry(config: TrainingConfig, path: string, value: string): Promise<TrainingConfig | undefined> {
  return ask({ title: path, value }, (typed) => setPath(config, path, typed));
}

/** Asks for `path=value`, as the command line's `--set` takes it. */
function editOther(config: TrainingConfig): Promise<TrainingConfig | undefined> {
  return ask({ placeHolder: 'network.layers.1.units=128' }, (typed) => {
    const equals = typed.indexOf('=');
    if (equals < 1)
      throw new InklingError('invalidInput', vscode.l10n.t('Enter path=value, for example earlyStopping.patience=3.'));
    return setPath(config, typed.slice(0, equals).trim(), typed.slice(equals + 1).trim());
  });
}

/** An input box that stays until `read` accepts what was typed, and shows why it does not. */
async function ask(
  options: vscode.InputBoxOptions,
  read: (typed: string) => TrainingConfig,
): Promise<TrainingConfig | undefined> {
  const problem = (typed: string): string | undefined => {
    try {
      read(typed);
      return undefined;
    } catch (error) {
      return asInklingError(error).message;
    }
  };
  const typed = await vscode.window.showInputBox({ ...options, ignoreFocusOut: true, validateInput: problem });
  return typed === undefined || problem(typed) ? undefined : read(typed);
}
