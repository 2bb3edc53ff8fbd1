/** Writing with the kernels against the reference, token by token; new weights; what is refused. */
import * as assert from 'node:assert';
import { createReferenceStepper } from '../../../../src/engine/backends/reference/referenceBackend';
import { kernelModule, kernelNames } from '../../../../src/engine/backends/wasm/runtime';
import { createWasmStepper } from '../../../../src/engine/backends/wasm/wasmStepper';
import { outputSize, type NetworkSpec } from '../../../../src/engine/model/networkSpec';
import { Random } from '../../../../src/engine/random';
import { close } from '../../../support/ladder';
import { assertClose, between, describeSpec, randomParameters, randomSpec, zeroStates } from '../../../support/numeric';

for (const kernel of kernelNames) {
  describe(`wasm stepper, ${kernel} kernels`, function () {
    before(function () {
      if (!kernelModule(kernel)) this.skip();
    });

    it('steps like the reference, with the first weights and with others', () => {
      for (let seed = 201; seed < 220; seed++) {
        const random = new Random(seed);
        const spec = randomSpec(random);
        if (spec.layers[0].bidirectional) continue;
        const ids = spec.input.kind === 'scalar' ? 9 : spec.input.vocabulary;
        const rows = between(random, 1, 9);
        const parameters = randomParameters(random, spec);
        const fast = createWasmStepper(spec, parameters, kernel);
        const truth = createReferenceStepper(spec, parameters);
        const [a, b] = [zeroStates(spec, rows), zeroStates(spec, rows)];
        const V = outputSize(spec);
        const [next, expected] = [new Float32Array(rows * V), new Float32Array(rows * V)];
        for (let t = 0; t < 6; t++) {
          if (t === 3) {
            const others = randomParameters(random, spec);
            fast.writeParameters(others);
            truth.writeParameters(others);
          }
          const tokens = Uint16Array.from({ length: rows }, () => random.integer(ids));
          fast.step(tokens, a, next);
          truth.step(tokens, b, expected);
          const what = `seed ${seed}, step ${t}, ${describeSpec(spec)}`;
          assertClose(next, expected, close, `logits, ${what}`);
          assertClose(a, b, close, `states, ${what}`);
        }
      }
    });
  });
}

describe('steppers', () => {
  for (const [name, create] of [
    ['wasm', createWasmStepper],
    ['reference', createReferenceStepper],
  ] as const) {
    it(`${name}: refuse mismatched arguments`, () => {
      const spec: NetworkSpec = {
        cell: 'gru',
        input: { kind: 'one-hot', vocabulary: 5 },
        layers: [{ units: 3, dropout: 0 }],
        output: { kind: 'softmax', classes: 5 },
      };
      const parameters = randomParameters(new Random(1), spec);
      const refused = (run: () => unknown, message: RegExp): void =>
        assert.throws(run, { name: 'InklingError', code: 'invalidInput', message });
      const stepper = create(spec, parameters);
      const [states, logits] = [new Float32Array(6), new Float32Array(10)];
      stepper.step(Uint16Array.of(1, 2), states, logits);
      refused(() => stepper.step(new Uint16Array(0), new Float32Array(0), new Float32Array(0)), /at least one/);
      refused(() => stepper.step(Uint16Array.of(1), states, logits), /states is 6; 1 tokens need 3/);
      refused(() => stepper.step(Uint16Array.of(1, 2), states, new Float32Array(9)), /logits is 9; 2 tokens need 10/);
      refused(() => stepper.step(Uint16Array.of(1, 5), states, logits), /Token 5.*vocabulary of 5/);
      refused(() => stepper.writeParameters(new Float32Array(3)), /parameters/);
      refused(() => create(spec, new Float32Array(3)), /parameters/);
      const both: NetworkSpec = { ...spec, layers: [{ units: 2, dropout: 0, bidirectional: true }] };
      refused(() => create(both, randomParameters(new Random(1), both)), /step by step/);
    });
  }
});
