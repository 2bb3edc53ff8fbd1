import * as assert from 'node:assert';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import {
  classifierVariants,
  modelParts,
  type ClassifierSettings,
  type Verdict,
} from '../../../../src/common/classifierProtocol';
import { startSentence } from '../../../../src/common/confusionReport';
import { untriedSentence } from '../../../../src/common/partTitles';
import { InklingError } from '../../../../src/common/errors';
import type { Backend } from '../../../../src/engine/backends/backend';
import { createWasmBackend } from '../../../../src/engine/backends/wasm/wasmBackend';
import { Classifier, type ClassifierModel } from '../../../../src/engine/classification/classifier';
import { loadClassifier, saveClassifier, storedClassifier } from '../../../../src/engine/classification/classifierFile';
import { parseLabelledText, type LabelledData } from '../../../../src/engine/classification/labelledData';
import { LinearModel } from '../../../../src/engine/classification/linearModel';
import { withEnoughUpdates } from '../../../../src/engine/classification/partChoice';
import { readTexts } from '../../../../src/engine/classification/reading';
import {
  defaultClassifierSettings,
  recipeClassifierSettings,
  withGiven,
} from '../../../../src/engine/classification/settings';
import { detectorToStartFrom } from '../../../../src/engine/classification/shippedStart';
import { splitExamples } from '../../../../src/engine/classification/split';
import type { ClassifierTask } from '../../../../src/engine/classification/classifierTask';
import { countTexts } from '../../../../src/engine/classification/textFeatures';
import { trainClassifier } from '../../../../src/engine/classification/trainClassifier';
import { hashedSource } from '../../../../src/engine/classification/vectorSource';
import { Random } from '../../../../src/engine/random';

const everyday = 'lunch garden meeting bread letter train window river today home'.split(' ');
const telling = ['lovely quiet thanks'.split(' '), 'prize winner cash'.split(' '), 'goal match team'.split(' ')];

/** Lines of everyday words with one that tells the class, and in `errors` of eight one that tells another. */
function madeData(count: number, seed: number, classes = 2, errors = 1): LabelledData {
  const random = new Random(seed, 1);
  const lines = Array.from({ length: count }, (_, i) => {
    const label = i % classes;
    const words = Array.from({ length: 4 + random.integer(6) }, () => everyday[random.integer(everyday.length)]);
    const told = i % 8 < 8 - errors ? label : (label + 1) % classes;
    words[random.integer(words.length)] = telling[told][random.integer(3)];
    return `${['ham', 'spam', 'sport'][label]}\t${words.join(' ')} ${i}x`;
  });
  return parseLabelledText(lines.join('\n'), 'made.txt', 'refuse');
}

