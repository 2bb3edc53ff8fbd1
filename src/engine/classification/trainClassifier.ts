/**
 * The whole job: labelled examples in, a classifier with its report and baselines out. The held-out part is used only
 * once, at the end. The parts to keep, the epoch, the threshold and the calibration are chosen on other texts, with
 * scores of models that were not trained on them (partChoice.ts); then everything is trained on all texts that are not
 * held out.
 */
import type {
  Baselines,
  BaselineSummary,
  Certainty,
  ClassificationReport,
  ClassifierRecord,
  ClassifierSettings,
  ThresholdRule,
} from '../../common/classifierProtocol';
import { InklingError } from '../../common/errors';
import type { Backend } from '../backends/backend';
import { averagedVectors } from './averagedVectors';
import { BagOfWords, type SparseCounts } from './bagOfWords';
import { calibrate, fitCalibration } from './calibration';
import { Classifier, decide, familiarShare, probabilitiesOf, sideOf, type ClassifierModel } from './classifier';
import { adviseOnData, requireTrainable, type LabelledData } from './labelledData';
import { fitWeights, logisticProbabilities, LogisticRegression } from './logisticRegression';
import {
  allowedLosses,
  certaintyOf,
  chooseThreshold,
  classificationReport,
  curvesOf,
  fewestNegatives,
  likeliest,
  spreadOf,
  type Spread,
} from './metrics';
import { NaiveBayes } from './naiveBayes';
import type { ClassifierTask } from './classifierTask';
import {
  chooseParts,
  defaultWordLimit,
  fitLinear,
  lastNetwork,
  recurrentParameters,
  withEnoughUpdates,
  type PartChoice,
  type Material,
} from './partChoice';
import { piecesOf } from './passages';
import { readTexts } from './reading';
import { checkClassifierSettings } from './settings';
import { foldExamples, splitExamples, type Split } from './split';
import { tokenize } from './tokens';

/** Trains and measures. Throws `invalidInput` for unusable data or settings, `cancelled` when aborted. */
export async function trainClassifier(task: ClassifierTask): Promise<ClassifierModel> {
  const { data, backend, onEvent = () => {} } = task;
  checkClassifierSettings(task.settings);
  requireTrainable(data);
  const started = performance.now();
  const { classes, examples } = data;
  const texts = await readTexts(examples.map((example) => example.text));
  const labels = Int32Array.from(examples, (example) => classes.indexOf(example.label));
  const positive = classes.length === 2 ? positiveClass(classes, labels, task.settings.positive) : null;
  const { heldOutFraction, seed, duplicates } = task.settings;
  const split = task.split ?? splitExamples(texts, labels, heldOutFraction, seed, duplicates);
  const settings = withEnoughUpdates(task.settings, split.train.length);
  const tokens = texts.map(tokenize);
  const passageTokens = passageSize(settings, positive === null ? '' : classes[positive], tokens, split.train);
  const material: Material = {
    ...task,
    settings,
    texts,
    tokens,
    pieces: texts.map((text, i) => piecesOf(text, tokens[i], passageTokens)),
    labels,
    positive,
  };
  const counts = (members: ArrayLike<number>): number[] =>
    classes.map((_, c) => Array.from(members).filter((i) => labels[i] === c).length);
  const advice = adviseOnData(
    classes,
    { all: counts(texts.map((_, i) => i)), heldOut: counts(split.heldOut) },
    settings.heldOutFraction,
  );
  onEvent({
    event: 'start',
    settings,
    classes,
    examples: texts.length,
    trainExamples: split.train.length,
    heldOutExamples: split.heldOut.length,
    duplicatesRemoved: split.duplicatesRemoved,
    problems: data.problems,
    notices: data.notices,
    advice,
    parameters: recurrentParameters(task),
    backend: backend.name,
    kernel: backend.kernel,
    threads: backend.threads,
  });
  const choice = await chooseParts(material, split.train);
  const final = await lastNetwork(material, split, choice);
  if (final.finishedEarly && final.history.length === 0 && choice.kept === undefined) {
    throw new InklingError('cancelled', 'Training was stopped before its first epoch was complete.');
  }
  const linear =
    settings.model === 'network' ? undefined : fitLinear({ ...material, from: choice.start?.from }, split.train);
  const bag = BagOfWords.build(
    Array.from(split.train, (i) => tokens[i]),
    task.wordLimit ?? defaultWordLimit,
  );
  const { baselines, ...fitted } = fitBaselines(bag, material, split);
  const record: ClassifierRecord = {
    settings,
    classes,
    positive,
    threshold: positive === null ? null : 0.5,
    report: classificationReport([], [], classes),
    baselines,
    curves: null,
    scores: [],
    history: choice.network?.history ?? final.history,
    advice,
    duplicatesRemoved: split.duplicatesRemoved,
    trainExamples: split.train.length,
    heldOutExamples: split.heldOut.length,
    seconds: 0,
    sources: [...new Set(examples.map((example) => example.source))].slice(0, 20),
    created: task.created ?? new Date().toISOString(),
    ...(choice.kept && {
      kept: choice.kept,
      candidates: choice.candidates,
      learningCurve: choice.learningCurve,
    }),
    ...(choice.start && { startedFromShipped: { macroF1: choice.start.macroF1, without: choice.start.without } }),
    ...(passageTokens !== undefined && { passageTokens }),
    ...(positive !== null && settings.model !== 'network' && { familiarShare: familiarLimit(material, split.train) }),
  };
  const model: ClassifierModel = {
    record,
    ...final.part,
    ...(linear && { linear }),
    mix: choice.mix,
    vectors: task.vectors,
    calibration: { kind: 'none' },
    bag,
    ...fitted,
  };
  if (positive !== null) {
    if (settings.threshold.kind === 'fixed') record.threshold = settings.threshold.value;
    if (choice.members.length > 0) {
      chooseDecision(
        model,
        choice.scores.map(({ logits }) => logits[0]),
        Array.from(choice.members, (i) => sideOf(labels[i], positive)),
      );
    }
  }
  if (!task.skipReport?.aborted) await reportOnHeldOut(backend, model, texts, labels, split.heldOut, choice);
  record.seconds = (performance.now() - started) / 1000;
  return model;
}

