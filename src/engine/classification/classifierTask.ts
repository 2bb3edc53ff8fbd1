/** What a classifier is trained on, and how. */
import type { ClassifierEvent, ClassifierSettings } from '../../common/classifierProtocol';
import type { Backend } from '../backends/backend';
import type { LabelledData } from './labelledData';
import type { LinearModel, LinearOptions } from './linearModel';
import type { Split } from './split';
import type { VectorSource } from './vectorSource';

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
  /** The linear part of the shipped detector, if this task may start from it. */
  shipped?: LinearModel;
  /** A split to use instead of a random one: for cross-validation, and for data that is already split. */
  split?: Split;
  /** ISO 8601; default: now. */
  created?: string;
  /** The maximum number of words for evidence and baselines, which make up most of a model file. */
  wordLimit?: number;
  /** Options of the linear model; only the shipped detector has other than the default ones. */
  linearOptions?: Pick<LinearOptions, 'c' | 'limit'>;
}
