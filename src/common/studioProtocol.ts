/**
 * The protocol between the Studio page and the extension host. One interface per direction: the names of the messages
 * and their contents. The host owns all state; the page may disappear at any time (hidden, reloaded, crashed) and is
 * redrawn from the host's answer to its `ready`. The page is not trusted: `parsePageMessage` checks everything that it
 * sends.
 */
import type { ClassifierState } from './classifierState';
import type { TextBaselines, Considered, Inside } from './engineProtocol';
import { InklingError } from './errors';
import type { LossUnit } from './lossUnits';
import type { RunHistory } from './runHistory';
import type { SampleEvent, TrainEvent } from './trainEvents';
import { maximumColumns, type Wall, type WallAction } from './wall';

export type RunStatus = 'running' | 'paused' | 'done' | 'stopped' | 'failed' | 'interrupted';

/** A run in the list of runs. `interrupted`: its engine died or the window closed; it can be resumed. */
export interface RunItem {
  id: string;
  title: string;
  /** ISO 8601. */
  startedAt: string;
  state: RunStatus;
  modelPath: string;
  /** "LSTM 1 × 256", once known. */
  network?: string;
  heldOutBitsPerCharacter?: number;
  /** Why it failed. */
  message?: string;
  /** It trains on other machines: it can be stopped, not paused. */
  isJob?: boolean;
}

/** A model that can write. A run in progress counts: its latest weights are used. */
export interface ModelItem {
  path: string;
  title: string;
  network: string;
  unit: 'character' | 'word';
  heldOutBitsPerCharacter?: number;
  /** A shipped model of a language, which writes together with the open text. */
  isBase?: boolean;
  /** What precedes a sample without a prompt, so that it begins with a word; empty if every sample does. */
  opening: string;
}

export interface KeptSample {
  id: string;
  text: string;
  prompt: string;
  temperature: number;
  seed: number;
  model: string;
  /** ISO 8601. */
  keptAt: string;
}

export type StudioTab = 'training' | 'samples' | 'classifier';

/** The settings of the page, kept by the host between sessions. */
export interface StudioSettings {
  tab: StudioTab;
  training: {
    unit: LossUnit;
    xQuantity: 'step' | 'epoch' | 'seconds';
    xScale: 'linear' | 'log';
    yScale: 'linear' | 'log';
    /** Smoothing: the weight of earlier values, 0 to 0.99. */
    smoothing: number;
    showAccuracy: boolean;
    showGradient: boolean;
    showBaselines: boolean;
    /** Earlier runs shown behind the selected one. */
    overlays: string[];
  };
  samples: {
    prompt: string;
    /** If not empty, the wall has one column for each of the two prompts, at `temperature`. */
    secondPrompt: string;
    temperature: number;
    /** The columns of the wall for a single prompt. */
    temperatures: number[];
    /** 0 = off. */
    topK: number;
    /** 1 = off. */
    topP: number;
    /** 0 = off. */
    minP: number;
    /** 1 = off. */
    repetitionPenalty: number;
    /** Words to include, separated by commas. */
    mustContain: string;
    length: number;
    seed: number;
    /** Tint each character by the model's own probability. */
    tint: boolean;
  };
}

export const defaultSettings: StudioSettings = {
  tab: 'training',
  training: {
    unit: 'bits',
    xQuantity: 'step',
    xScale: 'linear',
    yScale: 'linear',
    smoothing: 0.6,
    showAccuracy: false,
    showGradient: false,
    showBaselines: true,
    overlays: [],
  },
  samples: {
    prompt: '',
    secondPrompt: '',
    temperature: 0.7,
    temperatures: [0.2, 0.5, 1, 1.2],
    topK: 0,
    topP: 1,
    minP: 0,
    repetitionPenalty: 1,
    mustContain: '',
    length: 300,
    seed: 42,
    tint: true,
  },
};

export const bounds = {
  smoothing: { minimum: 0, maximum: 0.99 },
  temperature: { minimum: 0, maximum: 2 },
  topK: { minimum: 0, maximum: 1000 },
  topP: { minimum: 0.01, maximum: 1 },
  minP: { minimum: 0, maximum: 1 },
  repetitionPenalty: { minimum: 1, maximum: 2 },
  length: { minimum: 1, maximum: 2000 },
  seed: { minimum: 0, maximum: 4294967295 },
  threshold: { minimum: 0, maximum: 1 },
} as const;

/** Host → page. */
export interface HostMessages {
  /** The answer to `ready`: everything that the page needs to draw itself. */
  state: {
    settings: StudioSettings;
    runs: RunItem[];
    runId?: string;
    models: ModelItem[];
    modelPath?: string;
    wall: Wall;
    kept: KeptSample[];
    /** Whether Continue Text is writing into an editor. */
    continuing: boolean;
    /** Whether to ask if a shipped model of a language may write when there is no other. */
    asksForBase: boolean;
  };
  runs: { runs: RunItem[]; runId?: string };
  history: { runId: string; history: RunHistory };
  /** What has happened since, in batches. */
  events: { runId: string; events: TrainEvent[] };
  baselines: { runId: string; baselines?: TextBaselines };
  /** The network of a run and what it reads; a sentence if its text is gone. */
  inside: { runId: string; inside?: Inside; problem?: string };
  models: { models: ModelItem[]; modelPath?: string; asksForBase: boolean };
  recordedSamples: { runId: string; step: number; samples: SampleEvent[] };
  wall: { actions: WallAction[] };
  considered: { column: number; offset: number; considered: Considered[] };
  kept: { kept: KeptSample[] };
  prompt: { text: string };
  continuing: { active: boolean };
  classifier: { state: ClassifierState };
  showTab: { tab: StudioTab };
  /** A sentence in the page's status line. */
  notice: { message: string; error: boolean };
}