/** How a trained classifier performs on other labelled examples. */
export interface ClassifierEvaluation {
  report: ClassificationReport;
  baselines: Baselines;
  certainty: Certainty;
  /** The class id of each example. */
  truth: number[];
  /** [examples][classes] */
  probabilities: number[][];
}

/**
 * Evaluates on other labelled examples; throws `invalidInput` for labels that the classifier does not know. Two labels
 * with other names are accepted if `positive` says which of them is the classifier's positive class.
 */
export async function evaluateClassifier(
  classifier: Classifier,
  data: LabelledData,
  positive?: string,
): Promise<ClassifierEvaluation> {
  const { record, bag, naiveBayes, logisticRegression } = classifier.model;
  const { classes } = record;
  if (positive !== undefined && (record.positive === null || !data.classes.includes(positive))) {
    throw new InklingError(
      'invalidInput',
      record.positive === null
        ? `This classifier has ${classes.length} classes and none of them is the positive one; omit --positive.`
        : `No example is labelled "${positive}"; labels: ${data.classes.join(', ')}.`,
    );
  }
  // A label that is spelled differently is mapped to the classifier's label if there is only one candidate.
  const spelling = (label: string): string => {
    if (positive !== undefined && data.classes.length <= 2) {
      return classes[label === positive ? record.positive! : 1 - record.positive!];
    }
    const near = classes.filter((name) => name.toLowerCase() === label.toLowerCase());
    return classes.includes(label) || near.length !== 1 ? label : near[0];
  };
  const unknown = data.classes.filter((label) => !classes.includes(spelling(label)));
  if (unknown.length > 0 || data.examples.length === 0) {
    throw new InklingError(
      'invalidInput',
      unknown.length > 0
        ? `This classifier knows the labels ${classes.join(', ')}; the file also has ${unknown.join(', ')}. ` +
            (record.positive !== null && unknown.length === 2 && data.classes.length === 2
              ? `Say which of its labels means ${classes[record.positive]} (--positive LABEL), or rename them.`
              : 'Rename these labels or leave their rows out, or train a classifier that knows them.')
        : 'There are no labelled examples to evaluate on: add some to the file.',
    );
  }
  const truth = data.examples.map((example) => classes.indexOf(spelling(example.label)));
  const texts = await readTexts(data.examples.map((example) => example.text));
  const scores = await classifier.scores(texts);
  const probabilities = scores.map(({ logits }) => probabilitiesOf(classifier.model, logits));
  const counts = texts.map((text) => bag.count(tokenize(text)));
  const frequent = likeliest(
    classes.map((_, c) => record.baselines.majority.confusion.reduce((n, row) => n + row[c], 0)),
  );
  const report = (predicted: number[]): ClassificationReport => classificationReport(truth, predicted, classes);
  const own = report(probabilities.map((p) => decide(record, p)));
  return {
    report: own,
    certainty: certaintyOf(own, record.positive, truth, probabilities),
    truth,
    baselines: {
      majority: report(truth.map(() => frequent)),
      naiveBayes: report(counts.map((row) => likeliest(naiveBayes.probabilities(row)))),
      logisticRegression: report(counts.map((row) => likeliest(logisticRegression.probabilities(row)))),
    },
    probabilities,
  };
}

