import * as assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { InklingError } from '../../../../../src/common/errors';
import type { TrainingConfig } from '../../../../../src/common/trainingConfig';
import { buildCorpus, countTokens } from '../../../../../src/engine/corpus/corpus';
import { initialiseParameters } from '../../../../../src/engine/model/initialisation';
import { readLanguageModel } from '../../../../../src/engine/model/modelFile';
import { writeJob, type JobRequest } from '../../../../../src/engine/exchange/jobs/writeJob';
import { chooseForJob, draftFor } from '../../../../../src/engine/recipes/automatic';

const lines = Array.from({ length: 400 }, (_, i) => `Line ${i}: the sea, the Σίσυφος and the café, ${i * i} times.`);

describe('an exported job', () => {
  let folder: string;
  const at = (...names: string[]): string => path.join(folder, ...names);
  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-job-'));
    await fs.writeFile(at('one.txt'), lines.join('\r\n'));
    await fs.writeFile(at('two.txt'), `\ufeff${lines.slice(0, 100).join('\n')}`);
  });
  afterEach(() => fs.rm(folder, { recursive: true }));

  const adjust = (config: TrainingConfig): TrainingConfig => ({ ...config, seed: 7 });
  const sources = (...names: string[]): JobRequest['sources'] => names.map((name) => ({ name, path: at(name) }));
  const request = (more: Partial<JobRequest> = {}): JobRequest => ({
    sources: sources('one.txt', 'two.txt'),
    folder: at('job'),
    draft: (bytes) => draftFor(bytes, adjust),
    choose: (draft, facts) => {
      const choice = chooseForJob(draft, facts);
      return { ...choice, config: adjust(choice.config) };
    },
    ...more,
  });
  const tokensOf = async (): Promise<number[]> => {
    const { shards } = JSON.parse(await fs.readFile(at('job', 'job.json'), 'utf8')) as { shards: string[] };
    return [...Buffer.concat(await Promise.all(shards.map((shard) => fs.readFile(at('job', shard)))))];
  };

  it('holds the tokens, the vocabulary and the first weights that training here would have', async () => {
    const job = await writeJob(request());
    const texts = [lines.join('\n'), lines.slice(0, 100).join('\n')].map((text, i) => ({ name: String(i), text }));
    const corpus = buildCorpus(texts, job.config.text);
    assert.deepEqual(await tokensOf(), [...corpus.ids]);
    assert.deepEqual(
      job.files.map(({ start, end }) => [start, end]),
      corpus.files.map(({ start, end }) => [start, end]),
    );

    const model = await readLanguageModel(at('job', 'first.safetensors'));
    assert.deepEqual(model.vocabulary.toJSON(), corpus.vocabulary.toJSON());
    assert.deepEqual(model.tokenCounts, countTokens(corpus));
    assert.equal(model.provenance.textHash, corpus.hash);
    assert.equal(model.config.seed, 7);
    assert.deepEqual(model.parameters, await initialiseParameters(model.spec, { kind: 'keras' }, 7));
    assert.match(await fs.readFile(at('job', 'train.py'), 'utf8'), /^"""Trains the model/);
    assert.match(await fs.readFile(at('job', 'requirements.txt'), 'utf8'), /^torch==[\d.]+$/m);
  });

  it('is the same when the texts are too large to be read as a whole', async () => {
    const { tokens } = await writeJob(request());
    const whole = await tokensOf();
    for (const blockBytes of [50, 1000]) {
      await fs.rm(at('job'), { recursive: true });
      await writeJob(request({ reading: { wholeBytes: 0, blockBytes } }));
      assert.deepEqual(await tokensOf(), whole);
    }
    assert.equal(whole.length, tokens);
  });

  const refused = async (what: RegExp, more: Partial<JobRequest>): Promise<void> => {
    await assert.rejects(
      writeJob(request(more)),
      (error) => error instanceof InklingError && error.code === 'invalidInput' && what.test(error.message),
    );
    assert.deepEqual(
      (await fs.readdir(folder)).filter((name) => name.startsWith('job')),
      more.folder ? ['job'] : [],
    );
  };

  it('leaves nothing behind if it cannot be written whole', async () => {
    await refused(/There is no file three\.txt/, { sources: sources('one.txt', 'three.txt') });
  });

  it('never replaces a folder with something in it', async () => {
    await fs.mkdir(at('job'));
    await fs.writeFile(at('job', 'novel.txt'), 'x');
    await refused(/is not empty. Name a new folder/, { folder: at('job') });
    assert.equal(await fs.readFile(at('job', 'novel.txt'), 'utf8'), 'x');
  });

  it('never replaces one that was filled meanwhile', async () => {
    const { choose } = request();
    await refused(/is not empty. Name a new folder/, {
      folder: at('job'),
      choose: (draft, facts) => {
        mkdirSync(at('job'));
        writeFileSync(at('job', 'novel.txt'), 'x');
        return choose(draft, facts);
      },
    });
    assert.equal(await fs.readFile(at('job', 'novel.txt'), 'utf8'), 'x');
  });

  it('asks for the encoding of a large text that is not UTF-8', async () => {
    await fs.writeFile(at('one.txt'), Buffer.from('caf\xe9\n'.repeat(1000), 'latin1'));
    await refused(/one\.txt is not UTF-8.*--encoding/, { reading: { wholeBytes: 0 } });
    const named = sources('one.txt').map((source) => ({ ...source, encoding: 'latin1' }));
    const job = await writeJob(request({ reading: { wholeBytes: 0 }, sources: named }));
    assert.notEqual(job.vocabulary.idOf('é'), job.vocabulary.unknownId);
  });

  it('is refused for settings that the script does not know, which are named', async () => {
    const keep = (config: TrainingConfig): TrainingConfig => ({ ...config, keep: 'every-epoch' });
    await refused(/keep=last/, { draft: (bytes) => keep(draftFor(bytes, adjust)) });
  });
});
