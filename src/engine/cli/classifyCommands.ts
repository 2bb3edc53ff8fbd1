/** `inkling classify`, `train-classifier` and `evaluate`. */
import * as path from 'node:path';
import {
  classifierVariants,
  modelParts,
  type Baselines,
  type Certainty,
  type ClassificationReport,
  type ClassifierDoneEvent,
  type ClassifierEvent,
  type ClassifierRecord,
  type ClassifierSettings,
  type DataProblem,
  type Interval,
  type ThresholdRule,
  type Verdict,
} from '../../common/classifierProtocol';
import { formatPercent } from '../../common/formats';
import { findingSentences } from '../../common/contributions';
import { formatFigure, learningSentence, startSentence, unmeasured } from '../../common/confusionReport';
import { keptTitle, partTitle, untriedSentence } from '../../common/partTitles';
import { className, passageSentence, verdictSentence } from '../../common/verdictSentences';
import { InklingError } from '../../common/errors';
import { say as inWords } from '../../common/l10n';
import { Classifier, type ClassifierModel } from '../classification/classifier';
import { loadClassifier, storedClassifier } from '../classification/classifierFile';
import {
  hashExamples,
  joinLabelledData,
  readLabelledData,
  type BadRows,
  type LabelledData,
} from '../classification/labelledData';
import { modelFileOf } from '../bases/shippedBases';
import { detectorToStartFrom } from '../classification/shippedStart';
import type { Spread } from '../classification/metrics';
import {
  checkClassifierSettings,
  defaultClassifierSettings,
  recipeClassifierSettings,
  withGiven,
} from '../classification/settings';
import { crossValidate, evaluateClassifier, summarise, trainClassifier } from '../classification/trainClassifier';
import { shippedSpamModel, vectorsFor } from '../classification/vectorSource';
import { decodeText, type DecodedText, type DecodeOptions } from '../corpus/decodeText';
import { readTextFile } from '../corpus/readTextFile';
import { keepModel, movedNotice, versionOf } from '../model/keepModel';
import { checkWritable } from '../model/modelFile';
import { withBackend } from './backendOption';
import { checkOutFile, checkSameTexts } from './outFile';
import { output, say } from './output';
import { onStopSignals } from './stopSignals';
import { choiceOption, commonOptions, numberOption, parse, switches, UsageError, valued } from './usage';

const yesOrNo = ['on', 'off'] as const;

const trainOptions = {
  ...commonOptions,
  ...valued(
    'encoding',
    'model',
    'variant',
    'recipe',
    'seed',
    'epochs',
    'batch',
    'units',
    'layers',
    'direction',
    'weight-decay',
    'duplicates',
    'start',
    'dropout',
    'learning-rate',
    'lengths',
    'max-tokens',
    'vectors',
    'vector-file',
    'evidence',
    'class-weights',
    'held-out',
    'validation',
    'patience',
    'threshold',
    'calibration',
    'bad-rows',
    'label-column',
    'text-column',
    'positive',
    'folds',
    'out',
    'title',
  ),
  ...switches('overwrite'),
};

type TrainValues = ReturnType<typeof parse<typeof trainOptions>>['values'];

