/** Control of runs: pause, stop, a killed engine, a reload. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { TrainEvent } from '../../../src/common/trainEvents';
import type { Parts } from '../../../src/extension/parts';
import { gatherFiles } from '../../../src/extension/training/gatherTexts';
import { RunStore } from '../../../src/extension/training/runStore';
import { until } from '../../support/eventually';
import { activated, closeAll, openText, sentence, quickConfig, text, trainSmall } from '../support';

describe('training', () => {
  let services: Parts;
  const root = (): vscode.Uri => (vscode.workspace.workspaceFolders ?? [])[0].uri;
  const latestRun = () => services.runs.store.list()[0];
  /** Starts a run that would go on for minutes; resolves when it makes progress. */
  async function startLong(): Promise<{ done: Thenable<unknown> }> {
    const editor = await openText(text);
    const done = vscode.commands.executeCommand(
      'inkling.trainOnFile',
      editor.document.uri,
      undefined,
      quickConfig({ maxSeconds: 300 }),
    );
    await until(() => services.runs.active?.latest !== undefined, 'the run makes progress');
    return { done }; // in an object: an async function would wait for a promise that it returns
  }

  before(async () => {
    services = await activated();
  });
  afterEach(closeAll);

  it('stops and keeps the model', async () => {
    const { done } = await startLong();
    await vscode.commands.executeCommand('inkling.stopTraining');
    const model = (await done) as string;
    assert.ok(fs.existsSync(model));
    assert.equal(latestRun().state, 'stopped');
    assert.equal(services.active.path, model);
    assert.equal(services.runs.active, undefined);
  });

  it('lets a first model write while it is still training', async () => {
    await services.active.use(undefined);
    const { done } = await startLong();
    const path = services.runs.active?.modelPath;
    assert.ok(path && !fs.existsSync(path));
    assert.equal(services.active.path, path);
    const editor = await openText(sentence);
    await vscode.commands.executeCommand('inkling.continueText', { seed: 1 });
    assert.ok(editor.document.getText().length > sentence.length, 'Continue Text');
    await until(() => (services.runs.active?.latest?.trainLoss ?? Infinity) < 0.5, 'it has learned something');
    const { document } = await openText(`${sentence}the old clock in the h`);
    const offered = async (): Promise<boolean> => {
      // Otherwise "no suggestion", an answer from before it knew enough, would be cached until the run improves.
      services.completions.forget();
      const items = await services.completions.provideInlineCompletionItems(
        document,
        document.positionAt(document.getText().length),
        { triggerKind: vscode.InlineCompletionTriggerKind.Automatic, selectedCompletionInfo: undefined },
        new vscode.CancellationTokenSource().token,
      );
      return items.length > 0;
    };
    await until(offered, 'a completion is offered');
    assert.ok(!fs.existsSync(path), 'all that from the run itself');
    await vscode.commands.executeCommand('inkling.stopTraining');
    assert.equal(await done, path);
    assert.equal(services.active.path, path);
  });

  it('pauses, resumes, and refuses a second run at the same time', async () => {
    const { done } = await startLong();
    await vscode.commands.executeCommand('inkling.pauseTraining');
    await until(() => latestRun().state === 'paused', 'it is paused');
    await assert.rejects(
      services.runs.start({ title: 'second', sources: [], uris: [], config: quickConfig({ maxSteps: 1 }) }),
      /already/,
    );
    await vscode.commands.executeCommand('inkling.resumeTraining');
    const { id } = latestRun();
    await until(async () => {
      const events = await services.runs.store.readEvents(id);
      const isNotice = (event: TrainEvent, kind: string): boolean => event.event === 'notice' && event.kind === kind;
      const [paused, resumed] = ['paused', 'resumed'].map((kind) => events.findIndex((each) => isNotice(each, kind)));
      if (resumed < 0) return false;
      assert.equal(resumed, paused + 1, 'nothing happens while it is paused');
      const steps = [events[paused], ...events.slice(resumed)].map((event) => ('step' in event ? event.step : 0));
      assert.equal(steps[1], steps[0], 'it continues from where it was paused');
      return Math.max(...steps) > steps[0];
    }, 'it goes on');
    await vscode.commands.executeCommand('inkling.stopTraining');
    await done;
  });

  it('survives a killed engine: the run is interrupted and continues from its checkpoint', async () => {
    const { done } = await startLong();
    // A pause saves a checkpoint immediately; otherwise the test would have to wait for the next.
    await vscode.commands.executeCommand('inkling.pauseTraining');
    const checkpoint = `${services.runs.active?.modelPath}.checkpoint`;
    await until(() => fs.existsSync(checkpoint), 'a checkpoint is kept');
    await vscode.commands.executeCommand('inkling.resumeTraining');
    const killed = services.engine.pid;
    assert.ok(killed);
    process.kill(killed, 'SIGKILL');
    await done;
    const run = latestRun();
    assert.equal(run.state, 'interrupted');
    assert.equal(services.runs.active, undefined);

    const resumed = vscode.commands.executeCommand('inkling.resumeTraining', { runId: run.id });
    await until(() => services.runs.active?.latest !== undefined, 'the run makes progress again');
    assert.notEqual(services.engine.pid, killed);
    await vscode.commands.executeCommand('inkling.stopTraining');
    await resumed;
    const starts = (await services.runs.store.readEvents(run.id)).filter((event) => event.event === 'start');
    assert.equal(starts.length, 2);
    assert.ok(starts[1].fromStep > 0, 'it went on where it was');
    assert.equal(latestRun().id, run.id, 'it is the same run');
  });

  it('shows the same history after a reload', async () => {
    await trainSmall(60);
    const run = latestRun();
    const events = await services.runs.store.readEvents(run.id);
    const folder = (services.runs.store as unknown as { folder: string }).folder;
    const reloaded = new RunStore(
      folder,
      () => false,
      (error) => assert.fail(String(error)),
    );
    await reloaded.load();
    assert.deepEqual(
      reloaded.list().map(({ id }) => id),
      services.runs.store.list().map(({ id }) => id),
    );
    assert.deepEqual(await reloaded.readEvents(run.id), events);
  });

  it('collects unsaved text, files in any encoding, folders and globs', async () => {
    const folder = path.join(root().fsPath, 'gather');
    fs.mkdirSync(path.join(folder, 'sub'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'a.txt'), 'alpha\r\nbeta');
    fs.writeFileSync(path.join(folder, 'b.txt'), Buffer.from('\ufeffgrüße', 'utf16le'));
    fs.writeFileSync(path.join(folder, 'sub', 'c.md'), 'gamma');
    fs.writeFileSync(path.join(folder, 'binary.dat'), Buffer.from([1, 0, 2, 0, 3, 0, 0]));
    try {
      const all = await gatherFiles([vscode.Uri.file(folder)]);
      const texts = Object.fromEntries(all.texts.map((s) => [path.basename(s.name), 'text' in s ? s.text : s.path]));
      assert.deepEqual(texts, { 'a.txt': 'alpha\nbeta', 'b.txt': 'grüße', 'c.md': 'gamma' });
      const document = await vscode.workspace.openTextDocument(path.join(folder, 'a.txt'));
      const editor = await vscode.window.showTextDocument(document);
      await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), 'unsaved '));
      const [unsaved] = (await gatherFiles([document.uri])).texts;
      assert.equal('text' in unsaved && unsaved.text, 'unsaved alpha\nbeta');
      await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });

  it('leaves files that are not UTF-8 to the engine, with the encoding from the settings', async () => {
    const file = path.join(root().fsPath, 'latin.txt');
    fs.writeFileSync(file, Buffer.from('déjà vu', 'latin1'));
    const files = vscode.workspace.getConfiguration('files');
    try {
      const gathered = async (): Promise<unknown> => (await gatherFiles([vscode.Uri.file(file)])).texts[0];
      assert.deepEqual(await gathered(), { name: 'latin.txt', path: file, encoding: undefined });
      await files.update('encoding', 'windows1252', vscode.ConfigurationTarget.Workspace);
      assert.deepEqual(await gathered(), { name: 'latin.txt', text: 'déjà vu' });
      fs.writeFileSync(file, Buffer.from('déjà vu '.repeat(300_000), 'latin1'));
      assert.deepEqual(await gathered(), { name: 'latin.txt', path: file, encoding: 'windows1252' });
    } finally {
      await files.update('encoding', undefined, vscode.ConfigurationTarget.Workspace);
      fs.rmSync(file, { force: true });
    }
  });

  it('says what is missing if there is nothing to train on', async () => {
    await closeAll();
    assert.equal(await vscode.commands.executeCommand('inkling.trainOnFile'), undefined);
    const empty = await openText('');
    assert.equal(
      await vscode.commands.executeCommand(
        'inkling.trainOnFile',
        empty.document.uri,
        undefined,
        quickConfig({ maxSteps: 1 }),
      ),
      undefined,
    );
    assert.equal(services.runs.active, undefined);
  });
});
