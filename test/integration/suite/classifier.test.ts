/** Verdicts on selections by the built-in detector, corrections of them, and a classifier trained by the user. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as vscode from 'vscode';
import type { Verdict } from '../../../src/common/classifierProtocol';
import type { Parts } from '../../../src/extension/parts';
import { until } from '../../support/eventually';
import { activated, closeAll, openText } from '../support';

const spam =
  'URGENT! You have won a £2000 prize. Call 09061701461 now to claim your free cash reward, txt WIN to 80086.';
const ham = 'Are we still meeting for lunch tomorrow? I will be at home until noon, call me when you leave.';

/** Selects, and waits until VS Code has adopted it: what `openText` has set may still be on its way. */
async function select(editor: vscode.TextEditor, ...selections: vscode.Selection[]): Promise<void> {
  editor.selections = selections;
  // The selections set before have come back from the window when a later command returns.
  await vscode.commands.executeCommand('setContext', 'inkling.test', true);
  await until(
    () =>
      editor.selections.length === selections.length &&
      selections.every((selection, i) => selection.isEqual(editor.selections[i])),
    'the selections are set',
  );
}

describe('spam check', function () {
  this.timeout(180_000);
  let services: Parts;
  const check = (): Thenable<Verdict[] | undefined> => vscode.commands.executeCommand('inkling.checkSpam');

  before(async () => {
    services = await activated();
  });
  afterEach(async () => {
    await vscode.commands.executeCommand('inkling.clearSpamCheck');
    await closeAll();
  });

  it('tells spam from a message of a friend, in the whole document if nothing is selected', async () => {
    await openText(spam);
    const [verdict] = (await check()) ?? [];
    assert.equal(verdict?.label, 'spam');
    assert.ok(verdict.probability > 0.9, `${verdict.probability}`);
    assert.equal(services.classifier.check.checks.length, 1);
    await openText(ham);
    assert.equal((await check())?.[0].label, 'ham');
  });

  it('checks several selections at once, in the order of the text', async () => {
    const editor = await openText(`${ham}\n${spam}\n`);
    await select(editor, new vscode.Selection(1, 0, 1, spam.length), new vscode.Selection(0, 0, 0, ham.length));
    assert.deepEqual(
      ((await check()) ?? []).map(({ label }) => label),
      ['ham', 'spam'],
    );
  });

  it('shows in a hover what a word contributed, at its place in the document, until the text changes', async () => {
    const editor = await openText(`${ham}\n${spam}\n`);
    await select(editor, new vscode.Selection(1, 0, 1, spam.length));
    await check();
    const at = new vscode.Position(1, spam.indexOf('prize') + 1);
    const hover = services.classifier.check.provideHover(editor.document, at);
    assert.equal(editor.document.getText(hover?.range), 'prize');
    const text = (hover?.contents[0] as vscode.MarkdownString).value;
    assert.match(text, /evidence/);
    assert.match(text, /weights/);
    assert.equal(services.classifier.check.provideHover(editor.document, new vscode.Position(0, 3)), undefined);
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), 'x'));
    assert.deepEqual(services.classifier.check.checks, []);
  });

  it('keeps its highlights when the language of the document changes, until it is closed', async () => {
    const editor = await openText(spam);
    await check();
    await vscode.languages.setTextDocumentLanguage(editor.document, 'markdown');
    assert.equal(services.classifier.check.checks.length, 1);
    await closeAll();
    await until(() => services.classifier.check.checks.length === 0, 'they have gone');
  });

  it('accepts a correction, applies it at once and in the next check, and takes it back', async () => {
    const { corrections, check: spamCheck } = services.classifier;
    const before = corrections.of('').length;
    await openText(spam);
    await check();
    await vscode.commands.executeCommand('inkling.markNotSpam');
    assert.equal(corrections.of('').length, before + 1);
    assert.equal(spamCheck.checks[0].verdict.label, 'ham');
    assert.equal(spamCheck.checks[0].verdict.corrected, true);
    assert.equal((await check())?.[0].label, 'ham');
    await vscode.commands.executeCommand('inkling.undoCorrection');
    assert.equal(corrections.of('').length, before);
    assert.equal(spamCheck.checks[0].verdict.label, 'spam');
  });

  it('follows the threshold that the user sets', async () => {
    const { active, check: spamCheck } = services.classifier;
    await openText(ham);
    const [plain] = (await check()) ?? [];
    assert.equal(plain.label, 'ham');
    await active.setThreshold(plain.probabilities.spam / 2);
    await spamCheck.refresh();
    assert.equal(spamCheck.checks[0].verdict.label, 'spam');
    await active.setThreshold(undefined);
    await spamCheck.refresh();
    assert.equal(spamCheck.checks[0].verdict.label, 'ham');
  });

  it('says so if there is nothing to check', async () => {
    await openText(' \n');
    assert.equal(await check(), undefined);
    assert.deepEqual(services.classifier.check.checks, []);
  });

  it('trains on a labelled document, uses the new classifier, and returns to the shipped one', async () => {
    const { active } = services.classifier;
    const lines = Array.from({ length: 80 }, (_, i) =>
      i % 2 ? `sea\tthe waves and the ship at ${i} knots` : `land\tthe field and the plough at ${i} paces`,
    );
    const editor = await openText([...lines, 'a line without a label'].join('\n'));
    const settings = { variant: 'rnn', units: 8, epochs: 6, batch: 16, learningRate: 0.02, vectors: 'learned' };
    const file = await vscode.commands.executeCommand<string | undefined>(
      'inkling.trainClassifier',
      editor.document.uri,
      undefined,
      { settings },
    );
    assert.ok(file && fs.existsSync(file));
    assert.equal(active.path, file);
    assert.deepEqual((await active.record()).classes, ['land', 'sea']);
    await openText('the ship on the waves');
    assert.equal((await check())?.[0].label, 'sea');
    await active.use(undefined);
    assert.deepEqual((await active.record()).classes, ['ham', 'spam']);
    const entry = (await services.models.list()).find((each) => each.path === file);
    assert.equal(entry?.summary?.kind, 'classifier');
    // Later tests in other suites need a list without it.
    await fs.promises.rm(file);
    await services.models.refresh();
    await until(() => active.path === undefined, 'the detector that comes along is active');
  });
});
