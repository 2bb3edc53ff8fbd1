/**
 * The shipped base that writes in a document while the user has no model: the one for the document's language, if there
 * is one. The engine finds it by reading the beginning of the text, but not before the user has agreed, which the Studio
 * asks once.
 */
import type * as vscode from 'vscode';
import { baseName, fewestToChoose } from '../../common/bases';
import { asInklingError } from '../../common/errors';
import { Emitter } from '../emitter';
import type { EngineCaller } from '../engineHost/engineClient';

/** True or false: the user's answer. Earlier versions noted here that the Studio had been opened. */
const key = 'inkling.hasBeenOpened';
/** The number of characters that the engine reads; a shorter document is read again as it grows, up to this length. */
const readCharacters = 5000;

export interface DocumentBaseOptions {
  engine: EngineCaller;
  globalState: vscode.Memento;
  /** `auto`, `none`, or the language of a base. */
  wanted(document: vscode.TextDocument): string;
  onError(message: string): void;
}

interface Found {
  /** The number of characters of the document that were read. */
  read: number;
  language: Promise<string | null>;
}

export class DocumentBase {
  private readonly changed = new Emitter<void>();
  /** Fires when the user has answered. */
  readonly onDidChange = this.changed.event;
  private readonly found = new WeakMap<vscode.TextDocument, Found>();

  constructor(private readonly options: DocumentBaseOptions) {}

  /** Whether the user has not yet said if a base may write. */
  get unanswered(): boolean {
    return this.options.globalState.get<boolean>(key) === undefined;
  }

  /** The user's answer: whether a base may write where they have no model. */
  async answer(allowed: boolean): Promise<void> {
    const { globalState } = this.options;
    if (globalState.get<boolean>(key) === allowed) return;
    await globalState.update(key, allowed);
    this.changed.fire();
  }

  /**
   * The name of the base that writes in a document, in the form in which a request takes it; undefined if there is
   * none. Never rejects.
   */
  async find(document: vscode.TextDocument): Promise<string | undefined> {
    const wanted = this.options.wanted(document);
    if (wanted === 'none' || !this.options.globalState.get<boolean>(key)) return undefined;
    const language = wanted === 'auto' ? await this.languageOf(document) : wanted;
    return language === null ? undefined : baseName(language);
  }

  private languageOf(document: vscode.TextDocument): Promise<string | null> {
    const known = this.found.get(document);
    if (known?.read === readCharacters) return known.language;
    const text = document.getText().slice(0, readCharacters);
    if (known && text.length < 2 * known.read) return known.language;
    if (text.length < fewestToChoose) return Promise.resolve(null);
    const language = this.options.engine.call('chooseBase', { text }).then(
      (choice) => choice.language,
      (error: unknown) => {
        this.found.delete(document);
        this.options.onError(asInklingError(error).message);
        return null;
      },
    );
    this.found.set(document, { read: text.length, language });
    return language;
  }
}
