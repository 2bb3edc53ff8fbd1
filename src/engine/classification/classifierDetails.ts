/** The JSON part of a classifier's file, and the schema for reading it. */
import { isDeepStrictEqual } from 'node:util';
import {
  classifierVariants,
  type CandidateScores,
  type ClassificationReport,
  type ClassifierEpochEvent,
  type ClassifierRecord,
  type ClassifierSettings,
  type ClassifierVariant,
  type ClassScores,
  type DataAdvice,
  type LearningCurve,
  type Mix,
  type ModelPart,
  type ScoredExample,
  type ThresholdRule,
  type VariantScores,
} from '../../common/classifierProtocol';
import {
  list,
  number,
  object,
  oneOf,
  optional,
  orNull,
  record,
  SchemaFault,
  text,
  variant,
  whole,
  yesNo,
  type Schema,
} from '../../common/schema';
import { date, figure, parsePart, seconds, type ClassifierMetadata } from '../model/modelMetadata';
import { outputSize, type NetworkSpec } from '../model/networkSpec';
import type { Calibration } from './calibration';
import { networkAlone } from './mixing';
import { checkClassifierSettings } from './settings';

export interface ClassifierDetails {
  record: ClassifierRecord;
  calibration: Calibration;
  mix: Mix;
  /** The size of an input vector. */
  inputSize: number;
  vectors: StoredVectors;
  evidence?: { words: string[]; messages: number[] };
  /** Token keys of the input vectors changed by training. */
  learned?: string[];
  bag: { words: string[]; logPriors: number[] };
}

export type StoredVectors =
  | { kind: 'table'; sha256: string }
  | { kind: 'hashed'; dimensions: number; buckets: number; seed: number }
  | { kind: 'file'; name: string; dimensions: number; words: string[] };

/** The details in a classifier's metadata. Throws `corruptModel` naming the field that does not fit. */
export function detailsOf(metadata: ClassifierMetadata): ClassifierDetails {
  const checked: Schema<ClassifierDetails> = (value, path) => {
    const details = classifierDetails(value, path);
    checkTogether(details, metadata.spec, path);
    return details;
  };
  return parsePart(metadata, 'details', checked, metadata.details);
}

const share = number(0, 1);

/** Missing fields have the values of earlier versions. */
function orElse<T>(schema: Schema<T>, missing: T): Schema<T> {
  return (value, path) => (value === undefined ? missing : schema(value, path));
}

const modelPart = oneOf<ModelPart>({ network: true, linear: true, average: true });

/** Null: not measured. */
const measured = orNull(figure);

const classScores = object<ClassScores>({ precision: measured, recall: measured, f1: measured, support: figure });

const report = object<ClassificationReport>({
  classes: list(text),
  perClass: record(classScores),
  accuracy: measured,
  macro: classScores,
  weighted: classScores,
  confusion: list(list(whole())),
});

const variantName = oneOf(
  Object.fromEntries(classifierVariants.map((name) => [name, true])) as Record<ClassifierVariant, true>,
);

const settings: Schema<ClassifierSettings> = (value, path) => {
  const result = object<ClassifierSettings>({
    // Classifiers of earlier versions are only networks.
    model: orElse(oneOf({ auto: true, network: true, linear: true, average: true }), 'network'),
    variant: variantName,
    units: number(),
    layers: orElse(whole(), 1),
    direction: orElse(oneOf({ forwards: true, backwards: true }), 'forwards'),
    dropout: number(),
    epochs: number(),
    batch: number(),
    leastUpdates: orElse(whole(), 0),
    learningRate: number(),
    lengths: oneOf({ padded: true, ragged: true }),
    maximumTokens: number(),
    vectors: oneOf({ frozen: true, tuned: true, learned: true }),
    vectorFile: optional(text),
    evidence: yesNo,
    wordDropout: number(),
    weightDecay: orElse(number(), 0),
    schedule: oneOf({ constant: true, cosine: true }),
    classWeights: oneOf({ none: true, balanced: true }),
    heldOutFraction: number(),
    duplicates: orElse(oneOf({ remove: true, keep: true }), 'remove'),
    validationFraction: number(),
    patience: optional(number()),
    threshold: variant<'kind', ThresholdRule>('kind', {
      fixed: object({ value: number() }),
      'maximum-f1': object({}),
      'maximum-lost': object({ share: number() }),
    }),
    calibration: oneOf({ none: true, temperature: true, platt: true, isotonic: true }),
    badRows: oneOf({ refuse: true, skip: true }),
    start: orElse(oneOf({ auto: true, none: true }), 'none'),
    positive: optional(text),
    seed: whole(),
  })(value, path);
  try {
    checkClassifierSettings(result);
  } catch (error) {
    throw new SchemaFault(path, `settings of a classifier (${(error as Error).message})`, value);
  }
  return result;
};

