/** The shelf of models: which weights a path refers to while runs start and end. */
import * as assert from 'node:assert/strict';
import type { TrainingConfig } from '../../../../src/common/trainingConfig';
import { createReferenceStepper } from '../../../../src/engine/backends/reference/referenceBackend';
import type { NewStepper } from '../../../../src/engine/backends/backend';
import { Vocabulary } from '../../../../src/engine/corpus/vocabulary';
import { parameterCount, type NetworkSpec } from '../../../../src/engine/model/networkSpec';
import { ModelShelf, type LiveModel } from '../../../../src/engine/process/modelShelf';
import { KnownTexts } from '../../../../src/engine/process/knownTexts';
import { OpenDocuments } from '../../../../src/engine/process/openDocuments';
import { SnapshotWriter } from '../../../../src/engine/process/snapshot';
import { tinyConfig } from './tinyRun';

const modelPath = 'never-written.safetensors';

/** A run that has published `snapshots` times, weights that are all `weight`. */
function run(letters: string, units: number, snapshots: number, weight: number): LiveModel {
  const vocabulary = Vocabulary.build('character', [letters]);
  const spec: NetworkSpec = {
    cell: 'lstm',
    input: { kind: 'one-hot', vocabulary: vocabulary.size },
    layers: [{ units, dropout: 0 }],
    output: { kind: 'softmax', classes: vocabulary.size },
  };
  const writer = new SnapshotWriter(parameterCount(spec));
  for (let i = 0; i < snapshots; i++) writer.write(new Float32Array(parameterCount(spec)).fill(weight));
  const config: TrainingConfig = tinyConfig({ maxSteps: 1 });
  return { modelPath, spec, vocabulary: vocabulary.toJSON(), config, memory: writer.memory };
}

describe('model shelf', () => {
  /** What the last steppers were given. */
  let written: Float32Array[] = [];
  let made = 0;
  const newStepper: NewStepper = (spec, parameters) => {
    made++;
    written.push(parameters);
    const stepper = createReferenceStepper(spec, parameters);
    return {
      ...stepper,
      writeParameters: (later) => {
        written.push(later);
        stepper.writeParameters(later);
      },
    };
  };
  beforeEach(() => {
    written = [];
    made = 0;
  });
  const look = (shelf: ModelShelf): Promise<unknown[]> =>
    shelf.use(modelPath, 0, async ({ model }) => [
      model.vocabulary.size,
      model.stepper.spec.layers[0].units,
      written.at(-1)!.subarray(0, 3).join(),
    ]);

  // The same file name recurs if a model is deleted and its text is trained on again.
  for (const [name, second, expected] of [
    ['of another size', run('abc', 6, 2, 0.5), [3, 6, '0.5,0.5,0.5']],
    ['with other letters', run('wxyz', 4, 2, 0.5), [4, 4, '0.5,0.5,0.5']],
    ['that has published as often', run('abc', 4, 3, 0.5), [3, 4, '0.5,0.5,0.5']],
  ] as const) {
    it(`distinguishes a second run on one path, ${name}, from the first`, async () => {
      const shelf = new ModelShelf(newStepper, new OpenDocuments(), new KnownTexts());
      shelf.announce(run('abc', 4, 3, 0.25));
      assert.deepEqual(await look(shelf), [3, 4, '0.25,0.25,0.25']);
      shelf.retire(modelPath);
      await assert.rejects(look(shelf), /cannot be read/);
      shelf.announce(second);
      assert.deepEqual(await look(shelf), expected);
    });
  }

  it('loads newer weights of one run into the existing stepper', async () => {
    const shelf = new ModelShelf(newStepper, new OpenDocuments(), new KnownTexts());
    const live = run('abc', 4, 1, 0.25);
    shelf.announce(live);
    await look(shelf);
    const again = new Int32Array(live.memory, 0, 2);
    new Float32Array(live.memory, 8).fill(0.75);
    Atomics.store(again, 0, 3);
    assert.deepEqual(await look(shelf), [3, 4, '0.75,0.75,0.75']);
    assert.equal(made, 1);
  });
});
