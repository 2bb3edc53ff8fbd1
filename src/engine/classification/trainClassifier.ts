/**
 * The whole job: labelled examples in, a classifier with its report and baselines out. The held-out part is touched only
 * once, at the end; epoch, threshold and calibration are chosen on a validation part of the rest.
 */
import type {
  Baselines,
  BaselineSummary,
  ClassificationReport,
  ClassifierEpochEvent,
  ClassifierEvent,
  ClassifierRecord,
  ClassifierSettings,
} from '../../common/classifierProtocol';
import { InklingError } from '../../common/errors';
import type { Backend } from '../backends/backend';
import { parameterCount } from '../model/networkSpec';
import { Random } from '../random';
import { BagOfWords } from './bagOfWords';
import { calibrate, fitCalibration } from './calibration';
import { Classifier, decide, probabilitiesOf, withoutEmbedding, type ClassifierModel } from './classifier';
import { Encoder, encodeTexts, type EncodedTexts } from './encoder';
import { crossFit, Evidence } from './evidence';
import { adviseOnData, requireTrainable, type LabelledData } from './labelledData';
import { LogisticRegression } from './logisticRegression';
import { chooseThreshold, classificationReport, curvesOf, spreadOf, type Spread } from './metrics';
import { NaiveBayes } from './naiveBayes';
import { trainNetwork, classifierSpec } from './networkTraining';
import { readTexts } from './reading';
import { checkClassifierSettings } from './settings';
import { foldExamples, splitExamples, type Split } from './split';
import { tokenize, type Token } from './tokens';
import type { VectorSource } from './vectorSource';

const evidenceFolds = 5;
/** Words that evidence and baselines know, at most, unless the task says otherwise. */
const defaultWordLimit = 20000;

export interface ClassifierTask {
  data: LabelledData;
  settings: ClassifierSettings;
  vectors: VectorSource;
  backend: Backend;
  onEvent?: (event: ClassifierEvent) => void;
  signal?: AbortSignal;
  /** Ends training early and keeps the best network so far; before the first epoch is complete it cancels. */
  finish?: AbortSignal;
  /** Leaves out the report on the held-out part. */
  skipReport?: AbortSignal;
  /** Instead of a random one: for cross-validation and for data that comes split. */
  split?: Split;
  /** ISO 8601; default: now. */
  created?: string;
  /** Words that evidence and baselines know, at most: they are most of a model file's size. */
  wordLimit?: number;
}

/** Trains and measures. Throws `invalidInput` for data or settings that cannot be used, `cancelled` when aborted. */
export async function trainClassifier(task: ClassifierTask): Promise<ClassifierModel> {
  const { data, settings, backend, onEvent = () => {} } = task;
  checkClassifierSettings(settings);
  requireTrainable(data);
  const started = performance.now();
  const { classes, examples } = data;
  const texts = await readTexts(examples.map((example) => example.text));
  const labels = Int32Array.from(examples, (example) => classes.indexOf(example.label));
  const positive = classes.length === 2 ? positiveClass(classes, labels, settings.positive) : null;
  const split = task.split ?? splitExamples(texts, labels, settings.heldOutFraction, settings.seed);
  const { fitting, validation } = validationSplit(texts, labels, split.train, settings);
  const tokens = texts.map(tokenize);
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
  const fit = (members: Int32Array, epochs: number, watched: Int32Array, choose: boolean): Promise<Fitted> =>
    fitEncoded(task, { tokens, labels, positive, members, epochs, watched, choose });
  const chosen = validation.length > 0 ? await fit(fitting, settings.epochs, validation, true) : undefined;
  const epochs = chosen && settings.patience !== undefined ? chosen.bestEpoch : settings.epochs;
  // What the validation part has shown is used on a network that learns from all of the training part.
  const last =
    chosen && task.finish?.aborted
      ? chosen
      : await fit(split.train, epochs, chosen ? new Int32Array(0) : split.heldOut, false);
  // A network that has learned all it could from most of the training part beats one that was cut off.
  const final = chosen && last.finishedEarly ? chosen : last;
  if (final.finishedEarly && final.history.length === 0) {
    throw new InklingError('cancelled', 'Training was stopped before its first epoch was complete.');
  }
  const bag = BagOfWords.build(
    Array.from(split.train, (i) => texts[i]),
    task.wordLimit ?? defaultWordLimit,
  );
  const { baselines, ...fitted } = fitBaselines(bag, texts, labels, split, classes);
  const record: ClassifierRecord = {
    settings,
    classes,
    positive,
    threshold: positive === null ? null : 0.5,
    report: classificationReport([], [], classes),
    baselines,
    curves: null,
    scores: [],
    history: (chosen ?? final).history,
    advice,
    duplicatesRemoved: split.duplicatesRemoved,
    trainExamples: split.train.length,
    heldOutExamples: split.heldOut.length,
    seconds: 0,
    sources: [...new Set(examples.map((example) => example.source))].slice(0, 20),
    created: task.created ?? new Date().toISOString(),
  };
  const model: ClassifierModel = {
    record,
    ...final.network,
    vectors: task.vectors,
    calibration: { kind: 'none' },
    bag,
    ...fitted,
  };
  if (positive !== null) {
    if (settings.threshold.kind === 'fixed') record.threshold = settings.threshold.value;
    if (chosen) await chooseDecision(backend, { ...model, ...chosen.network }, model, tokens, labels, validation);
  }
  if (!task.skipReport?.aborted) await reportOnHeldOut(backend, model, tokens, labels, split.heldOut);
  record.seconds = (performance.now() - started) / 1000;
  return model;
}

