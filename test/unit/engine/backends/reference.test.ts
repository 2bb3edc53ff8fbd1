/** The reference backend against closed forms, and what it keeps between calls. */
import * as assert from 'node:assert';
import { noTarget, noToken, type Batch } from '../../../../src/engine/backends/backend';
import { forwardCell } from '../../../../src/engine/backends/reference/cells';
import { crossEntropy } from '../../../../src/engine/backends/reference/loss';
import { applyUpdate, clip, newOptimiserSlots, norm } from '../../../../src/engine/backends/reference/optimiser';
import {
  createReferenceBackend,
  createReferenceStepper,
} from '../../../../src/engine/backends/reference/referenceBackend';
import { parameterCount, parameterLayout, stateSize, type NetworkSpec } from '../../../../src/engine/model/networkSpec';
import { Random } from '../../../../src/engine/random';
import {
  assertClose,
  describeSpec,
  randomBatch,
  randomParameters,
  randomSpec,
  updateWith,
  zeroStates,
} from '../../../support/numeric';

const exact = { absolute: 1e-14, relative: 1e-14 };
/** The tolerance for the interface's rounding to float32. */
const single = { absolute: 1e-7, relative: 1e-6 };
const limits = { batch: 8, steps: 12 };
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const f64 = (...values: number[]): Float64Array => Float64Array.from(values);

const small = (cell: NetworkSpec['cell']): NetworkSpec => ({
  cell,
  input: { kind: 'one-hot', vocabulary: 5 },
  layers: [
    { units: 4, dropout: 0 },
    { units: 3, dropout: 0 },
  ],
  output: { kind: 'softmax', classes: 5 },
});

describe('reference backend, cells of one unit', () => {
  const x = 0.7;
  const h = -0.3;

  it('tanh RNN: tanh(w x + b + u h)', () => {
    const weights = { inputWeights: f64(1.5), recurrentWeights: f64(-0.8), inputBias: f64(0.2) };
    const { after } = forwardCell('rnn', 1, weights, f64(x), f64(h));
    assertClose(after, [Math.tanh(1.5 * x + 0.2 - 0.8 * h)], exact, 'h');
  });

  it('LSTM: gates i f g o', () => {
    const [w, u, b] = [f64(0.5, -1, 1.5, 2), f64(0.3, 0.6, -0.9, 1.2), f64(0.1, 1, -0.2, 0.4)];
    const c = 0.9;
    const weights = { inputWeights: w, recurrentWeights: u, inputBias: b };
    const { after } = forwardCell('lstm', 1, weights, f64(x), f64(h, c));
    const i = sigmoid(0.5 * x + 0.3 * h + 0.1);
    const f = sigmoid(-1 * x + 0.6 * h + 1);
    const g = Math.tanh(1.5 * x - 0.9 * h - 0.2);
    const o = sigmoid(2 * x + 1.2 * h + 0.4);
    assertClose(after, [o * Math.tanh(f * c + i * g), f * c + i * g], exact, 'h and c');
  });

  it('GRU: gates r z n, reset after the recurrent product', () => {
    const weights = {
      inputWeights: f64(0.5, -1, 1.5),
      recurrentWeights: f64(0.3, 0.6, -0.9),
      inputBias: f64(0.1, -0.7, -0.2),
      recurrentBias: f64(-0.4, 0.25, 0.8),
    };
    const { after } = forwardCell('gru', 1, weights, f64(x), f64(h));
    const r = sigmoid(0.5 * x + 0.1 + 0.3 * h - 0.4);
    const z = sigmoid(-1 * x - 0.7 + 0.6 * h + 0.25);
    const n = Math.tanh(1.5 * x - 0.2 + r * (-0.9 * h + 0.8));
    assertClose(after, [(1 - z) * n + z * h], exact, 'h');
  });

  it('a one-hot input selects its column, noToken adds nothing', () => {
    const weights = { inputWeights: f64(0.1, 0.2, 0.3), recurrentWeights: f64(0), inputBias: f64(0.5) };
    assertClose(forwardCell('rnn', 1, weights, 2, f64(0)).after, [Math.tanh(0.8)], exact, 'column 2');
    assertClose(forwardCell('rnn', 1, weights, noToken, f64(0)).after, [Math.tanh(0.5)], exact, 'noToken');
  });
});

