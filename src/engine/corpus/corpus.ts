/**
 * Turns texts into one array of token ids that keeps the file boundaries, plus a table of examples if every line (or
 * every prefix of one) is an example. A text takes no other form: batches are cut from the ids.
 *
 * Memory for a text of n characters: the text itself, and n bytes (2 n beyond 255 different tokens).
 */
import { createHash } from 'node:crypto';
import { InklingError } from '../../common/errors';
import { sentence, type Sentence } from '../../common/l10n';
import { settingsToChange } from '../../common/trainingConfigRules';
import type { TextConfig } from '../../common/trainingConfig';
import { noToken } from '../backends/backend';
import { normalisedPieces } from './normaliseText';
import type { NamedText } from './readTextFile';
import { TokenCounter, unknownWordId, type Vocabulary } from './vocabulary';

/** Token ids in one byte or two. A character outside the vocabulary is `noToken` in two bytes and 255 in one. */
export type TokenIds = Uint8Array | Uint16Array;

/** Tokens from `start` up to, not including, `end`. */
export interface Span {
  start: number;
  end: number;
}

/** Examples as token spans. Lines end with the newline's id, line prefixes with the word to predict. */
export interface ExampleTable {
  starts: Uint32Array;
  ends: Uint32Array;
}

export interface Corpus {
  readonly config: TextConfig;
  readonly vocabulary: Vocabulary;
  readonly ids: TokenIds;
  /** The files in order, each with its tokens; files without a token are left out. */
  readonly files: readonly (Span & { name: string })[];
  /** Null for `examples: 'text'`. */
  readonly examples: ExampleTable | null;
  /** SHA-256, hexadecimal, of the normalised texts. */
  readonly hash: string;
  /** Tokens of the text that are not in the vocabulary. */
  readonly unknownTokens: number;
}

/** Hashed after each text: "ab" is not "a" and "b". */
const textBoundary = '\0';

/**
 * The corpus of one or more texts. If a `vocabulary` is given (that of a model to train further), its ids are used;
 * otherwise one is built from the texts. `config` must be valid. Throws `invalidInput` for texts with nothing to learn
 * from, and `incompatibleModel` if they do not fit the vocabulary.
 */
export function buildCorpus(texts: readonly NamedText[], config: TextConfig, vocabulary?: Vocabulary): Corpus {
  if (vocabulary && vocabulary.unit !== config.unit) {
    throw new InklingError(
      'incompatibleModel',
      `The model's tokens are ${vocabulary.unit}s, the settings ask for ${config.unit}s: set text.unit=${vocabulary.unit}.`,
    );
  }

  const counter = new TokenCounter(config.unit);
  const hash = createHash('sha256');
  const tokensOf = texts.map(({ text }) => {
    const before = counter.tokens;
    for (const piece of piecesOf(text, config)) {
      counter.add(piece);
      hash.update(piece);
    }
    hash.update(textBoundary);
    return counter.tokens - before;
  });
  checkLength(texts, texts.some(({ text }) => /\S/.test(text)) ? counter.tokens : 0, config);

  vocabulary ??= counter.vocabulary();
  const ids = vocabulary.size <= 255 ? new Uint8Array(counter.tokens) : new Uint16Array(counter.tokens);
  const files: (Span & { name: string })[] = [];
  const prefixes: { starts: number[]; ends: number[] } = { starts: [], ends: [] };
  let at = 0;
  texts.forEach(({ name, text }, f) => {
    if (tokensOf[f] === 0) return;
    const start = at;
    for (const piece of piecesOf(text, config)) {
      if (config.examples === 'line-prefixes') at = encodeLines(piece, vocabulary, ids, at, prefixes, config);
      else at = vocabulary.encodeInto(piece, ids, at);
    }
    files.push({ name, start, end: at });
  });

  let examples: ExampleTable | null = null;
  if (config.examples === 'lines') examples = findLines(ids, files, vocabulary, config);
  if (config.examples === 'line-prefixes') {
    examples = { starts: Uint32Array.from(prefixes.starts), ends: Uint32Array.from(prefixes.ends) };
  }
  if (examples && examples.starts.length < 2) {
    const wanted = config.examples === 'lines' ? 'lines that are not blank' : 'lines of two or more words';
    const runningText = {
      'text.examples': 'text',
      'text.maximumExamples': 'none',
      // Lines are trained with a loss at every step, which needs contiguous text.
      ...(config.examples === 'lines' && config.heldOut.kind === 'random' && { 'text.heldOut.kind': 'tail' }),
    };
    throw new InklingError(
      'invalidInput',
      `Fewer than two examples were found; ${config.examples} needs ${wanted}. For running text set ${settingsToChange({ text: config }, runningText)}.`,
    );
  }
  return {
    config,
    vocabulary,
    ids,
    files,
    examples,
    hash: hash.digest('hex'),
    unknownTokens: countUnknown(ids, vocabulary),
  };
}