const classifierDetails = object<ClassifierDetails>({
  record: object<ClassifierRecord>({
    settings,
    classes: list(text),
    positive: orNull(whole()),
    // Above 1 where no text may be called positive.
    threshold: orNull(number(0, 2)),
    report,
    baselines: object({
      majority: report,
      naiveBayes: report,
      logisticRegression: report,
      averagedVectors: optional(report),
    }),
    // They are recomputed from the scores.
    curves: () => null,
    scores: list(object<ScoredExample>({ label: whole(), probability: share })),
    history: list(
      object<ClassifierEpochEvent>({
        event: oneOf({ epoch: true }),
        epoch: whole(),
        seconds,
        trainLoss: figure,
        trainAccuracy: figure,
        validationLoss: figure,
        validationAccuracy: figure,
        validationMacroF1: figure,
        best: yesNo,
      }),
    ),
    advice: list(
      object<DataAdvice>({ label: text, examples: whole(), heldOut: whole(), missing: whole(), message: text }),
    ),
    duplicatesRemoved: whole(),
    trainExamples: whole(),
    heldOutExamples: whole(),
    seconds,
    sources: list(text),
    created: date,
    kept: optional(modelPart),
    candidates: optional(
      list(
        object<CandidateScores>({
          part: modelPart,
          validationLoss: figure,
          validationMacroF1: measured,
          report: optional(report),
        }),
      ),
    ),
    learningCurve: optional(
      object<LearningCurve>({
        points: list(object({ texts: whole(), macroF1: figure })),
        worthAdding: whole(),
        expected: figure,
      }),
    ),
    startedFromShipped: optional(object({ macroF1: figure, without: figure })),
    passageTokens: optional(whole(1, 10_000)),
    familiarShare: optional(share),
    comparison: optional(
      list(
        object<VariantScores>({
          variant: variantName,
          validationMacroF1: figure,
          accuracy: measured,
          macroF1: measured,
          perClass: record(classScores),
          parameters: whole(),
          seconds,
        }),
      ),
    ),
  }),
  calibration: variant<'kind', Calibration>('kind', {
    none: object({}),
    temperature: object({ temperature: number(1e-6) }),
    platt: object({ a: number(), b: number() }),
    isotonic: object({ scores: list(number()), probabilities: list(share) }),
  }),
  mix: orElse(object<Mix>({ network: number(), linear: number(), bias: number() }), networkAlone),
  inputSize: whole(1, 4096),
  vectors: variant<'kind', StoredVectors>('kind', {
    table: object({ sha256: text }),
    // They are rebuilt from these numbers alone, so the numbers must be bounded.
    hashed: object({ dimensions: whole(1, 512), buckets: whole(1, 16_384), seed: whole() }),
    file: object({ name: text, dimensions: whole(1, 4096), words: list(text) }),
  }),
  evidence: optional(object({ words: list(text), messages: list(number(0)) })),
  learned: optional(list(text)),
  bag: object({ words: list(text), logPriors: list(number()) }),
});

/** Fields that are valid individually must also fit together. */
function checkTogether({ record, calibration, ...rest }: ClassifierDetails, spec: NetworkSpec, path: string): void {
  const { classes, positive, report, baselines, scores } = record;
  const demand = (fine: boolean, field: string, expected: string, value: unknown): void => {
    if (!fine) throw new SchemaFault(`${path}.${field}`, expected, value);
  };
  const count = classes.length;
  demand(count >= 2 && new Set(classes).size === count, 'record.classes', 'two or more different labels', classes);
  const outputs = positive === null ? count : 1;
  demand(positive === null || (count === 2 && positive < 2), 'record.positive', 'one of two labels', positive);
  demand(outputSize(spec) === outputs, 'record.classes', "the labels of the network's outputs", classes);
  const measured = record.candidates?.flatMap(({ report }) => report ?? []) ?? [];
  const reports: [string, ClassificationReport][] = [
    ['report', report],
    ...Object.entries(baselines).map(([name, own]): [string, ClassificationReport] => [`baselines.${name}`, own]),
    ...measured.map((own): [string, ClassificationReport] => ['candidates', own]),
  ];
  for (const [name, { confusion, perClass, classes: own }] of reports) {
    const isWhole =
      isDeepStrictEqual(own, classes) &&
      classes.every((label) => Object.hasOwn(perClass, label)) &&
      confusion.length === count &&
      confusion.every((row) => row.length === count);
    demand(isWhole, `record.${name}`, 'a report on all labels', own);
  }
  demand(
    scores.every(({ label }) => label < count),
    'record.scores',
    'scores of these labels',
    classes,
  );
  if (calibration.kind === 'isotonic') {
    const { length } = calibration.scores;
    demand(length > 0 && length === calibration.probabilities.length, 'calibration', 'two equally long lists', length);
  }
  const { inputSize, evidence, bag } = rest;
  const { input } = spec;
  const fits = input.kind === 'embedding' && input.dimensions === inputSize && input.vocabulary === 1;
  demand(fits, 'inputSize', "the size of the network's input", inputSize);
  demand(!evidence || evidence.messages.length === 2 * count, 'evidence.messages', 'two counts a label', null);
  demand(bag.logPriors.length === count, 'bag.logPriors', 'one number a label', bag.logPriors.length);
}
