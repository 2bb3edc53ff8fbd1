/**
 * The candidates for an offer at a cursor: texts that end at the end of a word or a sentence, each with the probability
 * that exactly this text comes next. The end counts: "the" is right only if the word ends there.
 */
import type { CompletionRequest } from '../../common/engineProtocol';
import type { Vocabulary } from '../corpus/vocabulary';
import { endBeforeLoop } from './repetition';
import type { Exploration } from './search';
import { endsSentence, endsWord, isUnspaced, lastCharacter, partialWord, wordCharacter } from './wordEnds';

export interface Candidate {
  text: string;
  /**
   * For the end of each of its words, including the last: the length of the text up to there in UTF-16 units, and the
   * probability that all of it up to there comes next.
   */
  ends: readonly WordEnd[];
}

export interface WordEnd {
  length: number;
  probability: number;
}

export interface Wanted {
  extent: CompletionRequest['extent'];
  /** The minimum probability of the first word. */
  first: number;
  /** The minimum probability of the whole; at most `first`. */
  whole: number;
  /** Words that are not offered, in lower case. */
  never: ReadonlySet<string>;
}

/** The maximum number of words of a phrase: as much as can be read at a glance. */
const phraseWords = 4;
/** The number of UTF-16 units before the cursor that the rules examine. */
const consideredBefore = 200;
/** In scripts without spaces, continuations less likely than this are not examined individually. */
const negligible = 0.002;

interface Path {
  text: string;
  /** The ends of the complete words. */
  ends: readonly WordEnd[];
  /** `ends` and the end of the text, if a word may end there; set when the path is visited. */
  here?: readonly WordEnd[];
}

const noPath: Path = { text: '', ends: [] };

/** Collects the candidates while `explore` follows the paths from `root`. */
interface Gathering extends Exploration<Path> {
  root: Path;
  candidates: Candidate[];
}

/** For a model of characters. `before`: the text before the cursor. */
export function gatherCharacters(vocabulary: Vocabulary, before: string, wanted: Wanted): Gathering {
  const context = before.slice(-consideredBefore);
  const endings = new WordEndings(vocabulary);
  const candidates: Candidate[] = [];
  const noSpaceFirst = before === '' || /\s$/u.test(before);
  const offer = (text: string, ends: readonly WordEnd[]): boolean => addUnlessLoop(candidates, context, text, ends);

  return {
    root: noPath,
    candidates,
    visit(path, probability, next) {
      const { text, ends } = path;
      const written = context + text;
      let least = ends.length === 0 ? wanted.first : wanted.whole;
      if (text === '') return least;
      if (wordCharacter.test(lastCharacter(text))) {
        const end = { length: text.length, probability: probability * endings.probability(written, next) };
        if (isLikelyEnough(end, ends, wanted) && !isForbidden(written, wanted) && offer(text, [...ends, end])) {
          path.here = [...ends, end];
          least = Math.min(least, wanted.whole);
        }
      } else if (ends.length > 0 && (wanted.extent === 'sentence' || wanted.extent === 'line')) {
        const end = { length: text.length, probability: probability * endings.ofSentence(written, next) };
        if (isLikelyEnough(end, ends, wanted)) offer(text, [...ends, end]);
      }
      return least;
    },
    extend(path, token, probability) {
      const character = vocabulary.tokenText(token);
      const { text } = path;
      if (character === '\n' || (text === '' && noSpaceFirst && /\s/u.test(character))) return undefined;
      const written = context + text;
      const ends = text !== '' && endsWord(written, character) ? path.here : path.ends;
      if (!ends || probability < (ends.length === 0 ? wanted.first : wanted.whole)) return undefined;
      if (!mayContinue(wanted.extent, text, ends, character, written)) return undefined;
      return { text: text + character, ends };
    },
  };
}

/** For a model of words. `partial`: the part of a word before the cursor; the first token is the complete word. */
export function gatherWords(vocabulary: Vocabulary, before: string, partial: string, wanted: Wanted): Gathering {
  const candidates: Candidate[] = [];
  const context = before.slice(-consideredBefore);
  const words = wanted.extent === 'word' ? 1 : wanted.extent === 'phrase' ? phraseWords : Infinity;
  return {
    root: noPath,
    candidates,
    visit({ text, ends }) {
      if (text !== '' && !addUnlessLoop(candidates, context, text, ends)) return Infinity;
      if (ends.length >= words) return Infinity;
      return ends.length === 0 ? wanted.first : wanted.whole;
    },
    extend({ text, ends }, token, probability) {
      const word = vocabulary.tokenText(token);
      if (wanted.never.has(word.toLowerCase())) return undefined;
      const isSpaced = text === '' && (partial !== '' || before === '' || /\s$/u.test(before));
      const longer = text + (isSpaced ? word.slice(partial.length) : ` ${word}`);
      if (longer === '') return undefined;
      return { text: longer, ends: [...ends, { length: longer.length, probability }] };
    },
  };
}

