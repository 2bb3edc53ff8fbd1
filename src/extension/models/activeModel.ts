/**
 * The active model: the one chosen in this workspace, else the one last chosen anywhere, else the one being trained,
 * else the newest, else the shipped base of the document's language. A model being trained uses the latest weights
 * published by its run.
 */
import type * as vscode from 'vscode';
import { Emitter } from '../emitter';
import { noModel, tooShort } from '../remedies';
import type { DocumentBase } from './documentBase';
import type { ModelStore } from './modelStore';

const key = 'inkling.activeModel';

/** The model that is being trained here: it can write before it has a file. */
export interface ModelInTraining {
  /** Its path, once its run has published weights; undefined if nothing is being trained. */
  path(): string | undefined;
  onDidChange(listener: () => unknown): unknown;
}

export class ActiveModel {
  private readonly changed = new Emitter<string | undefined>();
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly workspaceState: vscode.Memento,
    private readonly globalState: vscode.Memento,
    private readonly models: ModelStore,
    private readonly training: ModelInTraining,
    private readonly base: Pick<DocumentBase, 'find' | 'needsText' | 'unanswered' | 'answer' | 'onDidChange'>,
  ) {
    base.onDidChange(() => this.changed.fire(this.path));
    training.onDidChange(() => {
      if (this.chosen === undefined) this.changed.fire(this.path);
    });
  }

  /** The path, or undefined; does not check whether the file still exists. */
  get path(): string | undefined {
    return this.chosen ?? this.training.path();
  }

  async use(path: string | undefined): Promise<void> {
    await this.workspaceState.update(key, path);
    await this.globalState.update(key, path);
    this.changed.fire(path);
  }

  /**
   * The path of an existing language model, or the name of the base that fits `document`. For explicit requests of the
   * user, which count as agreeing to a base. Throws `invalidInput` if there is none.
   */
  async require(document?: vscode.TextDocument): Promise<string> {
    const path = await this.find(document);
    if (path) return path;
    // A user who asks a model to write, or to mark what is surprising, has begun to use Inkling.
    if (document && this.base.unanswered) {
      await this.base.answer(true);
      const base = await this.base.find(document);
      if (base) return base;
    }
    throw document && this.base.needsText(document) ? tooShort() : noModel();
  }

  /** Like `require`, but undefined if there is none. */
  async find(document?: vscode.TextDocument): Promise<string | undefined> {
    const { chosen } = this;
    if (chosen && (await this.models.find(chosen))?.summary) return chosen;
    const training = this.training.path();
    if (training) return training;
    const usable = (await this.models.list()).find((entry) => entry.summary?.kind === 'language-model');
    return usable?.path ?? (document && this.base.find(document));
  }

  private get chosen(): string | undefined {
    return this.workspaceState.get<string>(key) ?? this.globalState.get<string>(key);
  }
}
