/**
 * Checks selections: shows the verdict in a message that disappears automatically, a tint on each relevant word, and a
 * hover with its effect. Tints apply to the checked text: an edit removes them.
 */
import * as vscode from 'vscode';
import type { ClassifierRecord, Correction, Verdict } from '../../common/classifierProtocol';
import type { CheckedText } from '../../common/classifierState';
import {
  correctionTitle,
  findingSentences,
  formatPoints,
  formatShare,
  pointsTowards,
  tintedClass,
  wordTints,
} from '../../common/contributions';
import { InklingError } from '../../common/errors';
import { methodSentence } from '../../common/partTitles';
import { answerName, className, passageSentence, verdictSentence } from '../../common/verdictSentences';
import { present } from '../commands';
import { Disposables } from '../dispose';
import type { EngineCaller } from '../engineHost/engineClient';
import { followDocument } from '../followDocument';
import { showInformation, showTexts, withProgress } from '../messages';
import { visibleLine } from '../plainText';
import type { ActiveClassifier } from './activeClassifier';
import type { CorrectionStore } from './correctionStore';

const strengths = 3;
/** Only the beginning of a longer text is checked. */
const maximumLength = 100_000;

/** A range of a document. */
interface Passage {
  start: number;
  text: string;
}

interface Check {
  /** Path of the classifier; '' for the built-in one. */
  classifier: string;
  document: vscode.TextDocument;
  passages: Passage[];
  verdicts: Verdict[];
  record: ClassifierRecord;
}

export class SpamCheck extends Disposables implements vscode.HoverProvider {
  private readonly changed = this.add(new vscode.EventEmitter<void>());
  readonly onDidChange = this.changed.event;
  private check: Check | undefined;
  private followed: vscode.Disposable | undefined;
  private running: AbortController | undefined;
  private readonly decorations = (['spamFor', 'spamAgainst'] as const).map((name) =>
    Array.from({ length: strengths }, (_, i) =>
      this.add(
        vscode.window.createTextEditorDecorationType({
          backgroundColor: new vscode.ThemeColor(`inkling.${name}${i + 1}`),
          rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
        }),
      ),
    ),
  );

