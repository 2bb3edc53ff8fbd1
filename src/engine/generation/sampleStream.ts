/** One text while it is written: draws its tokens from the predictions, and knows when it ends. */
import type { SamplingOptions } from '../../common/engineProtocol';
import type { Vocabulary } from '../corpus/vocabulary';
import { continuesCharacter, hasJoiningTokens } from './graphemes';
import type { KnownWords } from './knownWords';
import { silentTokens } from './languageModel';
import { OutputStream } from './outputStream';
import { RealWords } from './realWords';
import { probabilityOf, repetitionWindow, TokenSampler } from './sampler';
import { endPatience, mayEnd, sentenceEndBonus, sentenceEnds } from './textEnd';

/** The maximum number of tokens beyond the length of a text to complete its last character. */
const longestRest = 32;

/** What the streams of a request have in common. */
export class StreamRules {
  /** Ids that are never drawn. */
  readonly silent: readonly number[];
  /** Ids that end a sentence. */
  readonly endings: readonly number[];
  /** Tokens beyond the length in which a character may still be completed. */
  readonly longestRest: number;

  /** `classes`: of the predictions. `details`: whether the probability of each token is wanted. */
  constructor(
    readonly vocabulary: Vocabulary,
    readonly classes: number,
    readonly words: readonly KnownWords[] | undefined,
    readonly details: boolean,
  ) {
    this.silent = silentTokens(vocabulary);
    this.endings = sentenceEnds(vocabulary);
    this.longestRest = hasJoiningTokens(vocabulary) ? longestRest : 0;
  }
}

export class SampleStream {
  readonly output: OutputStream;
  /** The number of tokens so far, without one that the text has ended before. */
  written = 0;
  private readonly sampler: TokenSampler;
  private readonly realWords: RealWords | undefined;
  /** Where the text may end once it is long enough; anywhere if undefined. */
  private readonly end: SamplingOptions['end'];

  /** `ids`: the prompt as tokens. Throws `invalidInput` for options outside their range. */
  constructor(
    private readonly rules: StreamRules,
    private readonly options: SamplingOptions,
    prompt: string,
    ids: Uint16Array,
  ) {
    const { vocabulary, classes, silent, words } = rules;
    const isOfCharacters = vocabulary.unit === 'character';
    this.sampler = new TokenSampler(classes, options, silent);
    for (const id of ids.subarray(-repetitionWindow)) this.sampler.observe(id);
    this.realWords = options.onlyRealWords && words && isOfCharacters ? new RealWords(words, prompt) : undefined;
    this.end = isOfCharacters ? options.end : undefined;
    this.output = new OutputStream(vocabulary, prompt, options.stop);
  }

  /** Draws the next token from `logits`, [classes] at `offset`; undefined once the text has ended. */
  next(logits: Float32Array, offset: number): number | undefined {
    const { output, sampler, realWords, end } = this;
    const { vocabulary, classes, endings, details } = this.rules;
    const textOf = (id: number): string => vocabulary.tokenText(id);
    const beyond = this.written - this.options.length;
    if (end === 'sentence') sampler.favour(endings, sentenceEndBonus(output.written, beyond));
    const token = sampler.next(logits, offset, realWords && ((id) => realWords.allows(textOf(id))));
    if (beyond >= 0 && this.endsBefore(textOf(token), beyond)) return this.finish();
    const continues = output.add(token, details ? probabilityOf(token, logits, offset, classes) : NaN);
    realWords?.add(textOf(token));
    this.written++;
    const most = this.options.length + (end ? endPatience : this.rules.longestRest);
    return continues && this.written < most ? token : this.finish();
  }

  /** Whether a text that is long enough ends before the `next` characters. */
  private endsBefore(next: string, beyond: number): boolean {
    const { written } = this.output;
    return this.end ? mayEnd(written, next, this.end, beyond) : !continuesCharacter(written, next);
  }

  private finish(): undefined {
    this.output.end();
  }
}
