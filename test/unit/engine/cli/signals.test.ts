/** Signals to the command line: the first stops and keeps, the second skips the evaluation as well. */
import * as assert from 'node:assert';
import { readdirSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import type { ClassifierDoneEvent } from '../../../../src/common/classifierProtocol';
import type { TrainEvent } from '../../../../src/common/trainEvents';
import { loadClassifier } from '../../../../src/engine/classification/classifierFile';
import { readModelFile } from '../../../../src/engine/model/modelFile';
import { runCommand, type Outcome } from '../../../support/command';
import { madeText } from '../training/support';

/** A signal that follows another one sooner than this counts as the same one, passed on by npx. */
const apartMs = 400;

describe('A signal sent to the command line', function () {
  this.slow(6000);
  let folder: string;
  before(async function () {
    if (process.platform === 'win32') this.skip();
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-signals-'));
    // Half of it is held out, which takes many seconds to evaluate.
    await fs.writeFile(path.join(folder, 'long.txt'), madeText(4_000_000));
    for (const [name, length] of [
      ['mail', 400],
      ['many', 8000],
    ] as const) {
      const rows = Array.from({ length }, (_, i) => (i % 2 ? `spam\twin a prize ${i}` : `ham\tlunch at home ${i}`));
      await fs.writeFile(path.join(folder, `${name}.tsv`), rows.join('\n'));
    }
  });
  after(async () => {
    if (folder) await fs.rm(folder, { recursive: true });
  });

  const settings = ['--recipe', 'nietzsche', '--objective', 'every-step', '--threads', '1', '--json'];
  const last = <E>(out: string): E => JSON.parse(out.trim().split('\n').at(-1)!) as E;

  /** Sends `signals`, the first once `begun` was printed, the others when the one before has been answered. */
  function interrupted(args: string[], begun: string, signals: NodeJS.Signals[]): Promise<Outcome> {
    let sent = 0;
    return runCommand(folder, args, {
      onOutput: (out, send) => {
        if (sent === 0 && out.includes(begun)) send(signals[sent++]);
      },
      onError: (err, send) => {
        const answers = err.split('\n').length - 1;
        if (answers < sent || sent >= signals.length) return;
        const next = signals[sent++];
        setTimeout(() => send(next), apartMs);
      },
    });
  }
  const train = (out: string, ...set: string[]): string[] => {
    const all = ['text.heldOut.kind=tail', 'text.heldOut.fraction=0.5', 'network.layers.0.units=64', ...set];
    return ['train', 'long.txt', ...settings, ...all.flatMap((setting) => ['--set', setting]), '--out', out];
  };
  const stopping =
    /^inkling: Stopping: what was learned is evaluated and written to (\S+)\. Ctrl-C again skips the evaluation\.\n/;

  it('stops the training and keeps what it learned: SIGTERM, and SIGHUP of a closed terminal', async () => {
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
      const args = train(signal, 'text.heldOut.fraction=0.002');
      const { code, out, err } = await interrupted(args, '"progress"', [signal]);
      assert.equal(code, 0, err);
      assert.equal(stopping.exec(err)?.[1], signal);
      const done = last<TrainEvent>(out);
      assert.ok(done.event === 'done' && done.reason === 'stopped' && done.heldOutLoss! > 0);
      assert.equal((await readModelFile(path.join(folder, signal))).results.steps, done.steps);
    }
  });

  it('skips the last evaluation if it is the second one, and keeps the model', async () => {
    const { code, out, err } = await interrupted(train('twice'), '"progress"', ['SIGINT', 'SIGTERM']);
    assert.equal(code, 0, err);
    assert.match(err, new RegExp(`${stopping.source}inkling: Writing twice without the last evaluation\\.\\n$`));
    const done = last<TrainEvent>(out);
    assert.ok(done.event === 'done' && done.reason === 'stopped' && done.steps > 0);
    assert.equal(done.heldOutLoss, null);
    const model = await readModelFile(path.join(folder, 'twice'));
    assert.deepEqual([model.results.steps, model.results.heldOutLoss], [done.steps, null]);
  });

  it('is answered during the first step of a large network', async () => {
    const large = ['network.cell=rnn', 'network.layers.0.units=4096', 'network.initialisation.kind=normal', 'batch=32'];
    const set = [...large, 'objective.steps=200', 'text.heldOut.fraction=0.002'];
    await fs.writeFile(path.join(folder, 'large.txt'), madeText(40_000));
    const args = ['train', 'large.txt', ...settings, ...set.flatMap((setting) => ['--set', setting])];
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const { code, out, err } = await interrupted(args, '"start"', [signal]);
      assert.equal(code, 130, err);
      assert.equal(last<TrainEvent>(out).event, 'start');
      assert.match(err, /^inkling: Stopped before it had learned anything; nothing was written\.\n$/);
      assert.ok(!(await fs.readdir(folder)).some((name) => name.startsWith('large.inkling')));
    }
  });

  it('leaves nothing of a job that is being written', async () => {
    const args = ['job', 'long.txt', '--out', 'job', '--epochs', '1'];
    let looking: NodeJS.Timeout;
    const { code, err } = await runCommand(folder, args, {
      onStart: (send) => {
        looking = setInterval(() => {
          if (readdirSync(folder).some((name) => name.endsWith('.tmp'))) send('SIGTERM');
        }, 20);
      },
    }).finally(() => clearInterval(looking));
    assert.equal(code, 130, err);
    assert.match(err, /^(inkling: Stopped; no job was written\.\n)+$/);
    assert.deepEqual(
      (await fs.readdir(folder)).filter((name) => name.startsWith('job')),
      [],
    );
  });

  const classifier = ['--vectors', 'learned', '--threads', '1', '--json'];

  it('says that nothing was written, for Ctrl-C before the first epoch of a classifier', async () => {
    const args = ['train-classifier', 'many.tsv', ...classifier, '--units', '512'];
    const { code, err } = await interrupted(args, '"start"', ['SIGINT']);
    assert.equal(code, 1);
    assert.match(err, /^inkling: Stopped: no classifier was written\. [^\n]+\n$/);
    assert.ok(!(await fs.readdir(folder)).some((name) => name.startsWith('many.inkling')));
  });

  it('keeps the best network so far, for Ctrl-C after an epoch of a classifier', async () => {
    const args = [
      'train-classifier',
      'mail.tsv',
      ...classifier,
      '--model',
      'network',
      '--epochs',
      '1000',
      '--out',
      'kept',
    ];
    const { code, out, err } = await interrupted(args, '"event":"epoch"', ['SIGINT']);
    assert.equal(code, 0, err);
    assert.equal(stopping.exec(err)?.[1], 'kept');
    assert.ok(last<ClassifierDoneEvent>(out).accuracy! > 0.9);
    const { record } = await loadClassifier(path.join(folder, 'kept'));
    assert.ok(record.history.length < 1000);
  });
});