describe('Network, linear model or their average', () => {
  let backend: Backend;
  let folder: string;
  before(async () => {
    backend = await createWasmBackend({ threads: 2 });
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-parts-'));
  });
  after(async () => {
    await backend.dispose();
    fs.rmSync(folder, { recursive: true });
  });
  const settings: ClassifierSettings = {
    ...defaultClassifierSettings,
    leastUpdates: 0,
    variant: 'gru',
    units: 8,
    epochs: 3,
    batch: 16,
    learningRate: 0.02,
    maximumTokens: 16,
    seed: 5,
  };
  const task = (data: LabelledData, changes: Partial<ClassifierSettings> = {}): ClassifierTask => ({
    data,
    settings: { ...settings, ...changes },
    vectors: hashedSource({ dimensions: 8, buckets: 256, seed: 3 }),
    backend,
    created: '2026-01-01T00:00:00.000Z',
  });

  for (const [what, count] of [
    ['by cross-validation on few texts', 120],
    ['on a validation part of many', 760],
  ] as const) {
    it(`is chosen ${what}, and all are measured on the held-out part`, async () => {
      const { record } = await trainClassifier(task(madeData(count, 1)));
      const { kept, candidates = [] } = record;
      assert.deepStrictEqual(candidates.map(({ part }) => part).sort(), [...modelParts].sort());
      const best = Math.min(...candidates.map(({ validationLoss }) => validationLoss));
      assert.ok(kept === 'linear' || candidates.find(({ part }) => part === kept)!.validationLoss === best);
      for (const { part, report } of candidates) {
        assert.strictEqual(report!.macro.support, record.heldOutExamples, part);
        assert.ok(report!.accuracy! > 0.7, `${part}: ${report!.accuracy}`);
      }
      assert.strictEqual(record.history.length, settings.epochs);
    });
  }

  it('trains no network where the linear model is good enough, and says so', async () => {
    const easy = await trainClassifier(task(madeData(760, 1, 2, 0)));
    assert.deepStrictEqual(
      easy.record.candidates!.map(({ part }) => part),
      ['linear'],
    );
    assert.deepStrictEqual(easy.record.history, []);
    assert.match(untriedSentence(easy.record)!, /^No network was trained: .* macro F1 of (1\.0*|0\.9[7-9]\d*) on/);
    const hard = await trainClassifier(task(madeData(120, 1)));
    assert.strictEqual(untriedSentence(hard.record), undefined);
  });

  it('finally learns from everything that is not held out', async () => {
    const data = madeData(760, 2);
    const { linear, record } = await trainClassifier(task(data, { model: 'linear' }));
    const texts = await readTexts(data.examples.map(({ text }) => text));
    const labels = data.examples.map(({ label }) => Number(label === 'spam'));
    const { train } = splitExamples(texts, labels, settings.heldOutFraction, settings.seed);
    const all = LinearModel.fit(
      Array.from(train, (i) => texts[i]),
      Array.from(train, (i) => labels[i]),
      2,
      { seed: settings.seed },
    );
    assert.strictEqual(record.trainExamples, train.length);
    assert.deepStrictEqual(linear!.weights, all.weights);
  });

  for (const model of modelParts) {
    it(`is restored from its file unchanged (${model})`, async () => {
      const trained = await trainClassifier(task(madeData(120, 3), { model }));
      assert.strictEqual(trained.record.kept, model === 'network' ? undefined : model);
      const file = path.join(folder, model);
      await saveClassifier(file, trained, 'made');
      const text = 'the cash for lunch at home';
      const verdict = async (classifier: ClassifierModel) => {
        const { label, probabilities, contributions } = await new Classifier(backend, classifier).classify(text, {
          explain: true,
        });
        return { label, probabilities, contributions };
      };
      assert.deepStrictEqual(await verdict(await loadClassifier(file)), await verdict(trained));
    });
  }

  it('is refused by name if its file lacks the linear model, or its features are out of order', async () => {
    const stored = storedClassifier(await trainClassifier(task(madeData(120, 3), { model: 'linear' })), 'made');
    const { writeModelFile } = await import('../../../../src/engine/model/modelFile');
    const file = path.join(folder, 'altered');
    const refused = async (change: (tensors: NonNullable<typeof stored.extraTensors>) => void, what: RegExp) => {
      const tensors = { ...stored.extraTensors! };
      change(tensors);
      await writeModelFile(file, { ...stored, extraTensors: tensors });
      await assert.rejects(loadClassifier(file), (error) => error instanceof InklingError && what.test(error.message));
    };
    await refused((tensors) => delete tensors['linear.buckets'], /linear model is missing/);
    await refused((tensors) => (tensors['linear.buckets'] = tensors['linear.buckets'].slice().reverse()), /in order/);
  });

  it('explains a verdict of the linear model exactly: the contributions of the words add up to the score', async () => {
    const model = await trainClassifier(task(madeData(120, 4), { model: 'linear', calibration: 'none' }));
    const constant = model.mix.bias + model.mix.linear * model.linear!.biases[0];
    const classifier = new Classifier(backend, model);
    for (const text of ['a prize for the winner', 'lovely lunch, thanks!', 'Bread']) {
      const { label, probabilities, contributions, method } = await classifier.classify(text, { explain: true });
      const sum = contributions.reduce((all, { contribution }) => all + contribution, 0);
      const logOdds = Math.log(probabilities.spam / probabilities.ham);
      assert.ok(Math.abs((label === 'spam' ? sum : -sum) + constant - logOdds) < 1e-4, `${text}: ${sum}, ${logOdds}`);
      assert.strictEqual(method, 'weights');
    }
  });

  it('applies a correction, and forgets it', async () => {
    const model = await trainClassifier(task(madeData(120, 4), { model: 'linear' }));
    const classifier = new Classifier(backend, model);
    const spam = async (corrections?: { text: string; label: string }[]): Promise<number> =>
      (await classifier.classify('cash for the garden', { explain: false, corrections })).probabilities.spam;
    const before = await spam();
    assert.ok((await spam([{ text: 'cash for our garden', label: 'ham' }])) < before - 0.1);
    assert.strictEqual(await spam(), before);
  });

  it('distinguishes three classes, and says which words were decisive', async () => {
    const model = await trainClassifier(task(madeData(180, 6, 3), { model: 'linear' }));
    const text = 'the team had lunch';
    const verdict = await new Classifier(backend, model).classify(text, { explain: true });
    assert.strictEqual(verdict.label, 'sport');
    const strongest = verdict.contributions.reduce((a, b) => (b.contribution > a.contribution ? b : a));
    assert.strictEqual(text.slice(strongest.start, strongest.end), 'team');
  });

  it('gives the same bytes for the same seed, on any number of threads', async () => {
    const one = await createWasmBackend({ threads: 1 });
    const bytes = async (over: Partial<ClassifierTask>, name: string): Promise<Buffer> => {
      const model = await trainClassifier({ ...task(madeData(90, 7), { model: 'average', epochs: 1 }), ...over });
      model.record.seconds = 0;
      model.record.history.forEach((event) => (event.seconds = 0));
      await saveClassifier(path.join(folder, name), model, 'made');
      return fs.readFileSync(path.join(folder, name));
    };
    assert.ok((await bytes({}, 'two')).equals(await bytes({ backend: one }, 'one')));
    await one.dispose();
  });

  it('stops on request, even without a network to train', async () => {
    const run = trainClassifier({ ...task(madeData(100, 8), { model: 'linear' }), signal: AbortSignal.abort() });
    await assert.rejects(run, (error) => error instanceof InklingError && error.code === 'cancelled');
  });
});

