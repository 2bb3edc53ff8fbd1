import * as assert from 'node:assert';
import { LinearModel } from '../../../../src/engine/classification/linearModel';
import {
  compareMixes,
  mixesOf,
  mixScores,
  scaleOf,
  type PartScores,
} from '../../../../src/engine/classification/mixing';
import { passagesOf } from '../../../../src/engine/classification/passages';
import { countTexts } from '../../../../src/engine/classification/textFeatures';
import { tokenize } from '../../../../src/engine/classification/tokens';
import { Random } from '../../../../src/engine/random';

const nouns = ['lunch', 'garden', 'meeting', 'bread', 'letter', 'train', 'window', 'river'];
const lures = ['prize', 'cash', 'winner', 'claim', 'urgent', 'bonus', 'voucher', 'free'];

function made(count: number, seed: number): { texts: string[]; labels: number[] } {
  const random = new Random(seed, 1);
  const labels = Array.from({ length: count }, (_, i) => i % 2);
  const texts = labels.map((label) =>
    Array.from({ length: 6 }, (_, w) => (label && w % 2 ? lures : nouns)[random.integer(8)]).join(' '),
  );
  return { texts, labels };
}

describe('The linear model', () => {
  const { texts, labels } = made(80, 1);
  const model = LinearModel.fit(texts, labels, 2);

  it('classifies unseen texts, with the same results for the same seed', () => {
    const other = made(60, 2);
    const right = model.scoresOf(countTexts(other.texts)).filter(([s], i) => s > 0 === (other.labels[i] === 1));
    assert.ok(right.length >= 58, `${right.length} of 60`);
    assert.deepStrictEqual(LinearModel.fit(texts, labels, 2).weights, model.weights);
  });

  it('satisfies the conditions of an optimum: changing any one weight does not help', () => {
    // ½|w|² + ½b² + C Σ c_i max(0, 1 - y_i f(x_i))² is convex: no point near by may be much better.
    const options = { c: 0.3, balanced: false };
    const plain = LinearModel.fit(texts, labels, 2, options);
    const objective = (m: LinearModel): number => {
      const square = m.weights.reduce((sum, w) => sum + w * w, m.biases[0] ** 2);
      const losses = m.scoresOf(countTexts(texts)).map(([s], i) => Math.max(0, 1 - (labels[i] ? s : -s)) ** 2);
      return square / 2 + options.c * losses.reduce((a, b) => a + b, 0);
    };
    const least = objective(plain);
    const random = new Random(3, 2);
    for (const step of [0.003, 0.03, 0.3]) {
      for (let trial = 0; trial < 20; trial++) {
        const moved = plain.weights.map((w) => w + (step * random.normal()) / Math.sqrt(plain.weights.length));
        const bias = Float32Array.of(plain.biases[0] + step * random.normal() * 0.1);
        const there = objective(new LinearModel(2, plain.buckets, plain.idf, moved, bias));
        assert.ok(there > least * (1 - 0.002), `${there} below ${least} at ${step}`);
      }
    }
  });

  it('learns further rows as if they had been there from the beginning', () => {
    const others = made(40, 8).texts;
    const continued = LinearModel.fit(texts, labels, 2, { further: () => countTexts(others) });
    const rows = countTexts([...texts, ...others]);
    // From zero, with the same features and document frequencies.
    const from = continued.scaled(0);
    const atOnce = LinearModel.fitRows(rows, [...labels, ...others.map(() => 0)], 2, { from });
    const [ours, wanted] = [continued, atOnce].map((m) => m.scoresOf(rows).map(([score]) => score));
    ours.forEach((score, i) => assert.ok(Math.abs(score - wanted[i]) < 0.25, `row ${i}: ${score}, not ${wanted[i]}`));
  });

  it('is explained exactly: the parts of the units and the bias add up to the score', () => {
    for (const text of ['free lunch, claim NOW', 'The river\nby the window', 'ẞ İstanbul free', '']) {
      const [[score]] = model.scoresOf(countTexts([text]));
      const parts = model.unitContributions(text, 0).reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(parts + model.biases[0] - score) < 1e-5, `${text}: ${parts} of ${score}`);
    }
  });

  it('takes all digits for the same, but not more of them for fewer', () => {
    const [a, b, c] = countTexts(['Call 0871 872 now, £900!', 'call 0123 456 NOW, £100!', 'call 0123 456 NOW, £1000!']);
    const shouted = countTexts(['Call 0871 872 NOW, £900!'])[0];
    assert.deepStrictEqual(shouted.buckets, b.buckets);
    assert.notDeepStrictEqual(a.buckets, b.buckets);
    assert.notDeepStrictEqual(c.buckets, b.buckets);
  });

  it('learns a correction without changing the model itself', () => {
    const text = 'free voucher lunch';
    const before = model.scoresOf(countTexts([text]))[0][0];
    const corrected = model.corrected([text], [0]);
    assert.ok(corrected.scoresOf(countTexts([text]))[0][0] < -0.99);
    assert.strictEqual(model.scoresOf(countTexts([text]))[0][0], before);
  });

  it('distinguishes several classes, and weighs a rare class as much as a frequent one', () => {
    const topics = ['sea ship wave', 'hill tree path', 'song drum note'];
    const many = Array.from({ length: 60 }, (_, i) => `${topics[i % 3]} ${nouns[i % 8]}`);
    const three = LinearModel.fit(
      many,
      many.map((_, i) => i % 3),
      3,
    );
    const best = three
      .scoresOf(countTexts(['a wave at sea', 'the path', 'a drum']))
      .map((row) => row.indexOf(Math.max(...row)));
    assert.deepStrictEqual(best, [0, 1, 2]);
    const rare = texts.filter((_, i) => labels[i] === 0 || i % 16 === 1);
    const rareLabels = rare.map((text) => Number(lures.some((lure) => text.includes(lure))));
    const recall = (balanced: boolean): number =>
      LinearModel.fit(rare, rareLabels, 2, { balanced })
        .scoresOf(countTexts(made(60, 4).texts))
        .filter(([s], i) => i % 2 === 1 && s > 0).length;
    assert.ok(recall(true) > recall(false), `${recall(true)} with weights, ${recall(false)} without`);
  });
});

