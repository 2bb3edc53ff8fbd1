/** The commands that check for spam, correct verdicts, and train and choose classifiers. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import { classifierVariants, type LabelledSource } from '../../common/classifierProtocol';
import { fileEncoding } from '../fileEncoding';
import { InklingError } from '../../common/errors';
import { formatMoment } from '../../common/formats';
import type { CommandTable } from '../commands';
import { openResource, requireEditor } from '../editors';
import type { ModelEntry } from '../models/modelStore';
import type { Parts } from '../parts';
import type { ClassifierChoice } from './classifierTraining';
import { showList, showTexts } from '../messages';

type ClassifierCommand =
  | 'inkling.checkSpam'
  | 'inkling.markSpam'
  | 'inkling.markNotSpam'
  | 'inkling.undoCorrection'
  | 'inkling.addExample'
  | 'inkling.trainOnExamples'
  | 'inkling.clearSpamCheck'
  | 'inkling.trainClassifier'
  | 'inkling.chooseClassifier'
  | 'inkling.showClassifier';

export function classifierCommands(parts: Parts): CommandTable<ClassifierCommand> {
  const { active, check, corrections, examples, training } = parts.classifier;
  return {
    'inkling.checkSpam': () => check.run(editorToCheck()),
    'inkling.markSpam': () => check.correct(editorToCheck(), true),
    'inkling.markNotSpam': () => check.correct(editorToCheck(), false),
    'inkling.undoCorrection': async () => {
      const last = corrections.of(active.path ?? '').at(-1);
      if (!last) throw new InklingError('invalidInput', vscode.l10n.t('This classifier has no corrections to undo.'));
      await corrections.remove(last.id);
      await check.refresh();
    },
    // The argument answers the question for the label.
    'inkling.addExample': async (given?: string) => {
      const editor = requireEditor(vscode.l10n.t('No text is open. Open one and select the text of an example.'));
      const texts = selectedTexts(editor);
      const label = given ?? (await askForLabel(examples.labels()));
      if (label === undefined) return;
      await examples.add(label, texts);
      await parts.studio.show('classifier');
    },
    'inkling.trainOnExamples': () => {
      if (examples.labels().length < 2) {
        throw new InklingError(
          'invalidInput',
          vscode.l10n.t(
            'A classifier needs examples of at least two classes. Select a text, run "Inkling: Add Selection as Example…", and give it a class.',
          ),
        );
      }
      return training.train(examples.source(vscode.l10n.t('your examples')), {});
    },
    'inkling.clearSpamCheck': () => check.clear(),
    // In a menu, VS Code passes the clicked resource and all selected ones. The last argument answers the quick pick.
    'inkling.trainClassifier': async (uri?: vscode.Uri, _all?: unknown, given?: ClassifierChoice) => {
      const source = await labelledSource(uri);
      const choice = given ?? (await chooseTraining());
      return choice && training.train(source, choice);
    },
    'inkling.chooseClassifier': async (entry?: ModelEntry) => {
      const chosen = entry ? { path: entry.path } : await chooseClassifier(parts);
      if (!chosen) return;
      await active.use(chosen.path);
      await check.refresh();
    },
    'inkling.showClassifier': () => parts.studio.show('classifier'),
  };
}

function editorToCheck(): vscode.TextEditor {
  return requireEditor(vscode.l10n.t('No text is open. Open one and select the text to check.'));
}

/** The selected texts in the order of the document, or the whole text. Throws `invalidInput` if there are no words. */
function selectedTexts({ document, selections }: vscode.TextEditor): string[] {
  const selected = selections.filter((selection) => !selection.isEmpty);
  const ranges = [...selected].sort((a, b) => a.start.compareTo(b.start));
  const texts = ranges.length > 0 ? ranges.map((range) => document.getText(range)) : [document.getText()];
  const worded = texts.map((text) => text.trim()).filter((text) => text !== '');
  if (worded.length > 0) return worded;
  throw new InklingError(
    'invalidInput',
    vscode.l10n.t('There are no words in the selection. Select the text of an example.'),
  );
}

/** A class in use, or a new one that the user types; undefined if they cancel. */
async function askForLabel(known: string[]): Promise<string | undefined> {
  const title = vscode.l10n.t('Which class does this text belong to?');
  const another = vscode.l10n.t('New class…');
  const chosen = known.length === 0 ? another : await showTexts([...known, another], { title });
  if (chosen !== another) return chosen;
  const prompt = vscode.l10n.t('Name the class, for instance “spam”, “news” or an author');
  const typed = await vscode.window.showInputBox({ title, prompt });
  return typed?.trim() || undefined;
}

/** The current text of an open document; other files and folders are read by the engine. */
async function labelledSource(given: vscode.Uri | undefined): Promise<LabelledSource> {
  const uri = given ?? openResource() ?? editorToCheck().document.uri;
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  const name = path.posix.basename(uri.path);
  if (open) return { name, text: open.getText() };
  if (uri.scheme === 'file') return { name, path: uri.fsPath, encoding: fileEncoding(uri) };
  return { name, text: await vscode.workspace.decode(await vscode.workspace.fs.readFile(uri), { uri }) };
}

async function chooseTraining(): Promise<ClassifierChoice | undefined> {
  const items: (vscode.QuickPickItem & { choice?: ClassifierChoice })[] = [
    {
      label: vscode.l10n.t('Train'),
      description: vscode.l10n.t('linear model, bidirectional GRU or both: whichever does best on the validation part'),
      detail: vscode.l10n.t('Naive Bayes, logistic regression and the majority class are measured for comparison'),
      choice: {},
    },
    {
      label: vscode.l10n.t('Compare the six variants'),
      detail: vscode.l10n.t(
        'Each is trained on the same examples for the same number of epochs; the best on the validation part is kept',
      ),
      choice: { compare: true },
    },
    { label: vscode.l10n.t('One variant'), kind: vscode.QuickPickItemKind.Separator },
    ...classifierVariants.map((variant) => ({ label: variant, choice: { settings: { variant } } })),
  ];
  const title = vscode.l10n.t('Train a classifier: one example per line, with its label, a tab and the text');
  return (await showList(items, { title }))?.choice;
}

async function chooseClassifier({ classifier, models }: Parts): Promise<{ path: string | undefined } | undefined> {
  const { path: chosen } = classifier.active;
  const mark = (file: string | undefined): string => (file === chosen ? vscode.l10n.t('active') : '');
  const own = (await models.list()).filter(({ summary }) => summary?.kind === 'classifier');
  const items: (vscode.QuickPickItem & { path: string | undefined })[] = [
    {
      label: vscode.l10n.t("Inkling's built-in spam detector"),
      description: mark(undefined),
      path: undefined,
    },
    ...own.map(({ title, path: file, summary }) => ({
      label: title,
      description: mark(file),
      detail: summary && `${summary.network} · ${formatMoment(summary.created)}`,
      path: file,
    })),
  ];
  return showList(items, { title: vscode.l10n.t('Use which classifier?') });
}
