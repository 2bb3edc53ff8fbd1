import assert from 'node:assert/strict';
import {
  foldEvents,
  maximumProgressPoints,
  mergePoints,
  thin,
  type ProgressPoint,
} from '../../../src/common/runHistory';
import type { ProgressEvent, TrainEvent } from '../../../src/common/trainEvents';
import { fakeRun, startEvent } from '../../support/studioHarness/fakePorts';

const progress = (step: number, loss: number): ProgressEvent => ({
  event: 'progress',
  step,
  epoch: 1,
  seconds: step,
  fraction: 0,
  trainLoss: loss,
  minimumLoss: loss - 1,
  maximumLoss: loss + 2,
  trainAccuracy: 0,
  learningRate: 0.1,
  gradientNorm: 1,
  charactersPerSecond: 10,
});

const point = (step: number, loss: number, merged = 1): ProgressPoint => ({
  step,
  epoch: 1,
  seconds: step,
  loss,
  minimum: loss - 1,
  maximum: loss + 2,
  accuracy: 0,
  gradientNorm: 1,
  learningRate: 0.1,
  charactersPerSecond: 10,
  merged,
});

describe('runHistory', () => {
  it('keeps a long run bounded, with its true extremes and its true mean', () => {
    const events: TrainEvent[] = [startEvent()];
    const count = 25_000;
    for (let i = 1; i <= count; i++) events.push(progress(i, i === 17_003 ? 50 : Math.cos(i) + 3));
    const { progress: points } = foldEvents(events);
    assert.ok(points.length <= maximumProgressPoints, `${points.length} points`);
    assert.ok(points.length > maximumProgressPoints / 4);
    assert.equal(Math.max(...points.map((p) => p.maximum)), 52);
    assert.equal(
      points.reduce((sum, p) => sum + p.merged, 0),
      count,
    );
    const mean = points.reduce((sum, p) => sum + p.loss * p.merged, 0) / count;
    const truth = events.reduce((sum, e) => sum + (e.event === 'progress' ? e.trainLoss : 0), 0) / count;
    assert.ok(Math.abs(mean - truth) < 1e-9);
    assert.equal(points.at(-1)?.step, count);
  });

  it('merges with weights', () => {
    const merged = mergePoints(point(1, 1, 3), point(2, 5, 1));
    assert.equal(merged.loss, 2);
    assert.equal(merged.minimum, 0);
    assert.equal(merged.maximum, 7);
    assert.equal(merged.step, 2);
    assert.equal(merged.merged, 4);
  });

  it('never merges across a step back', () => {
    const thinned = thin([point(1, 1), point(5, 1), point(6, 1), point(2, 1), point(3, 1)]);
    assert.deepEqual(
      thinned.map((p) => p.step),
      [5, 6, 3],
    );
  });

  it('forgets what a resumed run did after its checkpoint', () => {
    const run = fakeRun({ steps: 800, seed: 1, floor: 1.3, done: true });
    const history = foldEvents([...run, startEvent({ fromStep: 400, reasons: [] }), progress(404, 2)]);
    assert.deepEqual(history.start?.reasons, startEvent().reasons);
    assert.equal(history.done, undefined);
    assert.deepEqual(
      history.progress.filter((p) => p.step > 400).map((p) => p.step),
      [404],
    );
    assert.ok(history.evaluations.every((e) => e.step <= 400));
    assert.ok(history.sampleSteps.every((s) => s.step <= 400));
  });

  it('records each step with samples once, and where the run ended', () => {
    const history = foldEvents(fakeRun({ steps: 800, seed: 1, floor: 1.3, done: true }));
    assert.deepEqual(
      history.sampleSteps.map((s) => s.step),
      [132, 264, 396, 528, 660, 792],
    );
    assert.equal(history.done?.steps, 800);
  });
});
