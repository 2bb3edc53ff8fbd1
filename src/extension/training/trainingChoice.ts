/**
 * The choice of how to train: one quick pick with time budgets, recipes and custom settings, each with what it would
 * do.
 */
import * as vscode from 'vscode';
import type { Estimate, Plan, TextSource, TrainRequest } from '../../common/engineProtocol';
import { classifierVariants } from '../../common/classifierProtocol';
import { formatDuration } from '../../common/formats';
import { languageName, say } from '../../common/l10n';
import type { TrainingConfig } from '../../common/trainingConfig';
import { askStartOrEdit, startOrEditClassifier } from '../classifier/classifierRecipe';
import { chosenSeed, engineChoice, setting } from '../configuration';
import type { EngineCaller } from '../engineHost/engineClient';
import { formatCount } from '../formatFigures';
import { withoutIcons } from '../plainText';
import { editConfig, layersItem } from './customConfig';
import { showLayers } from './layerList';
import { sortByFit, type OfferedRecipe } from './recipeOrder';

export type TrainingChoice = TrainRequest['config'];

/** The budgets to choose from. */
const budgets = [
  { label: vscode.l10n.t('Quick'), icon: 'zap', minutes: 1 },
  { label: vscode.l10n.t('Balanced'), icon: 'rocket', minutes: 5 },
  { label: vscode.l10n.t('Thorough'), icon: 'beaker', minutes: 30 },
];

interface ChoiceItem extends vscode.QuickPickItem {
  choose(): Promise<TrainingChoice | undefined>;
}

/**
 * Asks the user; undefined if they cancel. The list is shown immediately and filled with the engine's plans as they
 * arrive.
 */
export async function chooseTraining(
  engine: EngineCaller,
  sources: TextSource[],
  /** Where the first text came from; a recipe of a classifier reads it again. */
  uri?: string,
): Promise<TrainingChoice | undefined> {
  const seed = setting('training.seed');
  const memory = setting('model.memory');
  const base = setting('training.base');
  const minutesOf = budgets.map(({ minutes }) => minutes);
  const planned = engine.call('plan', { sources, minutes: minutesOf, base, ...engineChoice() });
  const recipes = {
    label: vscode.l10n.t('Recipe…'),
    iconPath: new vscode.ThemeIcon('book'),
    choose: () => chooseRecipe(engine, sources, uri),
  };
  const custom = {
    label: vscode.l10n.t('Custom…'),
    iconPath: new vscode.ThemeIcon('settings-gear'),
    choose: async () => {
      const plans = await planned;
      return editConfig({ ...plans[0].config, seed, memory }, (edited) => showLayers(engine, sources, edited));
    },
  };
  const rest: ChoiceItem[] = [
    { ...recipes, detail: vscode.l10n.t('The published networks of the course') },
    { ...custom, detail: vscode.l10n.t('Start from the quick plan and change any setting') },
  ];
  const items = (plans?: Plan[]): ChoiceItem[] => [
    ...budgets.map(({ label, icon, minutes }, i) => ({
      label,
      iconPath: new vscode.ThemeIcon(icon),
      description: plans ? describeTime(plans[i], minutes) : vscode.l10n.t('about {0} min', minutes),
      detail: plans && describePlan(plans[i]),
      choose: async () => {
        const plan = plans?.[i] ?? (await planned.catch(() => undefined))?.[i];
        if (plan) return { planned: { ...plan.config, seed, memory }, reasons: plan.reasons };
        return { auto: true as const, minutes, base, seed, memory };
      },
    })),
    ...rest,
  ];

  const pick = vscode.window.createQuickPick<ChoiceItem>();
  pick.title = vscode.l10n.t('Train for how long?');
  pick.placeholder = vscode.l10n.t('You can stop at any time and keep what it has learned');
  pick.ignoreFocusOut = true;
  pick.items = items();
  pick.busy = true;
  void planned
    .then((plans) => {
      const active = pick.activeItems[0]?.label;
      pick.items = items(plans);
      pick.activeItems = pick.items.filter((item) => item.label === active);
    })
    .catch(() => undefined) // whatever is chosen will report the same failure
    .finally(() => (pick.busy = false));
  return (await answerOf(pick))?.choose();
}

