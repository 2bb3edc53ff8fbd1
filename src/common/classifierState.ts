/** What the host tells the Studio's Classifier tab: which classifier is chosen, its record, and what was checked. */
import type { ClassifierEpochEvent, ClassifierRecord, ClassifierVariant, Verdict } from './classifierProtocol';

/** A text that was checked, as it stood then. */
export interface CheckedText {
  text: string;
  verdict: Verdict;
}

/** A correction as it is listed. */
export interface CorrectionItem {
  id: string;
  label: string;
  /** How the text begins. */
  excerpt: string;
}

/** A training under way. */
export interface ClassifierTrainingState {
  title: string;
  variant: ClassifierVariant;
  /** "2 of 6" where the variants are compared. */
  variantNumber: number;
  variants: number;
  epochs: number;
  /** Of the variant that trains now. */
  history: ClassifierEpochEvent[];
}

export interface ClassifierState {
  /** The one that comes along has the path ''. */
  choices: { path: string; title: string }[];
  path: string;
  record?: ClassifierRecord;
  /** Why there is no record. */
  problem?: string;
  /** What the user set instead of the record's threshold. */
  threshold?: number;
  /** The last check, one entry a selection. */
  checks: CheckedText[];
  corrections: CorrectionItem[];
  training?: ClassifierTrainingState;
}
