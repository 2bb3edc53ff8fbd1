/** `inkling job`: a training run as a folder for PyTorch (`exchange/jobs/writeJob.ts`). */
import * as path from 'node:path';
import { languageOfBase } from '../../common/bases';
import type { TrainingConfig } from '../../common/trainingConfig';
import { validateConfig } from '../../common/trainingConfigRules';
import { writeAutomaticJob, writeJob } from '../exchange/jobs/writeJob';
import { recipeFor } from '../recipes/recipes';
import { output, say } from './output';
import { adjusted, runSettings, type RunSettings } from './runSettings';
import { onStopSignals } from './stopSignals';
import { choiceOption, commonOptions, numberOption, parse, repeatable, UsageError, valued } from './usage';

const options = {
  json: commonOptions.json,
  verbose: commonOptions.verbose,
  ...valued(
    'encoding',
    'out',
    'recipe',
    'objective',
    'epochs',
    'max-steps',
    'max-seconds',
    'seed',
    'memory',
    'weights',
    'title',
  ),
  ...repeatable('set'),
};

export async function jobCommand(args: string[]): Promise<void> {
  const { values, positionals: files } = parse(args, options);
  if (files.length === 0) throw new UsageError('Name a text file to train on: inkling job <files…> --out FOLDER.');
  if (!values.out) throw new UsageError('Name a new folder for the job with --out.');
  if (languageOfBase(values.weights ?? '') !== undefined) {
    throw new UsageError('A job does not start from a base model. Omit --weights, or name a safetensors file.');
  }
  const settings = readSettings(values);
  const adjust = (config: TrainingConfig): TrainingConfig => adjusted(config, settings);
  const objective = choiceOption('objective', values.objective, ['every-step', 'last-step']);
  const request = {
    sources: files.map((file) => ({ name: path.basename(file), path: file, encoding: values.encoding })),
    folder: values.out,
    title: values.title,
    weights: values.weights,
    reading: { onNotice: say },
  };
  const { recipe } = values;
  const endOfSignals = onStopSignals(() => {
    say('Stopped; no job was written.');
    process.exit(130);
  });
  const job =
    recipe === undefined
      ? await writeAutomaticJob(request, adjust)
      : await writeJob({
          ...request,
          draft: () => validateConfig(adjust(recipeFor(recipe, objective))),
          choose: (config) => ({ config, reasons: [] }),
        });
  endOfSignals();
  const { vocabulary, config, stepsPerEpoch, parameters, tokens, shards } = job;
  if (values.json) {
    output.json({ folder: values.out, config, stepsPerEpoch, parameters, tokens, vocabulary: vocabulary.size, shards });
    return;
  }
  output.line(
    `${values.out}: ${tokens} ${config.text.unit}s, ${vocabulary.size} different ones, ${parameters} parameters, ${stepsPerEpoch} steps per epoch\n` +
      `copy it to the machine that trains, then: pip install -r requirements.txt && python train.py`,
  );
}

function readSettings(values: ReturnType<typeof parse<typeof options>>['values']): RunSettings {
  const epochs = numberOption('epochs', values.epochs, { low: 1, whole: true });
  const maxSteps = numberOption('max-steps', values['max-steps'], { low: 1, whole: true });
  const maxSeconds = numberOption('max-seconds', values['max-seconds'], { low: 0.1, high: 1e8 });
  const limits = [epochs, maxSteps, maxSeconds].filter((limit) => limit !== undefined);
  if (limits.length > 1) throw new UsageError('Give one of --epochs, --max-steps and --max-seconds.');
  return runSettings(values, { epochs, maxSteps, maxSeconds });
}
