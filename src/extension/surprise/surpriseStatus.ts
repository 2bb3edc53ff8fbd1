/** The status bar item that shows or removes the surprise map with one click, and holds its legend. */
import * as vscode from 'vscode';
import { formatBits, formatNumber, formatPercent } from '../../common/formats';
import { setting } from '../configuration';
import { onDidChangeActiveDocument } from '../editors';
import { Disposables } from '../dispose';
import type { ActiveModel } from '../models/activeModel';
import type { ModelStore } from '../models/modelStore';
import { levelBits, type SurpriseUnit } from './surpriseFigures';
import type { SurpriseMarks } from './surpriseMarks';

export class SurpriseStatus extends Disposables {
  private readonly item = this.add(
    vscode.window.createStatusBarItem('inkling.surprise', vscode.StatusBarAlignment.Right, 99),
  );
  /** Counts the updates: if two are in progress, the later one counts. */
  private updates = 0;

  constructor(
    private readonly marks: SurpriseMarks,
    private readonly active: ActiveModel,
    models: ModelStore,
  ) {
    super();
    this.item.name = vscode.l10n.t('Inkling Surprise Map');
    this.item.command = 'inkling.toggleSurpriseMap';
    const update = (): void => void this.update();
    this.add(onDidChangeActiveDocument(update));
    this.add(active.onDidChange(update));
    this.add(models.onDidChange(update));
    this.add(marks.onDidChange(update));
    update();
  }

  /** What the item shows; undefined if it is hidden. For tests. */
  get shown(): { text: string; tooltip: string } | undefined {
    const { text, tooltip } = this.item;
    return this.visible ? { text, tooltip: typeof tooltip === 'string' ? tooltip : (tooltip?.value ?? '') } : undefined;
  }
  private visible = false;

  /** Shown for documents in prose languages, once there is a model, and wherever there is a map. */
  private async update(): Promise<void> {
    const turn = ++this.updates;
    const document = vscode.window.activeTextEditor?.document;
    const isMapped = document !== undefined && this.marks.isShown(document);
    const isProse = document !== undefined && setting('completion.languages', document).includes(document.languageId);
    this.visible = isMapped || (isProse && (await this.active.find(document)) !== undefined);
    if (turn !== this.updates) return;
    if (!document || !this.visible) return this.item.hide();
    const { text, spoken } = isMapped ? this.mapped(document) : { text: '', spoken: '' };
    this.item.text = text || `$(symbol-color) ${vscode.l10n.t('Surprise')}`;
    this.item.tooltip = isMapped
      ? legend(setting('surpriseMap.unit', document))
      : vscode.l10n.t('Tint the words that the model did not expect.');
    this.item.accessibilityInformation = {
      label: spoken || vscode.l10n.t('Surprise map: off'),
      role: 'button',
    };
    this.item.show();
  }

  private mapped(document: vscode.TextDocument): { text: string; spoken: string } {
    const read = this.marks.progress(document);
    if (read < 1) {
      const percent = formatPercent(Math.floor(100 * read));
      const spoken = vscode.l10n.t('Surprise map: {0} read', percent);
      return { text: `$(symbol-color) ${vscode.l10n.t('Surprise')} ${percent}`, spoken };
    }
    const bits = formatBits(this.marks.meanBits(document));
    return { text: `$(symbol-color) ${bits}`, spoken: vscode.l10n.t('Surprise map: {0}', bits) };
  }
}

/** One line for each tint. */
function legend(unit: SurpriseUnit): vscode.MarkdownString {
  const notes = ['', '', '', vscode.l10n.t('dotted line'), vscode.l10n.t('line')];
  const rows = levelBits[unit].map((bits, i) => {
    const color = `var(--vscode-inkling-surprise${i + 1})`;
    const swatch = `<span style="background-color:${color};">&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;</span>`;
    const note = notes[i] && ` (${notes[i]})`;
    return `${swatch} ${vscode.l10n.t('{0} bits and more', formatNumber(bits))}${note}`;
  });
  const heading =
    unit === 'word' ? vscode.l10n.t('Surprise of a word, per character:') : vscode.l10n.t('Surprise of a character:');
  const hint = vscode.l10n.t('The stronger the tint, the less the model expected it from the text before it.');
  const text = new vscode.MarkdownString(
    [heading, ...rows, '', hint, '', vscode.l10n.t('Click to remove the tints.')].join('  \n'),
  );
  text.supportHtml = true;
  return text;
}