describe('reference backend, loss', () => {
  it('softmax: equal logits cost ln V; a confident error costs its margin', () => {
    const output = { kind: 'softmax', classes: 4 } as const;
    const equal = crossEntropy(output, f64(3, 3, 3, 3), 2);
    assertClose([equal.loss, ...equal.dLogits], [Math.log(4), 0.25, 0.25, -0.75, 0.25], exact, 'equal');
    assert.strictEqual(equal.correct, false, 'of equals the lowest id counts as most likely');
    assert.strictEqual(crossEntropy(output, f64(3, 3, 3, 3), 0).correct, true);
    const sure = crossEntropy(output, f64(1000, 0, 0, -1000), 3);
    assertClose([sure.loss, ...sure.dLogits], [2000, 1, 0, 0, -1], exact, 'no overflow');
    const two = crossEntropy({ kind: 'softmax', classes: 2 }, f64(Math.log(3), 0), 0);
    assertClose([two.loss, ...two.dLogits], [-Math.log(0.75), -0.25, 0.25], exact, 'three to one');
  });

  it('sigmoid: a softmax over the logit and 0', () => {
    const output = { kind: 'sigmoid' } as const;
    const yes = crossEntropy(output, f64(Math.log(3)), 1);
    assertClose([yes.loss, ...yes.dLogits], [-Math.log(0.75), -0.25], exact, 'target 1');
    const no = crossEntropy(output, f64(Math.log(3)), 0);
    assertClose([no.loss, ...no.dLogits], [-Math.log(0.25), 0.75], exact, 'target 0');
    assert.deepStrictEqual([yes.correct, no.correct], [true, false]);
    assertClose([crossEntropy(output, f64(-1000), 1).loss], [1000], exact, 'no overflow');
    assert.strictEqual(crossEntropy(output, f64(0), 0).correct, true, 'of equals the lowest id');
  });
});

describe('reference backend, optimisers', () => {
  const spec: NetworkSpec = {
    cell: 'rnn',
    input: { kind: 'embedding', vocabulary: 1, dimensions: 1, trainable: false },
    layers: [{ units: 1, dropout: 0 }],
    output: { kind: 'sigmoid' },
  };
  const layout = parameterLayout(spec);
  /** Two updates with gradient g, then -2g, of the second parameter; the first is frozen. */
  function twoUpdates(kind: 'sgd' | 'rmsprop' | 'adam', g: number): number {
    const parameters = new Float64Array(layout.length).fill(1);
    const slots = newOptimiserSlots(kind, layout.length);
    const update = updateWith({ kind, learningRate: 0.1, beta1: 0.8, beta2: 0.9, rho: 0.75, epsilon: 0.5 });
    applyUpdate(parameters, new Float64Array(layout.length).fill(g), layout, slots, update);
    applyUpdate(parameters, new Float64Array(layout.length).fill(-2 * g), layout, slots, update);
    assert.strictEqual(parameters[0], 1, 'the frozen embedding stays');
    assert.strictEqual(slots.updates, 2);
    return parameters[1];
  }

  it('SGD', () => assertClose([twoUpdates('sgd', 3)], [1 - 0.3 + 0.6], exact, 'w'));

  it('RMSprop: ε outside the root', () => {
    // v = 0.25 · 9 = 2.25, then 0.75 · 2.25 + 0.25 · 36 = 10.6875.
    const expected = 1 - 0.3 / (1.5 + 0.5) + 0.6 / (Math.sqrt(10.6875) + 0.5);
    assertClose([twoUpdates('rmsprop', 3)], [expected], exact, 'w');
  });

  it('Adam: both moments corrected for bias, ε outside the root', () => {
    // m = 0.6, m̂ = 3; v = 0.9, v̂ = 9. Then m = 0.48 - 1.2 = -0.72, m̂ = -0.72 / 0.36 = -2;
    // v = 0.81 + 3.6 = 4.41, v̂ = 4.41 / 0.19.
    const expected = 1 - 0.3 / 3.5 + 0.2 / (Math.sqrt(4.41 / 0.19) + 0.5);
    assertClose([twoUpdates('adam', 3)], [expected], exact, 'w');
  });

  it('weight decay takes its share of the weight before the update, whatever the rule and the gradient', () => {
    for (const kind of ['sgd', 'rmsprop', 'adam'] as const) {
      const after = [0, 0.5].map((weightDecay) => {
        const parameters = new Float64Array(layout.length).fill(3);
        const update = updateWith({ kind, learningRate: 0.1, weightDecay });
        applyUpdate(parameters, new Float64Array(layout.length).fill(4), layout, newOptimiserSlots(kind, 9), update);
        assert.strictEqual(parameters[0], 3, 'the frozen embedding stays');
        return parameters[1];
      });
      assertClose([after[0] - after[1]], [0.1 * 0.5 * 3], exact, kind);
    }
  });

  it('clips by value, then by norm', () => {
    const gradients = f64(30, -4, 0.5);
    clip(gradients, 4, 0);
    assertClose(gradients, [4, -4, 0.5], exact, 'by value');
    clip(gradients, 3, 2);
    assertClose([norm(gradients), gradients[0] / gradients[2]], [2, 6], exact, 'by value 3, then to norm 2');
    clip(gradients, 0, 5);
    assertClose([norm(gradients)], [2], exact, 'a short gradient stays');
  });
});

