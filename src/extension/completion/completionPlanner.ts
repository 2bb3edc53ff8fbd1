/**
 * Decides where a completion comes from, cheapest first: the user types what was suggested; an earlier answer still
 * fits; a pause, so that fast typing does not cause a request at every keystroke; a pending request will fit; a new
 * request to the engine. Independent of VS Code.
 */
import type { DocumentPlace } from '../../common/engineProtocol';
import { isCancelled } from '../../common/errors';
import type { Clock } from '../clock';
import { PrefixTrie } from './prefixTrie';
import { Refusals } from './refusals';

export interface CompletionQuery {
  /** Everything else that an answer depends on: the model and the settings. */
  context: string;
  /** Text before the cursor. */
  prefix: string;
  /** The end of `prefix` in the document, for the engine. */
  document?: DocumentPlace;
  /** Requested by the user, who wants something that was not offered yet. */
  manual: boolean;
}

export interface Wanted extends Pick<CompletionQuery, 'context' | 'document'> {
  alternatives: number;
}

export interface PlannerOptions {
  /** Suggestions for a prefix, best first; empty if the model is not sure of anything. */
  ask(prefix: string, wanted: Wanted, signal: AbortSignal): Promise<string[]>;
  clock: Clock;
  /** The minimum number of milliseconds between two automatic requests. */
  debounceMs(): number;
  /** Called with every failure; the planner then offers nothing. */
  onError(error: unknown): void;
}

const cachedAnswers = 250;
/** How many more to request each time the user asks at the same position. */
const manualAlternatives = 3;
const mostAlternatives = 15;
/** Separates the parts of a key. */
const separator = '\u0000';

interface Question {
  key: string;
  answer: Promise<string[]>;
  cancel(): void;
}

export class CompletionPlanner {
  private readonly cache = new PrefixTrie<string[]>(cachedAnswers);
  /** What was offered last, and everything else offered at the same position. */
  private shown: { key: string; text: string; all: Set<string> } | undefined;
  private inFlight: Question | undefined;
  private lastAskedAt = -Infinity;
  private readonly refusals = new Refusals();
  /** How often the user has asked at one position. */
  private asked = { key: '', times: 0 };

  constructor(private readonly options: PlannerOptions) {}

  /** Texts to offer at the cursor, best first. Never rejects; a cancelled query returns nothing. */
  async plan(query: CompletionQuery, signal: AbortSignal): Promise<string[]> {
    // What was learned from one document must not be offered in another.
    const { context, document, prefix } = query;
    const key = [context, document?.id, document?.beside, prefix].join(separator);
    this.refusals.moved(key);
    try {
      const found = query.manual ? await this.fresh(key, query, signal) : await this.usual(key, query, signal);
      if (signal.aborted) return [];
      const texts = query.manual ? found : found.filter((text) => !this.refusals.has(key, text));
      this.remember(key, texts);
      return texts;
    } catch (error) {
      if (!isCancelled(error)) this.options.onError(error);
      return [];
    }
  }

  /** Forgets all answers: the model, its weights or what is remembered changed. What was ignored remains so. */
  clear(): void {
    this.cache.clear();
    this.shown = undefined;
    this.inFlight?.cancel();
    this.inFlight = undefined;
  }

  private async usual(key: string, query: CompletionQuery, signal: AbortSignal): Promise<string[]> {
    const typed = this.shown && remainder(this.shown.key, this.shown.text, key);
    if (typed) return [typed];

    for (const { key: earlier, value } of this.cache.prefixesOf(key)) {
      const fitting = remainders(earlier, value, key);
      if (fitting.length > 0 || earlier === key) return fitting;
    }

    await this.pause(signal);
    if (signal.aborted) return [];

    const current = this.inFlight;
    if (current && key.startsWith(current.key)) {
      const fitting = remainders(current.key, await withoutFailure(current.answer), key);
      if (fitting.length > 0 || current.key === key || signal.aborted) return fitting;
    }
    return this.question(key, query, 1);
  }

  /** Something new, even if an answer is known: what was already offered here comes last. */
  private async fresh(key: string, query: CompletionQuery, signal: AbortSignal): Promise<string[]> {
    this.asked = { key, times: this.asked.key === key ? this.asked.times + 1 : 1 };
    const alternatives = Math.min(mostAlternatives, manualAlternatives * this.asked.times);
    const texts = await this.question(key, query, alternatives);
    if (signal.aborted || this.shown?.key !== key) return texts;
    const offered = this.shown.all;
    return [...texts.filter((text) => !offered.has(text)), ...texts.filter((text) => offered.has(text))];
  }

  /** Asks the engine. A request outlives the query that made it, so that the next keystroke can join it. */
  private question(key: string, query: CompletionQuery, alternatives: number): Promise<string[]> {
    this.inFlight?.cancel();
    this.lastAskedAt = this.options.clock.now();
    const controller = new AbortController();
    const answer = this.options
      .ask(query.prefix, { context: query.context, document: query.document, alternatives }, controller.signal)
      .then((texts) => {
        this.cache.set(key, texts);
        return texts;
      })
      .finally(() => {
        if (this.inFlight === question) this.inFlight = undefined;
      });
    const question: Question = { key, answer, cancel: () => controller.abort() };
    this.inFlight = question;
    return answer;
  }

  private pause(signal: AbortSignal): Promise<void> {
    const left = this.lastAskedAt + this.options.debounceMs() - this.options.clock.now();
    if (left <= 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const takeBack = this.options.clock.after(left, resolve);
      signal.addEventListener('abort', () => (takeBack(), resolve()), { once: true });
    });
  }

  private remember(key: string, texts: string[]): void {
    if (texts.length === 0) return;
    const all = this.shown?.key === key ? this.shown.all : new Set<string>();
    for (const text of texts) all.add(text);
    this.shown = { key, text: texts[0], all };
    this.refusals.offered(key, texts[0]);
  }
}

/** The rest of `text`, which was offered at `earlier`, now that the user is at `key`; undefined if it does not fit. */
function remainder(earlier: string, text: string, key: string): string | undefined {
  if (!key.startsWith(earlier)) return undefined;
  const typed = key.slice(earlier.length);
  return text.length > typed.length && text.startsWith(typed) ? text.slice(typed.length) : undefined;
}

function remainders(earlier: string, texts: readonly string[], key: string): string[] {
  return texts.flatMap((text) => remainder(earlier, text, key) ?? []);
}

/** The original query reports a failure; queries that joined simply ask again. */
function withoutFailure(answer: Promise<string[]>): Promise<string[]> {
  return answer.catch(() => []);
}