describe('A start from the shipped detector', () => {
  let backend: Backend;
  before(async () => (backend = await createWasmBackend({ threads: 1 })));
  after(() => backend.dispose());
  const settings: ClassifierSettings = { ...defaultClassifierSettings, model: 'linear', seed: 5 };
  const vectors = hashedSource({ dimensions: 8, buckets: 256, seed: 3 });
  const linearOf = ({ examples, classes }: LabelledData): LinearModel => {
    const labels = examples.map(({ label }) => classes.indexOf(label));
    return LinearModel.fit(
      examples.map(({ text }) => text),
      labels,
      2,
    );
  };
  const rightOf = (linear: LinearModel, { examples, classes }: LabelledData): number =>
    linear
      .scoresOf(countTexts(examples.map(({ text }) => text)))
      .filter(([score], i) => (score > 0 ? 1 : 0) === classes.indexOf(examples[i].label)).length;

  it('is made if it is better on texts that were set aside, and helps on others', async () => {
    const shipped = linearOf(madeData(400, 9));
    const few = madeData(24, 3);
    const others = madeData(200, 4);
    const { record, linear } = await trainClassifier({ data: few, settings, vectors, backend, shipped });
    assert.ok(record.startedFromShipped!.macroF1 >= record.startedFromShipped!.without);
    assert.match(
      startSentence(record)!,
      /started from the spam detector .* macro F1 [01]\.\d\d .*, [01]\.\d\d without/,
    );
    const own = await trainClassifier({ data: few, settings, vectors, backend });
    assert.strictEqual(own.record.startedFromShipped, undefined);
    assert.strictEqual(startSentence(own.record), undefined);
    const [withIt, without] = [rightOf(linear!, others), rightOf(own.linear!, others)];
    assert.ok(withIt > without + 10, `${withIt} and ${without} of 200 right`);
  });

  it('is not made if the detector knows something else, or there are many texts', async () => {
    const data = madeData(400, 9);
    const opposite = { ...data, classes: [data.classes[1], data.classes[0]] };
    const wrong = await trainClassifier({
      data: madeData(80, 3),
      settings,
      vectors,
      backend,
      shipped: linearOf(opposite),
    });
    assert.strictEqual(wrong.record.startedFromShipped, undefined);
    const many = await trainClassifier({ data: madeData(900, 3), settings, vectors, backend, shipped: linearOf(data) });
    assert.strictEqual(many.record.startedFromShipped, undefined);
  });

  it('is for two labels of which one is spam, unless the settings say otherwise', async () => {
    const spam = madeData(24, 3);
    const sport = madeData(24, 3, 3);
    const starts = async (data: LabelledData, changes: Partial<ClassifierSettings> = {}): Promise<boolean> =>
      (await detectorToStartFrom({ ...defaultClassifierSettings, ...changes }, data)) !== undefined;
    assert.strictEqual(await starts(spam), true);
    assert.strictEqual(await starts(spam, { positive: 'ham' }), false);
    assert.strictEqual(await starts(spam, { start: 'none' }), false);
    assert.strictEqual(await starts(spam, { model: 'network' }), false);
    assert.strictEqual(await starts(sport), false);
  });
});

