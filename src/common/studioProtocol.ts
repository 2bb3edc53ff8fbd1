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
import { list, number, object, oneOf, orNull, SchemaFault, text, textUpTo, whole, yesNo, type Schema } from './schema';
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

interface Bounds {
  minimum: number;
  maximum: number;
}

const numberIn = ({ minimum, maximum }: Bounds): Schema<number> => number(minimum, maximum);
const wholeIn = ({ minimum, maximum }: Bounds): Schema<number> => whole(minimum, maximum);

const identifier = textUpTo(1000);
const path = textUpTo(10_000);
const writing = textUpTo(2_000_000);
const count = whole();

const settingsSchema = object<StudioSettings>({
  tab: oneOf({ training: true, samples: true, classifier: true }),
  training: object({
    unit: oneOf({ nats: true, bits: true, perplexity: true }),
    xQuantity: oneOf({ step: true, epoch: true, seconds: true }),
    xScale: oneOf({ linear: true, log: true }),
    yScale: oneOf({ linear: true, log: true }),
    smoothing: numberIn(bounds.smoothing),
    showAccuracy: yesNo,
    showGradient: yesNo,
    showBaselines: yesNo,
    overlays: list(identifier, 20),
  }),
  samples: object({
    prompt: textUpTo(100_000),
    secondPrompt: textUpTo(100_000),
    temperature: numberIn(bounds.temperature),
    temperatures: list(numberIn(bounds.temperature), maximumColumns),
    topK: wholeIn(bounds.topK),
    topP: numberIn(bounds.topP),
    minP: numberIn(bounds.minP),
    repetitionPenalty: numberIn(bounds.repetitionPenalty),
    mustContain: textUpTo(1000),
    length: wholeIn(bounds.length),
    seed: wholeIn(bounds.seed),
    tint: yesNo,
  }),
});

const nothing: Schema<Nothing> = () => ({});

const pageSchemas: { [K in keyof PageMessages]: Schema<PageMessages[K]> } = {
  ready: nothing,
  settings: object({ settings: settingsSchema }),
  selectRun: object({ runId: identifier }),
  requestHistory: object({ runId: identifier }),
  requestBaselines: object({ runId: identifier }),
  requestInside: object({ runId: identifier, at: count, text: textUpTo(10_000) }),
  requestSamples: object({ runId: identifier, step: count }),
  train: nothing,
  trySample: nothing,
  answerBase: object({ allowed: yesNo }),
  control: object({ runId: identifier, action: oneOf({ pause: true, resume: true, stop: true }) }),
  resumeRun: object({ runId: identifier }),
  useModel: object({ modelPath: path }),
  generate: object({ modelPath: path }),
  openWall: nothing,
  stopWriting: nothing,
  consider: object({ column: count, offset: count }),
  branch: object({ column: count, offset: count, token: textUpTo(1000) }),
  closeColumn: object({ column: count }),
  promptFromCursor: nothing,
  continueText: object({ modelPath: path }),
  stopContinuing: nothing,
  copy: object({ text: writing }),
  insert: object({ text: writing }),
  keep: object({
    text: writing,
    prompt: textUpTo(100_000),
    temperature: numberIn(bounds.temperature),
    seed: wholeIn(bounds.seed),
    model: identifier,
  }),
  removeKept: object({ id: identifier }),
  openSource: object({ source: path, offset: count, text: writing }),
  requestClassifier: nothing,
  chooseClassifier: object({ path }),
  setThreshold: object({ threshold: orNull(numberIn(bounds.threshold)) }),
  checkSelection: nothing,
  trainClassifier: nothing,
  correctCheck: object({ check: count, label: identifier }),
  removeCorrection: object({ id: identifier }),
  addExample: nothing,
  removeExample: object({ id: identifier }),
  trainOnExamples: nothing,
  export: object({
    format: oneOf({ png: true, svg: true, csv: true }),
    name: textUpTo(200),
    contents: textUpTo(50_000_000),
  }),
};

const pageMessage: Schema<PageMessage> = (value, path) => {
  const { type } = object<{ type: string }>({ type: text })(value, path);
  if (!Object.hasOwn(pageSchemas, type)) throw new SchemaFault(`${path}.type`, 'the name of a message', type);
  const name = type as keyof PageMessages;
  return { type: name, ...pageSchemas[name](value, name) } as PageMessage;
};

/** A message from the page, fully checked; throws `protocol` for anything else. */
export function parsePageMessage(value: unknown): PageMessage {
  try {
    return pageMessage(value, 'message');
  } catch (fault) {
    throw new InklingError(
      'protocol',
      `The Studio page sent a message that is not valid: ${(fault as Error).message}.`,
    );
  }
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
    return settingsSchema(filled, 'settings');
  } catch {
    return undefined;
  }
}
