import * as assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { Certainty, ClassifierRecord } from '../../../../src/common/classifierProtocol';
import { repositoryRoot, sharedFile } from '../../../support/shared';

const cli = path.join(repositoryRoot, 'dist', 'cli.js');
const made = Array.from({ length: 120 }, (_, i) =>
  i % 2 ? `spam\twin a prize now ${i}` : `ham\tlunch at home today ${i}`,
);
const quick = ['--variant', 'gru', '--vectors', 'learned', '--units', '8', '--epochs', '8', '--batch', '16'];

describe('inkling train-classifier, evaluate, classify', () => {
  let folder: string;
  let data: string;
  let model: string;
  const run = (args: string[], input = ''): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', cwd: folder, input });
  const objects = (stdout: string): Record<string, unknown>[] =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-'));
    data = path.join(folder, 'made.txt');
    model = path.join(folder, 'made.inkling.safetensors');
    fs.writeFileSync(data, made.join('\n'));
  });
  after(() => fs.rmSync(folder, { recursive: true }));

  it('train as JSON lines, then evaluate and classify with the model', () => {
    const trained = run(['train-classifier', data, ...quick, '--learning-rate', '0.02', '--seed', '3', '--json']);
    assert.strictEqual(trained.status, 0, trained.stderr);
    const events = objects(trained.stdout);
    assert.ok(events.every((event) => typeof event.event === 'string'));
    const done = events.at(-1)!;
    assert.strictEqual(done.event, 'done');
    assert.strictEqual(path.basename(String(done.model)), path.basename(model));
    const perClass = done.perClass as Record<string, Record<string, number>>;
    assert.deepStrictEqual(Object.keys(perClass), ['ham', 'spam']);
    assert.deepStrictEqual(Object.keys(perClass.spam), ['precision', 'recall', 'f1', 'support']);
    assert.ok(perClass.spam.f1 > 0.9);
    assert.deepStrictEqual(Object.keys(done.baselines as object), ['majority', 'naiveBayes', 'logisticRegression']);
    assert.strictEqual((done.confusion as number[][]).length, 2);

    const [evaluated] = objects(run(['evaluate', model, data, '--json']).stdout);
    assert.strictEqual(evaluated.event, 'done');
    assert.ok(Number(evaluated.accuracy) > 0.9);
    const { accuracy, recall, auc, calibrationError } = evaluated.certainty as Certainty;
    assert.ok(accuracy!.low < Number(evaluated.accuracy) && Number(evaluated.accuracy) <= accuracy!.high);
    assert.ok(recall.spam!.low > 0.5 && auc!.value > 0.9 && calibrationError < 0.5);
    const shownReport = run(['evaluate', model, data]).stdout;
    assert.match(shownReport, /95% intervals\n +accuracy: 0[^]*AUC \d\.\d+: \d[^]*calibration error 0\.\d/);

    const bare = path.join(folder, 'bare.csv');
    const asBare = (row: string): string => `${row.split('\t')[1]},${row.startsWith('spam') ? 1 : 0}`;
    fs.writeFileSync(bare, `text,class\n${made.map(asBare).join('\n')}`);
    assert.match(run(['evaluate', model, bare]).stderr, /Say which of its labels means spam \(--positive LABEL\)/);
    const [mapped] = objects(run(['evaluate', model, bare, '--positive', '1', '--json']).stdout);
    assert.strictEqual(mapped.accuracy, evaluated.accuracy);

    const tickets = path.join(folder, 'tickets.csv');
    fs.writeFileSync(tickets, `class,message,label\n${made.map((row) => `x,${row.split('\t')[1]},Ham`).join('\n')}`);
    const one = run(['evaluate', model, tickets, '--label-column', 'label']).stdout;
    assert.match(one, /^tickets\.csv: label: column "label", text: column "message"/);
    assert.match(one, /^ +spam +not measured +not measured +not measured +0$/m);
    assert.match(one, /“spam” was not measured: there are no examples of it\./);
    const [figures] = objects(run(['evaluate', model, tickets, '--label-column', 'label', '--json']).stdout);
    const { ham, spam } = figures.perClass as Record<string, { f1: number | null }>;
    assert.strictEqual(spam.f1, null);
    assert.strictEqual(figures.macroF1, ham.f1);

    const [verdict] = objects(run(['classify', model, '--json'], 'win a prize').stdout);
    assert.strictEqual(verdict.label, 'spam');
    assert.strictEqual((verdict.contributions as unknown[]).length, 3);
    const shown = run(['classify', model, '-'], 'win a prize').stdout;
    assert.match(shown, /^(?:Spam: (?:\d+\.\d|> 99\.9)%; threshold [^;]+%); naive Bayes: spam/);
  });

  it('cross-validate on request', () => {
    const result = run(['train-classifier', data, ...quick, '--folds', '2', '--epochs', '2']);
    assert.strictEqual(result.status, 0, result.stderr);
    assert.match(result.stdout, /2-fold cross-validation[^]*F1 spam[^]*macro F1 of naive Bayes +\d/);
  });

  it('show the contents of the model', () => {
    const shown = run(['inspect', model]).stdout;
    assert.match(shown, /^labels +ham, spam$/m);
    assert.match(shown, /^trained +8 epochs in .* on \d+ examples$/m);
    assert.match(shown, /^F1 spam +(0\.9|1\.0)/m);
    assert.match(shown, /"variant": "gru"/);
    assert.doesNotMatch(shown, /vocabulary|held-out loss/);
    const [{ classifier }] = objects(run(['inspect', model, '--json']).stdout) as [{ classifier: ClassifierRecord }];
    assert.deepStrictEqual(classifier.classes, ['ham', 'spam']);
    assert.strictEqual(classifier.report.confusion.length, 2);
  });

  it('report errors in one line: code 1 for the data, 2 for usage', () => {
    const bad = path.join(folder, 'bad.txt');
    fs.writeFileSync(bad, `${made.join('\n')}\nno tab\n`);
    const refused = run(['train-classifier', bad, ...quick]);
    assert.strictEqual(refused.status, 1);
    assert.match(refused.stderr, /^inkling: 1 row cannot be used: bad\.txt, line 121: [^\n]*\n$/);
    fs.writeFileSync(bad, 'ham\ta\nham\tb\n');
    assert.match(run(['train-classifier', bad]).stderr, /at least two classes/);
    assert.match(run(['classify', model], '  ').stderr, /empty/);
    fs.writeFileSync(bad, 'ham\ta\neggs\tb\n');
    const strange = run(['evaluate', model, bad]);
    assert.strictEqual(strange.status, 1);
    assert.match(strange.stderr, /^inkling: .* also has eggs\. Rename these labels [^\n]*\n$/);
    const nowhere = run(['train-classifier', data, ...quick, '--out', 'no such folder/model', '--json']);
    assert.strictEqual(nowhere.stdout, '', 'nothing is trained for a place that cannot take it');
    assert.match(nowhere.stderr, /^inkling: The folder no such folder does not exist\. Create it[^\n]*\n$/);
    const file = ['--vector-file', 'vectors.txt'];
    assert.match(run(['train-classifier', data, ...quick, ...file]).stderr, /omit the vector file/);
    for (const args of [
      ['train-classifier'],
      ['evaluate', model],
      ['classify'],
      ['train-classifier', data, '--folds', '3', '--out', 'model'],
      ['train-classifier', data, '--variant', 'x'],
    ]) {
      assert.strictEqual(run(args).status, 2, args.join(' '));
    }
  });

  it('put a message with very many spaces on one line', () => {
    const { status, stderr } = run(['classify', `a${' '.repeat(120_000)}x\n \nb`], 'x');
    assert.strictEqual(status, 1);
    assert.match(stderr, /^inkling: a {120000}x b /);
    assert.strictEqual(stderr.trimEnd().split('\n').length, 1);
  });

  it('reach the figures of the SMS Spam Collection', function () {
    const sms = sharedFile(this, 'data/SMSSpamCollection');
    const args = ['--variant', 'gru', '--epochs', '4', '--learning-rate', '0.004', '--validation', '0', '--seed', '1'];
    const result = run(['train-classifier', sms, ...args, '--json', '--out', path.join(folder, 'sms.safetensors')]);
    assert.strictEqual(result.status, 0, result.stderr);
    const [start, done] = [objects(result.stdout)[0], objects(result.stdout).at(-1)!];
    assert.strictEqual(start.examples, 5574);
    const { spam } = done.perClass as Record<string, { f1: number; support: number }>;
    const bayes = done.baselines as Record<string, { perClass: Record<string, { f1: number }> }>;
    assert.ok(spam.f1 > 0.94, `F1 ${spam.f1}, seed 1`);
    assert.ok(spam.f1 > bayes.naiveBayes.perClass.spam.f1);
    assert.ok(Number(done.duplicatesRemoved) > 0);
  });
});
