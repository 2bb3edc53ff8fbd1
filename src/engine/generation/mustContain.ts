/**
 * Generates text that must contain certain words. Sampling until a rare word occurs by chance would take for ever, and
 * raising its probability distorts everything around it. So the model first writes freely, and each missing word is
 * inserted where it fits best: of all places between two words of the draft
 *
 *   argmax  ln p(word, and then its end | the text up to the place),
 *
 * and from there the model continues, until no word is missing. Only places that leave enough room for the other
 * missing words are considered.
 */
import type { SampleDelta, SamplingOptions } from '../../common/engineProtocol';
import { InklingError } from '../../common/errors';
import { sentence } from '../../common/l10n';
import { noToken } from '../backends/backend';
import { normaliseText } from '../corpus/normaliseText';
import { unknownWordId } from '../corpus/vocabulary';
import { Random } from '../random';
import { generate, type GenerationRequest, type GenerationResult, type GenerationTools } from './generator';
import { encodeText, silentTokens, type LanguageModel } from './languageModel';
import { createPredictor } from './createPredictor';
import type { Predictor } from './predictor';
import { prime } from './prime';
import { checkSamplingOptions, softmax } from './sampler';
import { StateCache } from './stateCache';

/** A token of the text, with the model's own probability of it. */
interface Piece {
  text: string;
  probability: number;
}

interface Wanted {
  /** As given by the user, after the model's normalisation. */
  text: string;
  ids: Uint16Array;
}

interface Placement {
  word: Wanted;
  /** Pieces of the draft that are kept before it. */
  at: number;
  /** The word, and for characters what ends it. */
  pieces: Piece[];
  score: number;
}

type Tools = GenerationTools & { predictor: Predictor; cache: StateCache };

/** Separates the seeds of further drafts from other random numbers with the same seed. */
const draftStream = 0x77726473;
/** Letters of scripts without spaces between words. */
const unspaced =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';
/** Letters that belong to the adjacent word. */
const joined = `[[\\p{L}\\p{M}\\p{N}]--[${unspaced}]]`;
/** Characters with which a word could continue. */
const continuesWord = new RegExp(`^(?:${joined}|['’\\-])`, 'v');
const needsNoEnd = new RegExp(`[${unspaced}]$`, 'u');
const betweenWords = new RegExp(`(?:^|[\\s${unspaced}])$`, 'u');

/**
 * Like `generate`, but a stream with `mustContain` contains each of its words as a separate word, regardless of case. If
 * there is such a stream, all streams are written one after another, and its deltas are larger pieces. Throws what
 * `generate` throws, and `invalidInput` for a word that the model cannot write or words that the length has no room for.
 */
export async function generateContaining(
  model: LanguageModel,
  request: GenerationRequest,
  tools: GenerationTools = {},
): Promise<GenerationResult> {
  const { streams, prompt } = request;
  if (!streams.some(hasRequiredWords)) return generate(model, request, tools);
  streams.forEach(checkSamplingOptions);
  const predictor = tools.predictor ?? createPredictor(model, { avoidsCopying: true });
  const own: Tools = { ...tools, predictor, cache: tools.cache ?? new StateCache(predictor.reach) };
  const began = performance.now();
  const results: GenerationResult[] = [];
  for (const [stream, options] of streams.entries()) {
    const start = typeof prompt === 'string' ? prompt : prompt[stream];
    const onDelta = (delta: SampleDelta): void => tools.onDelta?.({ ...delta, stream });
    const one = { prompt: start, streams: [options], details: request.details };
    results.push(
      await (hasRequiredWords(options)
        ? writeContaining(model, one, options, { ...own, onDelta })
        : generate(model, one, { ...own, onDelta })),
    );
  }
  const tokens = results.reduce((sum, result) => sum + result.tokens, 0);
  return {
    texts: results.flatMap(({ texts }) => texts),
    tokens,
    tokensPerSecond: (1000 * tokens) / (performance.now() - began),
    unknown: [...new Set(results.flatMap(({ unknown }) => unknown))],
  };
}

function hasRequiredWords({ mustContain }: SamplingOptions): boolean {
  return mustContain !== undefined && mustContain.length > 0;
}

async function writeContaining(
  model: LanguageModel,
  request: GenerationRequest & { prompt: string },
  options: SamplingOptions,
  tools: Tools,
): Promise<GenerationResult> {
  const { prompt, details } = request;
  const words = (options.mustContain ?? []).map((word) => wantedWord(model, word));
  // A word that was inserted is not missing, even if it is not between two words.
  const placed = new Set<Wanted>();
  const seeds = new Random(options.seed, draftStream);
  let kept = '';
  let left = options.length;
  let seed = options.seed;
  const send = (pieces: readonly Piece[]): void => {
    const text = pieces.map((piece) => piece.text).join('');
    kept += text;
    left -= pieces.length;
    const tokens = pieces.map((piece) => piece.text);
    const probabilities = pieces.map((piece) => piece.probability);
    if (text !== '') tools.onDelta?.({ stream: 0, text, ...(details && { tokens, probabilities }) });
  };
  for (;;) {
    const missing = words.filter((word) => !placed.has(word) && !contains(kept, word));
    const room = left - missing.reduce((sum, { ids }) => sum + ids.length + 2, 0);
    if (missing.length > 0 && room < 0) {
      throw new InklingError(
        'invalidInput',
        sentence('A text this short has no room for all these words: ask for a longer one.'),
      );
    }
    const draft: Piece[] = [];
    const onDelta = ({ text, tokens = [], probabilities = [] }: SampleDelta): void => {
      draft.push(...tokens.map((token, i) => ({ text: token, probability: probabilities[i] })));
      // Once every word is placed, the rest is generated freely.
      if (missing.length === 0) tools.onDelta?.({ stream: 0, text, ...(details && { tokens, probabilities }) });
    };
    // Only the last draft may continue beyond the length.
    const end = missing.length > 0 ? undefined : options.end;
    const free: SamplingOptions = { ...options, length: left, seed, end, mustContain: undefined };
    const { texts, unknown } = await generate(
      model,
      { prompt: prompt + kept, streams: [free], details: true },
      { ...tools, onDelta },
    );
    const lacking = missing.filter((word) => !contains(kept + texts[0], word));
    if (lacking.length === 0) {
      if (missing.length > 0) send(draft);
      else kept += texts[0];
      const tokens = missing.length > 0 ? options.length - left : options.length - left + draft.length;
      return { texts: [kept], tokens, tokensPerSecond: 0, unknown };
    }
    const limit = Math.floor(room / missing.length);
    const place = await bestPlace(model, prompt + kept, draft.slice(0, limit), lacking, tools);
    placed.add(place.word);
    send([...draft.slice(0, place.at), ...place.pieces]);
    seed = seeds.uint32();
  }
}

