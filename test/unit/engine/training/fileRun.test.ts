/** Runs to a model file: stopped and resumed through the file, on changed text, after a crash. */
import * as assert from 'node:assert';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { InklingError } from '../../../../src/common/errors';
import { say } from '../../../../src/common/l10n';
import type { TrainingConfig } from '../../../../src/common/trainingConfig';
import type { TrainEvent } from '../../../../src/common/trainEvents';
import { createReferenceBackend } from '../../../../src/engine/backends/reference/referenceBackend';
import {
  readLanguageModel,
  readModelFile,
  writeModelFile,
  type StoredLanguageModel,
} from '../../../../src/engine/model/modelFile';
import { openFileRun, type FileRun, type FileRunOptions } from '../../../../src/engine/training/fileRun';
import { checkpointPath, readForResume, type Resumable } from '../../../../src/engine/training/resume';
import { networkFileOf } from '../../../support/storedModel';
import { smallConfig } from '../../../support/trainingConfig';
import { madeText, of } from './support';

const text = madeText(1500);
const anotherTime = '1999-12-31T23:59:59.999Z';
let folder: string;

interface FileRunResult {
  model: StoredLanguageModel;
  events: TrainEvent[];
}

async function run(
  config: TrainingConfig,
  options: Partial<FileRunOptions> & { modelPath: string },
  watch: (event: TrainEvent, stop: () => void) => void = () => {},
): Promise<FileRunResult> {
  const events: TrainEvent[] = [];
  const fileRun: FileRun = await openFileRun({
    texts: [{ name: 'made.txt', text }],
    config,
    compute: createReferenceBackend(),
    onEvent: (event) => {
      events.push(event);
      watch(event, () => fileRun.trainer.stop());
    },
    ...options,
  });
  return { model: await fileRun.run(), events };
}

const goOnWith = (model: StoredLanguageModel): Resumable => ({ model, notices: [] });
const file = (name: string): string => path.join(folder, name);
const exists = (name: string): Promise<boolean> =>
  fs.access(name).then(
    () => true,
    () => false,
  );