/** Trains on one or more labelled files or folders, writes the model file, and prints the report and the baselines. */
export async function trainClassifierCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, trainOptions);
  if (positionals.length === 0) throw new UsageError('Name a labelled file: inkling train-classifier <file>.');
  const settings = settingsFrom(values);
  const folds = numberOption('folds', values.folds, { low: 2, high: 100, whole: true });
  if (folds !== undefined && values.out !== undefined) {
    throw new UsageError('Folds are trained to be compared, not kept: omit --folds or --out.');
  }
  const vectorFile = values['vector-file'];
  const base = path.basename(positionals[0], path.extname(positionals[0]));
  const outFile =
    folds === undefined
      ? await checkOutFile(values.out ?? `${base}.inkling.safetensors`, {
          inputs: vectorFile === undefined ? positionals : [...positionals, vectorFile],
        })
      : undefined;
  const data = await readAll(positionals, settings.badRows, values);
  const textHash = hashExamples(data);
  if (outFile) {
    await checkWritable(outFile.path);
    if (!values.overwrite) checkSameTexts(outFile, ({ kind }) => (kind === 'classifier' ? textHash : undefined));
  }
  const vectors = await vectorsFor(settings, data);
  const [stop, skip, cancel] = [new AbortController(), new AbortController(), new AbortController()];
  let hasLearned = false;
  const endOfSignals = onStopSignals((count) => {
    stop.abort();
    if (!hasLearned) cancel.abort();
    if (!outFile || !hasLearned) return;
    if (count === 1) {
      say(`Stopping: what was learned is evaluated and written to ${outFile.path}. Ctrl-C again skips the evaluation.`);
    } else if (count === 2) {
      skip.abort();
      say(`Writing ${outFile.path} without the evaluation.`);
    }
  });
  try {
    await withBackend(values, async (backend) => {
      const task = { data, settings, vectors, backend, shipped: await detectorToStartFrom(settings, data) };
      if (!outFile) {
        const result = await crossValidate({ ...task, signal: stop.signal }, folds!);
        if (values.json) printJson({ event: 'folds', ...result });
        else printFolds(result, folds!);
        return;
      }
      const seen = await versionOf(outFile.path);
      const onEvent = (event: ClassifierEvent): void => {
        hasLearned ||= event.event === 'epoch';
        if (values.json) printJson(event);
        else printEvent(event);
      };
      const model = await trainClassifier({
        ...task,
        signal: cancel.signal,
        finish: stop.signal,
        skipReport: skip.signal,
        onEvent,
      });
      const moved = await keepModel(outFile.path, storedClassifier(model, values.title ?? base, textHash), seen);
      if (moved) say(movedNotice(outFile.path, moved));
      if (values.json) printJson(doneEvent(outFile.path, model, data.problems));
      else printResult(outFile.path, model);
    });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    throw new InklingError('cancelled', 'Stopped: no classifier was written. Fewer --epochs take less time.', {
      cause: error,
    });
  } finally {
    endOfSignals();
  }
}

const evaluateOptions = {
  ...commonOptions,
  ...valued('encoding', 'bad-rows', 'label-column', 'text-column', 'positive'),
};

/** The report of a model on a labelled file. */
export async function evaluateCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, evaluateOptions);
  const [modelName, ...files] = positionals;
  if (files.length === 0) throw new UsageError('Name a model and a labelled file: inkling evaluate <model> <file>.');
  const started = performance.now();
  await withClassifier(values, modelName, async (classifier, modelFile) => {
    const data = await readAll(files, badRowsOf(values) ?? 'refuse', values);
    const { report, baselines, certainty } = await evaluateClassifier(classifier, data, values.positive);
    if (!values.json) {
      for (const notice of data.notices) print(inWords(notice));
      printReport(report);
      printCertainty(certainty);
      printBaselines(baselines);
      return;
    }
    printJson({
      event: 'done',
      model: modelFile,
      ...summarise(report),
      confusion: report.confusion,
      certainty,
      baselines: summariseAll(baselines),
      seconds: (performance.now() - started) / 1000,
      threshold: classifier.model.record.threshold,
      problems: data.problems,
      notices: data.notices,
    });
  });
}

const classifyOptions = { ...commonOptions, ...valued('encoding'), ...switches('explain') };

/** The verdict on one text: a file, or standard input. The model `spam` is the one that comes with the program. */
export async function classifyCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, classifyOptions);
  const [modelName, file = '-'] = positionals;
  if (modelName === undefined || positionals.length > 2) {
    throw new UsageError('Name a model (or "spam", the built-in one) and a text: inkling classify <model> [file|-].');
  }
  const { text, notices } = file === '-' ? await readStandardInput(values) : await readTextFile(file, file, values);
  notices.forEach(say);
  if (text.trim() === '') throw new InklingError('invalidInput', 'The text is empty; there is nothing to classify.');
  await withClassifier(values, modelName, async (classifier) => {
    const verdict = await classifier.classify(text, { explain: values.explain === true || values.json === true });
    if (values.json) printJson(verdict);
    else printVerdict(verdict, text, classifier.model.record);
  });
}

