/** The active classifier: the built-in spam detector, or one of the user's own; and its threshold. */
import * as fs from 'node:fs';
import type * as vscode from 'vscode';
import type { ClassifierRecord } from '../../common/classifierProtocol';
import { Emitter } from '../emitter';

const chosenKey = 'inkling.classifier';
const thresholdsKey = 'inkling.classifier.thresholds';

export class ActiveClassifier {
  private readonly changed = new Emitter<void>();
  readonly onDidChange = this.changed.event;
  private known: { path: string | undefined; record: Promise<ClassifierRecord> } | undefined;

  /** `describe` asks the engine for a classifier's record. */
  constructor(
    private readonly memory: vscode.Memento,
    private readonly describe: (path: string | undefined) => Promise<ClassifierRecord>,
  ) {}

  /** Undefined: the built-in one, also if the chosen one was deleted. */
  get path(): string | undefined {
    const chosen = this.memory.get<string>(chosenKey);
    return chosen !== undefined && fs.existsSync(chosen) ? chosen : undefined;
  }

  async use(path: string | undefined): Promise<void> {
    await this.memory.update(chosenKey, path);
    this.known = undefined;
    this.changed.fire();
  }

  /** Read once for each choice. Rejects as `describe` does, and tries again the next time. */
  record(): Promise<ClassifierRecord> {
    const { path } = this;
    if (this.known && this.known.path === path) return this.known.record;
    const known = { path, record: this.describe(path) };
    this.known = known;
    known.record.catch(() => {
      if (this.known === known) this.known = undefined;
    });
    return known.record;
  }

  /** The user's threshold instead of the classifier's own. */
  get threshold(): number | undefined {
    return this.thresholds()[this.path ?? ''];
  }

  async setThreshold(threshold: number | undefined): Promise<void> {
    const thresholds = { ...this.thresholds() };
    if (threshold === undefined) delete thresholds[this.path ?? ''];
    else thresholds[this.path ?? ''] = threshold;
    await this.memory.update(thresholdsKey, thresholds);
    this.changed.fire();
  }

  private thresholds(): Record<string, number> {
    return this.memory.get<Record<string, number>>(thresholdsKey) ?? {};
  }
}
