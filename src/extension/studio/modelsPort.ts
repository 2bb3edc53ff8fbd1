/** The models that can write, as the Studio lists them. */
import * as vscode from 'vscode';
import { languageName } from '../../common/l10n';
import { languageOfBase } from '../../common/bases';
import { openingOf } from '../../common/opening';
import type { ModelItem } from '../../common/studioProtocol';
import { setting } from '../configuration';
import { Disposables } from '../dispose';
import { Emitter } from '../emitter';
import type { ActiveModel } from '../models/activeModel';
import type { DocumentBase } from '../models/documentBase';
import { itemsOf } from '../models/modelItem';
import type { ModelStore } from '../models/modelStore';
import type { TrainingRuns } from '../training/trainingRuns';
import type { ModelsPort } from './ports';

/** How a base reads its texts. */
const baseText = { unit: 'character', examples: 'text' } as const;

interface Needs {
  models: ModelStore;
  active: ActiveModel;
  runs: TrainingRuns;
  base: DocumentBase;
}

export class StudioModels extends Disposables implements ModelsPort {
  private readonly changed = new Emitter<void>();
  readonly onDidChange = this.changed.event;
  /** The base of the open text, as far as it is known; it is not determined before the page first asks. */
  private foundBase: string | undefined;
  private asked = false;

  constructor(private readonly needs: Needs) {
    super();
    const { models, active, runs } = needs;
    this.add(models.onDidChange(() => this.changed.fire()));
    this.add(runs.onDidChange(() => this.changed.fire()));
    this.add(
      active.onDidChange(() => {
        this.changed.fire();
        void this.findBase();
      }),
    );
    this.add(vscode.window.onDidChangeActiveTextEditor(() => void this.findBase()));
    this.add(vscode.workspace.onDidChangeConfiguration(() => void this.findBase()));
  }

  /** The one in training first, then those on disk; if there is none, the base of the open text. */
  list(): readonly ModelItem[] {
    if (!this.asked) {
      this.asked = true;
      void this.findBase();
    }
    const own = modelItems(this.needs.models, this.needs.runs);
    if (own.length > 0 || this.foundBase === undefined) return own;
    const title = vscode.l10n.t('{0} and the open text', languageName(languageOfBase(this.foundBase) ?? ''));
    return [
      { path: this.foundBase, title, network: '', unit: 'character', isBase: true, opening: openingOf(baseText) },
    ];
  }

  active(): string | undefined {
    return this.needs.active.path ?? this.list()[0]?.path;
  }

  async use(path: string): Promise<void> {
    // The base is active wherever there is nothing else; it is never chosen.
    if (languageOfBase(path) === undefined) await this.needs.active.use(path);
  }

  asksForBase(): boolean {
    const { base, models, runs } = this.needs;
    // Whoever has a model of their own, or is training one, does not need the base to begin with.
    const isBeginning = !runs.active && modelItems(models, runs).length === 0;
    return isBeginning && base.unanswered && setting('writing.base') !== 'none';
  }

  answerBase(allowed: boolean): Promise<void> {
    return this.needs.base.answer(allowed);
  }

  private async findBase(): Promise<void> {
    const document = vscode.window.activeTextEditor?.document;
    if (!this.asked || !document) return;
    const found = await this.needs.base.find(document);
    if (found === this.foundBase || document !== vscode.window.activeTextEditor?.document) return;
    this.foundBase = found;
    this.changed.fire();
  }
}

function modelItems(models: ModelStore, runs: TrainingRuns): ModelItem[] {
  const stored = itemsOf(models.known);
  const run = runs.active;
  if (!run?.latest || stored.some(({ path }) => path === run.modelPath)) return stored;
  const title = vscode.l10n.t('{0} (in training)', run.title);
  const text = run.text ?? baseText;
  return [{ path: run.modelPath, title, network: '', unit: text.unit, opening: openingOf(text) }, ...stored];
}