/** A message without contents. */
type Nothing = object;

/** Page → host. */
export interface PageMessages {
  ready: Nothing;
  settings: { settings: StudioSettings };
  selectRun: { runId: string };
  /** Histories of the runs shown behind the selected one. */
  requestHistory: { runId: string };
  requestBaselines: { runId: string };
  /** `at`: the number of an example. `text`: what to show as tokens; empty: the vocabulary. */
  requestInside: { runId: string; at: number; text: string };
  requestSamples: { runId: string; step: number };
  train: Nothing;
  /** Open a sample text. */
  trySample: Nothing;
  /** Whether a shipped model of a language may write when there is no other. */
  answerBase: { allowed: boolean };
  control: { runId: string; action: 'pause' | 'resume' | 'stop' };
  /** Resume a run that was interrupted or has ended. */
  resumeRun: { runId: string };
  useModel: { modelPath: string };
  /** Fill the wall with the current settings; without temperatures: one column at that of the slider. */
  generate: { modelPath: string };
  /** Open the wall as a text in the editor. */
  openWall: Nothing;
  stopWriting: Nothing;
  consider: { column: number; offset: number };
  branch: { column: number; offset: number; token: string };
  closeColumn: { column: number };
  promptFromCursor: Nothing;
  continueText: { modelPath: string };
  stopContinuing: Nothing;
  copy: { text: string };
  insert: { text: string };
  keep: { text: string; prompt: string; temperature: number; seed: number; model: string };
  removeKept: { id: string };
  /** `text`: the passage that was copied. */
  openSource: { source: string; offset: number; text: string };
  /** The Classifier tab is visible: from now on the page receives its state. */
  requestClassifier: Nothing;
  chooseClassifier: { path: string };
  /** Null: use the classifier's own. */
  setThreshold: { threshold: number | null };
  checkSelection: Nothing;
  trainClassifier: Nothing;
  correctCheck: { check: number; label: string };
  removeCorrection: { id: string };
  /** The selected text becomes an example. */
  addExample: Nothing;
  removeExample: { id: string };
  trainOnExamples: Nothing;
  /** `contents` is text for svg and csv, base64 for png. */
  export: { format: 'png' | 'svg' | 'csv'; name: string; contents: string };
}

type Messages<M> = { [K in keyof M]: { type: K } & M[K] }[keyof M];
export type HostMessage = Messages<HostMessages>;
export type PageMessage = Messages<PageMessages>;

/** Throws if the value is not valid; `where` names the field for the log. */
type Check<T> = (value: unknown, where: string) => T;

function fail(where: string, expected: string): never {
  throw new InklingError('protocol', `The Studio page sent a message that is not valid: ${where} must be ${expected}.`);
}

const text =
  (maximumLength: number): Check<string> =>
  (value, where) =>
    typeof value === 'string' && value.length <= maximumLength
      ? value
      : fail(where, `a string of at most ${maximumLength} characters`);

const number =
  ({ minimum, maximum }: { minimum: number; maximum: number }): Check<number> =>
  (value, where) =>
    typeof value === 'number' && value >= minimum && value <= maximum
      ? value
      : fail(where, `a number from ${minimum} to ${maximum}`);

const whole =
  (range: { minimum: number; maximum: number }): Check<number> =>
  (value, where) => {
    const checked = number(range)(value, where);
    return Number.isInteger(checked) ? checked : fail(where, 'a whole number');
  };

const orNull =
  <T>(check: Check<T>): Check<T | null> =>
  (value, where) =>
    value === null ? null : check(value, where);

const flag: Check<boolean> = (value, where) => (typeof value === 'boolean' ? value : fail(where, 'true or false'));

const oneOf =
  <T extends string>(...choices: readonly T[]): Check<T> =>
  (value, where) =>
    choices.find((choice) => choice === value) ?? fail(where, `one of ${choices.join(', ')}`);

const list =
  <T>(item: Check<T>, maximumLength: number): Check<T[]> =>
  (value, where) =>
    Array.isArray(value) && value.length <= maximumLength
      ? value.map((element, i) => item(element, `${where}[${i}]`))
      : fail(where, `a list of at most ${maximumLength}`);

/** Only the named fields are copied. */
const object =
  <T extends object>(fields: { [K in keyof T]-?: Check<T[K]> }): Check<T> =>
  (value, where) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(where, 'an object');
    const source = value as Record<string, unknown>;
    const checked = {} as T;
    for (const key of Object.keys(fields) as (keyof T & string)[]) {
      checked[key] = fields[key](source[key], `${where}.${key}`);
    }
    return checked;
  };