async function withClassifier(
  values: { backend?: string; threads?: string; half?: boolean },
  modelName: string,
  use: (classifier: Classifier, file: string) => Promise<void>,
): Promise<void> {
  const file = modelName === 'spam' ? shippedSpamModel() : modelFileOf(modelName);
  const model = await loadClassifier(file);
  await withBackend(values, async (backend) => {
    const classifier = new Classifier(backend, model);
    try {
      await use(classifier, file);
    } finally {
      classifier.dispose();
    }
  });
}

async function readAll(
  files: string[],
  badRows: BadRows,
  values: { 'label-column'?: string; 'text-column'?: string; encoding?: string },
): Promise<LabelledData> {
  const wanted = { label: values['label-column'], text: values['text-column'] };
  return joinLabelledData(await Promise.all(files.map((file) => readLabelledData(file, badRows, wanted, values))));
}

function badRowsOf(values: { 'bad-rows'?: string }): BadRows | undefined {
  return choiceOption('bad-rows', values['bad-rows'], ['refuse', 'skip']);
}

function settingsFrom(values: TrainValues): ClassifierSettings {
  const recipe = choiceOption('recipe', values.recipe, ['sms-spam']);
  const variant = choiceOption('variant', values.variant, classifierVariants);
  const base =
    recipe === 'sms-spam'
      ? recipeClassifierSettings(variant ?? defaultClassifierSettings.variant)
      : defaultClassifierSettings;
  const whole = (name: keyof TrainValues): number | undefined =>
    numberOption(name, values[name] as string | undefined, { low: 0, whole: true });
  const real = (name: keyof TrainValues): number | undefined =>
    numberOption(name, values[name] as string | undefined, { low: 0 });
  const evidence = choiceOption('evidence', values.evidence, yesOrNo);
  const given: Partial<ClassifierSettings> = {
    model: choiceOption('model', values.model, ['auto', ...modelParts]),
    variant,
    seed: whole('seed'),
    epochs: whole('epochs'),
    batch: whole('batch'),
    units: whole('units'),
    layers: whole('layers'),
    direction: choiceOption('direction', values.direction, ['forwards', 'backwards']),
    weightDecay: real('weight-decay'),
    duplicates: choiceOption('duplicates', values.duplicates, ['remove', 'keep']),
    start: choiceOption('start', values.start, ['auto', 'none']),
    dropout: real('dropout'),
    learningRate: real('learning-rate'),
    lengths: choiceOption('lengths', values.lengths, ['padded', 'ragged']),
    maximumTokens: whole('max-tokens'),
    vectors: choiceOption('vectors', values.vectors, ['frozen', 'tuned', 'learned']),
    vectorFile: values['vector-file'],
    evidence: evidence && evidence === 'on',
    classWeights: choiceOption('class-weights', values['class-weights'], ['none', 'balanced']),
    heldOutFraction: real('held-out'),
    validationFraction: real('validation'),
    patience: whole('patience'),
    threshold: values.threshold === undefined ? undefined : thresholdRule(values.threshold),
    calibration: choiceOption('calibration', values.calibration, ['none', 'temperature', 'platt', 'isotonic']),
    badRows: badRowsOf(values),
    positive: values.positive,
  };
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const settings = withGiven(base, known as Partial<ClassifierSettings>);
  checkClassifierSettings(settings);
  return settings;
}

/** `max-f1`, `lost:0.3%` or a number. */
function thresholdRule(text: string): ThresholdRule {
  if (text === 'max-f1') return { kind: 'maximum-f1' };
  const lost = /^lost:(\d+(?:\.\d+)?)%$/.exec(text);
  if (lost) return { kind: 'maximum-lost', share: Number(lost[1]) / 100 };
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return { kind: 'fixed', value };
  throw new UsageError(`--threshold takes max-f1, lost:0.3% (good messages lost at most) or a number, not "${text}".`);
}

