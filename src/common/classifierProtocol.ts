/**
 * The data about classifiers that the engine, the command line and the editor exchange: reports, curves, verdicts, and
 * the requests for them. Plain JSON throughout. Names and conventions of the figures are scikit-learn's.
 */
import type { Told } from './l10n';
import type { CellKind } from './trainingConfig';

/** The six variants of the recipe `sms-spam`. */
export const classifierVariants = ['rnn', 'birnn', 'lstm', 'bilstm', 'gru', 'bigru'] as const;
export type ClassifierVariant = (typeof classifierVariants)[number];

export const variantCells: Record<ClassifierVariant, { cell: CellKind; bidirectional: boolean }> = {
  rnn: { cell: 'rnn', bidirectional: false },
  birnn: { cell: 'rnn', bidirectional: true },
  lstm: { cell: 'lstm', bidirectional: false },
  bilstm: { cell: 'lstm', bidirectional: true },
  gru: { cell: 'gru', bidirectional: false },
  bigru: { cell: 'gru', bidirectional: true },
};

/**
 * A row of a classification report; `support` is the number of examples that truly have the class. The figures of a
 * class without examples are null, because nothing was measured.
 */
export interface ClassScores {
  precision: number | null;
  recall: number | null;
  f1: number | null;
  support: number;
}

/** Everything that can be derived from true and predicted labels alone. */
export interface ClassificationReport {
  /** Class names in the order of the confusion matrix. */
  classes: string[];
  perClass: Record<string, ClassScores>;
  /** Null without examples. */
  accuracy: number | null;
  /** Averaged over the classes that were measured. */
  macro: ClassScores;
  weighted: ClassScores;
  /** [true][predicted] counts. */
  confusion: number[][];
}

export interface Interval {
  low: number;
  high: number;
}

/**
 * The uncertainty of figures measured on a set of examples: 95 % intervals, and the calibration of the probabilities.
 */
export interface Certainty {
  accuracy: Interval | null;
  /** By class; null if nothing was measured. */
  precision: Record<string, Interval | null>;
  recall: Record<string, Interval | null>;
  /** Area under the ROC curve; null for more than two classes, or if one of two has no examples. */
  auc: (Interval & { value: number }) | null;
  /** Expected calibration error: of the positive class if there are two classes, otherwise of the most likely class. */
  calibrationError: number;
}

/** Curves over all thresholds of the positive class. The arrays of a curve have equal lengths. */
export interface BinaryCurves {
  roc: { falsePositiveRate: number[]; truePositiveRate: number[]; threshold: (number | null)[]; auc: number };
  precisionRecall: { precision: number[]; recall: number[]; threshold: (number | null)[]; averagePrecision: number };
}

/** The score of a held-out example, kept so that the page can move the threshold without a new request. */
export interface ScoredExample {
  /** Index into the report's classes. */
  label: number;
  /** Calibrated probability of the positive class. */
  probability: number;
}

export interface Baselines {
  /** Always predicts the most frequent class of the training part. */
  majority: ClassificationReport;
  naiveBayes: ClassificationReport;
  logisticRegression: ClassificationReport;
  /**
   * Logistic regression over the mean of a text's word vectors. Measured on the held-out part only, and not with
   * learned vectors; absent in files of earlier versions.
   */
  averagedVectors?: ClassificationReport;
}

/** The command line's short form of a baseline. */
export interface BaselineSummary {
  accuracy: number | null;
  macroF1: number | null;
  perClass: Record<string, ClassScores>;
}

/** How reliable the held-out figures are, class by class, and what is missing. */
export interface DataAdvice {
  label: string;
  examples: number;
  heldOut: number;
  /** The number of further examples needed for meaningful verdicts on this class; 0 if there are enough. */
  missing: number;
  /** All of it as an English sentence. */
  message: string;
}

export interface DataProblem {
  source: string;
  /** 1-based line where the row begins; 0 for a whole file. */
  line: number;
  reason: Told;
}

/** The columns of a labelled table, and those that are read. */
export interface LabelledColumns {
  columns: string[];
  /** Undefined if no rule applies. */
  label?: string;
  text?: string;
  /** Whether to ask the user: several columns, or none, could be meant. */
  doubtful: boolean;
  /** Two labels, such as 0 and 1, whose meaning the user should be asked for. */
  bareLabels?: string[];
}

/** The results of one variant when several were trained on the same split with the same settings. */
export interface VariantScores {
  variant: ClassifierVariant;
  /** Macro F1 on the validation part, which decides between variants. */
  validationMacroF1: number;
  /** On the held-out part. */
  accuracy: number | null;
  macroF1: number | null;
  perClass: Record<string, ClassScores>;
  parameters: number;
  seconds: number;
}

/** The source of labelled text: a path (file or folder of folders), or the text of an editor. */
export type LabelledSource = { name: string; path: string; encoding?: string } | { name: string; text: string };