/** The baselines that a classifier keeps, so that they can answer on other texts. */
type TextBaseline = Exclude<keyof Baselines, 'averagedVectors'>;

export interface CrossValidation {
  reports: ClassificationReport[];
  accuracy: Spread | null;
  macroF1: Spread | null;
  /** F1 of each class; null if no fold measured it. */
  f1: Record<string, Spread | null>;
  /** The results of the baselines on the same folds. */
  baselines: Record<TextBaseline, { accuracy: Spread | null; macroF1: Spread | null }>;
}

/** k-fold cross-validation: every example is held out once. */
export async function crossValidate(task: ClassifierTask, folds: number): Promise<CrossValidation> {
  requireTrainable(task.data, folds);
  const { classes, examples } = task.data;
  const texts = await readTexts(examples.map((example) => example.text));
  const labels = Int32Array.from(examples, (example) => classes.indexOf(example.label));
  const records: ClassifierRecord[] = [];
  for (const split of foldExamples(texts, labels, folds, task.settings.seed)) {
    records.push((await trainClassifier({ ...task, split })).record);
  }
  const reports = records.map(({ report }) => report);
  const spreads = (of: ClassificationReport[]): { accuracy: Spread | null; macroF1: Spread | null } => ({
    accuracy: spreadOf(of.map(({ accuracy }) => accuracy)),
    macroF1: spreadOf(of.map(({ macro }) => macro.f1)),
  });
  const beside = (name: TextBaseline): ReturnType<typeof spreads> =>
    spreads(records.map(({ baselines }) => baselines[name]));
  return {
    reports,
    ...spreads(reports),
    baselines: {
      majority: beside('majority'),
      naiveBayes: beside('naiveBayes'),
      logisticRegression: beside('logisticRegression'),
    },
    f1: Object.fromEntries(classes.map((name) => [name, spreadOf(reports.map((report) => report.perClass[name].f1))])),
  };
}

/** A report without its matrix. */
export function summarise(report: ClassificationReport): BaselineSummary {
  return { accuracy: report.accuracy, macroF1: report.macro.f1, perClass: report.perClass };
}

/** `wanted`, or the class named spam, or the rarer one. */
function positiveClass(classes: string[], labels: Int32Array, wanted: string | undefined): number {
  if (wanted !== undefined) {
    const at = classes.indexOf(wanted);
    if (at < 0)
      throw new InklingError('invalidInput', `No example is labelled "${wanted}"; labels: ${classes.join(', ')}.`);
    return at;
  }
  const spam = classes.findIndex((name) => name.toLowerCase() === 'spam');
  if (spam >= 0) return spam;
  const ones = labels.reduce((a, b) => a + b, 0);
  return ones * 2 <= labels.length ? 1 : 0;
}

function fitBaselines(
  bag: BagOfWords,
  { tokens, labels, data, settings, vectors: { vectors } }: Material,
  split: Split,
): { baselines: Baselines; naiveBayes: NaiveBayes; logisticRegression: LogisticRegression } {
  const { classes } = data;
  const rows = Array.from(split.train, (i) => bag.count(tokens[i]));
  const known = Array.from(split.train, (i) => labels[i]);
  const truth = Array.from(split.heldOut, (i) => labels[i]);
  const asked = Array.from(split.heldOut, (i) => bag.count(tokens[i]));
  const naiveBayes = NaiveBayes.fit(rows, known, classes.length, bag.words.length);
  const logisticRegression = LogisticRegression.fit(rows, known, classes.length, bag.words.length);
  const frequent = likeliest(classes.map((_, c) => known.filter((label) => label === c).length));
  const report = (predicted: number[]): ClassificationReport => classificationReport(truth, predicted, classes);
  return {
    naiveBayes,
    logisticRegression,
    baselines: {
      majority: report(truth.map(() => frequent)),
      naiveBayes: report(asked.map((row) => likeliest(naiveBayes.probabilities(row)))),
      logisticRegression: report(asked.map((row) => likeliest(logisticRegression.probabilities(row)))),
      // Before training, learned vectors mean nothing.
      ...(settings.vectors !== 'learned' && { averagedVectors: report(answersOfMeans()) }),
    },
  };

  function answersOfMeans(): number[] {
    const means = (members: Int32Array): SparseCounts[] =>
      averagedVectors(
        Array.from(members, (i) => tokens[i]),
        vectors,
      );
    const weights = fitWeights(means(split.train), known, classes.length, vectors.dimensions);
    return means(split.heldOut).map((row) =>
      likeliest(logisticProbabilities(weights, row, classes.length, vectors.dimensions)),
    );
  }
}

