/**
 * The engine's side of `npm run bench:seeds -- --keras`: writes a recipe and its examples as Keras reads them.
 *   seedsRuns.js TEXT RECIPE FOLDER
 * FOLDER gets recipe.json and, for the training and the held-out part, inputs (int32, [N, T], padded in front) and
 * targets (int32: [N] for last-step recipes, otherwise [N, T]); -1 stands for no token and no target.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { noTarget, noToken, type Batch } from '../src/engine/backends/backend';
import { buildCorpus } from '../src/engine/corpus/corpus';
import { planBatches } from '../src/engine/corpus/planBatches';
import { readProse } from '../src/engine/corpus/readTextFile';
import { Random } from '../src/engine/random';
import { recipeFor } from '../src/engine/recipes/recipes';

const [file, id, folder] = process.argv.slice(2);

async function main(): Promise<void> {
  const config = recipeFor(id);
  config.objective.shuffle = false;
  const corpus = buildCorpus([await readProse(file, path.basename(file), {})], config.text);
  const plan = planBatches(corpus, config);
  const { steps } = plan.limits;
  const lastStep = config.objective.kind === 'last-step';
  plan.startEpoch(0, new Random(0));
  const parts = {
    train: writePart('train', Array.from({ length: plan.stepsPerEpoch }, (_, step) => rowsOf(plan.batch(step))).flat()),
    heldOut: writePart('heldOut', Array.from(plan.heldOut(), rowsOf).flat()),
  };
  fs.writeFileSync(
    path.join(folder, 'recipe.json'),
    JSON.stringify({ config, vocabulary: corpus.vocabulary.size, steps, ...parts }),
  );

  /** A batch as rows, each padded in front to the most steps. */
  function rowsOf({ batch, steps: used, inputs, targets }: Batch): { inputs: Int32Array; targets: Int32Array }[] {
    return Array.from({ length: batch }, (_, b) => {
      const row = { inputs: new Int32Array(steps).fill(-1), targets: new Int32Array(steps).fill(-1) };
      for (let t = 0; t < used; t++) {
        const [input, target] = [inputs[t * batch + b], targets[t * batch + b]];
        if (input !== noToken) row.inputs[steps - used + t] = input;
        if (target !== noTarget) row.targets[steps - used + t] = target;
      }
      return lastStep ? { inputs: row.inputs, targets: row.targets.slice(steps - 1) } : row;
    });
  }

  /** Writes the files of a part; returns its number of examples. */
  function writePart(name: string, rows: { inputs: Int32Array; targets: Int32Array }[]): number {
    for (const what of ['inputs', 'targets'] as const) {
      const bytes = rows.map((row) => Buffer.from(row[what].buffer, row[what].byteOffset, row[what].byteLength));
      fs.writeFileSync(path.join(folder, `${name}.${what}`), Buffer.concat(bytes));
    }
    return rows.length;
  }
}

void main();