export interface ClassifierSettings {
  /** `auto`: whichever is best on the validation part. */
  model: ModelPart | 'auto';
  variant: ClassifierVariant;
  units: number;
  /** Recurrent layers, one above the other, each with `units` and `dropout`; a bidirectional network has one. */
  layers: number;
  /** In which direction a text is read; a bidirectional network reads it in both. */
  direction: 'forwards' | 'backwards';
  /** Share of a recurrent layer's outputs dropped during training. */
  dropout: number;
  epochs: number;
  batch: number;
  /** The minimum number of updates: with few texts, batches are smaller and there are more epochs. */
  leastUpdates: number;
  learningRate: number;
  /** `padded`: every text is cut or padded to `maximumTokens` (as in the recipe). `ragged`: true lengths, in buckets. */
  lengths: 'padded' | 'ragged';
  maximumTokens: number;
  /**
   * `frozen`: pretrained vectors stay fixed. `tuned`: they are the initial values. `learned`: no pretrained vectors.
   */
  vectors: 'frozen' | 'tuned' | 'learned';
  /** A GloVe, word2vec or .vec file instead of the table that comes with the program. */
  vectorFile?: string;
  /**
   * In addition to its vector, each word has its evidence for the classes in the training part as input (frozen vectors
   * only).
   */
  evidence: boolean;
  /** Share of the words hidden from the network in each training step, in [0, 1). */
  wordDropout: number;
  /** Each weight also shrinks by the learning rate times this share of itself in every step; 0: none. */
  weightDecay: number;
  /** Adam's learning rate is constant, or decays along half a cosine. */
  schedule: 'constant' | 'cosine';
  /** Weights each class by N / (classes · its examples), so that a rare class counts as much as a frequent one. */
  classWeights: 'none' | 'balanced';
  heldOutFraction: number;
  /**
   * `remove`: equal texts stay together, and the held-out part has each once. `keep`: examples are drawn independently,
   * so that texts of the held-out part may also be in the training part, as in most published results.
   */
  duplicates: 'remove' | 'keep';
  /**
   * Share of the training part used to choose the epoch and the threshold and to calibrate the probabilities. With 0,
   * the last epoch is kept, the threshold is 0.5 unless fixed, and the curves are those of the held-out part.
   */
  validationFraction: number;
  /**
   * Stops after this many epochs without a better macro F1 on the validation part; the weights of the best epoch are
   * kept.
   */
  patience?: number;
  /** How the threshold is chosen (two classes only). */
  threshold: ThresholdRule;
  /** How log-odds become probabilities, fitted on the validation part (two classes only). */
  calibration: 'none' | 'temperature' | 'platt' | 'isotonic';
  badRows: 'refuse' | 'skip';
  /** `auto`: with few texts about spam, the linear model starts from the shipped detector if that is better. */
  start: 'auto' | 'none';
  /** The class that probability and curves refer to; by default `spam` if there is one, otherwise the rarer class. */
  positive?: string;
  seed: number;
}

/** The recipe `sms-spam`: the settings in which it differs from the usual ones. */
export const spamRecipeSettings = {
  model: 'network',
  leastUpdates: 0,
  epochs: 20,
  batch: 512,
  learningRate: 0.001,
  lengths: 'padded',
  maximumTokens: 50,
  evidence: false,
  wordDropout: 0,
  schedule: 'constant',
  validationFraction: 0,
} as const satisfies Partial<ClassifierSettings>;

/** The parts of a classifier that produce the verdicts. */
export type ModelPart = 'network' | 'linear' | 'average';
export const modelParts = ['network', 'linear', 'average'] as const satisfies readonly ModelPart[];

/** How the scores of the parts are combined into one logit: Σ weight · score + bias. */
export interface Mix {
  network: number;
  linear: number;
  bias: number;
}

/** A candidate for what is kept, with its results. */
export interface CandidateScores {
  part: ModelPart;
  /** On the texts used for the choice: mean log loss in nats. */
  validationLoss: number;
  validationMacroF1: number | null;
  /** On the held-out part. */
  report?: ClassificationReport;
}

/** How well the linear model does after training on a number of texts, and what more texts would be worth. */
export interface LearningCurve {
  /** In ascending order; the last point is that of all texts except those tested on. */
  points: { texts: number; macroF1: number }[];
  /** Further texts that are worth labelling; 0: more of the same would hardly help. */
  worthAdding: number;
  /** Macro F1 that is expected with them. */
  expected: number;
}

export type ThresholdRule =
  | { kind: 'fixed'; value: number }
  | { kind: 'maximum-f1' }
  /** At most this share of the other class (good messages) may be called positive. */
  | { kind: 'maximum-lost'; share: number };

export interface ClassifierStartEvent {
  event: 'start';
  settings: ClassifierSettings;
  classes: string[];
  examples: number;
  trainExamples: number;
  heldOutExamples: number;
  /**
   * Duplicates left out of the held-out part: each text counts once there, and none of them is in the training part.
   */
  duplicatesRemoved: number;
  problems: DataProblem[];
  /** Notes on the data: columns read, labels merged, rows left out. */
  notices: Told[];
  advice: DataAdvice[];
  parameters: number;
  backend: string;
  kernel: string;
  threads: number;
}

