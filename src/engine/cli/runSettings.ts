/** The settings of a run that `train` and `job` take from their arguments in the same way. */
import type { BudgetConfig, TrainingConfig } from '../../common/trainingConfig';
import { setPath } from '../../common/trainingConfigRules';
import { choiceOption, numberOption, settingsOption } from './usage';

export interface RunSettings {
  seed?: number;
  budget?: BudgetConfig;
  settings: [path: string, value: string][];
}

/** The options `--seed`, `--memory` and `--set` beside a budget. Throws `UsageError` for invalid values. */
export function runSettings(
  values: { seed?: string; memory?: string; set?: string[] },
  budget: BudgetConfig,
): RunSettings {
  const settings = settingsOption(values.set);
  const memory = choiceOption('memory', values.memory, ['on', 'off']);
  if (memory) settings.push(['memory', memory]);
  const bounds = Object.entries(budget).filter(([, bound]) => bound !== undefined);
  return {
    seed: numberOption('seed', values.seed, { low: 0, high: 2 ** 32 - 1, whole: true }),
    budget: bounds.length > 0 ? Object.fromEntries(bounds) : undefined,
    settings,
  };
}

/** A config with these settings in place of its own. */
export function adjusted(config: TrainingConfig, { seed, budget, settings }: RunSettings): TrainingConfig {
  let result: TrainingConfig = { ...config, seed: seed ?? config.seed, budget: budget ?? config.budget };
  // If a time is given, the learning rate decays within it.
  if (budget?.maxSeconds !== undefined && result.schedule.kind === 'cosine') {
    result.schedule = { ...result.schedule, epochs: undefined };
  }
  for (const [setting, value] of settings) result = setPath(result, setting, value);
  return result;
}
