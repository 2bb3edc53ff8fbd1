/**
 * What the user writes, remembered where the setting allows it: noted in the journal whenever a document is saved, and
 * known to the engine while other documents are written.
 */
import * as vscode from 'vscode';
import { asInklingError } from '../../common/errors';
import type { Clock } from '../clock';
import { Disposables } from '../dispose';
import type { EngineCaller } from '../engineHost/engineClient';
import type { ActiveModel } from '../models/activeModel';
import type { Journal, Passage } from './journal';

/** The collection of remembered texts in the engine. */
const collection = 'remembered';

/** A passage is measured when nothing of it has been saved for this long. */
const measureAfterMs = 20_000;
/** The number of characters of a passage that are measured. */
const measuredCharacters = 4000;

export interface RememberedWritingOptions {
  journal: Journal;
  /** `pid` is undefined while no engine runs. */
  engine: EngineCaller & { readonly pid: number | undefined };
  active: Pick<ActiveModel, 'find'>;
  clock: Clock;
  /** Whether the user allows what is written in the document to be remembered. */
  isRemembered(document: vscode.TextDocument): boolean;
  onError(message: string): void;
}

export class RememberedWriting extends Disposables {
  /**
   * The lines of each open document when it was opened, when the user allowed it to be remembered, or when something was
   * forgotten.
   */
  private readonly opened = new Map<string, ReadonlySet<string>>();
  /** The process that knows the current texts; undefined when they have changed since. */
  private pid: number | undefined;
  private stopMeasuring = (): void => undefined;

  constructor(private readonly options: RememberedWritingOptions) {
    super();
    const { workspace } = vscode;
    this.add(workspace.onDidOpenTextDocument((document) => this.begin(document)));
    this.add(workspace.onDidCloseTextDocument(({ uri }) => this.opened.delete(uri.toString())));
    this.add(workspace.onDidSaveTextDocument((document) => void this.save(document)));
    this.add(
      workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('inkling.writing.learn')) this.beginAll();
      }),
    );
    this.add(options.journal.onDidChange(() => (this.pid = undefined)));
    this.add(
      options.journal.onDidForget(() => {
        this.opened.clear();
        this.beginAll();
      }),
    );
    this.add(
      workspace.onDidRenameFiles(async ({ files }) => {
        for (const { oldUri, newUri } of files) {
          await options.journal.moved(oldUri.toString(), newUri.toString()).catch((error: unknown) => this.fail(error));
        }
      }),
    );
    this.add({ dispose: () => this.stopMeasuring() });
    this.beginAll();
  }

  /**
   * The collection of what is remembered. The engine may not know it yet: it is told, but its answer is not awaited.
   */
  collection(): string {
    const { engine } = this.options;
    if (this.pid === undefined || this.pid !== engine.pid) {
      this.send().catch((error: unknown) => this.fail(error));
    }
    return collection;
  }

  private async send(): Promise<void> {
    const { engine, journal } = this.options;
    const known = engine.call('knowTexts', { collection, texts: journal.texts() });
    this.pid = engine.pid;
    await known;
  }

  private beginAll(): void {
    for (const document of vscode.workspace.textDocuments) this.begin(document);
  }

  private begin(document: vscode.TextDocument): void {
    const uri = document.uri.toString();
    if (!this.options.isRemembered(document)) this.opened.delete(uri);
    else if (!this.opened.has(uri)) this.opened.set(uri, new Set(linesOf(document)));
  }

  private async save(document: vscode.TextDocument): Promise<void> {
    const { journal, clock, isRemembered } = this.options;
    const uri = document.uri.toString();
    const before = this.opened.get(uri);
    if (!before || !isRemembered(document)) return;
    try {
      await journal.note(uri, before, linesOf(document), Date.now());
    } catch (error) {
      return this.fail(error);
    }
    const last = journal.all().at(-1);
    this.stopMeasuring();
    if (last?.document !== uri || last.added.length === 0) return;
    this.stopMeasuring = clock.after(measureAfterMs, () => {
      this.measure(last, document).catch((error: unknown) => this.fail(error));
    });
  }

  private async measure({ id, document, added }: Passage, opened: vscode.TextDocument): Promise<void> {
    const { engine, active, journal } = this.options;
    const modelPath = await active.find(opened);
    if (!modelPath) return;
    await this.send();
    const text = added.join('\n').slice(0, measuredCharacters);
    const bits = await engine.call('measureBeside', { modelPath, text, collection, except: document });
    if (bits) await journal.measured(id, bits);
  }

  private fail(error: unknown): void {
    this.pid = undefined;
    this.options.onError(asInklingError(error).message);
  }
}

function linesOf(document: vscode.TextDocument): string[] {
  return document.getText().split(/\r?\n/);
}