/** The report of a trained classifier on other labelled examples; labels that it does not know are refused. */
export async function evaluateClassifier(
  classifier: Classifier,
  data: LabelledData,
): Promise<{ report: ClassificationReport; baselines: Baselines; probabilities: number[][] }> {
  const { record, bag, naiveBayes, logisticRegression } = classifier.model;
  const { classes } = record;
  // A label of another spelling is the classifier's own where only one can be meant.
  const spelling = (label: string): string => {
    const near = classes.filter((name) => name.toLowerCase() === label.toLowerCase());
    return classes.includes(label) || near.length !== 1 ? label : near[0];
  };
  const unknown = data.classes.filter((label) => !classes.includes(spelling(label)));
  if (unknown.length > 0 || data.examples.length === 0) {
    throw new InklingError(
      'invalidInput',
      unknown.length > 0
        ? `This classifier knows the labels ${classes.join(', ')}; the file has also ${unknown.join(', ')}. ` +
            'Rename these labels or leave their rows out, or train a classifier that knows them.'
        : 'There are no labelled examples to evaluate on: add some to the file.',
    );
  }
  const truth = data.examples.map((example) => classes.indexOf(spelling(example.label)));
  const texts = await readTexts(data.examples.map((example) => example.text));
  const logits = await classifier.logits(texts.map(tokenize));
  const probabilities = logits.map((row) => probabilitiesOf(classifier.model, row));
  const counts = texts.map((text) => bag.count(text));
  const frequent = likeliest(
    classes.map((_, c) => record.baselines.majority.confusion.reduce((n, row) => n + row[c], 0)),
  );
  const report = (predicted: number[]): ClassificationReport => classificationReport(truth, predicted, classes);
  return {
    report: report(probabilities.map((p) => decide(record, p))),
    baselines: {
      majority: report(truth.map(() => frequent)),
      naiveBayes: report(counts.map((row) => likeliest(naiveBayes.probabilities(row)))),
      logisticRegression: report(counts.map((row) => likeliest(logisticRegression.probabilities(row)))),
    },
    probabilities,
  };
}

