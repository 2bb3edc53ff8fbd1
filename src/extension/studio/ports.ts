/**
 * Everything that the Studio needs from the rest of the extension, one port per subject. Plain values and callbacks, so
 * that the session behind the page can be tested without an editor. Each port has an adapter in this folder
 * (`runsPort.ts` …) that depends only on what it needs.
 */
import type {
  Inside,
  TextBaselines,
  Considered,
  ConsideredRequest,
  SampleDelta,
  SampleRequest,
  SampleResult,
  SamplingOptions,
} from '../../common/engineProtocol';
import type { ClassifierState } from '../../common/classifierState';
import type { ModelItem, RunItem } from '../../common/studioProtocol';
import type { TintRange } from '../../common/tint';
import type { TrainEvent } from '../../common/trainEvents';
import type { Clock } from '../clock';

/** Compatible with vscode.Event, and with an emitter of two lines in a test. */
export type Subscribe<T> = (listener: (value: T) => unknown) => { dispose(): unknown };

export interface RunsPort {
  /** Newest first. */
  list(): readonly RunItem[];
  onDidChange: Subscribe<void>;
  /** Every event of a run from disk and memory, oldest first; includes those already reported by `onDidTrain`. */
  readEvents(runId: string): Promise<readonly TrainEvent[]>;
  /** `index` is the position of the event in the result of `readEvents`. */
  onDidTrain: Subscribe<{ runId: string; event: TrainEvent; index: number }>;
  control(runId: string, action: 'pause' | 'resume' | 'stop'): Promise<void>;
  /** The command Resume Training for this run. */
  resume(runId: string): Promise<void>;
  /** The command Train on This File. */
  train(): Promise<void>;
  /** The command Try a Sample Text. */
  trySample(): Promise<void>;
  /** Computed once and cached; undefined if the run has no held-out text or its text is gone. */
  baselines(runId: string): Promise<TextBaselines | undefined>;
  /** Throws `invalidInput` if the run's text is gone. */
  inside(runId: string, at: number, text: string): Promise<Inside>;
}

export interface ModelsPort {
  list(): readonly ModelItem[];
  /** Path of the active model. */
  active(): string | undefined;
  use(path: string): Promise<void>;
  /** Whether the user has not yet said if a shipped model of a language may write when there is no other. */
  asksForBase(): boolean;
  answerBase(allowed: boolean): Promise<void>;
  onDidChange: Subscribe<void>;
}

/** Calls to the engine; aborting rejects them with the code `cancelled`. */
export interface EnginePort {
  sample(request: SampleRequest, onDelta: (delta: SampleDelta) => void, signal: AbortSignal): Promise<SampleResult>;
  considered(request: ConsideredRequest, signal: AbortSignal): Promise<Considered[]>;
}

export interface EditorPort {
  /**
   * The text before the cursor (the last `maximumLength` characters of it). Throws `invalidInput` if no text is open.
   */
  textBeforeCursor(maximumLength: number): string;
  insertAtCursor(text: string): Promise<void>;
  /** Continue Text with exactly these options; resolves when it has written or was aborted. */
  continueText(modelPath: string, options: SamplingOptions, signal: AbortSignal): Promise<void>;
  /** Opens a training text at a copied passage, with `source` and `offset` from a CopyReport. */
  openSource(modelPath: string, source: string, offset: number, passage: string): Promise<void>;
  copy(text: string): Promise<void>;
  /** Opens a new Markdown document with this text, tinted; offsets in UTF-16 units. */
  openText(text: string, tints: readonly TintRange[]): Promise<void>;
  /** Asks for a path and writes; resolves to false if the user cancels. */
  saveFile(suggestedName: string, contents: Uint8Array): Promise<boolean>;
}

export interface ClassifierPort {
  /**
   * Everything that the tab shows; starts the engine, which reads the record of the chosen classifier. Never rejects.
   */
  state(): Promise<ClassifierState>;
  onDidChange: Subscribe<void>;
  /** '' for the built-in one. */
  choose(path: string): Promise<void>;
  /** Undefined: the classifier's own. */
  setThreshold(threshold: number | undefined): Promise<void>;
  /** The command Check Selection for Spam. */
  check(): Promise<void>;
  /** The command Train Classifier on This File. */
  train(): Promise<void>;
  /** The correct label of a text of the last check. */
  correct(check: number, label: string): Promise<void>;
  removeCorrection(id: string): Promise<void>;
  /** The command Add Selection as Example. */
  addExample(): Promise<void>;
  removeExample(id: string): Promise<void>;
  /** The command Train Classifier on Your Examples. */
  trainOnExamples(): Promise<void>;
}

/** Fits vscode.Memento. */
export interface MemoryPort {
  get<T>(key: string): T | undefined;
  update(key: string, value: unknown): PromiseLike<void>;
}

export interface StudioPorts {
  runs: RunsPort;
  models: ModelsPort;
  engine: EnginePort;
  editor: EditorPort;
  classifier: ClassifierPort;
  /** context.workspaceState. */
  memory: MemoryPort;
  clock: Clock;
  /** Writes to the log; the page itself shows what the user must know. */
  log(message: string): void;
}
