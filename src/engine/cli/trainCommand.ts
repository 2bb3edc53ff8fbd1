/** `inkling train`: from text files to a model file. */
import * as path from 'node:path';
import { languageOfBase } from '../../common/bases';
import { InklingError } from '../../common/errors';
import type { ObjectiveKind, TrainingConfig } from '../../common/trainingConfig';
import type { TrainEvent } from '../../common/trainEvents';
import { withCompute } from '../backends';
import type { Compute } from '../backends/backend';
import { readProse } from '../corpus/readTextFile';
import type { StoredLanguageModel } from '../model/modelFile';
import { accuraciesOf } from '../model/modelSummary';
import { hashTexts } from '../corpus/corpus';
import { chooseAutomatically } from '../recipes/automatic';
import { recipeFor } from '../recipes/recipes';
import { openFileRun, type FileRun } from '../training/fileRun';
import { checkpointPath, readForResume } from '../training/resume';
import { computeRequest } from './backendOption';
import { duration, ProgressPrinter } from './progressPrinter';
import { checkOutFile, checkSameTexts, checkUnfinished, type OutFile } from './outFile';
import { output, say } from './output';
import { shellWord } from './shellWord';
import { adjusted, runSettings, type RunSettings } from './runSettings';
import { onStopSignals } from './stopSignals';
import { choiceOption, commonOptions, numberOption, parse, repeatable, switches, UsageError, valued } from './usage';

const options = {
  ...commonOptions,
  ...valued(
    'encoding',
    'recipe',
    'objective',
    'minutes',
    'max-seconds',
    'epochs',
    'more-epochs',
    'max-steps',
    'seed',
    'out',
    'resume',
    'base',
    'weights',
    'memory',
    'title',
  ),
  ...repeatable('set'),
  ...switches('overwrite'),
};

interface TrainArguments extends RunSettings {
  files: string[];
  encoding?: string;
  recipe?: string;
  objective?: ObjectiveKind;
  minutes?: number;
  /** The budget applies to the further training. */
  further: boolean;
  out: string;
  overwrite: boolean;
  resume?: string;
  /** `auto`, `none`, or the language of the base model to start from. */
  base?: string;
  /** File of the first weights. */
  weights?: string;
  title?: string;
}

export async function trainCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, options);
  const wanted = readArguments(values, positionals);
  const { files, resume, weights } = wanted;
  const outFile = await checkOutFile(wanted.out, {
    inputs: weights === undefined ? files : [...files, weights],
    beside: [checkpointPath('')],
    continued: resume === undefined ? [] : [resume, checkpointPath(resume)],
  });
  let run: FileRun | undefined;
  let hasLearned = false;
  const endOfSignals = onStopSignals((count) => {
    // An untrained model must not replace an earlier one.
    if (!run || !hasLearned) {
      say('Stopped before it had learned anything; nothing was written.');
      process.exit(130);
    }
    run.trainer.stop({ evaluate: count === 1 });
    if (count === 1) {
      say(`Stopping: what was learned is evaluated and written to ${outFile.path}. Ctrl-C again skips the evaluation.`);
    } else if (count === 2) say(`Writing ${outFile.path} without the last evaluation.`);
  });
  try {
    await withCompute({ ...computeRequest(values), required: true }, async (compute) => {
      const printer = new ProgressPrinter(output);
      const show = (event: TrainEvent): void => {
        hasLearned ||= event.event === 'progress';
        if (values.json) output.json(event);
        else printer.show(event);
      };
      run = await openRun(wanted, outFile, compute, show);
      const model = await run.run();
      if (!values.json) output.line(summary(outFile.path, model));
    });
  } finally {
    endOfSignals();
  }
}

function readArguments(values: ReturnType<typeof parse<typeof options>>['values'], files: string[]): TrainArguments {
  if (files.length === 0) throw new UsageError('Name a text file to train on: inkling train <files…>.');
  // Its end, which is held out, would be learned from its other copy.
  const twice = files.find((file, i) => files.findIndex((other) => path.resolve(other) === path.resolve(file)) < i);
  if (twice !== undefined) throw new UsageError(`${twice} is named twice. Name each text once.`);
  const minutes = numberOption('minutes', values.minutes, { low: 0.01, high: 1e6 });
  const maxSeconds = numberOption('max-seconds', values['max-seconds'], { low: 0.1, high: 1e8 });
  const epochs = numberOption('epochs', values.epochs, { low: 1, whole: true });
  const maxSteps = numberOption('max-steps', values['max-steps'], { low: 1, whole: true });
  const moreEpochs = numberOption('more-epochs', values['more-epochs'], { low: 1, whole: true });
  if (moreEpochs !== undefined && values.resume === undefined) {
    throw new UsageError('--more-epochs continues a model: name it with --resume, or give --epochs.');
  }
  const limits = [minutes, maxSeconds, epochs, moreEpochs, maxSteps].filter((limit) => limit !== undefined);
  if (limits.length > 1) {
    throw new UsageError('Give one of --minutes, --max-seconds, --epochs, --more-epochs and --max-steps.');
  }
  if ([values.weights, values.base, values.resume].filter((from) => from !== undefined).length > 1) {
    throw new UsageError('The first weights come from one place: give one of --weights, --base and --resume.');
  }
  for (const name of ['weights', 'resume'] as const) {
    const language = languageOfBase(values[name] ?? '');
    if (language !== undefined) {
      throw new UsageError(`--${name} takes a file. To start from ${values[name]}, use --base ${language}.`);
    }
  }
  const objective = choiceOption('objective', values.objective, ['every-step', 'last-step']);
  if (objective === 'last-step' && values.recipe === undefined && values.resume === undefined) {
    throw new UsageError(
      'Without a recipe, training is every-step. For last-step training, name a recipe with --recipe.',
    );
  }
  const seconds = maxSeconds ?? (minutes === undefined ? undefined : minutes * 60);
  return {
    files,
    encoding: values.encoding,
    recipe: values.recipe,
    objective,
    minutes: seconds === undefined ? undefined : seconds / 60,
    ...runSettings(values, { maxSeconds: seconds, epochs: epochs ?? moreEpochs, maxSteps }),
    further: moreEpochs !== undefined,
    out: values.out ?? `${path.parse(files[0]).name}.inkling.safetensors`,
    overwrite: values.overwrite ?? false,
    resume: values.resume,
    base: values.base && (languageOfBase(values.base) ?? values.base),
    weights: values.weights,
    title: values.title,
  };
}