async function readStandardInput(options: DecodeOptions): Promise<DecodedText> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return decodeText(Buffer.concat(chunks), 'standard input', options);
}

function summariseAll({
  majority,
  naiveBayes,
  logisticRegression,
  averagedVectors,
}: Baselines): ClassifierDoneEvent['baselines'] {
  return {
    majority: summarise(majority),
    naiveBayes: summarise(naiveBayes),
    logisticRegression: summarise(logisticRegression),
    ...(averagedVectors && { averagedVectors: summarise(averagedVectors) }),
  };
}

function doneEvent(file: string, { record }: ClassifierModel, problems: DataProblem[]): ClassifierDoneEvent {
  const { report, baselines, kept, candidates } = record;
  return {
    event: 'done',
    model: file,
    ...summarise(report),
    confusion: report.confusion,
    ...(kept && { kept }),
    ...(candidates && {
      candidates: candidates.map(({ report: measured, ...rest }) => ({
        ...rest,
        ...(measured && summarise(measured)),
      })),
    }),
    baselines: summariseAll(baselines),
    seconds: record.seconds,
    threshold: record.threshold,
    duplicatesRemoved: record.duplicatesRemoved,
    problems,
  };
}

// What people read

const print = (line: string): void => output.line(line);
const printJson = (value: unknown): void => output.json(value);

const share = (x: number | null): string => (x === null ? 'not measured' : formatPercent(100 * x, 2));
const figure = (x: number | null): string => formatFigure(x, 4);

function printEvent(event: ClassifierEvent): void {
  if (event.event === 'start') {
    print(
      `${event.examples} examples of ${event.classes.join(', ')}: ${event.trainExamples} to learn from, ${event.heldOutExamples} held out`,
    );
    for (const notice of event.notices) print(inWords(notice));
    if (event.duplicatesRemoved > 0)
      print(`${event.duplicatesRemoved} duplicates left out of the held-out part, where each text counts once`);
    for (const problem of event.problems.slice(0, 10))
      print(`skipped ${problem.source}, line ${problem.line}: ${inWords(problem.reason)}`);
    if (event.problems.length > 10) print(`… and ${event.problems.length - 10} more rows skipped`);
    for (const advice of event.advice) if (advice.missing > 0) print(advice.message);
  } else if (event.event === 'epoch') {
    print(
      `epoch ${event.epoch}: loss ${figure(event.trainLoss)}, accuracy ${share(event.trainAccuracy)}; ` +
        `validation loss ${figure(event.validationLoss)}, accuracy ${share(event.validationAccuracy)}, macro F1 ${figure(event.validationMacroF1)}`,
    );
  }
}

function printResult(file: string, { record }: ClassifierModel): void {
  print('');
  printReport(record.report);
  const untried = untriedSentence(record);
  if (untried !== undefined) print(`\n${untried}`);
  else if (record.kept) print(`\nkept, by the validation part: ${keptTitle(record)}`);
  printBaselines(record.baselines, record);
  for (const sentence of [startSentence(record), learningSentence(record)]) if (sentence) print(`\n${sentence}`);
  print(`\n${file} written after ${record.seconds.toFixed(1)} s`);
}

function printBaselines(baselines: Baselines, record?: ClassifierRecord): void {
  const { majority, naiveBayes, logisticRegression, averagedVectors } = baselines;
  print('\nfor comparison            accuracy   macro F1');
  const rows: [string, ClassificationReport][] = [
    ...(record?.candidates ?? []).flatMap(({ part, report }): [string, ClassificationReport][] =>
      report && part !== record!.kept ? [[partTitle(part, record!.settings.variant), report]] : [],
    ),
    ['majority', majority],
    ['naive Bayes', naiveBayes],
    ['logistic regression', logisticRegression],
    ...(averagedVectors ? [['averaged word vectors', averagedVectors] satisfies [string, ClassificationReport]] : []),
  ];
  for (const [name, report] of rows) {
    print(`  ${name.padEnd(21)} ${share(report.accuracy).padStart(10)} ${figure(report.macro.f1).padStart(10)}`);
  }
}