/**
 * Calibrates and chooses the threshold, using the scores of texts that the model was not trained on, and sets both in
 * `model`. Throws `invalidInput` if there are too few of these texts to support the rule.
 */
function chooseDecision(model: ClassifierModel, scores: number[], truth: number[]): void {
  const { record } = model;
  const { calibration, threshold: rule } = record.settings;
  model.calibration = fitCalibration(calibration, truth, scores);
  const probabilities = scores.map((score) => calibrate(model.calibration, score));
  record.threshold = chooseThreshold(truth, probabilities, supported(rule, truth, record));
}

/** The rule with the share of these examples that may be lost for its own share to hold at 95 % confidence. */
function supported(rule: ThresholdRule, truth: number[], { classes, positive }: ClassifierRecord): ThresholdRule {
  if (rule.kind !== 'maximum-lost') return rule;
  const negatives = truth.filter((label) => label === 0).length;
  const allowed = allowedLosses(rule.share, negatives);
  if (allowed === undefined) {
    const percent = `${Number((100 * rule.share).toPrecision(3))}%`;
    throw new InklingError(
      'invalidInput',
      `${negatives} examples of "${classes[1 - positive!]}" were set aside to choose the threshold; to show that at most ` +
        `${percent} of them are lost, ${fewestNegatives(rule.share)} are needed. Add examples, allow a larger share, or ` +
        'choose the linear model, which is tested on every example.',
    );
  }
  return { kind: 'maximum-lost', share: negatives === 0 ? 0 : allowed / negatives };
}

/** The report on the held-out part, together with that of each candidate. */
async function reportOnHeldOut(
  backend: Backend,
  model: ClassifierModel,
  texts: string[],
  labels: Int32Array,
  heldOut: Int32Array,
  { kept, mixes, network }: PartChoice,
): Promise<void> {
  const { record } = model;
  const { positive, candidates } = record;
  const truth = Array.from(heldOut, (i) => labels[i]);
  const probabilities = (await scoresOf(backend, model, texts, heldOut)).map((row) => probabilitiesOf(model, row));
  const predicted = probabilities.map((p) => decide(record, p));
  record.report = classificationReport(truth, predicted, record.classes);
  // If the linear model is kept, the network in its file was never trained, so the network of the choice is compared.
  const compared = kept === 'linear' && network ? { ...model, ...network.part } : model;
  for (const candidate of candidates ?? []) {
    const scores = await scoresOf(backend, { ...compared, mix: mixes[candidate.part]! }, texts, heldOut);
    const predicted = scores.map((row) =>
      positive === null ? row.indexOf(Math.max(...row)) : row[0] > 0 ? positive : 1 - positive,
    );
    candidate.report = classificationReport(truth, predicted, record.classes);
  }
  if (positive === null) return;
  record.scores = truth.map((label, i) => ({ label, probability: probabilities[i][positive] }));
  record.curves = curvesOf(record);
}

/** The mixed logits of `members` under `model`. */
async function scoresOf(
  backend: Backend,
  model: ClassifierModel,
  texts: string[],
  members: Int32Array,
): Promise<number[][]> {
  const classifier = new Classifier(backend, model);
  try {
    return (await classifier.scores(Array.from(members, (i) => texts[i]))).map(({ logits }) => logits);
  } finally {
    classifier.dispose();
  }
}

/**
 * The number of tokens in a passage of a spam detector: the median length of its training texts, within bounds;
 * undefined for any other classifier.
 */
function passageSize(
  { model }: ClassifierSettings,
  positive: string,
  tokens: readonly unknown[][],
  train: Int32Array,
): number | undefined {
  if (model === 'network' || positive.toLowerCase() !== 'spam') return undefined;
  const lengths = Array.from(train, (i) => tokens[i].length).sort((a, b) => a - b);
  return Math.min(80, Math.max(24, lengths[lengths.length >> 1]));
}

/** Half of the share of familiar words that 99 % of texts reach, measured on every tenth text. */
function familiarLimit({ tokens }: Material, train: Int32Array): number {
  const bag = BagOfWords.build(
    Array.from(
      train.filter((_, k) => k % 10 !== 0),
      (i) => tokens[i],
    ),
  );
  const shares = Array.from(
    train.filter((_, k) => k % 10 === 0),
    (i) => familiarShare(bag, tokens[i]),
  ).sort((a, b) => a - b);
  return Math.min(0.3, shares[Math.floor(shares.length / 100)] / 2);
}
