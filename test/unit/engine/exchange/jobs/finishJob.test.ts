import * as assert from 'node:assert/strict';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { InklingError } from '../../../../../src/common/errors';
import type { DoneEvent } from '../../../../../src/common/trainEvents';
import { createReferenceBackend } from '../../../../../src/engine/backends/reference/referenceBackend';
import { buildCorpus } from '../../../../../src/engine/corpus/corpus';
import { attachToJob } from '../../../../../src/engine/exchange/jobs/attachToJob';
import { finishJob, readCorpus } from '../../../../../src/engine/exchange/jobs/finishJob';
import { writeJob } from '../../../../../src/engine/exchange/jobs/writeJob';
import { say } from '../../../../../src/common/l10n';
import { movedNotice } from '../../../../../src/engine/model/keepModel';
import { readLanguageModel, writeModelFile } from '../../../../../src/engine/model/modelFile';
import { smallConfig } from '../../../../support/trainingConfig';

describe('Finishing the model of a job', () => {
  let folder: string;
  const at = (...names: string[]): string => path.join(folder, ...names);
  const text = 'A whale, a whale! The sea was calm, and the ship lay still. '.repeat(30);
  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-finish-'));
    await fs.writeFile(at('sea.txt'), text);
  });
  after(() => fs.rm(folder, { recursive: true }));

  for (const memory of ['on', 'off'] as const) {
    it(`adds the memory if the settings ask for one: ${memory}`, async () => {
      const config = smallConfig({ memory });
      const job = at(`job-${memory}`);
      await writeJob({
        sources: [{ name: 'sea.txt', path: at('sea.txt') }],
        folder: job,
        draft: () => config,
        choose: () => ({ config, reasons: [] }),
      });
      // What the script would have written, with the first weights.
      const first = await readLanguageModel(path.join(job, 'first.safetensors'));
      const done = { event: 'done', steps: 40, heldOutLoss: 3, model: 'far away', reason: 'budget' } as DoneEvent;
      const figures = {
        seconds: 1,
        epochs: 1,
        characters: 1,
        trainLoss: 3,
        heldOutAccuracy: 0,
        charactersPerSecond: 1,
      };
      const rest = { heldOutBitsPerCharacter: 4, threads: 1, backend: 'pytorch', kernel: 'x', seed: 7 };
      await writeModelFile(path.join(job, 'model.inkling.safetensors'), {
        ...first,
        history: [{ ...done, ...figures, ...rest }],
      });
      const corpus = await readCorpus(job, first);
      assert.deepEqual(corpus.ids, buildCorpus([{ name: 'sea.txt', text }], config.text).ids);

      await finishJob(job, { modelPath: at('sea.inkling.safetensors'), compute: createReferenceBackend() });
      const model = await readLanguageModel(at('sea.inkling.safetensors'));
      const last = model.history.at(-1) as DoneEvent;
      assert.equal(last.model, at('sea.inkling.safetensors'));
      assert.deepEqual(model.parameters, first.parameters);
      if (memory === 'off') {
        assert.equal(model.memory, undefined);
        assert.equal(last.heldOutLoss, 3);
        return;
      }
      assert.notEqual(model.memory, undefined);
      assert.equal(last.heldOutLoss, model.results.heldOutLoss);
      // The text repeats: the memory knows it by heart, the untrained network nothing.
      assert.ok(last.heldOutLoss! < 0.5, String(last.heldOutLoss));
      assert.ok(last.heldOutNetworkLoss! > 2, String(last.heldOutNetworkLoss));

      // Once more changes nothing.
      await fs.copyFile(at('sea.inkling.safetensors'), path.join(job, 'model.inkling.safetensors'));
      await finishJob(job, { modelPath: at('again.inkling.safetensors'), compute: createReferenceBackend() });
      const again = await readLanguageModel(at('again.inkling.safetensors'));
      assert.deepEqual(again.results, model.results);
    });
  }

  it('refuses a model whose training has not ended, and writes nothing', async () => {
    const job = at('job-early');
    await fs.cp(at('job-off'), job, { recursive: true });
    const file = path.join(job, 'model.inkling.safetensors');
    await writeModelFile(file, { ...(await readLanguageModel(file)), history: [] });
    const modelPath = at('early.inkling.safetensors');
    await assert.rejects(finishJob(job, { modelPath, compute: createReferenceBackend() }), {
      code: 'invalidInput',
      message: /job-early has not ended\. Attach to it again/,
    });
    await assert.rejects(fs.access(modelPath), { code: 'ENOENT' });
  });

  it('keeps a model that another run wrote to the same path while the job was followed', async () => {
    const job = at('job-off');
    const out = at('shared.inkling.safetensors');
    const finished = await readLanguageModel(path.join(job, 'model.inkling.safetensors'));
    const last = finished.history.at(-1);
    await fs.rm(path.join(job, 'events.jsonl'), { force: true });
    const notices: string[] = [];
    let isWaiting = (): void => {};
    const waiting = new Promise<void>((resolve) => (isWaiting = resolve));
    const attached = attachToJob({
      job,
      modelPath: out,
      compute: createReferenceBackend(),
      onEvent: (event) => {
        if (event.event === 'notice') notices.push(event.message);
        isWaiting();
      },
    });
    await waiting;
    await writeModelFile(out, { ...finished, title: 'of another run' });
    await fs.writeFile(path.join(job, 'events.jsonl'), `${JSON.stringify(last)}\n`);
    await attached;
    const aside = at('shared-2.inkling.safetensors');
    assert.equal((await readLanguageModel(aside)).title, 'of another run');
    assert.equal((await readLanguageModel(out)).title, finished.title);
    assert.deepEqual(notices.slice(1), [say(movedNotice(out, aside))]);
  });

  it("writes into the folder of the job here, never where the other machine's log says", async () => {
    const job = at('job-off');
    const precious = at('precious.txt');
    await fs.writeFile(precious, 'A whale.');
    const { history } = await readLanguageModel(path.join(job, 'model.inkling.safetensors'));
    for (const named of [precious, '/home/gpu/job/model.inkling.safetensors']) {
      await fs.writeFile(path.join(job, 'events.jsonl'), `${JSON.stringify({ ...history.at(-1), model: named })}\n`);
      const { done } = await attachToJob({ job, compute: createReferenceBackend(), onEvent: () => {} });
      assert.equal(done.model, path.join(job, 'model.inkling.safetensors'));
    }
    assert.equal(await fs.readFile(precious, 'utf8'), 'A whale.');
  });

  describe('refuses a folder whose files are not those of one job', () => {
    const file = (...names: string[]): string => at('job-on', ...names);
    const whole: Record<string, Buffer> = {};
    before(async () => {
      for (const name of ['job.json', 'tokens/0000.bin']) whole[name] = await fs.readFile(file(name));
    });
    afterEach(async () => {
      for (const [name, bytes] of Object.entries(whole)) {
        await fs.rm(file(name), { force: true });
        await fs.writeFile(file(name), bytes);
      }
    });
    const refused = async (message: RegExp): Promise<void> => {
      const model = await readLanguageModel(file('first.safetensors'));
      await assert.rejects(
        readCorpus(at('job-on'), model),
        (error) => error instanceof InklingError && error.code === 'invalidInput' && message.test(error.message),
      );
    };

    for (const [what, change, message] of [
      ['a path outside the folder', { shards: ['../../../dev/zero'] }, /"job\.shards\.0" must be the path of a file/],
      ['more tokens than there are', { tokens: 1e15, files: [{ name: 'a', start: 0, end: 1e15 }] }, /have \d+ bytes/],
      [
        'texts that overlap',
        {
          files: [
            { name: 'a', start: 0, end: 9 },
            { name: 'b', start: 5, end: 1800 },
          ],
        },
        /files\.1/,
      ],
      ['tokens of three bytes', { bytesPerToken: 3 }, /"job\.bytesPerToken" must be a whole number from 1 to 2/],
    ] as const) {
      it(what, async () => {
        const job = JSON.parse(whole['job.json'].toString()) as object;
        await fs.writeFile(file('job.json'), JSON.stringify({ ...job, ...change }));
        await refused(message);
      });
    }

    it('a description that is not JSON', async () => {
      await fs.writeFile(file('job.json'), '{');
      await refused(/job\.json is not JSON/);
    });

    it('tokens outside the vocabulary', async () => {
      await fs.writeFile(file('tokens/0000.bin'), Buffer.alloc(whole['tokens/0000.bin'].length, 200));
      await refused(/not in the vocabulary/);
    });

    it('a device in the place of its tokens', async function () {
      if (process.platform === 'win32') this.skip();
      await fs.rm(file('tokens/0000.bin'));
      await fs.symlink('/dev/zero', file('tokens/0000.bin'));
      await refused(/is not a regular file/);
    });
  });
});
