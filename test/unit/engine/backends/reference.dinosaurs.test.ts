/** The reference backend against the published vectors of the dinosaur-name exercise (tanh RNN, SGD, clipping at 5). */
import * as assert from 'node:assert';
import * as fs from 'node:fs';
import { noToken, type Batch } from '../../../../src/engine/backends/backend';
import { runBatch } from '../../../../src/engine/backends/reference/network';
import { applyUpdate, clip, newOptimiserSlots } from '../../../../src/engine/backends/reference/optimiser';
import { createReferenceBackend } from '../../../../src/engine/backends/reference/referenceBackend';
import { parameterLayout, type NetworkSpec } from '../../../../src/engine/model/networkSpec';
import { assertClose, updateWith } from '../../../support/numeric';
import { sharedFile } from '../../../support/shared';

interface Weights {
  Wax: number[];
  Waa: number[];
  Wya: number[];
  b: number[];
  by: number[];
}

interface StepFixture {
  units: number;
  X: number[];
  Y: number[];
  learningRate: number;
  clipValue: number;
  aPrev: number[];
  before: Weights;
  after: Weights;
  loss: number;
  gradients: Record<'dWax' | 'dWaa' | 'dWya' | 'db' | 'dby', number[]>;
  aLast: number[];
}

interface RunFixture {
  units: number;
  initial: Weights;
  order: string[];
  trajectory: { iteration: number; smoothedLoss: number }[];
}

const dinosaurSpec = (units: number): NetworkSpec => ({
  cell: 'rnn',
  input: { kind: 'one-hot', vocabulary: 27 },
  layers: [{ units, dropout: 0 }],
  output: { kind: 'softmax', classes: 27 },
});

/** The parameter block, in its own order. */
const blockOf = ({ Wax, Waa, b, Wya, by }: Weights): number[] => [Wax, Waa, b, Wya, by].flat();

describe('reference backend, dinosaur names', () => {
  it('reproduces the published step: loss, every gradient, last state, weights after it', function () {
    const file = sharedFile(this, 'fixtures/dinosaurs/optimize-step.json');
    const fixture = JSON.parse(fs.readFileSync(file, 'utf8')) as StepFixture;
    const spec = dinosaurSpec(fixture.units);
    const parameters = Float64Array.from(blockOf(fixture.before));
    const batch: Batch = {
      batch: 1,
      steps: fixture.X.length,
      inputs: Uint16Array.from(fixture.X),
      targets: Int32Array.from(fixture.Y),
      state: 'carry',
    };
    const result = runBatch(spec, parameters, batch, Float64Array.from(fixture.aPrev), {
      lossScale: 1,
      dropoutKey: 0,
    });
    const exact = { absolute: 1e-12, relative: 1e-9 };
    assertClose([result.lossSum], [fixture.loss], exact, 'loss');
    assertClose(result.finalStates, fixture.aLast, exact, 'last state');
    clip(result.gradients, fixture.clipValue, 0);
    const { dWax, dWaa, dWya, db, dby } = fixture.gradients;
    assertClose(result.gradients, [dWax, dWaa, db, dWya, dby].flat(), exact, 'gradients');
    const update = updateWith({ learningRate: fixture.learningRate });
    applyUpdate(parameters, result.gradients, parameterLayout(spec), newOptimiserSlots('sgd', 0), update);
    assertClose(parameters, blockOf(fixture.after), exact, 'weights after the step');
  });

  it('follows the published run to iteration 2,000', async function () {
    const file = sharedFile(this, 'fixtures/dinosaurs/training-run.json');
    const { units, initial, order, trajectory } = JSON.parse(fs.readFileSync(file, 'utf8')) as RunFixture;
    const limits = { batch: 1, steps: 40 };
    const parameters = Float32Array.from(blockOf(initial));
    const network = await createReferenceBackend().createNetwork(dinosaurSpec(units), parameters, limits);
    const update = updateWith({ learningRate: 0.01, clipValue: 5 });
    const smoothed = new Map<number, number>();
    let loss = Math.log(27) * 7;
    for (let iteration = 0; iteration <= 2000; iteration++) {
      const ids = Array.from(order[iteration % order.length], (c) => c.charCodeAt(0) - 96);
      const batch: Batch = {
        batch: 1,
        steps: ids.length + 1,
        inputs: Uint16Array.from([noToken, ...ids]),
        targets: Int32Array.from([...ids, 0]),
        state: 'carry',
      };
      loss = 0.999 * loss + 0.001 * (await network.trainStep(batch, update)).lossSum;
      smoothed.set(iteration, loss);
    }
    for (const { iteration, smoothedLoss } of trajectory.filter((point) => point.iteration <= 2000)) {
      const difference = Math.abs(smoothed.get(iteration)! - smoothedLoss);
      assert.ok(difference < 1e-4, `iteration ${iteration}: ${smoothed.get(iteration)} against ${smoothedLoss}`);
    }
  });
});
