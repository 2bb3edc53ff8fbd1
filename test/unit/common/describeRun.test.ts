import assert from 'node:assert/strict';
import { describeRun, nextAction } from '../../../src/common/describeRun';
import { sentence } from '../../../src/common/l10n';
import { emptyHistory, foldEvents } from '../../../src/common/runHistory';
import { noticeOf, type DoneEvent, type EpochEvent, type TrainEvent } from '../../../src/common/trainEvents';
import { fakeRun, startEvent } from '../../support/studioHarness/fakePorts';

/** One evaluation an epoch, 100 steps each. */
function evaluations(heldOut: number[], train: number[]): TrainEvent[] {
  let best = Infinity;
  return heldOut.map((loss, i): EpochEvent => {
    const event: EpochEvent = {
      event: 'epoch',
      step: (i + 1) * 100,
      epoch: i + 1,
      complete: true,
      seconds: i,
      trainLoss: train[i],
      trainAccuracy: 0.3,
      heldOutLoss: loss,
      heldOutBitsPerCharacter: loss / Math.LN2,
      best: loss < best,
      learningRate: 0.001,
    };
    best = Math.min(best, loss);
    return event;
  });
}

const say = (...events: TrainEvent[]): string => describeRun(foldEvents([startEvent(), ...events]));

