/**
 * What is said about classifiers between the engine, the command line and the editor: reports, curves, verdicts, and the
 * requests that ask for them. Plain JSON throughout. Names and conventions of the figures are scikit-learn's.
 */
import type { CellKind } from './trainingConfig';

/** The six variants of seed system 8. */
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

/** What a row of a classification report says; `support` is how many examples truly have the class. Figures of a class
 *  without examples are null: nothing was measured. */
export interface ClassScores {
  precision: number | null;
  recall: number | null;
  f1: number | null;
  support: number;
}

/** Everything that follows from true and predicted labels alone. */
export interface ClassificationReport {
  /** Class names in the order of the confusion matrix. */
  classes: string[];
  perClass: Record<string, ClassScores>;
  /** Null without examples. */
  accuracy: number | null;
  /** Over the classes that were measured. */
  macro: ClassScores;
  weighted: ClassScores;
  /** [true][predicted] counts. */
  confusion: number[][];
}

export interface Interval {
  low: number;
  high: number;
}

/** How far figures measured on some examples can be trusted: 95 % intervals, and whether probabilities mean what they say. */
export interface Certainty {
  accuracy: Interval | null;
  /** By class; null where nothing was measured. */
  precision: Record<string, Interval | null>;
  recall: Record<string, Interval | null>;
  /** Area under the ROC curve; null for more than two classes, or where one of two has no examples. */
  auc: (Interval & { value: number }) | null;
  /** Expected calibration error: of the positive class of two, else of the likeliest class. */
  calibrationError: number;
}

/** Curves over all thresholds of the positive class. Arrays of one curve have equal length. */
export interface BinaryCurves {
  roc: { falsePositiveRate: number[]; truePositiveRate: number[]; threshold: (number | null)[]; auc: number };
  precisionRecall: { precision: number[]; recall: number[]; threshold: (number | null)[]; averagePrecision: number };
}

/** One held-out example's score, kept so that the page can move the threshold without asking again. */
export interface ScoredExample {
  /** Index into the report's classes. */
  label: number;
  /** Calibrated probability of the positive class. */
  probability: number;
}

export interface Baselines {
  /** The most frequent class of the training part, always. */
  majority: ClassificationReport;
  naiveBayes: ClassificationReport;
  logisticRegression: ClassificationReport;
}

/** The command line's short form of a baseline. */
export interface BaselineSummary {
  accuracy: number | null;
  macroF1: number | null;
  perClass: Record<string, ClassScores>;
}

/** How sure the held-out figures can be, class by class, and what is still wanted. */
export interface DataAdvice {
  label: string;
  examples: number;
  heldOut: number;
  /** Further examples until a verdict on this class is worth anything; 0 when there are enough. */
  missing: number;
  message: string;
}

export interface DataProblem {
  source: string;
  /** 1-based line where the row begins; 0 for a whole file. */
  line: number;
  reason: string;
}

/** The columns of a labelled table, and which of them are read. */
export interface LabelledColumns {
  columns: string[];
  /** Undefined where no rule tells. */
  label?: string;
  text?: string;
  /** Whether a user should be asked: several columns, or none, could be meant. */
  doubtful: boolean;
  /** Two labels, such as 0 and 1, of which a user should be asked what they mean. */
  bareLabels?: string[];
}

/** How one variant did where several were trained on the same split with the same settings. */
export interface VariantScores {
  variant: ClassifierVariant;
  /** Macro F1 on the validation part, by which a variant is chosen. */
  validationMacroF1: number;
  /** On the held-out part. */
  accuracy: number | null;
  macroF1: number | null;
  perClass: Record<string, ClassScores>;
  parameters: number;
  seconds: number;
}

/** Where the labelled text comes from: a path (file or folder of folders), or the text of an editor. */
export type LabelledSource = { name: string; path: string; encoding?: string } | { name: string; text: string };

export interface ClassifierSettings {
  /** `auto`: whichever is best on the validation part. */
  model: ModelPart | 'auto';
  variant: ClassifierVariant;
  units: number;
  /** Share of the recurrent layer's outputs dropped while training. */
  dropout: number;
  epochs: number;
  batch: number;
  /** The network is updated at least so often: on few texts, batches are smaller and epochs more. */
  leastUpdates: number;
  learningRate: number;
  /** `padded`: every text is cut or padded to `maximumTokens` (as the seed). `ragged`: true lengths, in buckets. */
  lengths: 'padded' | 'ragged';
  maximumTokens: number;
  /** `frozen`: pretrained vectors stay as they are. `tuned`: they are the start. `learned`: no pretrained vectors. */
  vectors: 'frozen' | 'tuned' | 'learned';
  /** A GloVe, word2vec or .vec file instead of the table that comes with the program. */
  vectorFile?: string;
  /** Beside its vector, give each word's evidence for the classes in the training part (frozen vectors only). */
  evidence: boolean;
  /** Share of the words hidden from the network in each training step, in [0, 1). */
  wordDropout: number;
  /** Adam's rate stays, or falls along half a cosine. */
  schedule: 'constant' | 'cosine';
  /** Weigh each class by N / (classes · its examples), so that a rare class counts as much as a frequent one. */
  classWeights: 'none' | 'balanced';
  heldOutFraction: number;
  /** Share of the training part that chooses the epoch and the threshold and calibrates the probabilities. With 0 the
   *  last epoch is kept, the threshold is 0.5 unless fixed elsewhere, and the curves are the held-out part's. */
  validationFraction: number;
  /** Stop after this many epochs without a better macro F1 on the validation part; the best epoch's weights are kept. */
  patience?: number;
  /** How the threshold is chosen (two classes only). */
  threshold: ThresholdRule;
  /** How log-odds become probabilities, fitted on the validation part (two classes only). */
  calibration: 'none' | 'temperature' | 'platt' | 'isotonic';
  badRows: 'refuse' | 'skip';
  /** The class that probability and curves speak of; default: `spam` if there is one, else the rarer class. */
  positive?: string;
  seed: number;
}