export interface ClassifierEpochEvent {
  event: 'epoch';
  epoch: number;
  seconds: number;
  trainLoss: number;
  trainAccuracy: number;
  validationLoss: number;
  validationAccuracy: number;
  validationMacroF1: number;
  best: boolean;
}

export interface ClassifierDoneEvent {
  event: 'done';
  model: string;
  accuracy: number | null;
  macroF1: number | null;
  perClass: Record<string, ClassScores>;
  confusion: number[][];
  kept?: ModelPart;
  /** Each with its figures on the held-out part, if measured. */
  candidates?: (Omit<CandidateScores, 'report'> & Partial<BaselineSummary>)[];
  baselines: { [K in keyof Baselines]: BaselineSummary };
  seconds: number;
  threshold: number | null;
  duplicatesRemoved: number;
  problems: DataProblem[];
}

export type ClassifierEvent = ClassifierStartEvent | ClassifierEpochEvent | ClassifierDoneEvent;

/** Everything that the Classifier tab shows about a trained classifier; stored in the model file. */
export interface ClassifierRecord {
  settings: ClassifierSettings;
  classes: string[];
  /** Index of the positive class of two classes, otherwise null. */
  positive: number | null;
  threshold: number | null;
  /** On the held-out part, at `threshold`. */
  report: ClassificationReport;
  baselines: Baselines;
  curves: BinaryCurves | null;
  scores: ScoredExample[];
  history: ClassifierEpochEvent[];
  advice: DataAdvice[];
  duplicatesRemoved: number;
  trainExamples: number;
  heldOutExamples: number;
  seconds: number;
  sources: string[];
  created: string;
  /** The parts that produce the verdicts, and the alternatives; absent in a classifier that is only a network. */
  kept?: ModelPart;
  candidates?: CandidateScores[];
  learningCurve?: LearningCurve;
  /**
   * Present if the linear model started from the shipped detector: its macro F1 by cross-validation, and that of one that
   * did not.
   */
  startedFromShipped?: { macroF1: number; without: number };
  /** Tokens per passage, if long texts are read passage by passage. */
  passageTokens?: number;
  /** Texts with a smaller share of known words are in a language that is unknown to the classifier. */
  familiarShare?: number;
  /** All variants, if they were compared. */
  comparison?: VariantScores[];
}

/** A finding while reading a text: that it is the source of a mail or a page, or a way to disguise its content. */
export type ReadingFinding = 'mail' | 'html' | 'hidden' | 'lookalikes' | 'spaced';

/** A span of the text and its effect on the verdict. */
export interface TokenContribution {
  /** UTF-16 offsets into the classified text. */
  start: number;
  end: number;
  /** Log-odds of the reported class with the whole text, minus those without this token. */
  contribution: number;
}

/**
 * The answer of a classifier with two classes: the positive class, the other one, or neither. `too short` and `unknown
 * language`: the text contains too little information, or hardly any known words.
 */
export type Answer = 'positive' | 'unsure' | 'negative' | 'too short' | 'unknown language';

export interface Verdict {
  /** The class determined by probability and threshold. */
  label: string;
  /** Null for more than two classes. */
  answer: Answer | null;
  /** Calibrated probability of `label`. */
  probability: number;
  probabilities: Record<string, number>;
  /**
   * The verdict is positive if the probability of the positive class is at least this; null for more than two classes.
   */
  threshold: number | null;
  /** How `contributions` were computed. */
  method: 'occlusion' | 'weights' | 'occlusion and weights';
  /** Empty unless requested. */
  contributions: TokenContribution[];
  tokens: number;
  /** The decisive passage, if a long text was read passage by passage; offsets as in `contributions`. */
  passage?: { start: number; end: number; index: number; count: number };
  /** The findings while reading the text. */
  findings: ReadingFinding[];
  /** Mail or HTML source as a reader sees it; if present, offsets refer to it. */
  unwrapped?: string;
  /** The user's own label for this exact text. */
  corrected: boolean;
  /** The verdict of the naive Bayes baseline of the same model. */
  naiveBayes: { label: string; probability: number };
  engineMs: number;
}

/** A correction is stored and recognised by this much of its text (UTF-16 units). */
export const correctionLength = 20_000;

/** A user's correction: this text has this label. Stored with the model by the caller and passed with each request. */
export interface Correction {
  text: string;
  label: string;
}

export interface ClassifyRequest {
  /** Undefined: the spam model that comes with the program. */
  modelPath?: string;
  texts: string[];
  explain: boolean;
  corrections?: Correction[];
  /** Instead of the classifier's own (two classes only). */
  threshold?: number;
}

export interface TrainClassifierRequest {
  sources: LabelledSource[];
  /** Names of the columns to read, if the default names do not apply. */
  columns?: { label?: string; text?: string; spam?: string };
  /** Omitted fields have the engine's defaults. */
  settings: Partial<ClassifierSettings>;
  /** Trains all six variants with these settings and keeps the one that is best on the validation part. */
  compare?: boolean;
  /** The path of the model file. */
  modelPath: string;
  title: string;
  threads?: number;
}
