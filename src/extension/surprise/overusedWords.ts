/** The list of overused words and phrases, which leads to the places where they are used. */
import * as vscode from 'vscode';
import { languageName } from '../../common/l10n';
import type { Overused, OverusedResult } from '../../common/engineProtocol';
import { InklingError } from '../../common/errors';
import type { EngineCaller } from '../engineHost/engineClient';
import { showInformation, showList, withProgress } from '../messages';
import { signalOf } from '../signalOf';
import { markdownMarks } from './markdownMarks';

/** In UTF-16 units; words are counted within seconds up to here. */
const longestText = 3_000_000;
/** In place of what is not prose, so that offsets stay the same; it ends a phrase. */
const notProse = '\ufffc';

interface FindingItem extends vscode.QuickPickItem {
  finding?: Overused;
}

/** Lists what is overused in the text of an editor; the chosen finding opens a peek at its places. */
export async function listOverused(engine: EngineCaller, { document }: vscode.TextEditor): Promise<void> {
  const { version } = document;
  const result = await withProgress(
    { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Counting words…') },
    (_progress, token) => engine.call('overused', { text: proseOf(document) }, { signal: signalOf(token) }),
  );
  if (result.findings.length === 0) {
    void showInformation(vscode.l10n.t('No word or phrase is used unusually often in this text.'));
    return;
  }
  const chosen = await showList(overusedItems(result), {
    title: vscode.l10n.t('Overused Words and Phrases'),
    placeHolder: vscode.l10n.t('Choose one to see where it occurs'),
    matchOnDescription: true,
  });
  if (!chosen?.finding) return;
  if (document.version !== version) {
    throw new InklingError(
      'invalidInput',
      vscode.l10n.t('The text has changed in the meantime. Run the command again.'),
    );
  }
  const places = placesOf(document, chosen.finding);
  await vscode.window.showTextDocument(document, {
    selection: new vscode.Range(places[0].range.start, places[0].range.start),
  });
  await vscode.commands.executeCommand(
    'editor.action.peekLocations',
    document.uri,
    places[0].range.start,
    places,
    'peek',
  );
}

/** The text of a document with everything that is not prose blanked out. Throws `invalidInput` if it is too long. */
export function proseOf(document: vscode.TextDocument): string {
  const text = document.getText();
  if (text.length > longestText) {
    throw new InklingError(
      'invalidInput',
      vscode.l10n.t('This text is too long to count its words. Open a part of it, such as a chapter.'),
    );
  }
  if (document.languageId !== 'markdown') return text;
  // The marks know `\n` line ends only; a carriage return before one is white space like any other.
  const marks = markdownMarks(text.replace(/\r\n/g, ' \n'));
  let prose = '';
  let end = 0;
  for (const mark of marks) {
    const isEmphasis = /^[*_~]+$/.test(text.slice(mark.start, mark.end));
    prose += text.slice(end, mark.start) + (isEmphasis ? ' ' : notProse).repeat(mark.end - mark.start);
    end = mark.end;
  }
  return prose + text.slice(end);
}

/** The findings under a heading for each kind. */
export function overusedItems({ language, findings }: OverusedResult): FindingItem[] {
  const name = language && languageName(language);
  const headings: Record<Overused['kind'], string> = {
    language: vscode.l10n.t('More often than in novels in {0}', name ?? ''),
    close: vscode.l10n.t('Close together, but rarer in the rest of the text'),
    phrase: vscode.l10n.t('Phrases'),
  };
  return (['language', 'close', 'phrase'] as const).flatMap((kind): FindingItem[] => {
    const own = findings.filter((finding) => finding.kind === kind);
    if (own.length === 0) return [];
    const heading = { label: headings[kind], kind: vscode.QuickPickItemKind.Separator };
    return [heading, ...own.map((finding) => ({ label: finding.text, description: describe(finding), finding }))];
  });
}

function describe({ places, expected, within }: Overused): string {
  if (expected !== undefined) {
    return vscode.l10n.t('{0} times, at most {1} expected', places.length, Math.max(1, Math.round(expected)));
  }
  if (within) return vscode.l10n.t('{0} times within {1} words', within.most, within.stretch);
  return vscode.l10n.t('{0} times', places.length);
}

function placesOf(document: vscode.TextDocument, { places }: Overused): vscode.Location[] {
  return places.map(
    ({ start, end }) =>
      new vscode.Location(document.uri, new vscode.Range(document.positionAt(start), document.positionAt(end))),
  );
}