/** What of a classifier gives the verdicts. */
export type ModelPart = 'network' | 'linear' | 'average';
export const modelParts = ['network', 'linear', 'average'] as const satisfies readonly ModelPart[];

/** How the scores of the parts make one logit: Σ weight · score + bias. */
export interface Mix {
  network: number;
  linear: number;
  bias: number;
}

/** What could have been kept, and how it did. */
export interface CandidateScores {
  part: ModelPart;
  /** On the texts that the choice was made by: mean log loss in nats. */
  validationLoss: number;
  validationMacroF1: number | null;
  /** On the held-out part. */
  report?: ClassificationReport;
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
  /** Repetitions left out of the held-out part: each text counts once there, and none stands in the training part. */
  duplicatesRemoved: number;
  problems: DataProblem[];
  /** What its reader should know of the data: columns read, labels joined, rows left out. */
  notices: string[];
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
  /** Each with its figures on the held-out part, where they were measured. */
  candidates?: (Omit<CandidateScores, 'report'> & Partial<BaselineSummary>)[];
  baselines: Record<keyof Baselines, BaselineSummary>;
  seconds: number;
  threshold: number | null;
  duplicatesRemoved: number;
  problems: DataProblem[];
}

export type ClassifierEvent = ClassifierStartEvent | ClassifierEpochEvent | ClassifierDoneEvent;

/** All that the Classifier tab shows of one trained classifier; stored in the model file. */
export interface ClassifierRecord {
  settings: ClassifierSettings;
  classes: string[];
  /** Index of the positive class, for two classes; else null. */
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
  /** What gives the verdicts, and what else could have; none in a classifier that is a network alone. */
  kept?: ModelPart;
  candidates?: CandidateScores[];
  /** Tokens of a passage, where long texts are read passage by passage. */
  passageTokens?: number;
  /** Texts of which a smaller share of words is known are in a language that the classifier does not know. */
  familiarShare?: number;
  /** All variants side by side, where they were compared. */
  comparison?: VariantScores[];
}

/** What was found while a text was read: that it is the source of a mail or a page, or a means to hide what it says. */
export type ReadingFinding = 'mail' | 'html' | 'hidden' | 'lookalikes' | 'spaced';

/** A stretch of the text and what it did to the verdict. */
export interface TokenContribution {
  /** UTF-16 offsets into the classified text. */
  start: number;
  end: number;
  /** Log-odds of the reported class with the text as it is, less those without this token. */
  contribution: number;
}

/**
 * What a classifier of two classes answers: the positive class, not that, or neither with good reason. `too short` and
 * `unknown language`: the text says too little, or its words are none of those learned from.
 */
export type Answer = 'positive' | 'unsure' | 'negative' | 'too short' | 'unknown language';

export interface Verdict {
  /** The class that probability and threshold decide on. */
  label: string;
  /** Null for more than two classes. */
  answer: Answer | null;
  /** Calibrated probability of `label`. */
  probability: number;
  probabilities: Record<string, number>;
  /** Probability of the positive class from which on the verdict is positive; null for more than two classes. */
  threshold: number | null;
  /** How `contributions` were found. */
  method: 'occlusion' | 'weights' | 'occlusion and weights';
  /** Empty unless asked for. */
  contributions: TokenContribution[];
  tokens: number;
  /** The passage that decided, where a long text was read passage by passage; offsets as those of `contributions`. */
  passage?: { start: number; end: number; index: number; count: number };
  /** What was found while the text was read. */
  findings: ReadingFinding[];
  /** Mail or HTML source as its reader sees it; offsets refer to it where it is given. */
  unwrapped?: string;
  /** The user's own word for this very text. */
  corrected: boolean;
  /** What the naive Bayes baseline of the same model says. */
  naiveBayes: { label: string; probability: number };
  engineMs: number;
}

/** A correction is kept, and known again, by so much of its text (UTF-16 units). */
export const correctionLength = 20_000;

/** A user's correction: this text has this label. Kept beside the model by whoever asks; given with each request. */
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
  /** Names of the columns to read, where the known names would not be right. */
  columns?: { label?: string; text?: string; spam?: string };
  /** What is left out is as the engine's defaults have it. */
  settings: Partial<ClassifierSettings>;
  /** Train all six variants with these settings and keep the one that does best on the validation part. */
  compare?: boolean;
  /** Where the model file goes. */
  modelPath: string;
  title: string;
  threads?: number;
}

export interface EvaluateClassifierRequest {
  modelPath?: string;
  sources: LabelledSource[];
  badRows: 'refuse' | 'skip';
  /** Which of the examples' two labels is the classifier's positive class, where they have other names. */
  positive?: string;
}

/** What a trained classifier makes of other labelled texts. */
export interface ClassifierEvaluation {
  report: ClassificationReport;
  baselines: Baselines;
  certainty: Certainty;
  scores: ScoredExample[];
  curves: BinaryCurves | null;
  problems: DataProblem[];
}