describe('describeRun', () => {
  it('says that nothing has been measured yet', () => {
    assert.equal(describeRun(emptyHistory()), 'Nothing has been measured yet.');
    assert.match(say(), /^Just started/);
  });

  it('waits for a second evaluation', () => {
    assert.match(say(...evaluations([2.5], [2.6])), /2\.500 nats per character after the first evaluation/);
  });

  it('says that it still improves', () => {
    assert.match(
      say(...evaluations([2.5, 2.2, 2, 1.8], [2.4, 2.1, 1.9, 1.7])),
      /^Still improving: .*fell by 10%.*1\.800/,
    );
  });

  it('calls an evaluation that is not the last one the best: the last one is the figure at the top', () => {
    const improving = say(...evaluations([2.5, 2.4, 2.3, 2.2, 2, 2.005], [2.4, 2.3, 2.2, 2.1, 1.9, 1.8]));
    assert.match(improving, /^Still improving: .* its best is 2\.000 nats per character\.$/);
    const held = [2.5, 2.1, 1.799, 1.8, 1.8, 1.8];
    assert.match(say(...evaluations(held, held)), /^Levelled off: .* near its best, 1\.799 nats per character, since/);
  });

  it('points out overfitting as in the published word model', () => {
    // Training 2.99, held out 7.78 at the end (stacked word LSTM).
    const held = [6.8, 6.7, 6.9, 7.2, 7.5, 7.78];
    assert.match(
      say(...evaluations(held, [6.9, 6.2, 5.4, 4.5, 3.7, 2.99])),
      /^Overfitting since epoch 2: .*from 6\.700 to 7\.780 .*weights from epoch 2 are the best/,
    );
  });

  it('does not call one bad evaluation overfitting', () => {
    assert.doesNotMatch(say(...evaluations([2.5, 2.2, 2, 2.05], [2.4, 2.1, 1.9, 1.8])), /Overfitting/);
  });

  it('does not call it overfitting when training gets worse too', () => {
    assert.match(say(...evaluations([2, 2.5, 3, 3.5], [2, 2.6, 3.1, 3.6])), /^Worse since epoch 1/);
  });

  it('recognises a plateau', () => {
    const held = [2.5, 2.1, 1.9, 1.801, 1.8, 1.8, 1.8, 1.799, 1.8, 1.8, 1.8, 1.8];
    assert.match(say(...evaluations(held, held)), /^Levelled off: .*1\.799 .*since epoch 4/);
  });

  it('reports a divergence first', () => {
    const events = fakeRun({ steps: 1500, seed: 3, floor: 1.5, guardAt: 900, done: true });
    assert.match(
      describeRun(foldEvents(events)),
      /^Diverged and recovered. At step 900 .* weights from step 840 were restored .* 0\.002\. /,
    );
  });

  it('sees no trend in the first steps', () => {
    const measured = (losses: number[]): string =>
      say(
        ...fakeRun({ steps: 400, seed: 5, floor: 1.5, done: false })
          .filter((event) => event.event === 'progress')
          .slice(0, losses.length)
          .map((event, i) => ({ ...event, step: i + 1, trainLoss: losses[i] })),
      );
    const rising = Array.from({ length: 36 }, (_, i) => 1.9 + 0.02 * i);
    assert.match(measured(rising.slice(0, 12)), /^Just started/);
    assert.match(measured(rising), /^The training loss is rising\./);
  });

  it('warns if nothing was held out', () => {
    const events = fakeRun({ steps: 400, seed: 5, floor: 1.5, done: false }).map((event): TrainEvent => {
      if (event.event === 'start') return { ...event, heldOutTokens: 0 };
      return event.event === 'epoch' ? { ...event, heldOutLoss: undefined, heldOutBitsPerCharacter: undefined } : event;
    });
    assert.match(describeRun(foldEvents(events)), /^Still improving on the training text\. No text was held out/);
  });

  it('gives no second figure for what the run has measured at its end, and suggests one thing to do', () => {
    const end: TrainEvent = {
      event: 'done',
      model: '/m',
      seconds: 9,
      steps: 600,
      epochs: 6,
      characters: 1,
      trainLoss: 1,
      heldOutLoss: 1.7,
      heldOutBitsPerCharacter: 2.4,
      heldOutAccuracy: 0.5,
      charactersPerSecond: 1,
      threads: 1,
      backend: 'wasm',
      kernel: 'simd',
      seed: 1,
      reason: 'budget',
    };
    const cases: [number[], number[], RegExp, 'resume' | 'samples'][] = [
      [[2.5, 2.2, 2, 1.8], [2.4, 2.1, 1.9, 1.7], /^Ended while still improving: .* by 10%/, 'resume'],
      [[2.5, 2.2, 2.3, 2.4], [2.4, 2.1, 1.9, 1.7], /^Overfitting since epoch 2: /, 'samples'],
      [[2, 2.5, 3, 3.5], [2, 2.6, 3.1, 3.6], /^Worse since epoch 1: /, 'samples'],
      [[2, 1.9, 1.9, 1.9, 1.9, 1.9], [2, 1.9, 1.9, 1.9, 1.9, 1.9], /^Levelled off: .* since epoch 2/, 'samples'],
    ];
    for (const [held, train, pattern, next] of cases) {
      const history = foldEvents([startEvent(), ...evaluations(held, train), end]);
      const sentence = describeRun(history, 'bits');
      assert.match(sentence, pattern);
      assert.doesNotMatch(sentence, /\d\.\d{3}/);
      assert.equal(nextAction(history, 'done'), next);
      assert.equal(nextAction(history, 'running'), undefined);
      assert.equal(nextAction(history, 'interrupted'), 'resume');
    }
  });

  it('says why a run ended early', () => {
    const history = foldEvents([
      startEvent(),
      ...evaluations([2.5, 2.2], [2.4, 2.1]),
      noticeOf(
        'early-stop',
        200,
        sentence('Training kept diverging; the best weights are kept. Lower the learning rate.'),
      ),
      { ...fakeRun({ steps: 4, seed: 1, floor: 1, done: true }).at(-1)!, reason: 'early-stop' } as DoneEvent,
    ]);
    assert.match(describeRun(history), / Training kept diverging; .* Lower the learning rate\.$/);
    assert.match(describeRun({ ...history, notices: [] }), /the held-out loss was no longer improving\.$/);
  });

  it('uses the chosen unit', () => {
    const history = foldEvents([startEvent(), ...evaluations([2.5, 2.2, 2, Math.log(6)], [2.4, 2.1, 1.9, 1.7])]);
    assert.match(describeRun(history, 'perplexity'), /a perplexity of 6\.000\.$/);
    assert.match(describeRun(history, 'bits'), /2\.585 bits per character\.$/);
  });
});