/** The recipes, each with its text, its network and its time on this text as they become known; the fitting ones first. */
async function chooseRecipe(
  engine: EngineCaller,
  sources: TextSource[],
  uri: string | undefined,
): Promise<TrainingChoice | undefined> {
  const recipes = await engine.call('recipes', {});
  const seed = chosenSeed();
  const offered = recipes.map(({ title, text, config }): RecipeItem => ({
    label: title,
    description: text,
    detail: ' ',
    text,
    choose: () => startOrEdit(engine, sources, { ...config, seed: seed ?? config.seed }),
  }));
  const classifiers: ChoiceItem[] = [
    { label: vscode.l10n.t('Classifiers'), kind: vscode.QuickPickItemKind.Separator, choose: async () => undefined },
    ...classifierVariants.map((variant) => ({
      label: vscode.l10n.t('SMS spam, {0}', variant),
      description: 'SMSSpamCollection',
      detail: vscode.l10n.t('Needs labelled lines: one example per line, with its label, a tab and the text'),
      choose: async () => {
        const file = uri === undefined ? undefined : vscode.Uri.parse(uri);
        const choice = await startOrEditClassifier(variant);
        if (choice) await vscode.commands.executeCommand('inkling.trainClassifier', file, undefined, choice);
        return undefined;
      },
    })),
  ];
  const pick = vscode.window.createQuickPick<ChoiceItem>();
  pick.title = vscode.l10n.t('Train with a recipe');
  pick.matchOnDescription = true;
  pick.ignoreFocusOut = true;
  // Sorted again as times arrive. The first row is active until the user moves to another one, which then stays active.
  const first = new Set<ChoiceItem>();
  const show = (): void => {
    const active = pick.activeItems;
    pick.items = [...sortByFit(offered, sources[0]?.name ?? ''), ...classifiers];
    pick.activeItems = active.every((item) => first.has(item)) ? pick.items.slice(0, 1) : active;
    first.add(pick.items[0]);
  };
  show();
  pick.busy = true;
  const left = new AbortController();
  const configs = recipes.map(({ config }) => config);
  void engine
    .call(
      'estimate',
      { sources, configs, ...engineChoice() },
      {
        signal: left.signal,
        onEvent: ({ index, estimate }) => {
          offered[index].estimate = estimate;
          offered[index].detail = withoutIcons(describe(estimate));
          show();
        },
      },
    )
    .catch(() => undefined) // the same failure will be shown by whatever is chosen
    .finally(() => (pick.busy = false));
  const chosen = await answerOf(pick);
  left.abort();
  return chosen?.choose();
}

interface RecipeItem extends ChoiceItem, OfferedRecipe {}

/** A recipe as it is, or with other settings. */
async function startOrEdit(
  engine: EngineCaller,
  sources: TextSource[],
  config: TrainingConfig,
): Promise<TrainingConfig | undefined> {
  const layers = (current: TrainingConfig): Promise<void> => showLayers(engine, sources, current);
  for (;;) {
    const answer = await askStartOrEdit(config.recipe, [{ ...layersItem(), answer: 'layers' as const }]);
    if (answer === undefined) return undefined;
    if (answer !== 'layers') return answer === 'start' ? config : editConfig(config, layers);
    await layers(config);
  }
}

function describe(estimate: Estimate): string {
  if ('problem' in estimate) return say(estimate.problem);
  const time = vscode.l10n.t('about {0}', formatDuration(estimate.seconds));
  return [`${estimate.network} · ${time}`, estimate.notice && say(estimate.notice)].filter(Boolean).join(' · ');
}

/** The user's choice; undefined if they cancel. */
async function answerOf<T extends vscode.QuickPickItem>(pick: vscode.QuickPick<T>): Promise<T | undefined> {
  const item = await new Promise<T | undefined>((resolve) => {
    pick.onDidAccept(() => resolve(pick.selectedItems[0]));
    pick.onDidHide(() => resolve(undefined));
    pick.show();
  });
  pick.dispose();
  return item;
}

/** A plan that ends well before its time is up has read so short a text often enough. */
function describeTime({ expectedSeconds }: Plan, minutes: number): string {
  const time = formatDuration(expectedSeconds);
  return expectedSeconds < 0.8 * 60 * minutes
    ? vscode.l10n.t('about {0}: a text this short gains nothing from more time', time)
    : vscode.l10n.t('about {0}', time);
}

/** "LSTM 1 × 256 from the base model of English · 412 k parameters". */
function describePlan({ summary, base, parameters }: Plan): string {
  const start = base === undefined ? '' : ` ${vscode.l10n.t('from the base model of {0}', languageName(base))}`;
  return `${summary}${start} · ${formatCount(parameters)} ${vscode.l10n.t('parameters')}`;
}