async function openRun(
  wanted: TrainArguments,
  outFile: OutFile,
  compute: Compute,
  onEvent: (event: TrainEvent) => void,
): Promise<FileRun> {
  const texts = await Promise.all(wanted.files.map((file) => readProse(file, path.basename(file), wanted)));
  if (!wanted.overwrite) {
    checkSameTexts(outFile, (model) =>
      model.kind === 'language-model' ? hashTexts(texts, model.config.text) : undefined,
    );
  }
  const resume = wanted.resume === undefined ? undefined : await readForResume(wanted.resume);
  if (!wanted.overwrite) await checkUnfinished(outFile.path, resume?.model.provenance.created);
  const { title, weights } = wanted;
  const common = { texts, compute, modelPath: outFile.path, title, weights, onEvent };
  const adjust = (config: TrainingConfig): TrainingConfig => adjusted(config, wanted);
  if (resume !== undefined) {
    const config = adjust(storedConfig(resume.model, wanted));
    return openFileRun({ ...common, resume, further: wanted.further, config });
  }
  if (wanted.recipe !== undefined && wanted.base !== undefined && wanted.base !== 'none') {
    throw new UsageError('A recipe starts from random weights: omit --base or --recipe.');
  }
  if (wanted.recipe !== undefined) {
    return openFileRun({ ...common, config: adjust(recipeFor(wanted.recipe, wanted.objective)) });
  }
  const { config, base, corpus, reasons, expectedSeconds } = await chooseAutomatically({
    texts,
    compute,
    base: wanted.base ?? (weights === undefined ? 'auto' : 'none'),
    // A budget of steps or epochs is among the settings.
    minutes: wanted.budget && wanted.minutes === undefined ? undefined : (wanted.minutes ?? 1),
    adjust,
  });
  return openFileRun({ ...common, config, base: base?.model, corpus, reasons, expectedSeconds });
}

/** The settings of a model that is trained further. Throws if the arguments ask for different ones. */
function storedConfig(model: StoredLanguageModel, wanted: TrainArguments): TrainingConfig {
  const { config } = model;
  if (wanted.recipe !== undefined && wanted.recipe !== config.recipe) {
    throw new InklingError(
      'incompatibleModel',
      `"${model.title}" was trained with the recipe ${config.recipe}: omit --recipe, or start a new model without --resume.`,
    );
  }
  if (wanted.objective !== undefined && wanted.objective !== config.objective.kind) {
    throw new InklingError(
      'incompatibleModel',
      `"${model.title}" is trained ${config.objective.kind}: omit --objective, or start a new model without --resume.`,
    );
  }
  return config;
}

/** The result of a run in two lines. */
export function summary(file: string, { results, config, provenance, history }: StoredLanguageModel): string {
  const { train, heldOut: heldOutAccuracy } = accuraciesOf(history);
  const accuracy = (share: number | null): string => (share === null ? '' : `, accuracy ${share.toFixed(4)}`);
  const heldOut =
    results.heldOutLoss === null
      ? ''
      : `, held-out loss ${results.heldOutLoss.toFixed(4)} nats` +
        (results.heldOutBitsPerCharacter === null
          ? ''
          : ` (${results.heldOutBitsPerCharacter.toFixed(3)} bits per character)`) +
        accuracy(heldOutAccuracy) +
        (results.heldOutNetworkLoss === undefined
          ? ''
          : `, network alone ${results.heldOutNetworkLoss.toFixed(4)} nats`);
  const loss =
    results.trainLoss === null
      ? ', training loss not measured (the divergence guard discarded the last epoch)'
      : `, training loss ${results.trainLoss.toFixed(4)}${accuracy(train)}`;
  const base = config.base === undefined ? '' : `, base ${config.base}`;
  return (
    `${file}: ${results.steps} steps in ${duration(results.seconds)}${loss}${heldOut}${base}, seed ${provenance.seed}\n` +
    `write with it: inkling sample ${shellWord(file)} --prompt "…" --temperature 0.7`
  );
}
