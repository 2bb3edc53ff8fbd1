/**
 * The wall: one prompt continued at several temperatures side by side, or two prompts at one temperature. The host owns
 * its state, so that a hidden or reloaded page loses nothing; host and page apply the same actions with the same
 * reducer, and only actions are sent between them.
 */
import type { CopyReport, SamplingOptions } from './engineProtocol';

export interface WallColumn {
  /** Unique for the lifetime of a wall; never reused. */
  id: number;
  /** If it is not the wall's. */
  prompt?: string;
  options: SamplingOptions;
  /**
   * Text between the prompt and the text generated in this column: empty, or what a branch inherited from its parent.
   */
  lead: string;
  text: string;
  /** Lengths of the tokens of `text` in UTF-16 units, with the model's own probability of each (T = 1; -1: not known). */
  lengths: number[];
  probabilities: number[];
  state: 'writing' | 'done' | 'failed';
  message?: string;
  copy?: CopyReport;
}

export interface Wall {
  modelPath: string;
  modelTitle: string;
  prompt: string;
  columns: WallColumn[];
  nextId: number;
}

export type WallAction =
  | {
      kind: 'generate';
      modelPath: string;
      modelTitle: string;
      prompt: string;
      /** One for each stream, if they differ. */
      prompts?: string[];
      streams: SamplingOptions[];
    }
  | { kind: 'delta'; column: number; text: string; tokens?: string[]; probabilities?: number[] }
  /** `length`: how much of the text stays, so that it ends with a word; all of it if left out. */
  | { kind: 'finished'; column: number; copy?: CopyReport; length?: number }
  | { kind: 'failed'; column: number; message: string }
  /** A new column beside `column`: its text up to `offset`, then `token`, then generated text. */
  | { kind: 'branch'; column: number; offset: number; token: string }
  | { kind: 'close'; column: number };

export const maximumColumns = 8;
/** In UTF-16 units. */
const longestWord = 40;
/** JSON, which carries the messages, has no NaN. */
const unknownProbability = -1;

export function emptyWall(): Wall {
  return { modelPath: '', modelTitle: '', prompt: '', columns: [], nextId: 1 };
}

/** The wall after an action. Actions on removed columns (a late delta) have no effect. */
export function reduceWall(wall: Wall, action: WallAction): Wall {
  switch (action.kind) {
    case 'generate': {
      const columns = action.streams
        .slice(0, maximumColumns)
        .map((options, i) => newColumn(wall.nextId + i, options, '', action.prompts?.[i]));
      return {
        modelPath: action.modelPath,
        modelTitle: action.modelTitle,
        prompt: action.prompt,
        columns,
        nextId: wall.nextId + columns.length,
      };
    }
    case 'delta':
      return change(wall, action.column, (column) => ({
        ...column,
        text: column.text + action.text,
        ...tokensOf(column, action.text, action.tokens, action.probabilities),
      }));
    case 'finished':
      return change(wall, action.column, (column) => ({
        ...(action.length === undefined ? column : shortened(column, action.length)),
        state: 'done',
        copy: action.copy,
      }));
    case 'failed':
      return change(wall, action.column, (column) => ({ ...column, state: 'failed', message: action.message }));
    case 'branch': {
      const at = wall.columns.findIndex((column) => column.id === action.column);
      if (at < 0) return wall;
      const parent = wall.columns[at];
      const kept = parent.text.slice(0, action.offset);
      const remaining = Math.max(1, parent.options.length - tokensBefore(parent, action.offset) - 1);
      const options = { ...parent.options, length: remaining };
      const branch = newColumn(wall.nextId, options, parent.lead + kept + action.token, parent.prompt);
      const columns = [...wall.columns.slice(0, at + 1), branch, ...wall.columns.slice(at + 1)];
      // Makes room for one more: removes the last column that is neither the branch nor its parent.
      if (columns.length > maximumColumns) columns.splice(at + 2 < columns.length ? columns.length - 1 : 0, 1);
      return { ...wall, columns, nextId: wall.nextId + 1 };
    }
    case 'close':
      return { ...wall, columns: wall.columns.filter((column) => column.id !== action.column) };
  }
}

/** What a column continues. */
export function promptOf(wall: Wall, column: WallColumn): string {
  return column.prompt ?? wall.prompt;
}

/** The token that covers `offset` (UTF-16 units within the column's own text): its start and length. */
export function tokenAt(column: WallColumn, offset: number): { start: number; length: number } | undefined {
  let start = 0;
  for (const length of column.lengths) {
    if (offset < start + length) return { start, length };
    start += length;
  }
  return undefined;
}

/**
 * How much of a finished sample to keep, in UTF-16 units: all but a word that was cut off at its end. A long run of
 * letters is a script without spaces, or no word at all, and stays; so does a word that the sample had to contain.
 */
export function wholeLength(text: string, mustContain: readonly string[] = []): number {
  const last = /[\p{L}\p{M}\p{N}'’-]+$/u.exec(text);
  if (!last || last[0].length > longestWord || last.index === 0) return text.length;
  const wanted = (word: string): boolean => text.toLowerCase().endsWith(word.toLowerCase());
  return mustContain.some(wanted) ? text.length : text.slice(0, last.index).trimEnd().length;
}

/** Where the requested words occur in a sample, as whole words, ignoring case. */
export function wantedRanges(text: string, mustContain: readonly string[] = []): { start: number; end: number }[] {
  return mustContain.flatMap((word) => {
    const escaped = word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    const pattern = new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, 'giu');
    return [...text.matchAll(pattern)].map(({ index }) => ({ start: index, end: index + word.length }));
  });
}

/** The column with the first `length` units of its text. */
function shortened(column: WallColumn, length: number): WallColumn {
  const lengths: number[] = [];
  let rest = length;
  for (const whole of column.lengths) {
    if (rest <= 0) break;
    lengths.push(Math.min(whole, rest));
    rest -= whole;
  }
  return {
    ...column,
    text: column.text.slice(0, length),
    lengths,
    probabilities: column.probabilities.slice(0, lengths.length),
  };
}

function newColumn(id: number, options: SamplingOptions, lead: string, prompt: string | undefined): WallColumn {
  const own = prompt === undefined ? {} : { prompt };
  return { id, ...own, options, lead, text: '', lengths: [], probabilities: [], state: 'writing' };
}

function change(wall: Wall, id: number, edit: (column: WallColumn) => WallColumn): Wall {
  if (!wall.columns.some((column) => column.id === id)) return wall;
  return { ...wall, columns: wall.columns.map((column) => (column.id === id ? edit(column) : column)) };
}

/** A delta whose tokens do not add up to its text (no details requested) is one piece of unknown probability. */
function tokensOf(
  column: WallColumn,
  text: string,
  tokens: string[] = [],
  probabilities: number[] = [],
): Pick<WallColumn, 'lengths' | 'probabilities'> {
  const lengths = tokens.map((token) => token.length);
  const whole = lengths.reduce((sum, length) => sum + length, 0);
  if (whole !== text.length || probabilities.length !== lengths.length) {
    const characters = Array.from(text);
    return {
      lengths: column.lengths.concat(characters.map((character) => character.length)),
      probabilities: column.probabilities.concat(characters.map(() => unknownProbability)),
    };
  }
  return { lengths: column.lengths.concat(lengths), probabilities: column.probabilities.concat(probabilities) };
}

function tokensBefore(column: WallColumn, offset: number): number {
  let count = 0;
  for (let start = 0; count < column.lengths.length && start < offset; count++) start += column.lengths[count];
  return count;
}
