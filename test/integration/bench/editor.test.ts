/** Figures of the editor side, measured inside VS Code. Printed as lines "figure: …", never asserted. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Parts } from '../../../src/extension/parts';
import { until } from '../../support/eventually';
import { activated, closeAll, openText, quickConfig, text } from '../support';

const report = (name: string, value: string): void => console.log(`figure: ${name} = ${value}`);
const quantile = (values: number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
const summary = (values: number[]): string =>
  `median ${quantile(values, 0.5).toFixed(1)} ms, 95th percentile ${quantile(values, 0.95).toFixed(1)} ms (${values.length})`;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Types character by character, as a user does, and returns how long each took to arrive in the document. */
async function type(characters: string): Promise<number[]> {
  const times: number[] = [];
  for (const character of characters) {
    const start = performance.now();
    await vscode.commands.executeCommand('type', { text: character });
    times.push(performance.now() - start);
    await pause(40);
  }
  return times;
}

describe('figures of the editor', function () {
  this.timeout(20 * 60_000);
  let services: Parts;
  const minutes = Number(process.env.INKLING_BENCH_MINUTES ?? 1);

  before(async () => {
    services = await activated();
  });
  afterEach(closeAll);

  // Before anything is trained, so that the shipped base writes.
  it('from the command to the first sample, and from Write to full columns, with the shipped base', async () => {
    await services.base.answer(true);
    let start = performance.now();
    await vscode.commands.executeCommand('inkling.trySample');
    await until(() => services.studio.wall.columns.some(({ text }) => text.length > 0), 'a sample is written');
    report('command to first sample, base', `${Math.round(performance.now() - start)} ms`);
    const isFull = (): boolean => services.studio.wall.columns.every(({ state }) => state === 'done');
    await until(isFull, 'the wall is full');
    start = performance.now();
    await services.studio.fillWall('base:en');
    assert.ok(isFull());
    report('Write to full columns, base', `${Math.round(performance.now() - start)} ms`);
  });

  it('from a keystroke to the suggestion, 1 × 512, a document of 2,000 words', async () => {
    const words = text.split(' ');
    const document = Array.from({ length: 2000 }, (_, i) => words[i % words.length]).join(' ');
    const config = quickConfig({ maxSteps: 40 });
    config.network.layers = [{ units: 512, dropout: 0 }];
    const source = await openText(text);
    await vscode.commands.executeCommand('inkling.trainOnFile', source.document.uri, undefined, config);
    const editor = await openText(document.slice(0, -40));
    const times: number[] = [];
    const token = new vscode.CancellationTokenSource().token;
    const context = { triggerKind: vscode.InlineCompletionTriggerKind.Automatic, selectedCompletionInfo: undefined };
    const settings = vscode.workspace.getConfiguration('inkling');
    await settings.update('completion.eagerness', 'bold', vscode.ConfigurationTarget.Global);
    for (let i = 0; i < 120; i++) {
      const end = editor.document.positionAt(editor.document.getText().length);
      await until(() => editor.edit((edit) => edit.insert(end, 'the old clock '[i % 14])), 'a key is typed');
      await pause(60);
      const start = performance.now();
      const at = editor.document.positionAt(editor.document.getText().length);
      await services.completions.provideInlineCompletionItems(editor.document, at, context, token);
      if (i >= 10) times.push(performance.now() - start);
    }
    await settings.update('completion.eagerness', undefined, vscode.ConfigurationTarget.Global);
    report('keystroke to completion', summary(times));
  });

  it('typing during training, and the memory of the host', async () => {
    const sentence = 'it was a quiet evening and nobody came to the door ';
    const paused = services.completionSwitch.paused;
    if (!paused) await services.completionSwitch.toggle(); // typing alone is measured here
    const editor = await openText('');
    await type(sentence); // warm
    const without = await type(sentence.repeat(2));
    const source = await vscode.workspace.openTextDocument({ content: text.repeat(20) });
    const training = vscode.commands.executeCommand(
      'inkling.trainOnFile',
      source.uri,
      undefined,
      quickConfig({ maxSeconds: minutes * 60 }),
    );
    await until(() => services.runs.active?.latest !== undefined, 'it trains');
    await vscode.window.showTextDocument(editor.document);
    const before = process.memoryUsage().rss;
    const during = await type(sentence.repeat(2));
    report('typing without training', summary(without));
    report('typing during training', summary(during));
    await training;
    const grown = (process.memoryUsage().rss - before) / 1e6;
    report(`memory of the extension host, growth over ${minutes} min of training`, `${grown.toFixed(1)} MB`);
    const run = services.runs.store.list()[0];
    report('events of that run', String((await services.runs.store.readEvents(run.id)).length));
    if (!paused) await services.completionSwitch.toggle();
  });

  it('activation', async () => {
    // The log of this session says how long it took.
    const logs = path.join(services.logFolder, 'Inkling.log');
    await until(() => fs.existsSync(logs), 'the log is written', 5000);
    const line = /Activated in ([\d.]+) ms/.exec(fs.readFileSync(logs, 'utf8'));
    report('activation', `${line?.[1] ?? 'unknown'} ms`);
  });
});
