/**
 * Everything the Studio asks of the rest of the extension, one port a subject. Plain values and callbacks, so that the
 * session behind the page can be tested without an editor. Each port has an adapter beside this file (`runsPort.ts` …)
 * that takes only what it needs.
 */
import type {
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
import type { TrainEvent } from '../../common/trainEvents';
import type { Clock } from '../clock';

/** Fits vscode.Event, and an emitter of two lines in a test. */
export type Subscribe<T> = (listener: (value: T) => unknown) => { dispose(): unknown };

export interface RunsPort {
  /** Newest first. */
  list(): readonly RunItem[];
  onDidChange: Subscribe<void>;
  /** Every event of a run from disk and memory, oldest first; includes what `onDidTrain` has said so far. */
  readEvents(runId: string): Promise<readonly TrainEvent[]>;
  /** `index` is the event's place among those that `readEvents` gives. */
  onDidTrain: Subscribe<{ runId: string; event: TrainEvent; index: number }>;
  control(runId: string, action: 'pause' | 'resume' | 'stop'): Promise<void>;
  /** The command Resume Training for this run. */
  resume(runId: string): Promise<void>;
  /** The command Train on This File. */
  train(): Promise<void>;
  /** Computed once and remembered; undefined when the run has no held-out text or its text is gone. */
  baselines(runId: string): Promise<TextBaselines | undefined>;
}

export interface ModelsPort {
  list(): readonly ModelItem[];
  /** Path of the active model. */
  active(): string | undefined;
  use(path: string): Promise<void>;
  onDidChange: Subscribe<void>;
}

/** Calls to the engine; an abort rejects them with the code `cancelled`. */
export interface EnginePort {
  sample(request: SampleRequest, onDelta: (delta: SampleDelta) => void, signal: AbortSignal): Promise<SampleResult>;
  considered(request: ConsideredRequest, signal: AbortSignal): Promise<Considered[]>;
}

export interface EditorPort {
  /** The text before the cursor (the last `maximumLength` characters of it). Throws `invalidInput` when no text is open. */
  textBeforeCursor(maximumLength: number): string;
  insertAtCursor(text: string): Promise<void>;
  /** Continue Text with exactly these options; resolves when it has written or was aborted. */
  continueText(modelPath: string, options: SamplingOptions, signal: AbortSignal): Promise<void>;
  /** Opens a training text at a copied passage. `source` and `offset` as a CopyReport names them. */
  openSource(modelPath: string, source: string, offset: number, passage: string): Promise<void>;
  copy(text: string): Promise<void>;
  /** Asks where, and writes; resolves to false when the user changes their mind. */
  saveFile(suggestedName: string, contents: Uint8Array): Promise<boolean>;
}

export interface ClassifierPort {
  /** All that the tab shows; starts the engine, which reads the chosen classifier's record. Never rejects. */
  state(): Promise<ClassifierState>;
  onDidChange: Subscribe<void>;
  /** '' for the one that comes along. */
  choose(path: string): Promise<void>;
  /** Undefined: back to the classifier's own. */
  setThreshold(threshold: number | undefined): Promise<void>;
  /** The command Check Selection for Spam. */
  check(): Promise<void>;
  /** The command Train Spam Detector on This File. */
  train(): Promise<void>;
  /** What a text of the last check really is. */
  correct(check: number, label: string): Promise<void>;
  removeCorrection(id: string): Promise<void>;
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
  /** Writes to the log; what the user must know, the page shows itself. */
  log(message: string): void;
}
