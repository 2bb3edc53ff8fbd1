/** What `--out` may and may not replace, from outside. */
import * as assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { readModelMetadata } from '../../../../src/engine/model/modelFile';
import { runCommand, type Outcome } from '../../../support/command';
import { madeText } from '../training/support';

const settings = ['--recipe', 'nietzsche', '--objective', 'every-step', '--threads', '1', '--max-steps', '2'];
for (const setting of ['network.layers.0.units=8', 'batch=4', 'objective.steps=8']) settings.push('--set', setting);
const classifierSettings = ['--vectors', 'learned', '--epochs', '1', '--units', '4', '--threads', '1'];

const labelled = (word: string): string =>
  Array.from({ length: 60 }, (_, i) => (i % 2 ? `spam\twin a ${word} ${i}` : `ham\tlunch at home ${i}`)).join('\n');

describe('The file that a model is written to', function () {
  this.slow(3000);
  let folder: string;
  const at = (name: string): string => path.join(folder, name);
  const train = (...args: string[]): Promise<Outcome> => runCommand(folder, ['train', ...settings, ...args, '--json']);
  const trainClassifier = (...args: string[]): Promise<Outcome> =>
    runCommand(folder, ['train-classifier', ...classifierSettings, ...args, '--json']);

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-out-'));
    await fs.writeFile(at('novel.txt'), madeText(2000));
    await fs.writeFile(at('mail.tsv'), labelled('prize'));
  });
  afterEach(() => fs.rm(folder, { recursive: true }));

  /** The command refuses before it does anything, and leaves every file unchanged. */
  async function refuses(run: () => Promise<Outcome>, message: RegExp, exitCode = 1): Promise<void> {
    const contents = async (): Promise<Record<string, string>> => {
      const names = (await fs.readdir(folder)).sort();
      const texts = await Promise.all(names.map((name) => fs.readFile(at(name), 'latin1').catch(() => 'not read')));
      return Object.fromEntries(names.map((name, i) => [name, texts[i]]));
    };
    // A pipe would wait for a writer.
    const withoutPipe = process.platform === 'win32' || !(await fs.stat(at('pipe')).catch(() => undefined));
    const before = withoutPipe ? await contents() : {};
    const { code, out, err } = await run();
    assert.deepEqual([code, out], [exitCode, ''], err);
    assert.match(err, message);
    assert.match(err, /^inkling: [^\n]+\n$/);
    if (withoutPipe) assert.deepEqual(await contents(), before);
  }

  it('is never one that the command reads, through any link', async () => {
    await fs.mkdir(at('texts'));
    await fs.link(at('novel.txt'), at('hard'));
    await fs.symlink('novel.txt', at('soft'));
    await fs.copyFile(at('novel.txt'), at('m.checkpoint'));
    const reads = /is read by this command as novel\.txt.*Name another file with --out/;
    for (const out of ['novel.txt', './novel.txt', 'texts/../novel.txt', at('novel.txt'), 'hard', 'soft']) {
      await refuses(() => train('novel.txt', '--out', out), reads);
    }
    await refuses(() => train('mail.tsv', 'novel.txt', '--out', 'novel.txt'), reads);
    await refuses(() => train('novel.txt', '--out', 'novel.txt', '--overwrite'), reads);
    // The checkpoint next to the model would overwrite it, and be removed at the end.
    await refuses(() => train('m.checkpoint', '--out', 'm'), /m\.checkpoint is read by this command/);
    assert.equal((await train('novel.txt', '--out', 'weights')).code, 0);
    await refuses(
      () => train('novel.txt', '--weights', 'weights', '--out', 'weights', '--overwrite'),
      /weights is read by this command as weights/,
    );
    await refuses(() => trainClassifier('mail.tsv', '--out', 'mail.tsv'), /is read by this command as mail\.tsv/);
    await fs.writeFile(at('words.vec'), 'win 1 0\nlunch 0 1\n');
    const vectors = ['--vectors', 'frozen', '--vector-file', 'words.vec'];
    await refuses(
      () => trainClassifier('mail.tsv', ...vectors, '--out', 'words.vec'),
      /is read by this command as words\.vec/,
    );
  });

  it('is never a file of another program, a folder, a device or nothing at all', async () => {
    await fs.writeFile(at('diary'), 'Dear diary');
    await fs.mkdir(at('models'));
    await fs.symlink('round', at('round'));
    for (const run of [train.bind(null, 'novel.txt'), trainClassifier.bind(null, 'mail.tsv')]) {
      await refuses(() => run('--out', 'diary'), /diary exists and is not a model.*or move that one away/);
      await refuses(() => run('--out', 'diary', '--overwrite'), /diary exists and is not a model/);
      await refuses(() => run('--out', 'models'), /models is a folder/);
      await refuses(() => run('--out', 'round'), /round is a link that leads back to itself/);
      for (const name of ['', '  ', '-']) await refuses(() => run('--out', name), /--out takes the name of a file/, 2);
    }
  });

  it('is never a device or a pipe', async function () {
    if (process.platform === 'win32') this.skip();
    execFileSync('mkfifo', [at('pipe')]);
    await refuses(() => train('novel.txt', '--out', 'pipe'), /pipe is a device or a pipe/);
    await refuses(() => train('novel.txt', '--out', '/dev/null'), /\/dev\/null is a device or a pipe/);
  });

  it('is a model of another text only with --overwrite', async () => {
    await fs.writeFile(at('diary.txt'), madeText(2000, 2));
    assert.equal((await train('novel.txt', '--out', 'model')).code, 0);
    // The same text, by whatever name, with whatever settings.
    await fs.copyFile(at('novel.txt'), at('copy.txt'));
    assert.equal((await train('copy.txt', '--set', 'text.lowercase=true', '--out', 'model')).code, 0);
    await refuses(() => train('diary.txt', '--out', 'model'), /another text.*\(copy\.txt\).*Add --overwrite/);
    await refuses(() => trainClassifier('mail.tsv', '--out', 'model'), /Add --overwrite/);
    assert.equal((await train('diary.txt', '--out', 'model', '--overwrite')).code, 0);
    assert.deepEqual((await readModelMetadata(at('model'))).provenance.files, ['diary.txt']);
    // A checkpoint is what a killed run has learned.
    await fs.rename(at('model'), at('other.checkpoint'));
    await refuses(() => train('novel.txt', '--out', 'other'), /other\.checkpoint is a model of another text/);
  });

  it('of a job is a model of another text only with --overwrite', async () => {
    await fs.writeFile(at('diary.txt'), madeText(2000, 2));
    assert.equal((await train('novel.txt', '--out', 'model')).code, 0);
    assert.equal((await runCommand(folder, ['job', 'diary.txt', '--out', 'job'])).code, 0);
    const attach = (out: string): Promise<Outcome> => runCommand(folder, ['attach', 'job', '--out', out, '--json']);
    await refuses(() => attach('model'), /another text.*\(novel\.txt\).*Add --overwrite/);
    await refuses(() => attach('novel.txt'), /is not a model/);
  });

  it('is that of an unfinished run only with --overwrite, or to finish that run', async () => {
    // Two runs that were killed: one before it had written a model, one over an earlier model.
    for (const name of ['model', 'later']) {
      assert.equal((await train('novel.txt', '--seed', '7', '--out', name)).code, 0);
      if (name === 'later') assert.equal((await train('novel.txt', '--seed', '3', '--out', 'earlier')).code, 0);
      await fs.rename(at(name), at(`${name}.checkpoint`));
    }
    await fs.rename(at('earlier'), at('later'));
    const unfinished = /\.checkpoint holds a run that was not finished \(seed 7, step 2\).*--resume \S+\.checkpoint/;
    await refuses(() => train('novel.txt', '--seed', '8', '--out', 'model'), unfinished);
    await refuses(() => train('novel.txt', '--out', 'later'), unfinished);
    await refuses(() => train('novel.txt', '--resume', 'later', '--max-steps', '4', '--out', 'later'), unfinished);
    // What the message names.
    for (const name of ['model', 'later']) {
      const rest = ['--resume', `${name}.checkpoint`, '--max-steps', '4', '--out', name];
      const { code, err } = await train('novel.txt', ...rest);
      assert.equal(code, 0, err);
      const { provenance, results } = await readModelMetadata(at(name));
      assert.deepEqual([provenance.seed, results.steps], [7, 4]);
      await fs.copyFile(at(name), at(`${name}.checkpoint`));
    }
    // This run had written its model before it was killed: nothing would be lost.
    assert.equal((await train('novel.txt', '--seed', '8', '--out', 'model')).code, 0);
    await fs.rename(at('model'), at('model.checkpoint'));
    assert.equal((await train('novel.txt', '--seed', '9', '--out', 'model', '--overwrite')).code, 0);
  });

  it('is a classifier of other examples only with --overwrite', async () => {
    await fs.writeFile(at('other.tsv'), labelled('voyage'));
    assert.equal((await trainClassifier('mail.tsv', '--out', 'model')).code, 0);
    assert.equal((await trainClassifier('mail.tsv', '--out', 'model', '--seed', '9')).code, 0);
    await refuses(() => trainClassifier('other.tsv', '--out', 'model'), /another text.*Add --overwrite/);
    await refuses(() => train('novel.txt', '--out', 'model'), /another text.*Add --overwrite/);
    assert.equal((await trainClassifier('other.tsv', '--out', 'model', '--overwrite')).code, 0);
  });

  it('is the model that the run continues, whatever the text is now', async () => {
    assert.equal((await train('novel.txt', '--out', 'model')).code, 0);
    await fs.appendFile(at('novel.txt'), 'And so it ended.\n');
    const { code, err } = await train('novel.txt', '--resume', 'model', '--out', 'model');
    assert.equal(code, 0, err);
  });

  it('is found through links, and keeps its permissions', async function () {
    if (process.platform === 'win32') this.skip();
    await fs.mkdir(at('store'));
    await fs.symlink('store/model', at('link'));
    for (const steps of ['2', '3']) {
      const { code, err } = await train('novel.txt', '--out', 'link', '--max-steps', steps);
      assert.equal(code, 0, err);
      assert.equal(await fs.readlink(at('link')), 'store/model');
      assert.equal((await readModelMetadata(at('store/model'))).results.steps, Number(steps));
      if (steps === '2') await fs.chmod(at('store/model'), 0o640);
    }
    assert.equal((await fs.stat(at('store/model'))).mode & 0o777, 0o640);
    assert.deepEqual(await fs.readdir(at('store')), ['model']);
  });
});