describe('The answers of a spam detector', () => {
  let backend: Backend;
  let classifier: Classifier;
  const settings: ClassifierSettings = { ...defaultClassifierSettings, model: 'linear', seed: 5 };
  before(async () => {
    backend = await createWasmBackend({ threads: 1 });
    const vectors = hashedSource({ dimensions: 8, buckets: 256, seed: 3 });
    const model = await trainClassifier({ data: madeData(700, 1), settings, vectors, backend });
    classifier = new Classifier(backend, model);
  });
  after(() => backend.dispose());
  const ask = (text: string, threshold?: number): Promise<Verdict> =>
    classifier.classify(text, { explain: false, threshold });

  it('are spam above the threshold, unsure below it, and not spam; never contradicting the probability', async () => {
    const lure = await ask('the winner of the cash prize');
    assert.strictEqual(lure.answer, 'positive');
    const plain = await ask('lovely bread today, thanks');
    assert.strictEqual(plain.answer, 'negative');
    const p = lure.probabilities.spam;
    assert.strictEqual((await ask('the winner of the cash prize', (1 + p) / 2)).answer, 'unsure');
    const flagged = await ask('lovely bread today, thanks', plain.probabilities.spam / 2);
    assert.strictEqual(flagged.answer, 'unsure', 'flagged, but by its number no spam');
  });

  it('are missing if a text is too short or in a language that no example has', async () => {
    assert.strictEqual((await ask('prize! cash!!!')).answer, 'too short');
    const swedish = 'Hej och god morgon, kan du hjälpa oss att bära stolarna upp för trappan igen?';
    assert.strictEqual((await ask(swedish)).answer, 'unknown language');
  });

  it('are about the worst passage of a long text, so that surrounding good text hides nothing', async () => {
    const good = Array.from({ length: 60 }, (_, i) => `We had lovely bread and a quiet lunch at home today ${i}x.`);
    const bad = 'Winner of the cash prize, cash prize winner! Prize for the winner today, cash, cash at home.';
    const text = [...good.slice(0, 30), bad, ...good.slice(30)].join(' ');
    const found = await ask(text);
    assert.strictEqual(found.answer, 'positive');
    const { start, end } = found.passage!;
    assert.ok(start <= text.indexOf(bad) + 40 && end >= text.indexOf(bad) + bad.length - 40, text.slice(start, end));
    assert.ok(end - start < text.length / 10);
    assert.strictEqual((await ask(good.join(' '))).answer, 'negative');
  });

  it('know passages of good texts that read like spam', async () => {
    const report = (i: number): string => {
      const lines = Array.from(
        { length: 12 },
        (_, k) => `We had lovely bread and a quiet lunch at home today ${i + k}x.`,
      );
      return [
        ...lines.slice(0, 6),
        `The prize, cash as ever, went to a winner from the village of number ${i}x.`,
        ...lines.slice(6),
      ].join('\n');
    };
    const data = madeData(300, 1);
    const reports = Array.from({ length: 40 }, (_, i) => ({
      text: report(i),
      label: 'ham',
      source: 'made.txt',
      line: i,
    }));
    const vectors = hashedSource({ dimensions: 8, buckets: 256, seed: 3 });
    const model = await trainClassifier({
      data: { ...data, examples: [...data.examples, ...reports] },
      settings,
      vectors,
      backend,
    });
    const { answer, probabilities } = await new Classifier(backend, model).classify(report(99), { explain: false });
    assert.strictEqual(answer, 'negative', `spam ${probabilities.spam}`);
  });

  it('allow the requested loss only if enough good texts were seen', async () => {
    const vectors = hashedSource({ dimensions: 8, buckets: 256, seed: 3 });
    const train = (share: number): Promise<ClassifierModel> =>
      trainClassifier({
        data: madeData(160, 1),
        settings: { ...settings, threshold: { kind: 'maximum-lost', share } },
        vectors,
        backend,
      });
    await assert.rejects(train(0.01), /examples of "ham" were set aside[^]*at most 1% [^]*, 299 are needed/);
    assert.ok((await train(0.2)).record.threshold! > 0);
  });
});

describe('The settings of a training run', () => {
  it('include at least the requested number of updates, whatever the number of texts', () => {
    for (const texts of [16, 50, 100, 200, 1000, 4459, 100_000]) {
      const { batch, epochs } = withEnoughUpdates(defaultClassifierSettings, texts);
      const updates = epochs * Math.ceil(texts / batch);
      assert.ok(updates >= Math.min(defaultClassifierSettings.leastUpdates, 1000), `${texts}: ${updates}`);
      assert.ok(epochs >= defaultClassifierSettings.epochs && batch <= defaultClassifierSettings.batch);
    }
    const plenty = withEnoughUpdates(defaultClassifierSettings, 100_000);
    assert.deepStrictEqual(plenty, defaultClassifierSettings);
  });

  it('are those of the recipe if it is requested: a network alone, with no more updates', () => {
    for (const variant of classifierVariants) {
      const seed = recipeClassifierSettings(variant);
      assert.strictEqual(seed.model, 'network');
      assert.deepStrictEqual(withEnoughUpdates(seed, 40), seed);
    }
  });

  it('follow the user exactly', () => {
    assert.strictEqual(withGiven(defaultClassifierSettings, { variant: 'gru' }).model, 'network');
    assert.strictEqual(withGiven(defaultClassifierSettings, { variant: 'gru', model: 'average' }).model, 'average');
    assert.strictEqual(withGiven(defaultClassifierSettings, { epochs: 3 }).leastUpdates, 0);
    assert.deepStrictEqual(withGiven(defaultClassifierSettings, { seed: 4 }), {
      ...defaultClassifierSettings,
      seed: 4,
    });
  });
});
