/** The command line, from outside: what it prints, what it writes, how it fails. */
import * as assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import type { TrainEvent } from '../../../../src/common/trainEvents';
import { readLanguageModel, readModelFile } from '../../../../src/engine/model/modelFile';
import { runCommand, type Outcome } from '../../../support/command';
import { repositoryRoot } from '../../../support/shared';
import { madeText, of } from '../training/support';

let folder: string;

/** Runs the built command in the test's folder; `onOutput` sees what has been printed so far. */
const inkling = (
  args: string[],
  onOutput?: (out: string, interrupt: () => void) => void,
  nodeOptions?: string[],
): Promise<Outcome> =>
  runCommand(folder, args, { onOutput: onOutput && ((out, send) => onOutput(out, () => send('SIGINT'))), nodeOptions });

const events = (out: string): TrainEvent[] =>
  out
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text) as TrainEvent);

const small = ['--set', 'network.layers.0.units=8', '--set', 'batch=4', '--set', 'objective.steps=8'];
const recipe = ['--recipe', 'nietzsche', '--objective', 'every-step', ...small, '--threads', '1'];

describe('The command line', function () {
  this.slow(3000);

  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-cli-'));
    await fs.writeFile(path.join(folder, 'made.txt'), madeText(3000));
    const { code, err } = await inkling(['train', 'made.txt', ...recipe, '--max-steps', '60', '--seed', '3', '--json']);
    assert.equal(code, 0, err);
  });
  after(() => fs.rm(folder, { recursive: true }));

  it('keystrokes reports what the suggestions of a model save, as one JSON object or in words', async () => {
    const text = 'the ship sailed over the sea and the crew sang at night. '.repeat(60);
    await fs.writeFile(path.join(folder, 'sea.txt'), text);
    const wide = ['--set', 'network.layers.0.units=32', '--max-steps', '300', '--seed', '1', '--threads', '1'];
    const trained = await inkling(['train', 'sea.txt', ...wide]);
    assert.equal(trained.code, 0, trained.err);
    const run = ['keystrokes', 'sea.inkling.safetensors', 'sea.txt', '--from', '0.8'];
    const { code, out, err } = await inkling([...run, '--eagerness', 'shy', '--json']);
    assert.equal(code, 0, err);
    const report = JSON.parse(out) as Record<string, unknown> & { saved: number; plusMinus: Record<string, unknown> };
    assert.equal(report.eagerness, 'shy');
    assert.equal(report.mode, 'online');
    assert.equal(report.characters, Math.ceil(text.length * 0.2));
    // It knows the sentence by heart.
    assert.ok(report.saved > 0.5 && report.saved < 1, `${report.saved}`);
    for (const name of ['saved', 'precision', 'offersPer100', 'wrongPer100', 'exactMatch', 'p95Ms']) {
      assert.ok(name in report && name in report.plusMinus, name);
    }
    assert.ok((report.p95Ms as number) >= (report.p50Ms as number));
    // Such a short text has no spread.
    assert.match((await inkling(run)).out, /^balanced, online, \d+ characters\nkeys saved +\d+\.\d%\n/);
    for (const wrong of [
      ['--from', '2'],
      ['--eagerness', 'brave'],
      ['--mode', 'alone'],
      ['--from', '1'],
    ]) {
      assert.notEqual((await inkling([...run, ...wrong])).code, 0, wrong.join(' '));
    }
  });

  it('train prints one JSON object per line, the last one done, and writes one model file', async () => {
    const args = [
      'train',
      'made.txt',
      ...recipe,
      '--set',
      'text.heldOut.kind=tail',
      '--set',
      'text.heldOut.fraction=0.1',
    ];
    const { code, out, err } = await inkling([...args, '--epochs', '2', '--seed', '3', '--out', 'two.model', '--json']);
    assert.equal(code, 0, err);
    assert.equal(err, '');
    const all = events(out);
    assert.equal(all[0].event, 'start');
    const done = all.at(-1)!;
    assert.ok(done.event === 'done');
    const { model, steps, epochs, threads, seed, backend, heldOutLoss, heldOutBitsPerCharacter } = done;
    assert.deepEqual(
      { model, epochs, threads, seed, backend },
      { model: 'two.model', epochs: 2, threads: 1, seed: 3, backend: 'wasm' },
    );
    assert.ok(steps > 0 && done.seconds > 0 && done.characters > 0 && done.charactersPerSecond > 0);
    assert.ok(typeof done.kernel === 'string' && done.trainLoss! > 0);
    assert.ok(Math.abs(heldOutBitsPerCharacter! - heldOutLoss! / Math.LN2) < 1e-9);
    assert.ok((await fs.stat(path.join(folder, 'two.model'))).size > 0);
  });

  it('train names its file after the text, and the same seed gives the same weights', async () => {
    const first = await readModelFile(path.join(folder, 'made.inkling.safetensors'));
    await inkling(['train', 'made.txt', ...recipe, '--max-steps', '60', '--seed', '3', '--out', 'again', '--json']);
    assert.deepEqual((await readModelFile(path.join(folder, 'again'))).parameters, first.parameters);
  });

  it('a run split in two equals an uninterrupted run', async () => {
    const train = ['train', 'made.txt', '--threads', '1', '--json'];
    await inkling([...train, ...recipe, '--max-steps', '25', '--seed', '3', '--out', 'half']);
    const { code, out, err } = await inkling([...train, '--resume', 'half', '--max-steps', '60', '--out', 'both']);
    assert.equal(code, 0, err);
    assert.equal(of(events(out), 'start')[0].fromStep, 25);
    assert.equal(of(events(out), 'done')[0].steps, 60);
    const both = await readModelFile(path.join(folder, 'both'));
    const whole = await readModelFile(path.join(folder, 'made.inkling.safetensors'));
    assert.ok(Buffer.from(both.parameters.buffer).equals(Buffer.from(whole.parameters.buffer)));
    assert.deepEqual(both.extraTensors, whole.extraTensors);
  });

  it('Ctrl-C stops the training and keeps the model', async () => {
    let interrupted = false;
    const { code, out } = await inkling(
      ['train', 'made.txt', ...recipe, '--max-steps', '100000000', '--out', 'stopped', '--json'],
      (sofar, interrupt) => {
        if (interrupted || !sofar.includes('"progress"')) return;
        interrupted = true;
        interrupt();
      },
    );
    assert.equal(code, 0);
    assert.equal(of(events(out), 'done')[0].reason, 'stopped');
    assert.equal((await readModelFile(path.join(folder, 'stopped'))).results.steps, of(events(out), 'done')[0].steps);
  });

  it('Ctrl-C before the first step leaves an earlier model unchanged', async () => {
    const file = path.join(folder, 'made.inkling.safetensors');
    const earlier = await fs.readFile(file);
    // Sends itself the signal once the command listens for it, which is while the speed is being measured.
    const early = `setInterval(() => { if (process.listenerCount('SIGINT') > 0) process.kill(process.pid, 'SIGINT'); }, 0).unref();`;
    await fs.writeFile(path.join(folder, 'early.cjs'), early);
    const { code, out, err } = await inkling(['train', 'made.txt', '--max-seconds', '5', '--json'], undefined, [
      '--require',
      './early.cjs',
    ]);
    assert.equal(code, 130);
    assert.equal(out, '');
    assert.match(err, /^inkling: Stopped before it had learned anything; nothing was written\.\n$/);
    assert.ok(earlier.equals(await fs.readFile(file)));
  });

  it('train without a recipe configures itself and says why', async () => {
    const { code, out, err } = await inkling([
      'train',
      'made.txt',
      '--max-seconds',
      '4',
      '--out',
      'auto',
      '--threads',
      '1',
    ]);
    assert.equal(code, 0, err);
    assert.match(out, /made\.txt: 3000 characters/);
    assert.match(out, /automatic: LSTM \d+/);
    assert.match(out, /held-out loss \d/);
    assert.match(out, /network alone \d\.\d{4} nats/);
    assert.match(out, /inkling sample auto/);
    const told = (await inkling(['inspect', 'auto'])).out;
    assert.match(
      told,
      /^memory +network \d\.\d{4}, with memory \d\.\d{4}, learning while it reads \d\.\d{4} nats per character$/m,
    );
    const alone = await inkling(['train', 'made.txt', '--max-steps', '5', '--memory', 'off', '--out', 'alone']);
    assert.equal(alone.code, 0, alone.err);
    assert.doesNotMatch(alone.out, /network alone/);
    assert.doesNotMatch((await inkling(['inspect', 'alone'])).out, /^memory/m);
    const scored = await inkling(['score', 'alone', 'made.txt', '--online', '--json']);
    const { lossNats, networkLossNats, onlineLossNats } = JSON.parse(scored.out) as Record<string, number>;
    assert.equal(lossNats, networkLossNats);
    assert.ok(onlineLossNats < lossNats - 0.1);
  });

  it('sample prints the prompt and its continuation; as JSON an array, the same for the same seed', async () => {
    const model = 'made.inkling.safetensors';
    const bound = await inkling(['sample', model, '--length', '40', '--must-contain', 'slow sea', '--seed', '5']);
    assert.match(bound.out, /\bslow sea\b/);
    const { out, err } = await inkling(['sample', model, '--prompt', 'the sea', '--length', '30', '--seed', '5']);
    assert.equal(err, '');
    assert.match(out, /^the sea/);
    assert.equal([...out.trimEnd()].length <= 37, true);
    const args = [
      'sample',
      model,
      '--temperature',
      '0',
      '--temperature',
      '1',
      '--length',
      '20',
      '--seed',
      '5',
      '--json',
    ];
    const [a, b] = await Promise.all([inkling(args), inkling(args)]);
    assert.equal(a.out, b.out);
    const samples = JSON.parse(a.out) as { temperature: number; prompt: string; text: string }[];
    assert.deepEqual(
      samples.map(({ temperature, prompt, text }) => [temperature, prompt, [...text].length]),
      [
        [0, '', 20],
        [1, '', 20],
      ],
    );
  });

  it('score prints consistent nats, bits and perplexity, also over windows', async () => {
    for (const windows of [[], ['--windows', '20,7']]) {
      const { out, err } = await inkling(['score', 'made.inkling.safetensors', 'made.txt', ...windows, '--json']);
      assert.equal(err, '');
      const score = JSON.parse(out) as Record<string, number>;
      assert.deepEqual(Object.keys(score).sort(), [
        'bitsPerCharacter',
        'characters',
        'lossNats',
        'perplexity',
        'unknownCharacters',
      ]);
      assert.ok(Math.abs(score.bitsPerCharacter - score.lossNats / Math.LN2) < 1e-9);
      assert.ok(Math.abs(score.perplexity - Math.exp(score.lossNats)) < 1e-9);
      assert.equal(score.characters, windows.length ? Math.floor((3000 - 21) / 7) + 1 : 2999);
    }
  });

  it('score reports what it could not read, and when that makes the figures worthless', async () => {
    const score = async (name: string, text: string): Promise<[Record<string, number>, string]> => {
      await fs.writeFile(path.join(folder, name), text);
      const { out, err } = await inkling(['score', 'made.inkling.safetensors', name, '--json']);
      return [JSON.parse(out) as Record<string, number>, err];
    };
    const [mixed, warned] = await score('mixed.txt', 'жжthe щщsea sea ж');
    assert.deepEqual([mixed.unknownCharacters, mixed.characters], [5, 12]);
    assert.match(
      warned,
      /^inkling: The model has never seen "ж", "щ": 5 of 17 characters are left out of the figures\. /,
    );
    assert.match(warned, /These figures cannot be compared with those of a model that knows them\.\n$/);
    const [, told] = await score('nearly.txt', `${'the sea was calm. '.repeat(20)}ж`);
    assert.match(told, /^inkling: The model has never seen "ж": 1 of 361 characters are left out of the figures\.\n$/);
  });

  it('reads texts in other encodings, by name or by guess, and says which', async () => {
    const text = 'Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.\n';
    const codes = [...text.repeat(20)].map((c) =>
      c >= 'А' && c <= 'я' ? c.charCodeAt(0) - 0x410 + 0xc0 : c.charCodeAt(0),
    );
    await fs.writeFile(path.join(folder, 'cp1251.txt'), Uint8Array.from(codes));
    const train = ['train', 'cp1251.txt', ...recipe, '--max-steps', '2', '--out', 'russian', '--overwrite'];
    const guessed = await inkling([...train, '--json']);
    assert.equal(guessed.code, 0, guessed.err);
    assert.match(of(events(guessed.out), 'notice')[0].message, /^cp1251\.txt was read as windows-1251, as its bytes/);
    const vocabulary = async (): Promise<string> =>
      JSON.stringify((await readLanguageModel(path.join(folder, 'russian'))).vocabulary.toJSON());
    assert.match(await vocabulary(), /щ|ж/);
    assert.deepEqual(of(events((await inkling([...train, '--encoding', 'cp1251', '--json'])).out), 'notice'), []);
    const wrong = await inkling([...train, '--encoding', 'latin1', '--json']);
    assert.doesNotMatch((await vocabulary()) + wrong.err, /[а-я]/);
    const refused = await inkling([...train, '--encoding', 'klingon']);
    assert.deepEqual([refused.code, refused.out], [1, '']);
    assert.match(refused.err, /The encoding "klingon" is not supported/);
    const scored = await inkling(['score', 'russian', 'cp1251.txt']);
    assert.match(scored.err, /^inkling: cp1251\.txt was read as windows-1251/);
  });

  it('inspect and recipes show what is available', async () => {
    const inspected = await inkling(['inspect', 'made.inkling.safetensors', '--json']);
    const summary = JSON.parse(inspected.out) as Record<string, unknown>;
    assert.equal(summary.network, 'LSTM 1 × 8');
    assert.equal(summary.seed, 3);
    assert.equal(summary.steps, 60);
    assert.match((await inkling(['inspect', 'made.inkling.safetensors'])).out, /network +LSTM 1 × 8\nbase +none\n/);
    const listed = JSON.parse((await inkling(['recipes', '--json'])).out) as { id: string }[];
    assert.ok(listed.some(({ id }) => id === 'alice-large'));
    assert.match((await inkling(['recipes'])).out, /dinosaur-names: Dinosaur names/);
  });

  it('help names every option that a command takes', async () => {
    const { out } = await inkling(['help']);
    const sources = path.join(repositoryRoot, 'src/engine/cli');
    let seen = 0;
    for (const name of await fs.readdir(sources)) {
      const text = await fs.readFile(path.join(sources, name), 'utf8');
      for (const [, list] of text.matchAll(/(?:valued|repeatable|switches)\(([^)]*)\)/g)) {
        for (const [, option] of list.matchAll(/'([a-z-]+)'/g)) {
          assert.ok(out.includes(`--${option}`), `--${option} of ${name}`);
          seen++;
        }
      }
    }
    assert.ok(seen > 40, `${seen} options found`);
  });

  describe('errors are one line that names the remedy', () => {
    const cases: [string[], number, RegExp][] = [
      [[], 2, /Name a command/],
      [['trian'], 2, /There is no command "trian"; there are: train/],
      [['train'], 2, /Name a text file/],
      [['train', 'made.txt', '--epochs', 'ten'], 2, /--epochs takes a whole number from 1, not "ten"/],
      [['train', 'made.txt', '--epochs', '1', '--minutes', '1'], 2, /Give one of --minutes/],
      [['train', 'made.txt', '--colour', 'red'], 2, /Unknown option '--colour'/],
      [['train', 'made.txt', '--objective', 'first-step'], 2, /one of every-step, last-step/],
      [['train', 'made.txt', '--objective', 'last-step'], 2, /name a recipe with --recipe/],
      [['train', 'made.txt', '--set', 'batch'], 2, /--set takes path=value/],
      [['train', 'made.txt', '--recipe', 'nietzche'], 1, /There is no recipe "nietzche"/],
      [['train', 'made.txt', '--recipe', 'nietzsche', '--set', 'batch=0'], 1, /"batch" must be a whole number from 1/],
      [['train', 'none.txt', '--recipe', 'nietzsche'], 1, /There is no file none\.txt/],
      [['train', '.', '--recipe', 'nietzsche'], 1, /is a folder\. Name the text files/],
      [['train', 'empty.txt', '--recipe', 'nietzsche'], 1, /is empty/],
      [['train', 'made.txt', '--resume', 'made.inkling.safetensors', '--recipe', 'alice'], 1, /omit --recipe/],
      [
        ['train', 'made.txt', '--resume', 'made.inkling.safetensors', ...small.slice(0, 1), 'network.cell=gru'],
        1,
        /a different network/,
      ],
      [['train', 'made.txt', '--threads', '0'], 2, /--threads takes a whole number from 1 to 64/],
      [['train', 'made.txt', '--backend', 'abacus'], 2, /--backend is one of auto, wasm/],
      [['train', 'made.txt', '--half'], 2, /--half .* add --backend webgpu/],
      [['train', 'made.txt', '--half', '--backend', 'wasm'], 2, /--half .* add --backend webgpu/],
      [['train', 'made.txt', '--half', '--backend', 'webgpu'], 1, /webgpu was not found/],
      [['sample', 'made.txt'], 1, /safetensors/],
      [['sample', 'missing'], 1, /There is no model file missing/],
      [['sample'], 2, /Name one model file/],
      [['score', 'made.inkling.safetensors', 'made.txt', '--windows', '60'], 2, /LENGTH,STRIDE/],
      [['score', 'made.inkling.safetensors'], 2, /Name a model and a text/],
      [['inspect', 'made.txt'], 1, /safetensors/],
    ];
    before(() => fs.writeFile(path.join(folder, 'empty.txt'), ''));
    for (const [args, exitCode, message] of cases) {
      it(`inkling ${args.join(' ')}`, async () => {
        const { code, out, err } = await inkling(args.length > 0 ? [...args, '--json'] : []);
        assert.equal(out, '');
        assert.equal(code, exitCode, err);
        assert.match(err, message);
        assert.match(err, /^inkling: [^\n]+\n$/);
      });
    }

    it('inkling inspect, for a model whose weights were altered', async () => {
      const bytes = await fs.readFile(path.join(folder, 'made.inkling.safetensors'));
      bytes[bytes.length - 1] ^= 1;
      await fs.writeFile(path.join(folder, 'altered'), bytes);
      const { code, out, err } = await inkling(['inspect', 'altered']);
      assert.deepEqual([code, out], [1, '']);
      assert.match(err, /^inkling: altered cannot be loaded: its weights were altered [^\n]+\n$/);
    });

    it('inkling with a pipe or a device for a text or labels', async function () {
      if (process.platform === 'win32') this.skip();
      execFileSync('mkfifo', [path.join(folder, 'pipe')]);
      const rows = Array.from({ length: 20 }, (_, i) => (i % 2 ? `spam\twin ${i}` : `ham\tlunch ${i}`));
      await fs.writeFile(path.join(folder, 'mail.tsv'), rows.join('\n'));
      for (const args of [
        ['train', '/dev/zero'],
        ['train', 'pipe'],
        ['score', 'made.inkling.safetensors', 'pipe'],
        ['classify', 'spam', 'pipe'],
        ['train-classifier', 'pipe'],
        ['train-classifier', 'mail.tsv', '--vector-file', 'pipe', '--vectors', 'frozen'],
        ['sample', 'pipe'],
      ]) {
        const { code, err } = await inkling(args);
        assert.equal(code, 1, err);
        assert.match(err, /^inkling: \S+ is not a (regular )?file\. Choose [^\n]+\n$/);
      }
    });

    it('inkling train, for a PDF file', async () => {
      const binary = Buffer.from([0x31, 0xe2, 0xe3, 0xcf, 0xd3, 0x0a]);
      await fs.writeFile(path.join(folder, 'a.pdf'), Buffer.concat([Buffer.from('%PDF-1.4\n%'), binary]));
      const { code, err } = await inkling(['train', 'a.pdf']);
      assert.equal(code, 1);
      assert.match(err, /^inkling: a\.pdf is PDF, .* Save it as plain text \(\.txt\) first\.\n$/);
    });

    it('--verbose also prints a stack', async () => {
      const { code, err } = await inkling(['inspect', 'made.txt', '--verbose']);
      assert.equal(code, 1);
      assert.match(err, /\n\s+at /);
    });
  });
});
