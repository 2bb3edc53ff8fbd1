/**
 * What to offer behind the cursor: the rest of the word, a short phrase, the rest of the sentence or of the line.
 *
 * The first draft is greedy; further ones are drawn at the asked temperature, all as one batch. A draft is then cut back
 * to the last end of a word up to which the model was sure enough: its confidence is the geometric mean of the
 * probabilities of its characters. So nothing is offered that ends in the middle of a word or in glued punctuation,
 * nothing that goes in circles, and nothing below the threshold.
 */
import type { CompletionRequest, CompletionResult } from '../../common/engineProtocol';
import { InklingError } from '../../common/errors';
import { TimeSlice } from '../timeSlice';
import { endBeforeLoop, endOfCompletion } from './completionExtent';
import { encodeText, silentTokens, type LanguageModel } from './languageModel';
import type { Predictor } from './predictor';
import { prime } from './prime';
import { probabilityOf, TokenSampler } from './sampler';
import type { StateCache } from './stateCache';

/** Characters before the cursor that are read when nothing is cached; what stands further up changes little. */
const contextCharacters = 512;
const maximumAlternatives = 16;
/** A draft that after so many characters is half as sure as it should be is given up: no end of it would do. */
const fairChance = 6;

/** A draft: its text, and for the end of every token where it stands and how likely the text up to there is. */
interface Draft {
  text: string;
  ends: { at: number; characters: number; logProbability: number }[];
}

/** Throws `invalidInput` for a request out of range, `cancelled`. */
export async function complete(
  model: LanguageModel,
  predictor: Predictor,
  request: CompletionRequest,
  cache?: StateCache,
  signal?: AbortSignal,
): Promise<CompletionResult> {
  const { alternatives, maximumLength } = request;
  if (!(Number.isInteger(alternatives) && alternatives >= 1 && alternatives <= maximumAlternatives)) {
    throw new InklingError('invalidInput', `Ask for 1 to ${maximumAlternatives} alternatives.`);
  }
  const began = performance.now();
  const { context, partial } = readBeforeCursor(model, request.prefix);
  const primed = await prime(model, predictor, encodeText(model, context).ids, cache, signal);
  const allowed = firstTokens(model, request.prefix, partial);
  const drafts: Draft[] = Array.from({ length: alternatives }, () => ({ text: '', ends: [] }));
  const silent = silentTokens(model.vocabulary);
  const samplers = drafts.map((_, i) => (i === 0 ? undefined : draftSampler(predictor.classes, request, i, silent)));

  const size = predictor.contextSize;
  let rows = drafts.map((_, i) => i);
  const contexts = new Float32Array(rows.length * size);
  for (const row of rows) contexts.set(primed.context, row * size);
  const tokens = new Uint16Array(rows.length);
  let stepsRun = primed.steps;
  const logits = new Float32Array(rows.length * predictor.classes);
  logits.set(primed.logits);
  const slice = new TimeSlice(signal);
  for (let length = 0; length < maximumLength && rows.length > 0; length++) {
    const first = length === 0;
    const going: number[] = [];
    rows.forEach((i, row) => {
      const offset = first ? 0 : row * predictor.classes;
      const answer = logits.subarray(offset, offset + predictor.classes);
      const choice = choose(answer, silent, samplers[i], first ? allowed : undefined);
      if (!choice) return;
      append(model, drafts[i], choice, first ? partial : '', request.prefix);
      if (endOfCompletion(request.extent, drafts[i].text, model.vocabulary.unit) !== undefined) return;
      if (isHopeless(drafts[i], request.minimumConfidence)) return;
      const to = going.length;
      tokens[to] = choice.token;
      contexts.copyWithin(to * size, row * size, (row + 1) * size);
      going.push(i);
    });
    rows = going;
    if (rows.length === 0 || length + 1 === maximumLength) break;
    if (slice.isOver) await slice.renew();
    predictor.step(
      tokens.subarray(0, rows.length),
      contexts.subarray(0, rows.length * size),
      logits.subarray(0, rows.length * predictor.classes),
    );
    stepsRun++;
  }

  const items = new Map<string, number>();
  for (const draft of drafts) {
    const item = cutBack(model, draft, request);
    if (item && !items.has(item.text)) items.set(item.text, item.confidence);
  }
  return {
    items: [...items].map(([text, confidence]) => ({ text, confidence })).sort((a, b) => b.confidence - a.confidence),
    engineMs: performance.now() - began,
    stepsRun,
  };
}