/** Throws `invalidInput` for a word that is unknown to the model, or has unknown characters. */
function wantedWord(model: LanguageModel, word: string): Wanted {
  const text = normaliseText(word.trim(), model.config.text);
  const ids = model.vocabulary.encode(text);
  if (ids.length === 0 || ids.includes(model.vocabulary.unit === 'word' ? unknownWordId : noToken)) {
    throw new InklingError(
      'invalidInput',
      model.vocabulary.unit === 'word'
        ? sentence('The model cannot write "{0}": it has never seen this word. Ask for words of its text.', word)
        : sentence(
            'The model cannot write "{0}": it has never seen some of its characters. Ask for words of its text.',
            word,
          ),
    );
  }
  return { text, ids };
}

function contains(text: string, { text: word }: Wanted): boolean {
  const literal = word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replace(/\s+/g, '\\s+');
  return new RegExp(`(?<!${joined})${literal}(?!${joined})`, 'iv').test(text);
}

/** The word and the place in the draft after `before` where it fits best. */
async function bestPlace(
  model: LanguageModel,
  before: string,
  draft: readonly Piece[],
  words: readonly Wanted[],
  tools: Tools,
): Promise<Placement> {
  const { predictor, cache, signal } = tools;
  const { vocabulary } = model;
  const size = predictor.contextSize;
  const classes = predictor.classes;

  // The text up to each position, and the positions where a word can be; in scripts without spaces, that is any.
  const texts = [before];
  for (const { text } of draft) texts.push(texts[texts.length - 1] + text);
  const all = texts.map((_, at) => at);
  const between = vocabulary.unit === 'word' ? all : all.filter((at) => betweenWords.test(texts[at]));
  const places = between.length > 0 ? between : all;

  const contexts = new Float32Array(places.length * size);
  const logits = new Float32Array(places.length * classes);
  for (const [row, at] of places.entries()) {
    // Each place costs only the steps from the previous one, thanks to the cache.
    const primed = await prime(model, predictor, encodeText(model, texts[at]).ids, cache, signal);
    contexts.set(primed.context, row * size);
    logits.set(primed.logits, row * classes);
  }

  let best: Placement | undefined;
  for (const word of words) {
    const { probabilities, ends } = readWord(model, word, contexts.slice(), logits.slice(), predictor);
    for (const [row, at] of places.entries()) {
      const own = probabilities[row];
      const end = ends[row];
      const score = own.reduce((sum, p) => sum + Math.log(p), Math.log(end?.all ?? 1));
      if (best && !(score > best.score)) continue;
      const space = vocabulary.unit === 'word' && !betweenWords.test(texts[at]);
      const pieces = [...word.ids].map((id, i) => ({
        text: (vocabulary.unit === 'word' && (i > 0 || space) ? ' ' : '') + vocabulary.tokenText(id),
        probability: own[i],
      }));
      if (end) pieces.push({ text: vocabulary.tokenText(end.token), probability: end.probability });
      best = { word, at, pieces, score };
    }
  }
  return best!;
}

/** The end of a word of characters: the most likely token that ends it, and the total probability of all that do. */
interface WordEnd {
  token: number;
  probability: number;
  all: number;
}

/**
 * The probabilities of a word's tokens after each of S contexts, and of its end, if it needs one. `contexts`,
 * [S, contextSize], and `logits`, [S, V], are overwritten.
 */
function readWord(
  { vocabulary }: LanguageModel,
  { text, ids }: Wanted,
  contexts: Float32Array,
  logits: Float32Array,
  predictor: Predictor,
): { probabilities: number[][]; ends: (WordEnd | undefined)[] } {
  const { classes } = predictor;
  const rows = contexts.length / predictor.contextSize;
  const silent = new Set(silentTokens(vocabulary));
  const probabilities: number[][] = Array.from({ length: rows }, () => []);
  const shares = new Float32Array(classes);
  for (const id of ids) {
    for (let row = 0; row < rows; row++) probabilities[row].push(softmax(logits, row * classes, shares)[id]);
    predictor.step(new Uint16Array(rows).fill(id), contexts, logits);
  }
  const ends = probabilities.map((_, row) => {
    if (vocabulary.unit === 'word' || needsNoEnd.test(text)) return undefined;
    softmax(logits, row * classes, shares);
    const end: WordEnd = { token: -1, probability: 0, all: 0 };
    for (let id = 0; id < classes; id++) {
      if (silent.has(id) || continuesWord.test(vocabulary.tokenText(id))) continue;
      end.all += shares[id];
      if (shares[id] > end.probability) Object.assign(end, { token: id, probability: shares[id] });
    }
    return end.token < 0 ? undefined : end;
  });
  return { probabilities, ends };
}