  constructor(
    private readonly engine: EngineCaller,
    private readonly active: ActiveClassifier,
    private readonly corrections: CorrectionStore,
  ) {
    super();
    this.add(
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (document === this.check?.document && contentChanges.length > 0) this.clear();
      }),
    );
    this.add(vscode.window.onDidChangeVisibleTextEditors(() => this.draw()));
    this.add(vscode.languages.registerHoverProvider({ pattern: '**' }, this));
    this.add({ dispose: () => this.running?.abort() });
    this.add({ dispose: () => this.followed?.dispose() });
  }

  /** The last check, one entry per selection. */
  get checks(): CheckedText[] {
    const { check } = this;
    return check ? check.passages.map(({ text }, i) => ({ text, verdict: check.verdicts[i] })) : [];
  }

  /** Checks the selections, or the whole document; resolves to the verdicts when they are shown and tinted. */
  async run(editor: vscode.TextEditor): Promise<Verdict[]> {
    const passages = passagesOf(editor);
    const progress = { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Checking for spam…') };
    return withProgress(progress, () => this.classify(editor.document, passages, true));
  }

  /** Checks the texts of the last check again: a correction or another classifier may have changed the verdict. */
  async refresh(): Promise<void> {
    if (this.check) await this.classify(this.check.document, this.check.passages, false);
  }

  /** Stores the correct label of the selected text, or of the whole document, and offers Undo. */
  async correct(editor: vscode.TextEditor, isPositive: boolean): Promise<void> {
    const texts = passagesOf(editor).map(({ text }) => text);
    const record = await this.active.record();
    const label = await labelFor(isPositive, record);
    if (label !== undefined) await this.note(texts, label, this.active.path ?? '', record);
  }

  /** Stores the correct label of one text of the last check. */
  async correctCheck(index: number, label: string): Promise<void> {
    const { check } = this;
    const passage = check?.passages[index];
    if (check && passage) await this.note([passage.text], label, check.classifier, check.record);
  }

  clear(): void {
    this.running?.abort();
    if (!this.check) return;
    this.check = undefined;
    this.follow();
    this.draw();
    this.announce();
  }

  provideHover(document: vscode.TextDocument, position: vscode.Position): vscode.Hover | undefined {
    if (document !== this.check?.document) return undefined;
    const { passages, verdicts, record } = this.check;
    const offset = document.offsetAt(position);
    for (const [i, { start }] of passages.entries()) {
      // The offsets refer to the unwrapped text, not to the document.
      if (verdicts[i].unwrapped !== undefined) continue;
      const label = tintedClass(verdicts[i], record);
      const word = pointsTowards(verdicts[i], label).find((w) => start + w.start <= offset && offset < start + w.end);
      if (!word) continue;
      const range = new vscode.Range(document.positionAt(start + word.start), document.positionAt(start + word.end));
      return new vscode.Hover(explanation(word.points, label, verdicts[i], record), range);
    }
    return undefined;
  }

  /** First the verdicts, which are fast; then the effect of each word. */
  private async classify(document: vscode.TextDocument, passages: Passage[], tell: boolean): Promise<Verdict[]> {
    this.running?.abort();
    const { signal } = (this.running = new AbortController());
    const { version } = document;
    const { path: modelPath, threshold } = this.active;
    const classifier = modelPath ?? '';
    const record = await this.active.record();
    const request = {
      modelPath,
      texts: passages.map(({ text }) => text),
      corrections: this.corrections.of(classifier).map(({ text, label }): Correction => ({ text, label })),
      threshold,
    };
    const verdicts = await this.engine.call('classify', { ...request, explain: false }, { signal });
    if (tell) this.tell(document, { classifier, passages, verdicts, record }).catch(present);
    const explained = await this.engine.call('classify', { ...request, explain: true }, { signal });
    if (document.isClosed || document.version !== version) return verdicts;
    this.check = { document, classifier, passages, verdicts: explained, record };
    this.follow();
    this.draw();
    this.announce();
    return explained;
  }

  private follow(): void {
    const { check } = this;
    this.followed?.dispose();
    this.followed =
      check &&
      followDocument(check.document, {
        moved: (opened) => {
          check.document = opened;
          this.follow();
          this.draw();
          this.announce();
        },
        closed: () => this.clear(),
      });
  }

  /** Not awaited by the command: the message is shown as long as VS Code keeps it. */
  private async tell(
    document: vscode.TextDocument,
    { classifier, passages, verdicts, record }: Omit<Check, 'document'>,
  ): Promise<void> {
    const details = vscode.l10n.t('Details');
    const other = oppositeOf(verdicts, record);
    const wrong = other === undefined ? undefined : correctionTitle(other, record);
    const whole = passages.length === 1 && passages[0].text.length === document.getText().length;
    const buttons = wrong === undefined ? [details] : [wrong, details];
    const chosen = await showInformation(describe(verdicts, whole, record), ...buttons);
    if (chosen === details) await vscode.commands.executeCommand('inkling.showClassifier');
    if (chosen === wrong && other !== undefined) {
      const texts = passages.map(({ text }) => text);
      await this.note(texts, other, classifier, record);
    }
  }

  private async note(texts: string[], label: string, classifier: string, record: ClassifierRecord): Promise<void> {
    const takeBack = await this.corrections.add(
      classifier,
      texts.map((text) => ({ text, label })),
    );
    // Offered before the check is repeated, which may fail.
    this.offerUndo(className(label, record), takeBack).catch(present);
    await this.refresh();
  }

  private async offerUndo(name: string, takeBack: () => Promise<void>): Promise<void> {
    const undo = vscode.l10n.t('Undo');
    const message = vscode.l10n.t(
      'Recorded as {0}. This text now gets that verdict, and its words count as further examples.',
      name,
    );
    if ((await showInformation(message, undo)) !== undo) return;
    await takeBack();
    await this.refresh();
  }

  private draw(): void {
    for (const editor of vscode.window.visibleTextEditors) {
      const ranges: vscode.Range[][][] = this.decorations.map((list) => list.map(() => []));
      const { document } = editor;
      if (this.check?.document === document) {
        const { passages, verdicts, record } = this.check;
        passages.forEach(({ start }, i) => {
          if (verdicts[i].unwrapped !== undefined) return;
          for (const word of wordTints(verdicts[i], tintedClass(verdicts[i], record))) {
            const range = new vscode.Range(
              document.positionAt(start + word.start),
              document.positionAt(start + word.end),
            );
            ranges[word.points > 0 ? 0 : 1][word.strength - 1].push(range);
          }
        });
      }
      this.decorations.forEach((list, side) =>
        list.forEach((decoration, i) => editor.setDecorations(decoration, ranges[side][i])),
      );
    }
  }

  /** The menus compare the text that was checked with the one they are opened in. */
  private announce(): void {
    // A Uri and not its text: in a remote window, the same file has another address in the workbench.
    const checked = this.check && [this.check.document.uri];
    void vscode.commands.executeCommand('setContext', 'inkling.spamChecked', checked);
    this.changed.fire();
  }
}