const identifier = text(1000);
const path = text(10_000);
const writing = text(2_000_000);
const count = whole({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const settingsCheck = object<StudioSettings>({
  tab: oneOf('training', 'samples', 'classifier'),
  training: object<StudioSettings['training']>({
    unit: oneOf('nats', 'bits', 'perplexity'),
    xQuantity: oneOf('step', 'epoch', 'seconds'),
    xScale: oneOf('linear', 'log'),
    yScale: oneOf('linear', 'log'),
    smoothing: number(bounds.smoothing),
    showAccuracy: flag,
    showGradient: flag,
    showBaselines: flag,
    overlays: list(identifier, 20),
  }),
  samples: object<StudioSettings['samples']>({
    prompt: text(100_000),
    secondPrompt: text(100_000),
    temperature: number(bounds.temperature),
    temperatures: list(number(bounds.temperature), maximumColumns),
    topK: whole(bounds.topK),
    topP: number(bounds.topP),
    minP: number(bounds.minP),
    repetitionPenalty: number(bounds.repetitionPenalty),
    mustContain: text(1000),
    length: whole(bounds.length),
    seed: whole(bounds.seed),
    tint: flag,
  }),
});

const nothing: Check<Nothing> = () => ({});

const pageChecks: { [K in keyof PageMessages]: Check<PageMessages[K]> } = {
  ready: nothing,
  settings: object<PageMessages['settings']>({ settings: settingsCheck }),
  selectRun: object<PageMessages['selectRun']>({ runId: identifier }),
  requestHistory: object<PageMessages['requestHistory']>({ runId: identifier }),
  requestBaselines: object<PageMessages['requestBaselines']>({ runId: identifier }),
  requestInside: object<PageMessages['requestInside']>({ runId: identifier, at: count, text: text(10_000) }),
  requestSamples: object<PageMessages['requestSamples']>({ runId: identifier, step: count }),
  train: nothing,
  trySample: nothing,
  answerBase: object<PageMessages['answerBase']>({ allowed: flag }),
  control: object<PageMessages['control']>({ runId: identifier, action: oneOf('pause', 'resume', 'stop') }),
  resumeRun: object<PageMessages['resumeRun']>({ runId: identifier }),
  useModel: object<PageMessages['useModel']>({ modelPath: path }),
  generate: object<PageMessages['generate']>({ modelPath: path }),
  openWall: nothing,
  stopWriting: nothing,
  consider: object<PageMessages['consider']>({ column: count, offset: count }),
  branch: object<PageMessages['branch']>({ column: count, offset: count, token: text(1000) }),
  closeColumn: object<PageMessages['closeColumn']>({ column: count }),
  promptFromCursor: nothing,
  continueText: object<PageMessages['continueText']>({ modelPath: path }),
  stopContinuing: nothing,
  copy: object<PageMessages['copy']>({ text: writing }),
  insert: object<PageMessages['insert']>({ text: writing }),
  keep: object<PageMessages['keep']>({
    text: writing,
    prompt: text(100_000),
    temperature: number(bounds.temperature),
    seed: whole(bounds.seed),
    model: identifier,
  }),
  removeKept: object<PageMessages['removeKept']>({ id: identifier }),
  openSource: object<PageMessages['openSource']>({ source: path, offset: count, text: writing }),
  requestClassifier: nothing,
  chooseClassifier: object<PageMessages['chooseClassifier']>({ path }),
  setThreshold: object<PageMessages['setThreshold']>({ threshold: orNull(number(bounds.threshold)) }),
  checkSelection: nothing,
  trainClassifier: nothing,
  correctCheck: object<PageMessages['correctCheck']>({ check: count, label: identifier }),
  removeCorrection: object<PageMessages['removeCorrection']>({ id: identifier }),
  addExample: nothing,
  removeExample: object<PageMessages['removeExample']>({ id: identifier }),
  trainOnExamples: nothing,
  export: object<PageMessages['export']>({
    format: oneOf('png', 'svg', 'csv'),
    name: text(200),
    contents: text(50_000_000),
  }),
};

/** A message from the page, fully checked; throws `protocol` for anything else. */
export function parsePageMessage(value: unknown): PageMessage {
  if (typeof value !== 'object' || value === null) fail('message', 'an object');
  const { type } = value as { type?: unknown };
  if (typeof type !== 'string' || !Object.hasOwn(pageChecks, type)) fail('type', 'a known name');
  const name = type as keyof PageMessages;
  return { type: name, ...pageChecks[name](value, name) } as PageMessage;
}

/** Settings from an earlier session or version, with later settings at their defaults; undefined if no longer valid. */
export function parseSettings(value: unknown): StudioSettings | undefined {
  const { tab, training, samples } = (value ?? {}) as Partial<StudioSettings>;
  const filled = {
    tab,
    training: training && { ...defaultSettings.training, ...training },
    samples: samples && { ...defaultSettings.samples, ...samples },
  };
  try {
    return settingsCheck(filled, 'settings');
  } catch {
    return undefined;
  }
}