/** The `hash` that a corpus of these texts would have. */
export function hashTexts(texts: readonly { text: string }[], config: TextConfig): string {
  const hash = createHash('sha256');
  for (const { text } of texts) {
    for (const piece of piecesOf(text, config)) hash.update(piece);
    hash.update(textBoundary);
  }
  return hash.digest('hex');
}

/** How often each token of the vocabulary occurs in a corpus, by id. */
export function countTokens({ ids, vocabulary }: Corpus): number[] {
  const counts = new Array<number>(vocabulary.size).fill(0);
  for (const id of ids) if (id < counts.length) counts[id]++;
  return counts;
}

/** The value in `ids` of a character outside the vocabulary. */
export function unknownIn(ids: TokenIds): number {
  return ids.BYTES_PER_ELEMENT === 1 ? noToken & 0xff : noToken;
}

/** The normalised text. If lines are examples, the last one also ends with a newline. */
function* piecesOf(text: string, config: TextConfig): Generator<string> {
  yield* normalisedPieces(text, config);
  if (config.examples === 'lines' && text.length > 0 && !/[\r\n]$/.test(text.slice(-1))) yield '\n';
}

const tooFew: Record<TextConfig['unit'], Sentence> = {
  character: sentence('One character is not enough. Choose a text of at least a few thousand characters.'),
  word: sentence('One word is not enough. Choose a text of at least a few thousand characters.'),
};

function checkLength(texts: readonly { name: string }[], tokens: number, config: TextConfig): void {
  if (tokens >= 2) return;
  if (tokens === 1) throw new InklingError('invalidInput', tooFew[config.unit]);
  throw new InklingError(
    'invalidInput',
    texts.length === 1
      ? sentence(
          '{0} is empty: there is nothing to learn from. Choose a text of at least a few thousand characters.',
          texts[0].name,
        )
      : sentence(
          'The texts are empty: there is nothing to learn from. Choose a text of at least a few thousand characters.',
        ),
  );
}

/**
 * Encodes a piece of whole lines and records every prefix of two or more words. Returns the index after the last token.
 */
function encodeLines(
  piece: string,
  vocabulary: Vocabulary,
  ids: TokenIds,
  at: number,
  prefixes: { starts: number[]; ends: number[] },
  config: TextConfig,
): number {
  for (const line of piece.split('\n')) {
    const start = at;
    at = vocabulary.encodeInto(line, ids, at);
    for (let end = start + 2; end <= at; end++) {
      if (prefixes.starts.length >= (config.maximumExamples ?? Infinity)) break;
      prefixes.starts.push(start);
      prefixes.ends.push(end);
    }
  }
  return at;
}

/** Every line that is not blank, with its newline. */
function findLines(ids: TokenIds, files: readonly Span[], vocabulary: Vocabulary, config: TextConfig): ExampleTable {
  const newline = vocabulary.idOf('\n');
  if (newline === noToken) {
    throw new InklingError(
      'incompatibleModel',
      'The model knows no newline, so it cannot learn where a line ends: train a new model on these lines.',
    );
  }
  const isSpace = Uint8Array.from({ length: vocabulary.size }, (_, id) => (vocabulary.tokenText(id).trim() ? 0 : 1));
  const starts: number[] = [];
  const ends: number[] = [];
  for (const file of files) {
    let start = file.start;
    let blank = true;
    for (let i = file.start; i < file.end && starts.length < (config.maximumExamples ?? Infinity); i++) {
      if (!isSpace[ids[i]]) blank = false;
      if (ids[i] !== newline) continue;
      if (!blank) {
        starts.push(start);
        ends.push(i + 1);
      }
      start = i + 1;
      blank = true;
    }
  }
  return { starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) };
}

function countUnknown(ids: TokenIds, vocabulary: Vocabulary): number {
  const unknown = vocabulary.unit === 'word' ? unknownWordId : unknownIn(ids);
  let count = 0;
  for (let i = 0; i < ids.length; i++) if (ids[i] === unknown) count++;
  return count;
}
