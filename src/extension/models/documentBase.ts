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
/** A document's language is that of this many characters at its beginning. */
const beginningCharacters = 5000;
/** The number of places at which a beginning is compared with an earlier one, and the characters compared at each. */
const places = 8;
const placeCharacters = 20;

export interface DocumentBaseOptions {
  engine: EngineCaller;
  globalState: vscode.Memento;
  /** `auto`, `none`, or the language of a base. */
  wanted(document: vscode.TextDocument): string;
  onError(message: string): void;
}

interface Found {
  /** The document's version when it was last compared with `beginning`. */
  version: number;
  /** What was read. It is read again when the document has become twice as long, or other text stands there. */
  beginning: string;
  language: Promise<string | null>;
}

export class DocumentBase {
  private readonly changed = new Emitter<void>();
  /** Fires when the user has answered, and when another base, or none any more, fits a document. */
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
    if (wanted === 'none' || this.unanswered) return undefined;
    // Whoever first wanted no base and then names one in the settings wants that one.
    if (wanted === 'auto' && !this.options.globalState.get<boolean>(key)) return undefined;
    const language = wanted === 'auto' ? await this.languageOf(document) : wanted;
    return language === null ? undefined : baseName(language);
  }

  /** Whether a document has no base only because it is too short to tell its language. */
  needsText(document: vscode.TextDocument): boolean {
    const isAllowed = this.options.globalState.get<boolean>(key) ?? false;
    return isAllowed && this.options.wanted(document) === 'auto' && document.getText().length < fewestToChoose;
  }

  private languageOf(document: vscode.TextDocument): Promise<string | null> {
    const known = this.found.get(document);
    const { version } = document;
    if (known?.version === version) return known.language;
    const beginning = document.getText().slice(0, beginningCharacters);
    if (known && beginning.length < 2 * known.beginning.length && isStillThere(known.beginning, beginning)) {
      known.version = version;
      return known.language;
    }
    const language = beginning.length < fewestToChoose ? Promise.resolve(null) : this.read(document, beginning);
    this.found.set(document, { version, beginning, language });
    if (known) void this.announce(known.language, language);
    return language;
  }

  private read(document: vscode.TextDocument, text: string): Promise<string | null> {
    return this.options.engine.call('chooseBase', { text }).then(
      (choice) => choice.language,
      (error: unknown) => {
        this.found.delete(document);
        this.options.onError(asInklingError(error).message);
        return null;
      },
    );
  }

  private async announce(before: Promise<string | null>, now: Promise<string | null>): Promise<void> {
    if ((await before) !== (await now)) this.changed.fire();
  }
}

/** Whether at least half of the text that was read is still there, as far as samples of it tell. */
function isStillThere(read: string, now: string): boolean {
  let kept = 0;
  for (let place = 0; place < places; place++) {
    const start = Math.floor((place * read.length) / places);
    if (now.includes(read.slice(start, start + placeCharacters))) kept++;
  }
  return 2 * kept >= places;
}
