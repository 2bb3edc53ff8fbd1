/** The notice of overfitting. */
import * as assert from 'node:assert';
import { say } from '../../../../src/common/l10n';
import type { EpochEvent } from '../../../../src/common/trainEvents';
import { OverfittingWatch } from '../../../../src/engine/training/overfitting';

function evaluations(losses: [train: number, heldOut: number][]): EpochEvent[] {
  return losses.map(([trainLoss, heldOutLoss], i) => ({
    event: 'epoch',
    step: 10 * (i + 1),
    epoch: i + 1,
    complete: true,
    seconds: i,
    trainLoss,
    trainAccuracy: 0,
    heldOutLoss,
    best: false,
    learningRate: 0.01,
  }));
}

function notices(losses: [number, number][]): (string | undefined)[] {
  const watch = new OverfittingWatch();
  return evaluations(losses).map((event) => {
    const told = watch.observe(event);
    return told && say(told);
  });
}

describe('OverfittingWatch', () => {
  it('says once when the held-out loss started rising while the training loss falls', () => {
    // Similar to the published figures of the word-level recipe.
    const said = notices([
      [7.1, 6.8],
      [6.0, 6.7],
      [5.2, 7.0],
      [4.4, 7.3],
      [3.0, 7.8],
    ]);
    assert.deepEqual(
      said.map((notice) => notice !== undefined),
      [false, false, false, true, false],
    );
    assert.match(said[3]!, /Overfitting since epoch 2 \(step 20\): the held-out loss rose from 6\.700 to 7\.300/);
  });

  it('ignores noise, a falling held-out loss, and training that gets worse as well', () => {
    const quiet: [number, number][][] = [
      [
        [2, 2.1],
        [1.9, 2.105],
        [1.8, 2.11],
        [1.7, 2.1],
      ],
      [
        [2, 2.1],
        [1, 2],
        [0.5, 1.9],
      ],
      [
        [2, 2.1],
        [3, 3.1],
        [3, 3.2],
        [3, 3.3],
      ],
    ];
    for (const losses of quiet) assert.ok(notices(losses).every((notice) => notice === undefined));
  });

  it('says nothing without a held-out part', () => {
    const [event] = evaluations([[1, 1]]);
    delete event.heldOutLoss;
    assert.equal(new OverfittingWatch().observe(event), undefined);
  });
});
