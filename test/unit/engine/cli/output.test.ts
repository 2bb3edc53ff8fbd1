/** What the command line does when its reader is gone or the disk is full, and what it never prints. */
import * as assert from 'node:assert';
import { spawn } from 'node:child_process';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { Output, printable } from '../../../../src/engine/cli/output';
import { readModelFile } from '../../../../src/engine/model/modelFile';
import { runCommand, type Outcome } from '../../../support/command';
import { repositoryRoot } from '../../../support/shared';
import { madeText } from '../training/support';

const settings = ['--recipe', 'nietzsche', '--objective', 'every-step', '--threads', '1', '--max-steps', '40'];
for (const setting of ['network.layers.0.units=8', 'batch=4', 'objective.steps=8']) settings.push('--set', setting);

const bell = '\x1b]0;owned\x07\x1b[31m\x9b2J';

describe('Output of the command line', function () {
  this.slow(3000);
  let folder: string;
  const train = (name: string): string[] => ['train', 'made.txt', ...settings, '--out', name, '--overwrite'];

  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-output-'));
    await fs.writeFile(path.join(folder, 'made.txt'), madeText(3000));
    const rows = Array.from({ length: 60 }, (_, i) => (i % 2 ? `spam\twin a prize ${i}` : `ham\tlunch at home ${i}`));
    await fs.writeFile(path.join(folder, 'mail.tsv'), rows.join('\n'));
    assert.equal((await runCommand(folder, train('model'))).code, 0);
  });
  after(() => fs.rm(folder, { recursive: true }));

  /** Runs the command with one of its outputs closed by its reader before anything is written. */
  function unread(args: string[], which: 'stdout' | 'stderr'): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [path.join(repositoryRoot, 'dist/cli.js'), ...args], { cwd: folder });
      child[which].destroy();
      const outcome: Outcome = { code: null, out: '', err: '' };
      child.stdout.on('data', (data: Buffer) => (outcome.out += data.toString()));
      child.stderr.on('data', (data: Buffer) => (outcome.err += data.toString()));
      child.on('error', reject);
      child.on('close', (code) => resolve({ ...outcome, code }));
    });
  }

  /** Runs the command with its output sent to a full disk. */
  async function full(args: string[]): Promise<Outcome> {
    const disk = await fs.open('/dev/full', 'w');
    try {
      return await runCommand(folder, args, { stdout: disk.fd });
    } finally {
      await disk.close();
    }
  }

  it('train carries on when its reader is gone', async () => {
    for (const json of [[], ['--json']]) {
      const { code, err } = await unread([...train('unread'), ...json], 'stdout');
      assert.deepEqual([code, err], [0, '']);
      assert.equal((await readModelFile(path.join(folder, 'unread'))).results.steps, 40);
      await fs.rm(path.join(folder, 'unread'));
    }
  });

  it('a full disk behind the output loses no model, and is not reported as a success', async function () {
    if (process.platform !== 'linux') this.skip();
    const lost = /^inkling: The output could not be written \(ENOSPC\): free some disk space[^\n]+\n$/;
    const trained = await full([...train('full'), '--json']);
    assert.equal(trained.code, 1);
    assert.match(trained.err, lost);
    assert.equal((await readModelFile(path.join(folder, 'full'))).results.steps, 40);
    const classifier = ['--vectors', 'learned', '--epochs', '2', '--units', '4', '--out', 'full-classifier'];
    const learned = await full(['train-classifier', 'mail.tsv', ...classifier]);
    assert.equal(learned.code, 1);
    assert.match(learned.err, lost);
    assert.equal((await readModelFile(path.join(folder, 'full-classifier'))).kind, 'classifier');
    for (const args of [['score', 'model', 'made.txt'], ['sample', 'model', '--seed', '1'], ['recipes'], ['help']]) {
      const { code, err } = await full(args);
      assert.equal(code, 1, args[0]);
      assert.match(err, lost);
    }
  });

  it('sample ends at once when its reader is gone, and needs no error output', async () => {
    const gone = await unread(['sample', 'model', '--length', '10000000'], 'stdout');
    assert.deepEqual([gone.code, gone.err], [0, '']);
    const quiet = await unread(['sample', 'model', '--prompt', 'the ¤', '--length', '20'], 'stderr');
    assert.equal(quiet.code, 0);
    assert.match(quiet.out, /^the ¤[^]{10}/);
  });

  it('control characters are shown and have no effect', async () => {
    assert.equal(printable('a\tb\nc'), 'a\tb\nc');
    assert.equal(printable(bell), '␛]0;owned␇␛[31m\\x9b2J');
    assert.equal(printable('\r\x7f'), '␍␡');
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) > 0, on: () => stream, isTTY: true, columns: 80 };
    const terminal = new Output(stream as unknown as NodeJS.WriteStream);
    terminal.line(bell);
    terminal.text(bell);
    terminal.json({ title: bell });
    assert.doesNotMatch(written.join(''), /[\x1b\x07\x9b]/); // eslint-disable-line no-control-regex
    assert.deepEqual(JSON.parse(written[2]), { title: bell });
    const pipe = new Output({ ...stream, isTTY: false } as unknown as NodeJS.WriteStream);
    pipe.text(bell);
    assert.equal(written[3], bell);
  });

  it('titles, names and texts of files do not reach a terminal unescaped', async () => {
    const name = `text${bell}.txt`;
    await fs.writeFile(path.join(folder, name), `${madeText(1500)}\x1b[2J${madeText(1500)}`);
    const trained = await runCommand(folder, [
      'train',
      name,
      ...settings,
      '--out',
      'ansi',
      '--title',
      `${bell}\nseed 99`,
    ]);
    assert.equal(trained.code, 0, trained.err);
    await fs.writeFile(path.join(folder, 'tty.cjs'), 'process.stdout.isTTY = process.stderr.isTTY = true;');
    const terminal = { nodeOptions: ['--require', './tty.cjs'] };
    const outcomes = [
      trained,
      await runCommand(folder, ['inspect', 'ansi']),
      await runCommand(folder, ['train', name, ...settings, '--resume', 'ansi', '--recipe', 'alice']),
      await runCommand(folder, ['sample', 'ansi', '--prompt', bell, '--temperature', '3', '--seed', '1'], terminal),
      await runCommand(folder, ['classify', 'ansi', name]),
    ];
    for (const { out, err } of outcomes) {
      assert.doesNotMatch(out + err, /[\x1b\x07\x9b]/, JSON.stringify({ out, err })); // eslint-disable-line no-control-regex
    }
    assert.match(outcomes[1].out, /title +␛\]0;owned␇.* seed 99\nkind/);
  });
});