/** The selections in text order, or the whole text. Throws `invalidInput` if that is empty. */
function passagesOf({ document, selections }: vscode.TextEditor): Passage[] {
  const selected = selections.filter((selection) => !selection.isEmpty);
  const ranges =
    selected.length > 0
      ? [...selected].sort((a, b) => a.start.compareTo(b.start))
      : [new vscode.Range(0, 0, document.lineCount, 0)];
  const passages = ranges
    .map((range) => ({ start: document.offsetAt(range.start), text: document.getText(range).slice(0, maximumLength) }))
    .filter(({ text }) => text.trim() !== '');
  if (passages.length === 0) {
    throw new InklingError(
      'invalidInput',
      vscode.l10n.t('There are no words to check. Open or select a text that contains some.'),
    );
  }
  return passages;
}

/** "Spam: 97.3%; threshold 84.0%."; for several selections, the number of each. */
function describe(verdicts: Verdict[], whole: boolean, record: ClassifierRecord): string {
  if (verdicts.length === 1) {
    const [verdict] = verdicts;
    const sentences = [`${verdictSentence(verdict, record)}.`, ...findingSentences(verdict.findings)];
    const passage = passageSentence(verdict, record);
    if (passage !== undefined) sentences.push(passage);
    else if (whole) sentences.push(vscode.l10n.t('The whole text was checked.'));
    return sentences.join(' ');
  }
  const positive = record.positive === null ? undefined : record.classes[record.positive];
  const names = [...new Set(verdicts.map((verdict) => answerName(verdict, record)))];
  const parts = names.map((name) => {
    const own = verdicts.filter((verdict) => answerName(verdict, record) === name);
    const shares = own.slice(0, 5).map(({ probability, probabilities }) => {
      return formatShare(positive === undefined ? probability : probabilities[positive]);
    });
    return `${own.length} ${name} (${shares.join(', ')}${own.length > 5 ? ', …' : ''})`;
  });
  return vscode.l10n.t('{0} selections: {1}.', verdicts.length, parts.join(', '));
}

/** The class meant by "spam" or "not spam"; asks if there are more than two. */
async function labelFor(isPositive: boolean, { classes, positive }: ClassifierRecord): Promise<string | undefined> {
  if (positive !== null) return classes[isPositive ? positive : 1 - positive];
  return showTexts(classes, { title: vscode.l10n.t('What is this text?') });
}

/** The other of two classes, if all verdicts agree. */
function oppositeOf(verdicts: Verdict[], { classes, positive }: ClassifierRecord): string | undefined {
  const [first] = verdicts;
  if (positive === null || verdicts.some(({ label }) => label !== first.label)) return undefined;
  return classes.find((name) => name !== first.label);
}

function explanation(points: number, label: string, verdict: Verdict, record: ClassifierRecord): vscode.MarkdownString {
  const towards = points >= 0 ? vscode.l10n.t('for') : vscode.l10n.t('against');
  const markdown = new vscode.MarkdownString();
  markdown.isTrusted = { enabledCommands: ['inkling.showClassifier', 'inkling.clearSpamCheck'] };
  markdown.appendText(
    vscode.l10n.t(
      '{0} is evidence {1} {2}',
      formatPoints(Math.abs(points)).slice(1),
      towards,
      visibleLine(className(label, record)),
    ),
  );
  markdown.appendMarkdown('\n\n');
  markdown.appendText(`${visibleLine(verdictSentence(verdict, record))}. ${methodSentence(verdict.method)}`);
  markdown.appendMarkdown(
    `\n\n[${vscode.l10n.t('Details')}](command:inkling.showClassifier) · [${vscode.l10n.t('Clear')}](command:inkling.clearSpamCheck)`,
  );
  return markdown;
}
