/** `inkling job`: a training run as a folder for PyTorch (`exchange/jobs/writeJob.ts`). */
import * as path from 'node:path';
import type { BudgetConfig, TrainingConfig } from '../../common/trainingConfig';
import { setPath, validateConfig } from '../../common/trainingConfigRules';
import { writeAutomaticJob, writeJob } from '../exchange/jobs/writeJob';
import { recipeFor } from '../recipes/recipes';
import { output, say } from './output';
import { choiceOption, commonOptions, encodingOption, numberOption, parse, settingsOption, UsageError } from './usage';

const options = {
  json: commonOptions.json,
  verbose: commonOptions.verbose,
  ...encodingOption,
  out: { type: 'string' },
  recipe: { type: 'string' },
  objective: { type: 'string' },
  epochs: { type: 'string' },
  'max-steps': { type: 'string' },
  'max-seconds': { type: 'string' },
  seed: { type: 'string' },
  memory: { type: 'string' },
  weights: { type: 'string' },
  set: { type: 'string', multiple: true },
  title: { type: 'string' },
} as const;

export async function jobCommand(args: string[]): Promise<void> {
  const { values, positionals: files } = parse(args, options);
  if (files.length === 0) throw new UsageError('Name a text file to train on: inkling job <files…> --out FOLDER.');
  if (!values.out) throw new UsageError('Name a new folder for the job with --out.');
  const adjust = adjustment(values);
  const objective = choiceOption('objective', values.objective, ['every-step', 'last-step']);
  const request = {
    sources: files.map((file) => ({ name: path.basename(file), path: file, encoding: values.encoding })),
    folder: values.out,
    title: values.title,
    weights: values.weights,
    reading: { onNotice: say },
  };
  const { recipe } = values;
  const job =
    recipe === undefined
      ? await writeAutomaticJob(request, adjust)
      : await writeJob({
          ...request,
          draft: () => validateConfig(adjust(recipeFor(recipe, objective))),
          choose: (config) => ({ config, reasons: [] }),
        });
  const { vocabulary, config, stepsPerEpoch, parameters, tokens, shards } = job;
  if (values.json) {
    output.json({ folder: values.out, config, stepsPerEpoch, parameters, tokens, vocabulary: vocabulary.size, shards });
    return;
  }
  output.line(
    `${values.out}: ${tokens} ${config.text.unit}s, ${vocabulary.size} different ones, ${parameters} parameters, ${stepsPerEpoch} steps an epoch\n` +
      `copy it to the machine that trains, then: pip install -r requirements.txt && python train.py`,
  );
}

function adjustment(
  values: ReturnType<typeof parse<typeof options>>['values'],
): (config: TrainingConfig) => TrainingConfig {
  const epochs = numberOption('epochs', values.epochs, { low: 1, whole: true });
  const maxSteps = numberOption('max-steps', values['max-steps'], { low: 1, whole: true });
  const maxSeconds = numberOption('max-seconds', values['max-seconds'], { low: 0.1, high: 1e8 });
  const limits = [epochs, maxSteps, maxSeconds].filter((limit) => limit !== undefined);
  if (limits.length > 1) throw new UsageError('Give one of --epochs, --max-steps and --max-seconds.');
  const budget: BudgetConfig | undefined =
    limits.length === 0
      ? undefined
      : {
          ...(epochs !== undefined && { epochs }),
          ...(maxSteps !== undefined && { maxSteps }),
          ...(maxSeconds !== undefined && { maxSeconds }),
        };
  const seed = numberOption('seed', values.seed, { low: 0, high: 2 ** 32 - 1, whole: true });
  const memory = choiceOption('memory', values.memory, ['on', 'off']);
  const settings = settingsOption(values.set);
  return (config) =>
    settings.reduce((changed, [setting, value]) => setPath(changed, setting, value), {
      ...config,
      seed: seed ?? config.seed,
      budget: budget ?? config.budget,
      ...(memory && { memory }),
    });
}
