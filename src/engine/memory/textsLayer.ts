/**
 * A layer of the memory that holds a changing collection of whole texts, such as the other files of a folder. If most
 * of it is new, all of it is learned at once (`learnText.ts`); otherwise the cost depends on the size of the texts that
 * changed.
 */
import type { TextConfig } from '../../common/trainingConfig';
import { noToken } from '../backends/backend';
import { normaliseText } from '../corpus/normaliseText';
import type { Vocabulary } from '../corpus/vocabulary';
import { TimeSlice } from '../timeSlice';
import { placeNumbers } from './contexts';
import { learnGround } from './learnText';
import { Layer, type Memory } from './memory';

/** The number of tokens to learn before looking at the clock. */
const tokensAtOnce = 256;

interface LearnedText {
  text: string;
  tokens: Uint16Array;
}

export class TextsLayer {
  readonly layer = new Layer();
  private readonly learned = new Map<string, LearnedText>();
  private wanted: { texts: ReadonlyMap<string, string>; except?: string } = { texts: new Map() };
  private work: Promise<void> | undefined;

  /** `memory` knows the contexts and the training text below this layer; its own layers are not used. */
  constructor(
    private readonly memory: Memory,
    private readonly vocabulary: Vocabulary,
    private readonly config: Pick<TextConfig, 'lowercase' | 'normalization'>,
  ) {}

  /**
   * From now on, holds `texts`, which are identified by their names, without the one named `except`. If the map changes,
   * call this again. Resolves once everything is learned; until then the layer holds a part.
   */
  follow(texts: ReadonlyMap<string, string>, except?: string): Promise<void> {
    this.wanted = { texts, except };
    this.work ??= this.catchUp().finally(() => (this.work = undefined));
    return this.work;
  }

  private async catchUp(): Promise<void> {
    const slice = new TimeSlice();
    if (this.isMostlyNew()) await this.learnAtOnce(slice);
    for (;;) {
      const name = this.nextChange();
      if (name === undefined) return;
      const old = this.learned.get(name);
      this.learned.delete(name);
      if (old) await this.walk(old.tokens, slice, (place, token) => this.memory.forget(this.layer, place, token));
      const text = this.wantedText(name);
      if (text === undefined) continue;
      const tokens = this.encode(text);
      await this.walk(tokens, slice, (place, token) => this.memory.learn(this.layer, place, token));
      this.learned.set(name, { text, tokens });
    }
  }

  private wantedText(name: string): string | undefined {
    return name === this.wanted.except ? undefined : this.wanted.texts.get(name);
  }

  /** The name of a text to forget, learn or relearn; undefined if there is none. */
  private nextChange(): string | undefined {
    for (const [name, { text }] of this.learned) if (this.wantedText(name) !== text) return name;
    for (const name of this.wanted.texts.keys()) {
      if (!this.learned.has(name) && this.wantedText(name) !== undefined) return name;
    }
    return undefined;
  }

  /** Whether there is more text to learn than to keep. */
  private isMostlyNew(): boolean {
    let fresh = 0;
    let kept = 0;
    for (const name of this.wanted.texts.keys()) {
      const text = this.wantedText(name);
      if (text === undefined) continue;
      if (this.learned.get(name)?.text === text) kept += text.length;
      else fresh += text.length;
    }
    return fresh > kept;
  }

  /** Replaces everything that was learned. */
  private async learnAtOnce(slice: TimeSlice): Promise<void> {
    const learned: [string, LearnedText][] = [];
    for (const name of [...this.wanted.texts.keys()]) {
      const text = this.wantedText(name);
      if (text !== undefined) learned.push([name, { text, tokens: this.encode(text) }]);
      if (slice.isOver) await slice.renew();
    }
    const all = new Uint16Array(learned.reduce((sum, [, { tokens }]) => sum + 1 + tokens.length, 0));
    let at = 0;
    for (const [, { tokens }] of learned) {
      all[at++] = noToken;
      all.set(tokens, at);
      at += tokens.length;
    }
    const ground = await learnGround(all, this.memory);
    if (!ground) return;
    this.layer.begin(ground);
    this.learned.clear();
    for (const [name, text] of learned) this.learned.set(name, text);
  }

  private encode(text: string): Uint16Array {
    return this.vocabulary.encode(normaliseText(text, this.config));
  }

  /** Calls `visit` for each token, with the place in front of it. */
  private async walk(
    tokens: Uint16Array,
    slice: TimeSlice,
    visit: (place: Float32Array, token: number) => void,
  ): Promise<void> {
    const { contexts } = this.memory;
    const place = new Float32Array(placeNumbers);
    contexts.start(place, 0);
    for (let i = 0; i < tokens.length; i++) {
      if (tokens[i] !== noToken) visit(place, tokens[i]);
      contexts.advance(place, 0, tokens[i]);
      if (i % tokensAtOnce === 0 && slice.isOver) await slice.renew();
    }
  }
}
