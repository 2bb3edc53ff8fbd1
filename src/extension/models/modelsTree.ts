/** The Models view: every model on this machine, the active one marked, and what is remembered of the user's writing. */
import * as vscode from 'vscode';
import { formatBits, formatDay, formatDuration, formatFixed } from '../../common/formats';
import { Disposables } from '../dispose';
import type { ActiveModel } from './activeModel';
import { formatBytes, formatCount } from '../formatFigures';
import { visibleLine } from '../plainText';
import type { Journal, Passage } from '../remembered/journal';
import { RememberedItem, rememberedItem, treeItemOf } from '../remembered/rememberedTree';
import type { ModelEntry, ModelStore } from './modelStore';

const modelsViewId = 'inkling.models';

type Element = ModelEntry | RememberedItem | Passage;

export class ModelsTree extends Disposables implements vscode.TreeDataProvider<Element> {
  private readonly changed = this.add(new vscode.EventEmitter<void>());
  readonly onDidChangeTreeData = this.changed.event;

  private readonly view: vscode.TreeView<Element>;

  constructor(
    private readonly models: ModelStore,
    private readonly active: ActiveModel,
    private readonly journal: Journal,
  ) {
    super();
    this.add(models.onDidChange(() => this.changed.fire()));
    this.add(journal.onDidChange(() => this.changed.fire()));
    this.add(active.onDidChange(() => this.changed.fire()));
    this.view = this.add(vscode.window.createTreeView(modelsViewId, { treeDataProvider: this }));
  }

  async getChildren(parent?: Element): Promise<Element[]> {
    if (parent) return parent instanceof RememberedItem ? parent.passages.toReversed() : [];
    const remembered = rememberedItem(this.journal);
    const models = await this.models.list();
    this.view.message = this.models.problem;
    return [...models, ...(remembered ? [remembered] : [])];
  }

  async getTreeItem(element: Element): Promise<vscode.TreeItem> {
    return isModel(element) ? this.itemOf(element) : treeItemOf(element);
  }

  private async itemOf(entry: ModelEntry): Promise<vscode.TreeItem> {
    const item = new vscode.TreeItem(entry.title);
    const isActive = entry.path === (await this.active.find());
    item.id = entry.path;
    item.description = describe(entry, isActive);
    item.tooltip = tooltip(entry);
    item.iconPath = new vscode.ThemeIcon(
      entry.problem ? 'warning' : isActive ? 'circle-filled' : entry.summary?.kind === 'classifier' ? 'filter' : 'book',
    );
    item.contextValue = `inkling.${entry.problem ? 'broken' : entry.summary?.kind}${isActive ? '.active' : ''}`;
    item.accessibilityInformation = { label: `${entry.title}, ${item.description}` };
    if (entry.summary?.kind === 'language-model') {
      item.command = { command: 'inkling.useModel', title: vscode.l10n.t('Use'), arguments: [entry] };
    }
    if (entry.summary?.kind === 'classifier') {
      item.command = { command: 'inkling.chooseClassifier', title: vscode.l10n.t('Use'), arguments: [entry] };
    }
    return item;
  }
}

function isModel(element: Element): element is ModelEntry {
  return 'title' in element;
}

/** Short, because a narrow sidebar truncates it: a text that the model is named after is not repeated. */
function describe({ title, summary, bytes, problem, unfinished }: ModelEntry, isActive: boolean): string {
  if (!summary) return problem ? vscode.l10n.t('cannot be read') : '';
  const [source] = summary.sources;
  const text = summary.sources.length === 1 ? source : vscode.l10n.t('{0} texts', summary.sources.length);
  const parts = [
    isActive ? vscode.l10n.t('active') : '',
    unfinished ? vscode.l10n.t('unfinished') : '',
    formatBits(summary.heldOutBitsPerCharacter),
    text === title ? '' : text,
    formatBytes(bytes),
    formatDay(summary.created),
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

function tooltip({ summary, problem, path }: ModelEntry): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  if (!summary) return text.appendText(visibleLine(problem ?? path));
  const bits = summary.heldOutBitsPerCharacter ?? null;
  const rows: [string, string][] = [
    [vscode.l10n.t('Network'), summary.network],
    [vscode.l10n.t('Parameters'), formatCount(summary.parameters)],
    [vscode.l10n.t('Texts'), summary.sources.join(', ')],
    [
      vscode.l10n.t('Vocabulary'),
      summary.unit === 'character'
        ? vscode.l10n.t('{0} characters', summary.vocabulary)
        : vscode.l10n.t('{0} words', summary.vocabulary),
    ],
    [
      vscode.l10n.t('Held-out text'),
      bits === null ? '–' : vscode.l10n.t('{0} bits per character', formatFixed(bits, 2)),
    ],
    [
      vscode.l10n.t('Trained'),
      vscode.l10n.t('{0}, {1} steps', formatDuration(summary.seconds), formatCount(summary.steps)),
    ],
    [vscode.l10n.t('Recipe'), vscode.l10n.t('{0}, seed {1}', summary.recipe, summary.seed)],
    [vscode.l10n.t('File'), path],
  ];
  for (const [name, value] of rows) text.appendText(visibleLine(`${name}: ${value}`)).appendMarkdown('  \n');
  return text;
}
