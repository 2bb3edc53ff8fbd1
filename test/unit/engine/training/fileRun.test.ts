/** Runs to a model file: stopped and resumed through the file, on changed text, after a crash. */
import * as assert from 'node:assert';
import { copyFileSync, mkdirSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { InklingError } from '../../../../src/common/errors';
import type { TrainingConfig } from '../../../../src/common/trainingConfig';
import type { TrainEvent } from '../../../../src/common/trainEvents';
import { createReferenceBackend } from '../../../../src/engine/backends/reference/referenceBackend';
import { readModelFile, writeModelFile, type StoredModel } from '../../../../src/engine/model/modelFile';
import {
  checkpointPath,
  openFileRun,
  readForResume,
  type FileRunOptions,
} from '../../../../src/engine/training/fileRun';
import { smallConfig } from '../../../support/trainingConfig';
import { madeText, of } from './support';

const text = madeText(1500);
let folder: string;

interface FileRunResult {
  model: StoredModel;
  events: TrainEvent[];
}

async function run(
  config: TrainingConfig,
  options: Partial<FileRunOptions> & { modelPath: string },
  watch: (event: TrainEvent, stop: () => void) => void = () => {},
): Promise<FileRunResult> {
  const events: TrainEvent[] = [];
  const fileRun = openFileRun({
    texts: [{ name: 'made.txt', text }],
    config,
    backend: createReferenceBackend(),
    onEvent: (event) => {
      events.push(event);
      watch(event, () => fileRun.trainer.stop());
    },
    ...options,
  });
  return { model: await fileRun.run(), events };
}

const file = (name: string): string => path.join(folder, name);
const exists = (name: string): Promise<boolean> =>
  fs.access(name).then(
    () => true,
    () => false,
  );

describe('A run to a model file', () => {
  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-run-'));
  });
  after(() => fs.rm(folder, { recursive: true }));

  it('resumes from the file of a stopped run as if it had not stopped', async () => {
    const config = smallConfig();
    const whole = await run(config, { modelPath: file('whole') });
    await run(config, { modelPath: file('part') }, (event, stop) => {
      if (event.event === 'epoch') stop();
    });
    const part = await readForResume(file('part'));
    assert.equal(part.results.steps, 15);
    const rest = await run(part.config!, { modelPath: file('rest'), resume: part });
    assert.deepEqual(rest.model.parameters, whole.model.parameters);
    const [a, b] = await Promise.all([readModelFile(file('rest')), readModelFile(file('whole'))]);
    assert.deepEqual(a.parameters, b.parameters);
    assert.deepEqual(a.extraTensors, b.extraTensors);
    assert.equal(a.provenance.created, part.provenance.created);
    const steps = (model: StoredModel): number[] => of(model.history, 'epoch').map((event) => event.step);
    assert.deepEqual(steps(a), [15, 30, 40]);
    assert.equal(of(rest.events, 'start')[0].fromStep, 15);
  });

  it('announces the end once the file is there, and leaves no checkpoint behind', async () => {
    const modelPath = file('ended');
    let checkpoints = 0;
    let thereAtDone: Promise<boolean> | undefined;
    await run(smallConfig(), { modelPath, checkpointSeconds: 0 }, (event) => {
      if (event.event === 'checkpoint') checkpoints++;
      if (event.event === 'done') thereAtDone = exists(modelPath);
    });
    assert.ok(checkpoints > 5);
    assert.equal(await thereAtDone, true);
    assert.equal(await exists(checkpointPath(modelPath)), false);
  });

  it('resumes from the checkpoint of a run that was cut off', async () => {
    const config = smallConfig();
    const whole = await run(config, { modelPath: file('alone') });
    const modelPath = file('crashed');
    await run(config, { modelPath, checkpointSeconds: 0 }, (event) => {
      // At once: the next step replaces it.
      if (event.event === 'checkpoint' && event.step === 22) copyFileSync(event.path, file('kept'));
    });
    await fs.rename(file('kept'), checkpointPath(file('cut')));
    const checkpoint = await readForResume(file('cut'));
    assert.equal(checkpoint.results.steps, 22);
    // A checkpoint is a model as it is.
    assert.equal(checkpoint.kind, 'language-model');
    const rest = await run(config, { modelPath: file('cut'), resume: checkpoint });
    assert.deepEqual(rest.model.parameters, whole.model.parameters);
    assert.equal(await exists(checkpointPath(file('cut'))), false);
  });

  it('prefers the checkpoint only where it stands further in the same run', async () => {
    const { model } = await run(smallConfig(), { modelPath: file('older') });
    const further = { ...model, results: { ...model.results, steps: model.results.steps + 10 } };
    await writeModelFile(checkpointPath(file('older')), further);
    assert.equal((await readForResume(file('older'))).results.steps, 50);
    const another = { ...further, provenance: { ...model.provenance, created: 'another time' } };
    await writeModelFile(checkpointPath(file('older')), another);
    assert.equal((await readForResume(file('older'))).results.steps, 40);
  });

  it('trains on for one more epoch of a saved model: the loss goes on, it does not jump', async () => {
    const config = smallConfig({ budget: { epochs: 3 }, evaluation: { every: 'epoch', maximumTargets: 1000 } });
    const first = await run(config, { modelPath: file('three') });
    const resume = await readForResume(file('three'));
    const { events } = await run({ ...config, budget: { epochs: 4 } }, { modelPath: file('three'), resume });
    const losses = of(first.events, 'epoch').map((event) => event.trainLoss);
    const [next] = of(events, 'epoch');
    assert.equal(next.epoch, 4);
    assert.ok(next.trainLoss < losses[2], `${next.trainLoss} after ${losses.join()}`);
  });

  it('goes on for as long again where that is asked, whether the text is the same or not', async () => {
    for (const [budget, expected] of [
      [{ maxSteps: 20 }, { maxSteps: 40 }],
      [{ epochs: 2 }, { epochs: 4 }],
    ]) {
      const config = smallConfig({ budget });
      const { model } = await run(config, { modelPath: file('once') });
      const again = await run(config, { modelPath: file('again'), resume: model, further: true });
      const [start] = of(again.events, 'start');
      assert.deepEqual(start.config.budget, expected);
      assert.equal(start.fromStep, model.results.steps);
      assert.equal(again.model.results.steps, 2 * model.results.steps);
      const texts = [{ name: 'changed.txt', text: madeText(1500, 2) }];
      const changed = await run(config, { modelPath: file('changed'), resume: model, further: true, texts });
      assert.deepEqual(of(changed.events, 'start')[0].config.budget, budget, 'a new model has its own budget');
    }
  });

  it('trains on changed text with new characters: their rows are added and the loss does not jump', async () => {
    const config = smallConfig({ budget: { maxSteps: 120 } });
    const first = await run(config, { modelPath: file('first') });
    const resume = await readForResume(file('first'));
    const changed = `${madeText(1500, 2)}Ωλ! `.repeat(1);
    const second = await run(
      { ...config, budget: { maxSteps: 15 } },
      { modelPath: file('second'), resume, texts: [{ name: 'changed.txt', text: changed }] },
    );
    const [start] = of(second.events, 'start');
    assert.equal(start.fromStep, 0);
    assert.equal(start.vocabulary, of(first.events, 'start')[0].vocabulary + 3);
    const tokens = (second.model.vocabulary as { tokens: string[] }).tokens;
    assert.deepEqual(tokens.slice(-3), ['!', 'Ω', 'λ'].sort());
    const before = of(first.events, 'epoch').at(-1)!.heldOutLoss!;
    const after = of(second.events, 'epoch')[0].trainLoss;
    assert.ok(after < before + 0.4, `${before} then ${after}`);
    assert.ok(after < Math.log(start.vocabulary) - 0.5);
  });

  it('refuses another network, a classifier, and a course that cannot be', async () => {
    const config = smallConfig({ budget: { maxSteps: 3 } });
    const { model } = await run(config, { modelPath: file('small') });
    const open = (change: Partial<FileRunOptions>): unknown =>
      openFileRun({
        texts: [{ name: 'made.txt', text }],
        config,
        backend: createReferenceBackend(),
        modelPath: file('x'),
        onEvent: () => {},
        ...change,
      });
    const refuses =
      (code: string, message: RegExp) =>
      (error: unknown): boolean => {
        assert.ok(error instanceof InklingError);
        assert.equal(error.code, code);
        assert.match(error.message, message);
        return true;
      };
    const wider = { ...config, network: { ...config.network, layers: [{ units: 9, dropout: 0 }] } };
    assert.throws(() => open({ resume: model, config: wider }), refuses('incompatibleModel', /another network/));
    const classifier: StoredModel = { ...model, kind: 'classifier' };
    assert.throws(() => open({ resume: classifier }), refuses('incompatibleModel', /is a classifier/));
    const endless = { ...config, budget: {} };
    assert.throws(() => open({ config: endless }), refuses('invalidInput', /needs an end/));
    assert.throws(() => open({ resume: model }), refuses('invalidInput', /already been trained for 3 steps/));
  });

  it('goes on with the weights alone where the settings take another course', async () => {
    const config = smallConfig({ budget: { maxSteps: 30 } });
    const { model } = await run(config, { modelPath: file('b4') });
    const { events } = await run({ ...config, batch: 2 }, { modelPath: file('b2'), resume: model });
    const [start] = of(events, 'start');
    assert.equal(start.fromStep, 0);
    assert.ok(of(events, 'epoch')[0].trainLoss < model.results.trainLoss! + 0.2);
  });

  it('moves aside what another run wrote to its file meanwhile, and says so', async () => {
    const config = smallConfig({ budget: { maxSteps: 3 } });
    const modelPath = file('shared.inkling.safetensors');
    await fs.writeFile(file('shared-2.inkling.safetensors'), 'taken');
    const other = await run({ ...config, seed: 8 }, { modelPath: file('other') });
    const { events, model } = await run(config, { modelPath }, (event) => {
      if (event.event === 'start') copyFileSync(file('other'), modelPath);
    });
    assert.deepEqual((await readModelFile(modelPath)).parameters, model.parameters);
    const aside = file('shared-3.inkling.safetensors');
    assert.deepEqual((await readModelFile(aside)).parameters, other.model.parameters);
    const [notice] = of(events, 'notice');
    assert.ok(notice.message.includes(aside));
    assert.equal(events.at(-1)!.event, 'done');
    // Its own earlier model is simply replaced.
    const again = await run(config, { modelPath });
    assert.deepEqual(of(again.events, 'notice'), []);
    assert.ok(!(await exists(file('shared-4.inkling.safetensors'))));
  });

  it('leaves the checkpoint of another run on its path alone', async () => {
    const config = smallConfig({ budget: { maxSteps: 3 } });
    const modelPath = file('both');
    const other = await run({ ...config, seed: 9 }, { modelPath: file('paused') });
    await writeModelFile(checkpointPath(modelPath), {
      ...other.model,
      provenance: { ...other.model.provenance, created: 'another time' },
    });
    await run(config, { modelPath });
    assert.equal((await readModelFile(checkpointPath(modelPath))).provenance.created, 'another time');
  });

  it('keeps the model elsewhere where its file cannot be written at the end', async () => {
    const modelPath = file('blocked');
    const config = smallConfig({ budget: { maxSteps: 3 } });
    const whole = await run(config, { modelPath: file('free') });
    const blocked = run(config, { modelPath }, (event) => {
      if (event.event === 'start') mkdirSync(modelPath);
    });
    const error = await blocked.then(() => assert.fail('it was written'), String);
    const [, kept] = /is a folder.* The trained model is kept in (.+)\.$/.exec(error) ?? [];
    assert.ok(kept, error);
    assert.deepEqual((await readModelFile(kept)).parameters, whole.model.parameters);
    await fs.rm(path.dirname(kept), { recursive: true });
  });

  it('refuses a place where the model could not be written before it trains', async () => {
    const events: TrainEvent[] = [];
    const onEvent = (event: TrainEvent): void => void events.push(event);
    const missing = path.join(folder, 'no such folder', 'model');
    await assert.rejects(run(smallConfig(), { modelPath: missing, onEvent }), /Create it, or choose another/);
    await fs.mkdir(file('taken'));
    await assert.rejects(run(smallConfig(), { modelPath: file('taken'), onEvent }), /is a folder/);
    assert.equal(events.length, 0);
    assert.deepEqual(
      (await fs.readdir(folder)).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });
});