/**
 * Adds a text unless it repeats itself. If it does, its beginnings are removed too, back to where the repetition began.
 * Returns whether it was added.
 */
function addUnlessLoop(candidates: Candidate[], before: string, text: string, ends: readonly WordEnd[]): boolean {
  const kept = endBeforeLoop(before, text);
  if (kept === text.length) {
    candidates.push({ text, ends });
    return true;
  }
  for (let i = candidates.length - 1; i >= 0; i--) {
    if (candidates[i].text.length > kept && text.startsWith(candidates[i].text)) candidates.splice(i, 1);
  }
  return false;
}

function isLikelyEnough(end: WordEnd, ends: readonly WordEnd[], wanted: Wanted): boolean {
  return end.probability >= (ends.length === 0 ? wanted.first : wanted.whole);
}

function isForbidden(written: string, { never }: Wanted): boolean {
  return never.size > 0 && never.has(partialWord(written).toLowerCase());
}

/**
 * Whether an offer of this extent may continue with the character `next`. `ends`: the ends of its complete words.
 * `written`: the text before the offer, and the offer's own.
 */
function mayContinue(
  extent: Wanted['extent'],
  text: string,
  ends: readonly WordEnd[],
  next: string,
  written: string,
): boolean {
  if (ends.length === 0) return true;
  switch (extent) {
    case 'word':
      return false;
    case 'phrase': {
      // Punctuation ends a phrase.
      if (ends.length >= phraseWords) return false;
      const between = text.slice(ends[ends.length - 1].length);
      if (between === '') return next === ' ' || wordCharacter.test(next);
      return between !== ' ' || wordCharacter.test(next);
    }
    case 'sentence':
      return !endsSentence(written, next);
    case 'line':
      return true;
  }
}

/** The probability that a word or a sentence ends at a position, from the distribution of the next token. */
class WordEndings {
  /** What each character says about the word before it (`kindOf`), by id. */
  private static readonly ofVocabulary = new WeakMap<Vocabulary, Uint8Array>();
  private readonly outside: Uint8Array;

  constructor(private readonly vocabulary: Vocabulary) {
    let outside = WordEndings.ofVocabulary.get(vocabulary);
    if (!outside) {
      outside = Uint8Array.from({ length: vocabulary.size }, (_, id) => kindOf(vocabulary.tokenText(id)));
      WordEndings.ofVocabulary.set(vocabulary, outside);
    }
    this.outside = outside;
  }

  /** The probability that a word ends after `text`, given the probabilities `next` of the next token, [V]. */
  probability(text: string, next: Float32Array): number {
    const { outside, vocabulary } = this;
    const unspaced = isUnspaced(lastCharacter(text));
    let ends = 0;
    let examined = 0;
    let endsExamined = 0;
    let negligibles = 0;
    for (let id = 0; id < outside.length; id++) {
      const kind = outside[id];
      if (kind === afterWord) ends += next[id];
      else if (kind === eitherWay || (unspaced && kind === insideWord)) {
        if (next[id] < negligible) negligibles += next[id];
        else {
          examined += next[id];
          if (endsWord(text, vocabulary.tokenText(id))) endsExamined += next[id];
        }
      }
    }
    return ends + endsExamined + (examined > 0 ? (negligibles * endsExamined) / examined : 0);
  }

  /** The probability that a sentence ends after `text`. */
  ofSentence(text: string, next: Float32Array): number {
    let ends = 0;
    if (!endsSentence(text, ' ')) return 0;
    for (let id = 0; id < next.length; id++) {
      if (next[id] > 0 && endsSentence(text, this.vocabulary.tokenText(id))) ends += next[id];
    }
    return ends;
  }
}

const insideWord = 0;
const afterWord = 1;
const eitherWay = 2;

/** Whether a character that follows a word's character continues the word; it depends in scripts without spaces. */
function kindOf(character: string): number {
  if (isUnspaced(character)) return eitherWay;
  return endsWord('a', character) ? afterWord : insideWord;
}