describe('Choosing among the parts', () => {
  const random = new Random(5, 1);
  const truth = Array.from({ length: 400 }, (_, i) => i % 2);
  /** Scores of a part whose log-odds are `gain` times what is true, plus noise. */
  const part = (gain: number, noise: number): number[][] =>
    truth.map((label) => [gain * ((label ? 1 : -1) + noise * random.normal())]);

  const fitMixes = (labels: number[], { network, linear }: PartScores): ReturnType<typeof mixesOf> =>
    mixesOf(scaleOf(labels, network), scaleOf(labels, linear));

  it('keeps the linear model unless another is clearly better', () => {
    const same = part(3, 0.8);
    const alike = { network: same.map(([s]) => [s * 2]), linear: same };
    assert.strictEqual(compareMixes(fitMixes(truth, alike), truth, alike, ['a', 'b']).kept, 'linear');
    const weak = { network: part(3, 0.5), linear: part(3, 3) };
    const decision = compareMixes(fitMixes(truth, weak), truth, weak, ['a', 'b']);
    assert.notStrictEqual(decision.kept, 'linear');
    assert.deepStrictEqual(
      decision.candidates.map((candidate) => candidate.part),
      ['network', 'linear', 'average'],
    );
    const apart = { network: part(3, 1), linear: part(3, 1) };
    assert.strictEqual(compareMixes(fitMixes(truth, apart), truth, apart, ['a', 'b']).kept, 'average');
  });

  it('converts scores of any scale to log-odds', () => {
    const scores = part(1, 1);
    const mixes = fitMixes(truth, { network: scores.map(([s]) => [s * 50 + 7]), linear: scores });
    const [a, b] = scores
      .slice(0, 40)
      .reduce(
        ([x, y], [s]) => [
          x + mixScores(mixes.network!, [s * 50 + 7], undefined)[0],
          y + mixScores(mixes.linear!, undefined, [s])[0],
        ],
        [0, 0],
      );
    assert.ok(Math.abs(a - b) < 0.05 * Math.abs(b) + 0.05, `${a} and ${b}`);
  });
});

describe('Passages of a long text', () => {
  it('contain each short stretch as at least half, and are whole sentences', () => {
    const sentence = (i: number): string => `This is sentence number ${i} of the long text here.`;
    const text = Array.from({ length: 20 }, (_, i) => sentence(i)).join(' ');
    const tokens = tokenize(text);
    const passages = passagesOf(text, tokens, 30);
    assert.ok(passages.length > 5);
    assert.strictEqual(passages[0].from, 0);
    assert.strictEqual(passages.at(-1)!.to, tokens.length);
    for (const { from, to } of passages) {
      assert.strictEqual(tokens[from].text, 'This');
      assert.strictEqual(tokens[to - 1].text, '.');
    }
    for (let i = 0; i < 20; i++) {
      const at = text.indexOf(sentence(i));
      const holds = ({ from, to }: { from: number; to: number }): boolean =>
        tokens[from].start <= at && tokens[to - 1].end >= at + sentence(i).length;
      assert.ok(passages.some(holds), sentence(i));
    }
    assert.deepStrictEqual(passagesOf('short text', tokenize('short text'), 30), []);
  });

  it('contain each line that is neither short nor long by itself', () => {
    const lines = [
      'Hi',
      'Please call me back tonight, it is about the keys of the house by the sea.',
      ...Array<string>(15).fill('See you at home.'),
    ];
    const text = lines.join('\n');
    const tokens = tokenize(text);
    const passages = passagesOf(text, tokens, 30);
    const contents = passages.map(({ from, to }) => text.slice(tokens[from].start, tokens[to - 1].end));
    assert.equal(contents.filter((content) => content === lines[1]).length, 1);
    assert.ok(!contents.includes(lines[0]) && !contents.includes(lines[2]));
    assert.ok(passages.every(({ from }, i) => i === 0 || from >= passages[i - 1].from));
  });

  it('divide a text without sentences too', () => {
    const text = 'word '.repeat(1000);
    const passages = passagesOf(text, tokenize(text), 30);
    assert.ok(passages.length > 40 && passages.every(({ from, to }) => to - from <= 60));
  });
});
