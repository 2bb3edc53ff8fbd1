/**
 * What may be offered at a cursor: texts that end where a word or a sentence does, each with the probability that all
 * of it is what comes. The end counts: "the" is what comes only if the word ends there.
 */
import type { CompletionRequest } from '../../common/engineProtocol';
import type { Vocabulary } from '../corpus/vocabulary';
import { endBeforeLoop } from './repetition';
import type { Exploration } from './search';
import { endsSentence, endsWord, isUnspaced, lastCharacter, wordBegun, wordCharacter } from './wordEnds';

export interface Candidate {
  text: string;
  /** Behind each of its words, the last one included: how long the text is there in UTF-16 units, and how likely it is
   *  that all of it up to there is what comes. */
  ends: readonly WordEnd[];
}

export interface WordEnd {
  length: number;
  probability: number;
}

export interface Wanted {
  extent: CompletionRequest['extent'];
  /** The least probability of the first word. */
  first: number;
  /** The least probability of the whole; not above `first`. */
  whole: number;
  /** Words that are not offered, in lower case. */
  never: ReadonlySet<string>;
}

/** A phrase is at most so many words: that much is read at a glance. */
const phraseWords = 4;
/** Characters before the cursor that the rules look at. */
const consideredBefore = 200;
/** What follows with less than this is not looked at one by one where words have no spaces. */
const negligible = 0.002;

interface Path {
  text: string;
  /** The ends of the words that are whole. */
  ends: readonly WordEnd[];
  /** With the one at the end of the text, where a word may end there; known once the path was visited. */
  here?: readonly WordEnd[];
}

const noPath: Path = { text: '', ends: [] };

/** Gathers what may be offered while `explore` follows the paths from `root`. */
export interface Gathering extends Exploration<Path> {
  root: Path;
  candidates: Candidate[];
}

/** For a model of characters. `before`: what stands before the cursor. */
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
      if (!goesOn(wanted.extent, text, ends, character, written)) return undefined;
      return { text: text + character, ends };
    },
  };
}

/** For a model of words. `begun`: what stands of a word at the cursor, which its first token is the whole of. */
export function gatherWords(vocabulary: Vocabulary, before: string, begun: string, wanted: Wanted): Gathering {
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
      const spaced = text === '' && (begun !== '' || before === '' || /\s$/u.test(before));
      const longer = text + (spaced ? word.slice(begun.length) : ` ${word}`);
      if (longer === '') return undefined;
      return { text: longer, ends: [...ends, { length: longer.length, probability }] };
    },
  };
}

/**
 * Adds a text, unless it goes in circles: then those that lead there are taken back as far as the circle began. Returns
 * whether it was added.
 */
function addUnlessLoop(candidates: Candidate[], before: string, text: string, ends: readonly WordEnd[]): boolean {
  const sound = endBeforeLoop(before, text);
  if (sound === text.length) {
    candidates.push({ text, ends });
    return true;
  }
  for (let i = candidates.length - 1; i >= 0; i--) {
    if (candidates[i].text.length > sound && text.startsWith(candidates[i].text)) candidates.splice(i, 1);
  }
  return false;
}

function isLikelyEnough(end: WordEnd, ends: readonly WordEnd[], wanted: Wanted): boolean {
  return end.probability >= (ends.length === 0 ? wanted.first : wanted.whole);
}

function isForbidden(written: string, { never }: Wanted): boolean {
  return never.size > 0 && never.has(wordBegun(written).toLowerCase());
}

/** Whether an offer of this extent may hold `next` behind its text; `ends` are those of its words that are whole. */
function goesOn(
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

/** How likely it is that a word, or a sentence, ends at a place, from what may come next. */
class WordEndings {
  /** By id: whether the character can only stand behind a word; of those of a script without spaces it is not known. */
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

  /** The probability that a word ends behind `text`, where `next` tells what comes, [V]. */
  probability(text: string, next: Float32Array): number {
    const { outside, vocabulary } = this;
    const unspaced = isUnspaced(lastCharacter(text));
    let ends = 0;
    let examined = 0;
    let endsExamined = 0;
    let negligibles = 0;
    for (let id = 0; id < outside.length; id++) {
      const kind = outside[id];
      if (kind === behindWord) ends += next[id];
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

  /** The same of a sentence. */
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
const behindWord = 1;
const eitherWay = 2;

function kindOf(character: string): number {
  if (isUnspaced(character)) return eitherWay;
  return endsWord('a', character) ? behindWord : insideWord;
}