/** The text to read, and, for a model of words, the word that stands half written at the cursor. */
function readBeforeCursor(model: LanguageModel, prefix: string): { context: string; partial: string } {
  let from = Math.max(0, prefix.length - contextCharacters);
  // Not between the two halves of a code point.
  if ((prefix.charCodeAt(from) & 0xfc00) === 0xdc00) from++;
  const context = prefix.slice(from);
  if (model.vocabulary.unit === 'character') return { context, partial: '' };
  const partial = /[\p{L}\p{M}\p{N}'’]*$/u.exec(context)![0];
  return { context: context.slice(0, context.length - partial.length), partial };
}

/** Which tokens may come first: no second space behind one, and for half a word only what continues it. */
function firstTokens(model: LanguageModel, prefix: string, partial: string): Uint8Array | undefined {
  const { vocabulary } = model;
  const allowed = new Uint8Array(vocabulary.size).fill(1);
  if (vocabulary.unit === 'character') {
    if (prefix !== '' && !/\s$/u.test(prefix)) return undefined;
    for (let id = 0; id < allowed.length; id++) if (/^\s/u.test(vocabulary.tokenText(id))) allowed[id] = 0;
    return allowed;
  }
  if (partial === '') return undefined;
  const begun = partial.toLowerCase();
  for (let id = 0; id < allowed.length; id++) {
    const word = vocabulary.tokenText(id);
    if (word.length <= begun.length || !word.startsWith(begun)) allowed[id] = 0;
  }
  return allowed;
}

function draftSampler(classes: number, request: CompletionRequest, i: number, silent: number[]): TokenSampler {
  return new TokenSampler(
    classes,
    { temperature: request.temperature, topP: 0.95, seed: request.seed + i, length: 1 },
    silent,
  );
}

/** The next token of a draft with its probability, among those allowed; undefined where none is. */
function choose(
  logits: Float32Array,
  silent: number[],
  sampler: TokenSampler | undefined,
  allowed: Uint8Array | undefined,
): { token: number; probability: number } | undefined {
  const open = logits.slice();
  for (const id of silent) open[id] = -Infinity;
  if (allowed) for (let id = 0; id < open.length; id++) if (!allowed[id]) open[id] = -Infinity;
  let best = 0;
  for (let id = 1; id < open.length; id++) if (open[id] > open[best]) best = id;
  if (open[best] === -Infinity) return undefined;
  const token = sampler ? sampler.next(open) : best;
  return { token, probability: probabilityOf(token, open, 0, open.length) };
}

/** Adds a token to a draft. Of the first word only what is not yet written; between words stands a space. */
function append(
  model: LanguageModel,
  draft: Draft,
  { token, probability }: { token: number; probability: number },
  partial: string,
  prefix: string,
): void {
  const whole = model.vocabulary.tokenText(token);
  let piece = whole.slice(partial.length);
  if (model.vocabulary.unit === 'word' && partial === '') {
    const before = draft.text || prefix;
    if (before !== '' && !/\s$/u.test(before)) piece = ` ${whole}`;
  }
  const last = draft.ends.at(-1) ?? { characters: 0, logProbability: 0 };
  draft.text += piece;
  draft.ends.push({
    at: draft.text.length,
    characters: last.characters + [...piece].length,
    logProbability: last.logProbability + Math.log(probability),
  });
}

function isHopeless({ ends }: Draft, minimumConfidence: number): boolean {
  const { characters, logProbability } = ends[ends.length - 1];
  return characters >= fairChance && logProbability / characters < Math.log(minimumConfidence / 2);
}

/** The longest beginning of a draft that ends well and of which the model is sure enough. */
function cutBack(
  model: LanguageModel,
  draft: Draft,
  request: CompletionRequest,
): { text: string; confidence: number } | undefined {
  const { unit } = model.vocabulary;
  const complete = endOfCompletion(request.extent, draft.text, unit) ?? draft.text.length;
  const end = Math.min(complete, endBeforeLoop(request.prefix.slice(-contextCharacters), draft.text));
  for (let i = draft.ends.length - 1; i >= 0; i--) {
    const { at, characters, logProbability } = draft.ends[i];
    if (at > end || !(at === end || unit === 'word' || endsWord(draft.text, at))) continue;
    const text = draft.text.slice(0, at);
    if (!endsWell(text, request.extent)) continue;
    // The draft was cut off here: whether its last word is whole is not known.
    if (unit === 'character' && at === draft.text.length && letter.test(text)) continue;
    const confidence = Math.exp(logProbability / characters);
    if (confidence >= request.minimumConfidence) return { text, confidence };
  }
  return undefined;
}

const letter = /[\p{L}\p{M}\p{N}]$/u;
const closedSentence = /[.!?…]["”’'»)\]]*$/u;

/** Whether a word ends at `at`, which an apostrophe or a hyphen does not show. */
function endsWord(text: string, at: number): boolean {
  return letter.test(text.slice(0, at)) && !/^[\p{L}\p{M}\p{N}'’-]/u.test(text.slice(at));
}

function endsWell(text: string, extent: CompletionRequest['extent']): boolean {
  if (letter.test(text)) return true;
  return (extent === 'sentence' || extent === 'line') && closedSentence.test(text);
}
