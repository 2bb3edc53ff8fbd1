/** The history of a long run stays small and true. */
import * as assert from 'node:assert';
import type { EpochEvent, ProgressEvent, SampleEvent } from '../../../../src/common/trainEvents';
import { History, maximumEpochs, maximumProgress, maximumSampleMoments } from '../../../../src/engine/training/history';
import { of } from './support';

const progress = (step: number, loss: number): ProgressEvent => ({
  event: 'progress',
  step,
  epoch: 0,
  seconds: step,
  fraction: 0.5,
  trainLoss: loss,
  minimumLoss: loss - 1,
  maximumLoss: loss + 1,
  trainAccuracy: 0.5,
  learningRate: 0.01,
  gradientNorm: 1,
  charactersPerSecond: 1000,
});

describe('History', () => {
  it('merges neighbouring progress points and keeps mean and range', () => {
    const history = new History();
    const count = 5 * maximumProgress;
    for (let i = 1; i <= count; i++) history.add(progress(i, i === 700 ? 50 : i / count));
    const points = of(history.toJSON(), 'progress');
    assert.ok(points.length <= maximumProgress && points.length > maximumProgress / 3);
    assert.equal(Math.max(...points.map((point) => point.maximumLoss)), 51);
    assert.equal(Math.min(...points.map((point) => point.minimumLoss)), 1 / count - 1);
    assert.equal(points.at(-1)!.step, count);
    let before = 0;
    const mean = points.reduce((sum, point) => {
      const steps = point.step - before;
      before = point.step;
      return sum + point.trainLoss * steps;
    }, 0);
    const expected = (count + 1) / 2 / count + (50 - 700 / count) / count;
    assert.ok(Math.abs(mean / count - expected) < 1e-9, `${mean / count} ${expected}`);
  });

  it('keeps whole sets of samples, among them the first and the last', () => {
    const history = new History();
    const sample = (step: number, temperature: number): SampleEvent => ({
      event: 'sample',
      step,
      epoch: 0,
      temperature,
      prompt: '',
      text: '',
    });
    for (let step = 1; step <= 300; step++) [0.5, 1].forEach((t) => history.add(sample(step, t)));
    const kept = of(history.toJSON(), 'sample');
    const steps = [...new Set(kept.map((event) => event.step))];
    assert.ok(steps.length <= maximumSampleMoments);
    assert.equal(kept.length, 2 * steps.length);
    assert.equal(steps[0], 1);
    assert.equal(steps.at(-1), 300);
  });

  it('never drops the best evaluation', () => {
    const history = new History();
    const epoch = (step: number): EpochEvent => ({
      event: 'epoch',
      step,
      epoch: step,
      complete: true,
      seconds: step,
      trainLoss: 1,
      trainAccuracy: 0,
      best: step <= 18,
      learningRate: 0.01,
    });
    for (let step = 1; step <= 3 * maximumEpochs; step++) history.add(epoch(step));
    const kept = of(history.toJSON(), 'epoch');
    assert.ok(kept.length <= maximumEpochs);
    assert.equal(kept.findLast((event) => event.best)?.step, 18);
  });

  it('leaves checkpoints out and continues from what was stored', () => {
    const first = new History();
    first.add(progress(1, 2));
    first.add({ event: 'checkpoint', step: 1, path: 'x' });
    const second = new History();
    second.restore(first.toJSON());
    second.add(progress(2, 1));
    assert.deepEqual(
      second.toJSON().map((event) => event.event),
      ['progress', 'progress'],
    );
    assert.equal(first.toJSON().length, 1);
  });
});
