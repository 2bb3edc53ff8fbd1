/**
 * The history of a run as curves need it: the stream of training events folded into bounded lists. Folding is the same
 * on the host (from disk) and on the page (live), so that a page redrawn from the host shows the same as before.
 */
import type {
  DoneEvent,
  EpochEvent,
  GuardEvent,
  NoticeEvent,
  ProgressEvent,
  SampleEvent,
  StartEvent,
  TrainEvent,
} from './trainEvents';

/** One or several neighbouring progress events. Merging keeps the extremes, so that a band drawn from them is true. */
export interface ProgressPoint {
  step: number;
  epoch: number;
  seconds: number;
  /** Mean batch loss, nats per token. */
  loss: number;
  minimum: number;
  maximum: number;
  accuracy: number;
  /** Of the whole gradient before clipping, and after it if measured. */
  gradientNorm: number;
  clippedNorm?: number;
  learningRate: number;
  charactersPerSecond: number;
  /** How many progress events were merged into this point. */
  merged: number;
}

export interface RunHistory {
  start?: StartEvent;
  progress: ProgressPoint[];
  /** How many events the next point collects before it is closed; doubles each time the list is thinned. */
  mergeSize: number;
  evaluations: EpochEvent[];
  guards: GuardEvent[];
  notices: NoticeEvent[];
  /** Where samples were recorded; their texts stay on the host. */
  sampleSteps: { step: number; epoch: number }[];
  latest?: ProgressEvent;
  done?: DoneEvent;
}

/** More points than a wide screen has pixels would be invisible. */
export const maximumProgressPoints = 2000;
const maximumEvaluations = 2000;
const maximumMarkers = 500;

export function emptyHistory(): RunHistory {
  return { progress: [], mergeSize: 1, evaluations: [], guards: [], notices: [], sampleSteps: [] };
}

/** The history of a list of events, oldest first. */
export function foldEvents(events: Iterable<TrainEvent>): RunHistory {
  const history = emptyHistory();
  for (const event of events) foldEvent(history, event);
  return history;
}

/** Adds one event, in place. */
export function foldEvent(history: RunHistory, event: TrainEvent): void {
  switch (event.event) {
    case 'start':
      forgetAfter(history, event.fromStep);
      // A run that is continued keeps its settings, and the reasons for them.
      history.start = event.reasons.length > 0 ? event : { ...event, reasons: history.start?.reasons ?? [] };
      history.done = undefined;
      break;
    case 'progress':
      history.latest = event;
      addProgress(history, event);
      break;
    case 'epoch':
      history.evaluations.push(event);
      if (history.evaluations.length > maximumEvaluations) {
        // The best and the last must stay; every second of the others is enough for the shape of the curve.
        const last = history.evaluations.length - 1;
        history.evaluations = history.evaluations.filter((e, i) => e.best || i % 2 === 0 || i === last);
        if (history.evaluations.length > maximumEvaluations) {
          history.evaluations = history.evaluations.filter((_, i, all) => i % 2 === 0 || i === all.length - 1);
        }
      }
      break;
    case 'guard':
      history.guards.push(event);
      if (history.guards.length > maximumMarkers) history.guards.shift();
      break;
    case 'notice':
      history.notices.push(event);
      if (history.notices.length > maximumMarkers) history.notices.shift();
      break;
    case 'sample': {
      const last = history.sampleSteps.at(-1);
      if (last?.step !== event.step) history.sampleSteps.push({ step: event.step, epoch: event.epoch });
      if (history.sampleSteps.length > maximumMarkers) {
        history.sampleSteps = history.sampleSteps.filter((_, i, all) => i % 2 === 0 || i === all.length - 1);
      }
      break;
    }
    case 'done':
      history.done = event;
      break;
    case 'checkpoint':
      break;
  }
}

/** The samples of one step; if the step was repeated after a crash, the later ones. */
export function samplesAt(events: readonly TrainEvent[], step: number): SampleEvent[] {
  let samples: SampleEvent[] = [];
  for (const event of events) {
    if (event.event === 'start' && event.fromStep < step) samples = [];
    else if (event.event === 'sample' && event.step === step) samples.push(event);
  }
  return samples;
}

/** A run that crashed continues from its last checkpoint, so what came after that is discarded. */
function forgetAfter(history: RunHistory, step: number): void {
  const before = <T extends { step: number }>(items: T[]): T[] => items.filter((item) => item.step <= step);
  history.progress = before(history.progress);
  history.evaluations = before(history.evaluations);
  history.guards = before(history.guards);
  history.notices = before(history.notices);
  history.sampleSteps = before(history.sampleSteps);
  if (history.latest && history.latest.step > step) history.latest = undefined;
}

function addProgress(history: RunHistory, event: ProgressEvent): void {
  const point: ProgressPoint = {
    step: event.step,
    epoch: event.epoch,
    seconds: event.seconds,
    loss: event.trainLoss,
    minimum: event.minimumLoss,
    maximum: event.maximumLoss,
    accuracy: event.trainAccuracy,
    gradientNorm: event.gradientNorm,
    clippedNorm: event.clippedNorm,
    learningRate: event.learningRate,
    charactersPerSecond: event.charactersPerSecond,
    merged: 1,
  };
  const last = history.progress.at(-1);
  if (last && last.merged < history.mergeSize && last.step <= point.step) {
    history.progress[history.progress.length - 1] = mergePoints(last, point);
    return;
  }
  history.progress.push(point);
  if (history.progress.length > maximumProgressPoints) {
    history.progress = thin(history.progress);
    history.mergeSize *= 2;
  }
}

/** Half as many points: neighbours are merged in pairs, never across a step back (a restored run). */
export function thin(points: readonly ProgressPoint[]): ProgressPoint[] {
  const thinned: ProgressPoint[] = [];
  for (let i = 0; i < points.length; i++) {
    const next = points[i + 1];
    if (next && next.step >= points[i].step) {
      thinned.push(mergePoints(points[i], next));
      i++;
    } else {
      thinned.push(points[i]);
    }
  }
  return thinned;
}

/**
 * Means are weighted by the number of merged events; the position is that of the later point, where the mean was known.
 */
export function mergePoints(a: ProgressPoint, b: ProgressPoint): ProgressPoint {
  const merged = a.merged + b.merged;
  const mean = (x: number, y: number): number => (x * a.merged + y * b.merged) / merged;
  return {
    step: b.step,
    epoch: b.epoch,
    seconds: b.seconds,
    loss: mean(a.loss, b.loss),
    minimum: Math.min(a.minimum, b.minimum),
    maximum: Math.max(a.maximum, b.maximum),
    accuracy: mean(a.accuracy, b.accuracy),
    gradientNorm: mean(a.gradientNorm, b.gradientNorm),
    clippedNorm:
      a.clippedNorm === undefined || b.clippedNorm === undefined ? undefined : mean(a.clippedNorm, b.clippedNorm),
    learningRate: b.learningRate,
    charactersPerSecond: mean(a.charactersPerSecond, b.charactersPerSecond),
    merged,
  };
}