export interface CrossValidation {
  reports: ClassificationReport[];
  accuracy: Spread | null;
  macroF1: Spread | null;
  /** F1 of each class; null where no fold measured it. */
  f1: Record<string, Spread | null>;
  /** The same folds by what stands beside the classifier. */
  baselines: Record<keyof Baselines, { accuracy: Spread | null; macroF1: Spread | null }>;
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
  const beside = (name: keyof Baselines): ReturnType<typeof spreads> =>
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

function usesEvidence(settings: ClassifierSettings): boolean {
  return settings.evidence && settings.vectors === 'frozen';
}

function validationSplit(
  texts: string[],
  labels: Int32Array,
  train: Int32Array,
  settings: ClassifierSettings,
): { fitting: Int32Array; validation: Int32Array } {
  if (settings.validationFraction === 0) return { fitting: train, validation: new Int32Array(0) };
  const inner = splitExamples(
    Array.from(train, (i) => texts[i]),
    Array.from(train, (i) => labels[i]),
    settings.validationFraction,
    settings.seed + 1,
  );
  return { fitting: inner.train.map((k) => train[k]), validation: inner.heldOut.map((k) => train[k]) };
}

interface Fitted {
  network: Pick<ClassifierModel, 'spec' | 'parameters' | 'encoder'>;
  history: ClassifierEpochEvent[];
  bestEpoch: number;
  finishedEarly: boolean;
}

interface FitPart {
  tokens: Token[][];
  labels: Int32Array;
  positive: number | null;
  /** Texts to learn from. */
  members: Int32Array;
  epochs: number;
  /** Texts to measure after each epoch; with `choose` the best epoch by them is kept. */
  watched: Int32Array;
  choose: boolean;
}

/** Encodes the texts and trains one network on `members`. */
async function fitEncoded(task: ClassifierTask, part: FitPart): Promise<Fitted> {
  const { settings, backend, data, onEvent, signal: cancel, finish } = task;
  const { vectors } = task.vectors;
  const { labels, members } = part;
  // The network learns from the beginning of a long text, so only that gives evidence.
  const tokens = part.tokens.map((text) => text.slice(0, settings.maximumTokens));
  const classes = data.classes.length;
  const pick = <T>(items: ArrayLike<T>): T[] => Array.from(members, (i) => items[i]);
  let encoders = [new Encoder(vectors)];
  const encoderOf = new Uint8Array(tokens.length);
  if (usesEvidence(settings)) {
    // Training texts take their evidence from the other folds, all others from every training text.
    const random = new Random(settings.seed, 41);
    const foldOf = Uint8Array.from(members, () => random.integer(evidenceFolds));
    const folds = crossFit(pick(tokens), pick(labels), classes, foldOf, evidenceFolds);
    const whole = Evidence.count(pick(tokens), pick(labels), classes, task.wordLimit ?? defaultWordLimit);
    encoders = [...folds, whole].map((evidence) => new Encoder(vectors, evidence));
    encoderOf.fill(evidenceFolds);
    members.forEach((member, k) => (encoderOf[member] = foldOf[k]));
  }
  const encoder = encoders[encoders.length - 1];
  const encoded = encodeTexts(tokens, encoders, encoderOf);
  const trained = await trainNetwork(
    backend,
    {
      settings: { ...settings, epochs: part.epochs },
      classes: data.classes,
      positive: part.positive,
      encoded,
      inputSize: encoder.size,
      labels,
      train: members,
      validation: part.watched,
      choose: part.choose,
    },
    part.watched.length > 0 ? onEvent : undefined,
    { cancel, finish },
  );
  const learned = settings.vectors === 'frozen' ? undefined : learnedVectors(encoded, trained.parameters, encoder.size);
  return {
    network: {
      spec: trained.spec,
      parameters: withoutEmbedding(trained.spec, trained.parameters),
      encoder: new Encoder(vectors, encoder.evidence, learned),
    },
    history: trained.history,
    bestEpoch: trained.history.findLast((event) => event.best)?.epoch ?? part.epochs,
    finishedEarly: trained.finishedEarly,
  };
}

/** Numbers that are trained beside the word vectors. */
function recurrentParameters({ settings, vectors: { vectors }, data }: ClassifierTask): number {
  const evidence = usesEvidence(settings) ? Evidence.count([], [], data.classes.length) : undefined;
  const { size } = new Encoder(vectors, evidence);
  return parameterCount(classifierSpec(settings, data.classes.length, 1, size)) - size;
}

function learnedVectors(encoded: EncodedTexts, parameters: Float32Array, size: number): Map<string, Float32Array> {
  return new Map(encoded.keys.map((key, row) => [key, parameters.slice(row * size, (row + 1) * size)]));
}

function fitBaselines(
  bag: BagOfWords,
  texts: string[],
  labels: Int32Array,
  split: Split,
  classes: string[],
): { baselines: Baselines; naiveBayes: NaiveBayes; logisticRegression: LogisticRegression } {
  const rows = Array.from(split.train, (i) => bag.count(texts[i]));
  const known = Array.from(split.train, (i) => labels[i]);
  const truth = Array.from(split.heldOut, (i) => labels[i]);
  const asked = Array.from(split.heldOut, (i) => bag.count(texts[i]));
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
    },
  };
}

/** Calibrates and chooses the threshold by what `chosen` says of texts that it was not trained on; sets it in `model`. */
async function chooseDecision(
  backend: Backend,
  chosen: ClassifierModel,
  model: ClassifierModel,
  tokens: Token[][],
  labels: Int32Array,
  validation: Int32Array,
): Promise<void> {
  const { record } = model;
  const truth = Array.from(validation, (i) => (labels[i] === record.positive ? 1 : 0));
  const scores = (await logitsOf(backend, chosen, tokens, validation)).map((row) => row[0]);
  model.calibration = fitCalibration(record.settings.calibration, truth, scores);
  record.threshold = chooseThreshold(
    truth,
    scores.map((score) => calibrate(model.calibration, score)),
    record.settings.threshold,
  );
}

async function reportOnHeldOut(
  backend: Backend,
  model: ClassifierModel,
  tokens: Token[][],
  labels: Int32Array,
  heldOut: Int32Array,
): Promise<void> {
  const { record } = model;
  const { positive } = record;
  const truth = Array.from(heldOut, (i) => labels[i]);
  const probabilities = (await logitsOf(backend, model, tokens, heldOut)).map((row) => probabilitiesOf(model, row));
  const predicted = probabilities.map((p) => decide(record, p));
  record.report = classificationReport(truth, predicted, record.classes);
  if (positive === null) return;
  record.scores = truth.map((label, i) => ({ label, probability: probabilities[i][positive] }));
  record.curves = curvesOf(record);
}

async function logitsOf(
  backend: Backend,
  model: ClassifierModel,
  tokens: Token[][],
  members: Int32Array,
): Promise<number[][]> {
  const classifier = new Classifier(backend, model);
  try {
    return await classifier.logits(Array.from(members, (i) => tokens[i]));
  } finally {
    classifier.dispose();
  }
}

function likeliest(values: number[]): number {
  return values.indexOf(Math.max(...values));
}
