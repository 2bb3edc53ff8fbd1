/** A job exported, followed and stopped in the editor; the test plays the script that trains it. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { DoneEvent, ProgressEvent } from '../../../src/common/trainEvents';
import { readLanguageModel, writeModelFile } from '../../../src/engine/model/modelFile';
import type { Parts } from '../../../src/extension/parts';
import { until } from '../../support/eventually';
import { activated, closeAll, openText, text } from '../support';

describe('jobs', () => {
  let services: Parts;
  let folder: string;
  before(async () => {
    services = await activated();
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-jobs-'));
  });
  after(async () => {
    await closeAll();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('are exported, followed, stopped, and give the active model', async () => {
    const { document } = await openText(text);
    const job = path.join(folder, 'job');
    const choice = { folder: job, epochs: 1 };
    assert.equal(await vscode.commands.executeCommand('inkling.exportJob', document.uri, undefined, choice), job);
    assert.ok(fs.existsSync(path.join(job, 'train.py')));

    const attached = vscode.commands.executeCommand('inkling.attachJob', job);
    const run = () => services.runs.store.list().find((record) => record.job === job);
    await until(() => run()?.state === 'running', 'the job is followed');
    const progress: ProgressEvent = {
      event: 'progress',
      step: 5,
      epoch: 0,
      seconds: 1,
      fraction: 0.5,
      trainLoss: 3,
      minimumLoss: 3,
      maximumLoss: 3,
      trainAccuracy: 0.2,
      learningRate: 0.004,
      gradientNorm: 1,
      charactersPerSecond: 100,
    };
    const say = (event: object): void =>
      fs.appendFileSync(path.join(job, 'events.jsonl'), `${JSON.stringify(event)}\n`);
    const seen: string[] = [];
    const listening = services.runs.onDidTrain(({ event }) => seen.push(event.event));
    say(progress);
    await until(() => seen.includes('progress'), 'its progress is reported');

    await services.runs.control(run()!.id, 'stop');
    assert.ok(fs.existsSync(path.join(job, 'stop')));
    const first = await readLanguageModel(path.join(job, 'first.safetensors'));
    const done: DoneEvent = {
      event: 'done',
      model: path.join(job, 'model.inkling.safetensors'),
      seconds: 1,
      steps: 5,
      epochs: 0,
      characters: 100,
      trainLoss: 3,
      heldOutLoss: 3,
      heldOutBitsPerCharacter: 4,
      heldOutAccuracy: 0.2,
      charactersPerSecond: 100,
      threads: 1,
      backend: 'pytorch',
      kernel: 'test',
      seed: 1,
      base: null,
      reason: 'stopped',
    };
    await writeModelFile(done.model, { ...first, history: [progress, done] });
    say(done);
    const model = (await attached) as string;
    listening.dispose();
    assert.equal(run()?.state, 'stopped');
    assert.equal(services.active.path, model);
    assert.notEqual((await readLanguageModel(model)).memory, undefined);
  });
});