function printCertainty({ accuracy, precision, recall, auc, calibrationError }: Certainty): void {
  const between = (interval: Interval | null): string =>
    interval === null ? 'not measured' : `${figure(interval.low)} to ${figure(interval.high)}`;
  print('\n95% intervals');
  print(`  accuracy: ${between(accuracy)}`);
  for (const name of Object.keys(recall)) {
    print(`  ${name}: precision ${between(precision[name])}, recall ${between(recall[name])}`);
  }
  if (auc) print(`  AUC ${figure(auc.value)}: ${between(auc)}`);
  print(`calibration error ${figure(calibrationError)}`);
}

/** In scikit-learn's format, followed by the confusion matrix. */
function printReport(report: ClassificationReport): void {
  const longest = Math.max(...report.classes.map((name) => name.length));
  const [width, cellWidth] = [Math.max(12, longest), Math.max(12, longest) + 1];
  const row = (name: string, cells: string[]): void =>
    print(`${name.padStart(width)} ${cells.map((c) => c.padStart(cellWidth)).join('')}`);
  row('', ['precision', 'recall', 'f1-score', 'support']);
  for (const name of [...report.classes, 'macro avg', 'weighted avg']) {
    const scores =
      name === 'macro avg' ? report.macro : name === 'weighted avg' ? report.weighted : report.perClass[name];
    row(name, [figure(scores.precision), figure(scores.recall), figure(scores.f1), String(scores.support)]);
  }
  row('accuracy', ['', '', figure(report.accuracy), String(report.macro.support)]);
  for (const sentence of unmeasured(report)) print(sentence);
  print('\nconfusion (rows true, columns predicted)');
  row('', report.classes);
  report.confusion.forEach((counts, c) => row(report.classes[c], counts.map(String)));
}

function printFolds(result: Awaited<ReturnType<typeof crossValidate>>, folds: number): void {
  print(`${folds}-fold cross-validation: mean ± standard deviation (smallest to largest)`);
  const { majority, naiveBayes, logisticRegression } = result.baselines;
  const rows: [name: string, spread: Spread | null][] = [
    ['accuracy', result.accuracy],
    ['macro F1', result.macroF1],
    ...Object.entries(result.f1).map(([name, spread]): [string, Spread | null] => [`F1 ${name}`, spread]),
    ['macro F1 of the majority', majority.macroF1],
    ['macro F1 of naive Bayes', naiveBayes.macroF1],
    ['macro F1 of logistic regression', logisticRegression.macroF1],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, spread] of rows) {
    const figures =
      spread === null
        ? 'not measured: no fold holds an example of it'
        : `${figure(spread.mean)} ± ${figure(spread.deviation)} (${figure(spread.minimum)} to ${figure(spread.maximum)})`;
    print(`${name.padEnd(width)}  ${figures}`);
  }
}

function printVerdict(verdict: Verdict, text: string, record: ClassifierRecord): void {
  const { naiveBayes } = verdict;
  print(
    `${verdictSentence(verdict, record)}; naive Bayes: ${className(naiveBayes.label, record)} (${share(naiveBayes.probability)})`,
  );
  const passage = passageSentence(verdict, record);
  if (passage !== undefined) print(passage);
  for (const sentence of findingSentences(verdict.findings)) print(sentence);
  if (verdict.contributions.length === 0) return;
  const strongest = [...verdict.contributions].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  print(`what contributed most (${verdict.method}; log-odds of "${verdict.label}"):`);
  for (const { start, end, contribution } of strongest.slice(0, 12)) {
    print(
      `  ${contribution >= 0 ? '+' : '-'}${Math.abs(contribution).toFixed(2)}  ${(verdict.unwrapped ?? text).slice(start, end).replace(/\s+/g, ' ')}`,
    );
  }
}