describe('reference backend, network', () => {
  const seed = 7;

  it('reports the norm before clipping, and updates with the clipped gradient', async () => {
    const random = new Random(seed);
    const spec = small('gru');
    const before = randomParameters(random, spec);
    const batch = randomBatch(random, spec, 3, 4);
    const network = await createReferenceBackend().createNetwork(spec, before, limits);
    const { gradients, gradientNorm } = await network.gradients(batch, 1, 0);
    const result = await network.trainStep(batch, updateWith({ learningRate: 1, clipNorm: gradientNorm / 2 }));
    assertClose([result.gradientNorm], [norm(Float64Array.from(gradients))], single, 'norm');
    const after = await network.readParameters();
    assertClose(
      after,
      before.map((w, i) => w - gradients[i] / 2),
      single,
      'weights',
    );
  });

  it('carries the state: two batches equal one long batch, and evaluation does not disturb training', async () => {
    for (const cell of ['lstm', 'gru', 'rnn'] as const) {
      const random = new Random(seed);
      const spec = small(cell);
      const network = await createReferenceBackend().createNetwork(spec, randomParameters(random, spec, 1), limits);
      const long = { ...randomBatch(random, spec, 3, 8), rowWeights: undefined };
      const half = (from: number): Batch => ({
        ...long,
        steps: 4,
        state: 'carry',
        inputs: long.inputs.slice(from * 3, (from + 4) * 3),
        targets: long.targets.slice(from * 3, (from + 4) * 3),
      });
      const whole = await network.evaluate(long, { losses: true });
      const first = await network.evaluate(half(0), { losses: true });
      const trained = await network.gradients(half(0), 1, 0);
      const second = await network.evaluate(half(4), { losses: true });
      assertClose([...first.losses!, ...second.losses!], whole.losses!, single, cell);
      assertClose([trained.lossSum], [first.lossSum], single, `${cell}: training starts from its own state`);
      const reset = await network.evaluate({ ...half(0), resetRows: Uint8Array.of(1, 1, 1) });
      assertClose([reset.lossSum], [first.lossSum], single, `${cell}: reset rows start from zeros`);
    }
  });

  it('resets only the requested rows', async () => {
    const random = new Random(seed);
    const spec = small('lstm');
    const network = await createReferenceBackend().createNetwork(spec, randomParameters(random, spec, 1), limits);
    const batch: Batch = { ...randomBatch(random, spec, 2, 3), targets: new Int32Array(6).fill(1), state: 'carry' };
    const [fresh, carried, mixed] = [
      await network.evaluate(batch, { losses: true }),
      await network.evaluate(batch, { losses: true }),
      await network.evaluate({ ...batch, resetRows: Uint8Array.of(0, 1) }, { losses: true }),
    ];
    assert.notStrictEqual(fresh.losses![0], carried.losses![0]);
    assert.strictEqual(mixed.losses![1], fresh.losses![1], 'row 1 from zeros');
    assert.notStrictEqual(mixed.losses![0], fresh.losses![0], 'row 0 goes on');
  });

  it('continues exactly from its stored state', async () => {
    for (const kind of ['sgd', 'rmsprop', 'adam'] as const) {
      const random = new Random(seed);
      const spec = small('lstm');
      const parameters = randomParameters(random, spec);
      const batch: Batch = { ...randomBatch(random, spec, 3, 4, 'carry'), resetRows: undefined };
      const update = updateWith({ kind, learningRate: 0.01 });
      const backend = createReferenceBackend();
      const network = await backend.createNetwork(spec, parameters, limits);
      for (let i = 0; i < 3; i++) await network.trainStep(batch, update);
      const resumed = await backend.createNetwork(spec, await network.readParameters(), limits);
      await resumed.writeOptimiser(await network.readOptimiser());
      await resumed.writeState(await network.readState());
      assert.deepStrictEqual(await resumed.trainStep(batch, update), await network.trainStep(batch, update), kind);
      assert.deepStrictEqual(await resumed.readParameters(), await network.readParameters(), kind);
      assert.strictEqual((await resumed.readOptimiser()).updates, 4);
    }
  });

  it('steps as it evaluates, and counts correct predictions', async () => {
    const random = new Random(seed);
    for (let round = 0; round < 12; round++) {
      const spec = randomSpec(random, 6);
      if (spec.layers[0].bidirectional) continue;
      const parameters = randomParameters(random, spec, 1);
      const network = await createReferenceBackend().createNetwork(spec, parameters, limits);
      const stepper = createReferenceStepper(spec, parameters);
      const batch = randomBatch(random, spec, 3, 4);
      const { logits, correct } = await network.evaluate(batch, { logits: true });
      const states = zeroStates(spec, 3);
      const V = logits!.length / 12;
      const stepped = new Float32Array(3 * V);
      let right = 0;
      for (let t = 0; t < 4; t++) {
        stepper.step(batch.inputs.slice(t * 3, (t + 1) * 3), states, stepped);
        for (let b = 0; b < 3; b++) {
          const target = batch.targets[t * 3 + b];
          if (target === noTarget) continue;
          const row = Array.from(stepped.subarray(b * V, (b + 1) * V));
          const at = (t * 3 + b) * V;
          // States cross `step` as float32, in `evaluate` they stay float64.
          assertClose(row, logits!.subarray(at, at + V), { absolute: 1e-5, relative: 1e-5 }, describeSpec(spec));
          const likely = spec.output.kind === 'sigmoid' ? Number(row[0] > 0) : row.indexOf(Math.max(...row));
          if (likely === target) right += 1;
        }
      }
      assert.strictEqual(right, correct, describeSpec(spec));
    }
  });

  it('weighs rows in the gradients but not in the reported loss', async () => {
    const random = new Random(seed);
    const spec = small('rnn');
    const network = await createReferenceBackend().createNetwork(spec, randomParameters(random, spec), limits);
    const batch = { ...randomBatch(random, spec, 2, 3), rowWeights: undefined };
    const rowWeights = Float32Array.of(3, 0);
    const weighted = await network.gradients({ ...batch, rowWeights }, 1, 0);
    const plain = await network.gradients(batch, 1, 0);
    const targets = batch.targets.map((target, i) => (i % 2 === 0 ? target : noTarget));
    const first = await network.gradients({ ...batch, targets }, 3, 0);
    assert.strictEqual(weighted.lossSum, plain.lossSum);
    assertClose(weighted.gradients, first.gradients, single, 'weight 3 and 0 of two rows');
  });

  it('drops units only in training, depending on the key', async () => {
    const random = new Random(seed);
    const spec = small('gru');
    spec.layers.forEach((layer) => (layer.dropout = 0.5));
    const network = await createReferenceBackend().createNetwork(spec, randomParameters(random, spec, 1), limits);
    const batch = randomBatch(random, spec, 4, 6);
    const loss = async (key: number): Promise<number> => (await network.gradients(batch, 1, key)).lossSum;
    assert.strictEqual(await loss(1), await loss(1));
    assert.notStrictEqual(await loss(1), await loss(2));
    const dry = await createReferenceBackend().createNetwork(small('gru'), await network.readParameters(), limits);
    assert.strictEqual((await network.evaluate(batch)).lossSum, (await dry.evaluate(batch)).lossSum);
  });

  it('bidirectional: the second direction reads from the end, padding is never read', async () => {
    const spec: NetworkSpec = {
      cell: 'rnn',
      input: { kind: 'scalar', scale: 0.1 },
      layers: [{ units: 1, dropout: 0, bidirectional: true }],
      output: { kind: 'sigmoid' },
    };
    const [w, u, b, rw, ru, rb, o1, o2, ob] = [0.5, 0.25, -0.1, 1.5, -0.75, 0.2, 2, -3, 0.5];
    const network = await createReferenceBackend().createNetwork(
      spec,
      Float32Array.of(w, u, b, rw, ru, rb, o1, o2, ob),
      limits,
    );
    const batch = (padding: number): Batch => ({
      batch: 1,
      steps: 3,
      inputs: Uint16Array.of(4, 9, padding),
      targets: Int32Array.of(noTarget, 1, noTarget),
      state: 'zero',
      lengths: Int32Array.of(2),
    });
    const forward = Math.tanh(w * 0.9 + b + u * Math.tanh(w * 0.4 + b));
    const reverse = Math.tanh(rw * 0.4 + rb + ru * Math.tanh(rw * 0.9 + rb));
    const logit = o1 * forward + o2 * reverse + ob;
    assertClose([(await network.evaluate(batch(0))).lossSum], [Math.log1p(Math.exp(-logit))], single, 'loss');
    assert.strictEqual((await network.evaluate(batch(7))).lossSum, (await network.evaluate(batch(noToken))).lossSum);
  });

  it('refuses invalid input', async () => {
    const spec = small('lstm');
    const backend = createReferenceBackend();
    const parameters = new Float32Array(parameterCount(spec));
    const network = await backend.createNetwork(spec, parameters, limits);
    const batch: Batch = randomBatch(new Random(seed), spec, 2, 2);
    const refused = (run: () => unknown, message: RegExp): Promise<void> =>
      assert.rejects(async () => run(), { name: 'InklingError', code: 'invalidInput', message });
    await refused(() => network.evaluate({ ...batch, inputs: new Uint16Array(4).fill(5) }), /Token 5.*vocabulary of 5/);
    await refused(() => network.evaluate({ ...batch, targets: new Int32Array(4).fill(5) }), /Target 5.*5 classes/);
    await refused(() => network.evaluate({ ...batch, batch: 9 }), /9 × 2 does not fit this network's limits of 8 × 12/);
    await refused(() => network.evaluate({ ...batch, steps: 3 }), /2 × 3 needs 6 inputs/);
    await refused(() => network.writeParameters(new Float32Array(3)), /parameters are 3 numbers/);
    await refused(() => network.writeState(new Float32Array(stateSize(spec) + 1)), /state does not fit/);
    await refused(() => backend.createNetwork({ ...spec, layers: [] }, parameters, limits), /1 to 4 layers/);
    const both: NetworkSpec = { ...spec, layers: [{ units: 2, dropout: 0, bidirectional: true }] };
    const two = await backend.createNetwork(both, new Float32Array(parameterCount(both)), limits);
    await refused(() => two.evaluate(batch), /length of every row/);
    await refused(() => two.evaluate({ ...batch, state: 'carry', lengths: Int32Array.of(2, 2) }), /carries no state/);
    const early = { ...batch, targets: new Int32Array(4).fill(1), lengths: Int32Array.of(2, 2) };
    await refused(() => two.evaluate(early), /last step of a row/);
  });
});