describe('A run that writes a model file', () => {
  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-run-'));
  });
  after(() => fs.rm(folder, { recursive: true }));

  it('resumes from the file of a stopped run as if it had not stopped', async () => {
    const config = smallConfig({ memory: 'on' });
    const whole = await run(config, { modelPath: file('whole') });
    await run(config, { modelPath: file('part') }, (event, stop) => {
      if (event.event === 'epoch') stop();
    });
    const part = await readForResume(file('part'));
    assert.equal(part.model.results.steps, 15);
    const rest = await run(part.model.config, { modelPath: file('rest'), resume: part });
    assert.deepEqual(rest.model.parameters, whole.model.parameters);
    const [a, b] = await Promise.all([readLanguageModel(file('rest')), readLanguageModel(file('whole'))]);
    assert.deepEqual(a.parameters, b.parameters);
    assert.deepEqual(a.extraTensors, b.extraTensors);
    assert.ok(a.extraTensors!['memory.letters.0'], 'the memory is in the file');
    assert.equal(a.provenance.created, part.model.provenance.created);
    const steps = (model: StoredLanguageModel): number[] => of(model.history, 'epoch').map((event) => event.step);
    assert.deepEqual(steps(a), [15, 30, 40]);
    assert.equal(of(rest.events, 'start')[0].fromStep, 15);
  });

  it('announces the end once the file exists, and leaves no checkpoint behind', async () => {
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

  it('starts a new run from the weights of a base, with the characters of the text added', async () => {
    const config = smallConfig();
    const base = (await run(config, { modelPath: file('base') })).model;
    const based = { ...config, base: 'xx', budget: { maxSteps: 1 } };
    const changed = `${text}\u00e9\u00e8`;
    const events: TrainEvent[] = [];
    const fileRun = await openFileRun({
      texts: [{ name: 'changed.txt', text: changed }],
      config: based,
      base,
      compute: createReferenceBackend(),
      modelPath: file('based'),
      onEvent: (event) => void events.push(event),
    });
    assert.deepEqual([...fileRun.corpus.vocabulary.toJSON().tokens].slice(-2), ['\u00e8', '\u00e9']);
    const model = await fileRun.run();
    assert.equal(of(events, 'start')[0].fromStep, 0);
    assert.equal(of(events, 'start')[0].base, 'xx');
    assert.equal(of(events, 'done')[0].base, 'xx');
    assert.notEqual(model.provenance.created, base.provenance.created);
    const fresh = (await run({ ...config, budget: { maxSteps: 1 } }, { modelPath: file('fresh') })).model;
    const [based1, fresh1] = [model.results.trainLoss!, fresh.results.trainLoss!];
    assert.ok(based1 < fresh1 - 0.1, `${based1} is below ${fresh1}: it begins where the base had arrived`);
    assert.equal(of(fresh.history, 'start')[0].base, null);
  });

  it('keeps the weights of a base that training made worse, and the memory knows the text', async () => {
    const config: TrainingConfig = { ...smallConfig(), memory: 'on' };
    const base = (await run(config, { modelPath: file('teacher') })).model;
    const events: TrainEvent[] = [];
    const fileRun = await openFileRun({
      texts: [{ name: 'made.txt', text: madeText(20_000) }],
      config: {
        ...config,
        base: 'xx',
        // The rate is far too high, so the network forgets what it knew.
        optimiser: { ...config.optimiser, learningRate: 0.5 },
        keep: 'last',
        guard: { kind: 'none' },
        budget: { maxSteps: 8 },
      },
      base,
      compute: createReferenceBackend(),
      modelPath: file('kept'),
      onEvent: (event) => void events.push(event),
    });
    const model = await fileRun.run();
    assert.deepEqual(model.parameters, base.parameters);
    assert.ok(model.memory, 'it has a memory');
    const notice = of(events, 'notice').find(({ message }) => /^The weights of the base model are kept/.test(message));
    assert.ok(notice, JSON.stringify(of(events, 'notice')));
    const done = of(events, 'done')[0];
    assert.ok(done.heldOutLoss! < done.heldOutNetworkLoss!, 'the memory helps it');
  });

  it('resumes from the checkpoint of an interrupted run', async () => {
    const config = smallConfig();
    const whole = await run(config, { modelPath: file('alone') });
    const modelPath = file('crashed');
    await run(config, { modelPath, checkpointSeconds: 0 }, (event) => {
      // Immediately, because the next step replaces it.
      if (event.event === 'checkpoint' && event.step === 22) copyFileSync(event.path, file('kept'));
    });
    await fs.rename(file('kept'), checkpointPath(file('cut')));
    const checkpoint = await readForResume(file('cut'));
    assert.equal(checkpoint.model.results.steps, 22);
    // A checkpoint can be used as a model.
    assert.equal(checkpoint.model.kind, 'language-model');
    const rest = await run(config, { modelPath: file('cut'), resume: checkpoint });
    assert.deepEqual(rest.model.parameters, whole.model.parameters);
    assert.equal(await exists(checkpointPath(file('cut'))), false);
  });

  it('continues with no numbers that are not finite', async () => {
    const { model } = await run(smallConfig({ keep: 'best-held-out' }), { modelPath: file('damaged') });
    for (const name of ['training.parameters', 'best.parameters', 'state.train']) {
      const values = (model.extraTensors![name] as Float32Array | undefined)?.slice() ?? model.parameters.slice();
      values[values.length - 1] = NaN;
      const damaged = { ...model, extraTensors: { ...model.extraTensors, [name]: values } };
      const message = new RegExp(`tensor "${name}" holds numbers that are not finite`);
      await assert.rejects(
        run(model.config, { modelPath: file('damaged'), resume: goOnWith(damaged), further: true }),
        {
          code: 'corruptModel',
          message,
        },
      );
    }
  });

  it('prefers the checkpoint only if it is further along in the same run', async () => {
    const { model } = await run(smallConfig(), { modelPath: file('older') });
    const further = { ...model, results: { ...model.results, steps: model.results.steps + 10 } };
    await writeModelFile(checkpointPath(file('older')), further);
    assert.equal((await readForResume(file('older'))).model.results.steps, 50);
    const another = { ...further, provenance: { ...model.provenance, created: anotherTime } };
    await writeModelFile(checkpointPath(file('older')), another);
    assert.equal((await readForResume(file('older'))).model.results.steps, 40);
  });

  it('finishes a run that was interrupted after its last step', async () => {
    const config = smallConfig();
    const whole = await run(config, { modelPath: file('uncut') });
    const modelPath = file('unfinished');
    await run(config, { modelPath, checkpointSeconds: 0 }, (event) => {
      if (event.event === 'checkpoint' && event.step === 40) copyFileSync(event.path, file('last'));
    });
    await fs.rename(file('last'), checkpointPath(file('finished')));
    const resume = await readForResume(file('finished'));
    const { events, model } = await run(config, { modelPath: file('finished'), resume });
    assert.deepEqual(of(events, 'progress'), [], 'nothing was trained');
    assert.deepEqual(model.parameters, whole.model.parameters);
    const [done] = of(events, 'done');
    const [expected] = of(whole.events, 'done');
    assert.deepEqual(
      [done.steps, done.heldOutLoss, done.trainLoss],
      [expected.steps, expected.heldOutLoss, expected.trainLoss],
    );
    const evaluated = (history: TrainEvent[]): number[] => of(history, 'epoch').map((event) => event.step);
    assert.deepEqual(evaluated(model.history), evaluated(whole.model.history));
    assert.equal(await exists(checkpointPath(file('finished'))), false);
  });

  describe('says what it continues from', () => {
    const config = smallConfig({ budget: { maxSteps: 3 } });
    const further = (model: StoredLanguageModel): StoredLanguageModel => ({
      ...model,
      results: { ...model.results, steps: model.results.steps + 10 },
    });
    const damage = async (name: string): Promise<void> => {
      const bytes = await fs.readFile(name);
      bytes[bytes.length - 1] ^= 4;
      await fs.writeFile(name, bytes);
    };

    it('if a checkpoint of another run lies beside the model', async () => {
      const { model } = await run(config, { modelPath: file('seed7') });
      const other = await run({ ...config, seed: 99 }, { modelPath: file('seed99') });
      const cut = { ...other.model, provenance: { ...other.model.provenance, created: anotherTime } };
      await writeModelFile(checkpointPath(file('seed7')), cut);
      const resume = await readForResume(file('seed7'));
      assert.equal(resume.model.config.seed, 7);
      assert.match(
        resume.notices.map(say).join(),
        /seed7\.checkpoint \(seed 99, step 3\) belongs to another run.*resume from .*seed7\.checkpoint\./,
      );
      const { events } = await run({ ...config, budget: { maxSteps: 4 } }, { modelPath: file('after'), resume });
      assert.deepEqual(
        of(events, 'notice').map(({ message }) => message),
        resume.notices.map(say),
      );
      const named = await readForResume(checkpointPath(file('seed7')));
      assert.deepEqual([named.model.config.seed, named.notices], [99, []]);
      assert.equal(model.config.seed, 7);
    });

    it('if the checkpoint is further along in the same run', async () => {
      const { model } = await run(config, { modelPath: file('cutoff') });
      await writeModelFile(checkpointPath(file('cutoff')), further(model));
      const { notices } = await readForResume(file('cutoff'));
      assert.match(notices.map(say).join(), /Continuing from the checkpoint cutoff\.checkpoint \(seed 7, step 13\)/);
    });

    it('if one of the two is damaged: from the other', async () => {
      const { model } = await run(config, { modelPath: file('good') });
      const checkpoint = checkpointPath(file('good'));
      for (const spoil of [damage, (name: string) => fs.truncate(name, 1000)]) {
        await writeModelFile(checkpoint, further(model));
        await spoil(checkpoint);
        const fallen = await readForResume(file('good'));
        assert.equal(fallen.model.results.steps, 3);
        assert.match(fallen.notices.map(say).join(), /good\.checkpoint cannot be loaded/);
      }
      await writeModelFile(checkpoint, further(model));
      await damage(file('good'));
      await damage(checkpoint);
      await assert.rejects(readForResume(file('good')), /cannot be loaded/);
      await writeModelFile(checkpoint, model);
      const kept = await readForResume(file('good'));
      assert.match(
        kept.notices.map(say).join(),
        /good cannot be loaded.*Continuing from good\.checkpoint \(seed 7, step 3\)/,
      );
    });

    it('if it starts over because the text or the settings differ, or the model contains no run', async () => {
      const { model } = await run(config, { modelPath: file('begun') });
      const messages = async (
        change: Partial<FileRunOptions>,
        changed: Partial<TrainingConfig> = {},
      ): Promise<string> => {
        const options = { modelPath: file('new'), resume: goOnWith(model), ...change };
        const { events } = await run({ ...config, ...changed }, options);
        assert.equal(of(events, 'start')[0].fromStep, 0);
        return of(events, 'notice')
          .map(({ message }) => message)
          .join();
      };
      const texts = [{ name: 'changed.txt', text: madeText(1500, 2) }];
      assert.match(await messages({ texts }), /text is not the one .* begins at step 0/);
      assert.match(await messages({}, { batch: 2 }), /differ from the model's in batch\. Training begins at step 0/);
      const shipped = { ...model, checkpoint: undefined };
      assert.match(await messages({ resume: goOnWith(shipped) }), /does not say where its training stopped/);
    });
  });

  it('trains a saved model for one more epoch: the loss continues without a jump', async () => {
    const config = smallConfig({ budget: { epochs: 3 }, evaluation: { every: 'epoch', maximumTargets: 1000 } });
    const first = await run(config, { modelPath: file('three') });
    const resume = await readForResume(file('three'));
    const { events } = await run({ ...config, budget: { epochs: 4 } }, { modelPath: file('three'), resume });
    const losses = of(first.events, 'epoch').map((event) => event.trainLoss);
    const [next] = of(events, 'epoch');
    assert.equal(next.epoch, 4);
    assert.ok(next.trainLoss! < losses[2]!, `${next.trainLoss} after ${losses.join()}`);
  });

  it('continues for as long again if requested, whether the text is the same or not', async () => {
    for (const [budget, expected] of [
      [{ maxSteps: 20 }, { maxSteps: 40 }],
      [{ epochs: 2 }, { epochs: 4 }],
    ]) {
      const config = smallConfig({ budget });
      const { model } = await run(config, { modelPath: file('once') });
      const again = await run(config, { modelPath: file('again'), resume: goOnWith(model), further: true });
      const [start] = of(again.events, 'start');
      assert.deepEqual(start.config.budget, expected);
      assert.equal(start.fromStep, model.results.steps);
      assert.equal(again.model.results.steps, 2 * model.results.steps);
      const texts = [{ name: 'changed.txt', text: madeText(1500, 2) }];
      const changed = await run(config, { modelPath: file('changed'), resume: goOnWith(model), further: true, texts });
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
    const { tokens } = second.model.vocabulary.toJSON();
    assert.deepEqual(tokens.slice(-3), ['!', 'Ω', 'λ'].sort());
    const before = of(first.events, 'epoch').at(-1)!.heldOutLoss!;
    const after = of(second.events, 'epoch')[0].trainLoss!;
    assert.ok(after < before + 0.4, `${before} then ${after}`);
    assert.ok(after < Math.log(start.vocabulary) - 0.5);
  });

  it('refuses another network, a classifier, and an impossible course', async () => {
    const config = smallConfig({ budget: { maxSteps: 3 } });
    const { model } = await run(config, { modelPath: file('small') });
    const open = (change: Partial<FileRunOptions>): Promise<unknown> =>
      openFileRun({
        texts: [{ name: 'made.txt', text }],
        config,
        compute: createReferenceBackend(),
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
    await assert.rejects(
      open({ resume: goOnWith(model), config: wider }),
      refuses('incompatibleModel', /a different network/),
    );
    await writeModelFile(file('classifier'), networkFileOf(model.spec));
    await assert.rejects(readForResume(file('classifier')), refuses('incompatibleModel', /is a classifier/));
    const endless = { ...config, budget: {} };
    await assert.rejects(open({ config: endless }), refuses('invalidInput', /needs an end/));
    await assert.rejects(
      open({ resume: goOnWith(model) }),
      refuses('invalidInput', /already been trained for 3 steps/),
    );
  });

  it('continues with the weights alone if the settings differ', async () => {
    const config = smallConfig({ budget: { maxSteps: 30 } });
    const { model } = await run(config, { modelPath: file('b4') });
    const { events } = await run({ ...config, batch: 2 }, { modelPath: file('b2'), resume: goOnWith(model) });
    const [start] = of(events, 'start');
    assert.equal(start.fromStep, 0);
    assert.ok(of(events, 'epoch')[0].trainLoss! < model.results.trainLoss! + 0.2);
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

  it('does not touch the checkpoint of another run on its path', async () => {
    const config = smallConfig({ budget: { maxSteps: 3 } });
    const modelPath = file('both');
    const other = await run({ ...config, seed: 9 }, { modelPath: file('paused') });
    await writeModelFile(checkpointPath(modelPath), {
      ...other.model,
      provenance: { ...other.model.provenance, created: anotherTime },
    });
    await run(config, { modelPath });
    assert.equal((await readModelFile(checkpointPath(modelPath))).provenance.created, anotherTime);
  });

  it('writes its checkpoints under a different name if another run writes them on its path', async () => {
    const config = smallConfig({ budget: { maxSteps: 40 } });
    const modelPath = file('race.inkling.safetensors');
    const other = await run({ ...config, seed: 9 }, { modelPath: file('racing') });
    const another = { ...other.model, provenance: { ...other.model.provenance, created: anotherTime } };
    await fs.writeFile(file('race-2.inkling.safetensors'), 'taken');
    await writeModelFile(file('theirs'), another);
    const own = checkpointPath(file('race-3.inkling.safetensors'));
    const seen: boolean[] = [];
    const { events } = await run(config, { modelPath, checkpointSeconds: 0 }, (event) => {
      if (event.event === 'start') copyFileSync(file('theirs'), checkpointPath(modelPath));
      if (event.event === 'checkpoint') seen.push(event.path === own && existsSync(own));
    });
    assert.ok(seen.length > 0 && seen.every(Boolean), `${seen.join()}`);
    const notices = of(events, 'notice').filter(({ message }) => message.includes(own));
    assert.equal(notices.length, 1);
    assert.equal((await readModelFile(checkpointPath(modelPath))).provenance.created, anotherTime);
    assert.ok(!existsSync(own));
  });

  it('keeps the model elsewhere if its file cannot be written at the end', async () => {
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
