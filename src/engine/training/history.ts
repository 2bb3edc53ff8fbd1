/**
 * The history of a run, kept small enough for the model file however long the run was. All guard events and notices are
 * kept. If there are too many progress points, neighbours are merged in pairs (means weighted by their steps, minimum
 * of the minima, maximum of the maxima), so that the curve keeps its range. If there are too many sets of samples or
 * evaluations, every second one is dropped, but neither the last set of samples nor the evaluation of the best weights.
 */
import type { ProgressEvent, SampleEvent, TrainEvent } from '../../common/trainEvents';

/** The maximum numbers of progress points, of sets of samples and of evaluations. */
export const maximumProgress = 1000;
export const maximumSampleMoments = 40;
export const maximumEpochs = 2000;

export class History {
  private events: TrainEvent[] = [];

  /** The events stored in the model file, in order. */
  toJSON(): TrainEvent[] {
    return this.events;
  }

  restore(events: readonly TrainEvent[]): void {
    this.events = [...events];
  }

  add(event: TrainEvent): void {
    // Checkpoint events contain the path of a file during the run, which is of no use later.
    if (event.event === 'checkpoint') return;
    this.events.push(event);
    if (event.event === 'progress') this.thinProgress();
    if (event.event === 'sample') this.thinSamples();
    if (event.event === 'epoch') this.thinEpochs();
  }

  private thinProgress(): void {
    const points = this.events.filter((event) => event.event === 'progress');
    if (points.length <= maximumProgress) return;
    const merged = new Map<TrainEvent, ProgressEvent>();
    const dropped = new Set<TrainEvent>();
    let before = points[0].step - (points[1].step - points[0].step);
    for (let i = 0; i + 1 < points.length; i += 2) {
      merged.set(points[i + 1], mergeProgress(points[i], points[i + 1], before));
      dropped.add(points[i]);
      before = points[i + 1].step;
    }
    this.events = this.events.filter((event) => !dropped.has(event)).map((event) => merged.get(event) ?? event);
  }

  private thinSamples(): void {
    const isSample = (event: TrainEvent): event is SampleEvent => event.event === 'sample';
    const moments = [...new Set(this.events.filter(isSample).map((event) => event.step))];
    if (moments.length <= maximumSampleMoments) return;
    const kept = new Set(moments.filter((_, i) => i % 2 === 0 || i === moments.length - 1));
    this.events = this.events.filter((event) => !isSample(event) || kept.has(event.step));
  }

  private thinEpochs(): void {
    const epochs = this.events.filter((event) => event.event === 'epoch');
    if (epochs.length <= maximumEpochs) return;
    const best = epochs.findLast((event) => event.best);
    const dropped = new Set<TrainEvent>(epochs.filter((event, i) => i % 2 === 1 && event !== best));
    this.events = this.events.filter((event) => !dropped.has(event));
  }
}

/** One point for both; `before` is the step at which the first one's steps began. */
function mergeProgress(first: ProgressEvent, second: ProgressEvent, before: number): ProgressEvent {
  const a = Math.max(1, first.step - before);
  const b = Math.max(1, second.step - first.step);
  const mean = (x: number, y: number): number => (x * a + y * b) / (a + b);
  return {
    ...second,
    trainLoss: mean(first.trainLoss, second.trainLoss),
    minimumLoss: Math.min(first.minimumLoss, second.minimumLoss),
    maximumLoss: Math.max(first.maximumLoss, second.maximumLoss),
    trainAccuracy: mean(first.trainAccuracy, second.trainAccuracy),
    gradientNorm: mean(first.gradientNorm, second.gradientNorm),
    ...(first.clippedNorm !== undefined &&
      second.clippedNorm !== undefined && { clippedNorm: mean(first.clippedNorm, second.clippedNorm) }),
    charactersPerSecond: mean(first.charactersPerSecond, second.charactersPerSecond),
  };
}
