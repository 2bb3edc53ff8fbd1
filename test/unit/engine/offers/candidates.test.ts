/** Candidates compared with an exhaustive enumeration of all continuations. */
import * as assert from 'node:assert/strict';
import type { CompletionRequest } from '../../../../src/common/engineProtocol';
import { gatherCharacters, type Wanted } from '../../../../src/engine/offers/candidates';
import { endBeforeLoop } from '../../../../src/engine/offers/repetition';
import { explore } from '../../../../src/engine/offers/search';
import { tinyPredictor, type TinyPredictor } from './tinyPredictor';

interface Counted {
  text: string;
  probability: number;
}

const letters = /[a-z]/;
const wanted = (changes: Partial<Wanted> = {}): Wanted => ({
  extent: 'phrase',
  first: 0.15,
  whole: 0.05,
  never: new Set(),
  ...changes,
});

async function gather(predictor: TinyPredictor, before: string, asked: Wanted, length: number) {
  const { vocabulary } = predictor;
  const context = predictor.start();
  const logits = new Float32Array(vocabulary.size);
  for (const id of vocabulary.encode(before)) predictor.step(Uint16Array.of(id), context, logits);
  predictor.steps = 0;
  const start = { context, probabilities: Float32Array.from(predictor.after(before)) };
  const gathering = gatherCharacters(vocabulary, before, asked);
  const steps = await explore(predictor, start, gathering.root, gathering, length);
  assert.equal(steps, predictor.steps);
  return gathering.candidates;
}

/** Whether an offer of this extent may be this text: not "a  b" as a phrase, not "a b" as a word. */
function isOffer(extent: CompletionRequest['extent'], before: string, text: string): boolean {
  if (/^\s*$|\s$/.test(before) && /^\s/.test(text)) return false;
  const body = text.replace(/^[ .]+/, '');
  if (extent === 'word') return /^[a-z]+$/.test(body);
  if (extent === 'phrase') return /^[a-z]+( [a-z]+){0,3}$/.test(body);
  return /[a-z.]$/.test(text);
}

/** Every text of at most `length` characters that ends with a word or a sentence, with its probability. */
function countOut(predictor: TinyPredictor, before: string, asked: Wanted, length: number): Counted[] {
  const characters = [...Array(predictor.classes).keys()].map((id) => predictor.vocabulary.tokenText(id));
  const found: Counted[] = [];
  const endsAfter = (text: string): number =>
    predictor.after(before + text).reduce((sum, p, id) => (letters.test(characters[id]) ? sum : sum + p), 0);
  const follow = (text: string, probability: number, first: number | undefined): void => {
    if (text.length > 0 && letters.test(text.at(-1)!)) {
      const whole = probability * endsAfter(text);
      const least = first === undefined ? asked.first : asked.whole;
      if (whole >= least && isOffer(asked.extent, before, text)) found.push({ text, probability: whole });
    } else if (first !== undefined && text.endsWith('.')) {
      const whole = probability * predictor.after(before + text)[characters.indexOf(' ')];
      if (whole >= asked.whole && isOffer(asked.extent, before, text)) found.push({ text, probability: whole });
    }
    if (text.length === length) return;
    characters.forEach((character, id) => {
      const ended =
        first ??
        (letters.test(text.at(-1) ?? ' ') && !letters.test(character) ? probability * endsAfter(text) : undefined);
      if (ended !== undefined && ended < asked.first) return;
      follow(text + character, probability * predictor.after(before + text)[id], ended);
    });
  };
  follow('', 1, undefined);
  return found;
}

describe('candidates', () => {
  for (const extent of ['word', 'phrase', 'line'] as const) {
    it(`are all that are likely enough, with their exact probabilities (${extent}, seeds 1 to 40)`, async () => {
      let total = 0;
      for (let seed = 1; seed <= 40; seed++) {
        const predictor = tinyPredictor('ab .', seed);
        const before = ['', 'a', 'ba ', 'b.'][seed % 4];
        const asked = wanted({ extent });
        const found = await gather(predictor, before, asked, 6);
        const all = countOut(predictor, before, asked, 6);
        const expected = all.filter(
          ({ text }) =>
            !all.some((other) => other.text.startsWith(text) && endBeforeLoop(before, other.text) < text.length),
        );
        const sorted = (texts: string[]): string[] => texts.sort();
        assert.deepEqual(
          sorted(found.map(({ text }) => text)),
          sorted(expected.map(({ text }) => text)),
          `seed ${seed}`,
        );
        for (const { text, ends } of found) {
          const { probability } = expected.find((other) => other.text === text)!;
          const last = ends[ends.length - 1];
          assert.ok(Math.abs(last.probability - probability) < 1e-5, `seed ${seed}: "${text}"`);
          assert.equal(last.length, text.length);
          for (const end of ends) assert.match(text.slice(0, end.length), /[a-z.]$/);
        }
        total += found.length;
      }
      assert.ok(total > 40, `${total} in all`);
    });
  }

  it('follow at most 1/p paths at once', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const predictor = tinyPredictor('abcde .', seed, 0.5);
      await gather(predictor, '', wanted({ first: 0.1, whole: 0.1, extent: 'line' }), 8);
      assert.ok(predictor.largestBatch <= 10, `seed ${seed}: ${predictor.largestBatch} at once`);
    }
  });
});
