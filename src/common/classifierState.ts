/**
 * The state of the Studio's Classifier tab, sent by the host: the chosen classifier, its record, and what was checked.
 */
import type { ClassifierEpochEvent, ClassifierRecord, ClassifierVariant, Verdict } from './classifierProtocol';

/** A checked text, as it was at the time. */
export interface CheckedText {
  text: string;
  verdict: Verdict;
}

/** A correction, or an example labelled by hand, as it is listed. */
export interface LabelledItem {
  id: string;
  label: string;
  /** The beginning of the text. */
  excerpt: string;
}

/** A training in progress. */
export interface ClassifierTrainingState {
  title: string;
  variant: ClassifierVariant;
  /** "2 of 6" if the variants are compared. */
  variantNumber: number;
  variants: number;
  epochs: number;
  /** Of the variant being trained. */
  history: ClassifierEpochEvent[];
}

export interface ClassifierState {
  /** The built-in one has the path ''. */
  choices: { path: string; title: string }[];
  path: string;
  record?: ClassifierRecord;
  /** The reason why there is no record. */
  problem?: string;
  /** The user's threshold instead of the one in the record. */
  threshold?: number;
  /** The last check, one entry per selection. */
  checks: CheckedText[];
  corrections: LabelledItem[];
  /** Texts that the user has labelled by hand, the newest first. */
  examples: LabelledItem[];
  training?: ClassifierTrainingState;
}
