import * as assert from 'node:assert';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import {
  classifierVariants,
  correctionLength,
  type ClassifierEvent,
  type ClassifierSettings,
} from '../../../../src/common/classifierProtocol';
import { InklingError } from '../../../../src/common/errors';
import type { Backend } from '../../../../src/engine/backends/backend';
import { createReferenceBackend } from '../../../../src/engine/backends/reference/referenceBackend';
import { createWasmBackend } from '../../../../src/engine/backends/wasm/wasmBackend';
import { averagedVectors } from '../../../../src/engine/classification/averagedVectors';
import { paddedGroups, raggedGroups, textBatch } from '../../../../src/engine/classification/batches';
import { Classifier, probabilitiesOf } from '../../../../src/engine/classification/classifier';
import { loadClassifier, saveClassifier, storedClassifier } from '../../../../src/engine/classification/classifierFile';
import type { ClassifierTask } from '../../../../src/engine/classification/classifierTask';
import { parseLabelledText, type LabelledData } from '../../../../src/engine/classification/labelledData';
import { classifierSpec } from '../../../../src/engine/classification/networkTraining';
import { classificationReport } from '../../../../src/engine/classification/metrics';
import { defaultClassifierSettings } from '../../../../src/engine/classification/settings';
import { tokenize } from '../../../../src/engine/classification/tokens';
import {
  crossValidate,
  evaluateClassifier,
  trainClassifier,
} from '../../../../src/engine/classification/trainClassifier';
import { hashedSource } from '../../../../src/engine/classification/vectorSource';
import { WordVectors } from '../../../../src/engine/classification/wordVectors';
import { initialiseParameters } from '../../../../src/engine/model/initialisation';
import { writeModelFile } from '../../../../src/engine/model/modelFile';
import { Random } from '../../../../src/engine/random';

/** Messages whose class is one telling word among common ones: two kinds of spam words, two of ham words. */
function madeData(count: number, seed: number, classes = 2): LabelledData {
  const random = new Random(seed);
  const common = ['the', 'a', 'you', 'to', 'now', 'is', 'it', 'and', 'for', 'me'];
  const telling = [
    ['lunch', 'sleeping', 'home'],
    ['prize', 'winner', 'cash'],
    ['goal', 'match', 'team'],
  ];
  const lines = Array.from({ length: count }, (_, i) => {
    const label = i % classes;
    const words = Array.from({ length: 3 + random.integer(6) }, () => common[random.integer(common.length)]);
    words[random.integer(words.length)] = telling[label][random.integer(3)];
    return `${['ham', 'spam', 'sport'][label]}\t${words.join(' ')} ${i}x`;
  });
  return parseLabelledText(lines.join('\n'), 'made.txt', 'refuse');
}

const vectors = hashedSource({ dimensions: 8, buckets: 256, seed: 3 });
const small: ClassifierSettings = {
  ...defaultClassifierSettings,
  model: 'network',
  leastUpdates: 0,
  variant: 'gru',
  units: 8,
  dropout: 0.1,
  epochs: 6,
  batch: 16,
  learningRate: 0.02,
  maximumTokens: 12,
  seed: 5,
};

describe('Batches of texts', () => {
  const random = new Random(1);
  const sequences = Array.from({ length: 40 }, (_, i) => new Uint16Array(1 + (i % 9)).map(() => random.integer(20)));
  const labels = sequences.map((_, i) => i % 2);
  const lengths = sequences.map((ids) => ids.length);
  const members = Int32Array.from(sequences, (_, i) => i);

  for (const variant of classifierVariants) {
    it(`gives equal losses and gradients for a padded and for a ragged batch (${variant})`, async () => {
      const spec = classifierSpec({ ...small, variant, dropout: 0 }, 2, 20, 6);
      const parameters = await initialiseParameters(spec, { kind: 'keras' }, 2);
      for (const backend of [createReferenceBackend(), await createWasmBackend({ threads: 1 })]) {
        const network = await backend.createNetwork(spec, parameters, { batch: 8, steps: 50 });
        const some = [3, 14, 15, 7, 2];
        const ragged = await network.gradients(textBatch(sequences, some, 8, labels), 0.2, 1);
        const padded = await network.gradients(textBatch(sequences, some, 50, labels), 0.2, 1);
        assert.ok(Math.abs(ragged.lossSum - padded.lossSum) < 1e-5, backend.name);
        ragged.gradients.forEach((g, i) => assert.ok(Math.abs(g - padded.gradients[i]) < 1e-6, `${backend.name} ${i}`));
        assert.ok(ragged.gradientNorm > 1e-3);
        network.dispose();
        await backend.dispose();
      }
    });
  }

  it('truncates long texts and gives an empty one a single empty step', () => {
    const batch = textBatch([Uint16Array.of(1, 2, 3), new Uint16Array(0)], [0, 1], 2, [1, 0]);
    assert.deepStrictEqual([...batch.inputs], [1, 0xffff, 2, 0xffff]);
    assert.deepStrictEqual([...batch.targets], [-1, 0, 1, -1]);
    assert.deepStrictEqual([...batch.lengths!], [2, 1]);
  });

  it('reads a text backwards, cut first and padded at the end', () => {
    const texts = [Uint16Array.of(1, 2, 3), Uint16Array.of(4)];
    const batch = textBatch(texts, [0, 1], 2, [1, 0], { direction: 'backwards' });
    assert.deepStrictEqual([...batch.inputs], [2, 4, 1, 0xffff]);
    assert.deepStrictEqual([...batch.targets], [-1, 0, 1, -1]);
  });

  it('groups every text once, with texts of similar length together', () => {
    const groups = raggedGroups(members, lengths, 8, 50, new Random(2));
    const all = groups.flatMap((group) => [...group.members]).sort((a, b) => a - b);
    assert.deepStrictEqual(all, [...members]);
    for (const { members: group, steps } of groups) {
      const own = [...group].map((i) => lengths[i]);
      assert.strictEqual(steps, Math.max(...own));
      assert.ok(group.length <= 8 && Math.max(...own) <= Math.min(...own) * 1.25 + 3);
    }
    const padded = paddedGroups(members, 16, 50, new Random(2));
    assert.deepStrictEqual(
      padded.map((group) => [group.members.length, group.steps]),
      [
        [16, 50],
        [16, 50],
        [8, 50],
      ],
    );
  });
});

describe('Training a classifier', () => {
  let backend: Backend;
  before(async () => (backend = await createWasmBackend({ threads: 2 })));
  after(() => backend.dispose());
  const task = (data: LabelledData, settings: Partial<ClassifierSettings> = {}): ClassifierTask => ({
    data,
    settings: { ...small, ...settings },
    vectors,
    backend,
    created: '2026-01-01T00:00:00.000Z',
  });

  it('learns what the words indicate, and is measured on unseen texts', async () => {
    const events: ClassifierEvent[] = [];
    const model = await trainClassifier({ ...task(madeData(300, 1)), onEvent: (event) => events.push(event) });
    const { record } = model;
    assert.ok(record.report.macro.f1! > 0.95, `macro F1 ${record.report.macro.f1} (seed ${small.seed})`);
    assert.strictEqual(record.report.macro.support, record.heldOutExamples);
    assert.strictEqual(record.trainExamples + record.heldOutExamples + record.duplicatesRemoved, 300);
    assert.deepStrictEqual(record.classes, ['ham', 'spam']);
    assert.strictEqual(record.positive, 1);
    assert.strictEqual(record.scores.length, record.heldOutExamples);
    assert.ok(record.curves!.roc.auc > 0.98);
    assert.ok(record.baselines.naiveBayes.accuracy! > 0.9);
    const averaged = record.baselines.averagedVectors!;
    assert.strictEqual(averaged.macro.support, record.heldOutExamples);
    assert.ok(averaged.accuracy! > record.baselines.majority.accuracy! + 0.1, `averaged ${averaged.accuracy}`);
    assert.ok(Math.abs(record.baselines.majority.accuracy! - 0.5) < 0.05);
    assert.strictEqual(events[0].event, 'start');
    assert.strictEqual(events.filter((event) => event.event === 'epoch').length, small.epochs);
  });

  for (const vectorMode of ['tuned', 'learned'] as const) {
    it(`learns with ${vectorMode} vectors and in padded mode`, async () => {
      const model = await trainClassifier(
        task(madeData(300, 1), { vectors: vectorMode, lengths: 'padded', epochs: 8 }),
      );
      assert.ok(model.record.report.macro.f1! > 0.9, `macro F1 ${model.record.report.macro.f1}`);
      assert.ok(model.encoder.learned!.size > 20);
    });
  }

  it('learns with two layers, backwards, with weight decay', async () => {
    const settings = { layers: 2, direction: 'backwards', weightDecay: 0.01, epochs: 8 } as const;
    const model = await trainClassifier(task(madeData(300, 1), settings));
    assert.strictEqual(model.spec.layers.length, 2);
    assert.ok(model.record.report.macro.f1! > 0.9, `macro F1 ${model.record.report.macro.f1}`);
    // The trained network reads in the direction that it learned, also from its file.
    const file = path.join(os.tmpdir(), `inkling-backwards-${process.pid}.safetensors`);
    await saveClassifier(file, model, 'made');
    const classifier = new Classifier(backend, await loadClassifier(file));
    fs.rmSync(file);
    const asked = ['you and the prize', 'lunch is for me'];
    const logits = await classifier.logits(asked.map(tokenize));
    assert.deepStrictEqual(
      logits.map(([logit]) => logit > 0),
      [true, false],
    );
    classifier.dispose();
    const forwards = {
      ...model,
      record: { ...model.record, settings: { ...model.record.settings, direction: 'forwards' as const } },
    };
    const other = new Classifier(backend, forwards);
    assert.notDeepStrictEqual(await other.logits(asked.map(tokenize)), logits);
    other.dispose();
  });

  it('holds weights smaller with weight decay', async () => {
    const normOf = async (weightDecay: number): Promise<number> => {
      const { parameters } = await trainClassifier(task(madeData(80, 3), { epochs: 4, weightDecay }));
      return Math.hypot(...parameters);
    };
    const [free, held] = [await normOf(0), await normOf(1)];
    assert.ok(held < 0.9 * free, `${held} with decay, ${free} without`);
  });

  it('keeps equal texts on both sides if requested', async () => {
    const data = madeData(80, 3);
    const twice = { ...data, examples: [...data.examples, ...data.examples] };
    const sizes = async (duplicates: 'remove' | 'keep'): Promise<number[]> => {
      const { record } = await trainClassifier(task(twice, { epochs: 1, duplicates }));
      return [record.trainExamples, record.heldOutExamples, record.duplicatesRemoved];
    };
    assert.deepStrictEqual(await sizes('remove'), [128, 16, 16]);
    assert.deepStrictEqual(await sizes('keep'), [128, 32, 0]);
  });

  it('averages the vectors of the words of a text', () => {
    const known = new WordVectors(2, ['good', 'bad'], Float32Array.of(1, 0, 0, 3), new Float32Array(2));
    const rows = averagedVectors(['Good, bad: good!', '?'].map(tokenize), known);
    assert.deepStrictEqual(
      rows.map(({ counts }) => [...counts].map((x) => Number(x.toFixed(6)))),
      [
        [0.666667, 1],
        [0, 0],
      ],
    );
  });

  it('distinguishes three classes', async () => {
    const model = await trainClassifier(task(madeData(360, 2, 3), { variant: 'birnn' }));
    assert.ok(model.record.report.macro.f1! > 0.9, `macro F1 ${model.record.report.macro.f1}`);
    assert.strictEqual(model.record.positive, null);
    assert.strictEqual(model.record.curves, null);
    const verdict = await new Classifier(backend, model).classify('the winner is you', { explain: true });
    assert.strictEqual(verdict.label, 'spam');
    assert.strictEqual(verdict.contributions.length, 4);
  });

  it('gives the same model for the same seed, also on one thread', async () => {
    const data = madeData(80, 3);
    const one = await createWasmBackend({ threads: 1 });
    const first = await trainClassifier(task(data, { epochs: 2 }));
    const second = await trainClassifier({ ...task(data, { epochs: 2 }), backend: one });
    assert.deepStrictEqual(first.parameters, second.parameters);
    const other = await trainClassifier(task(data, { epochs: 2, seed: 6 }));
    assert.notDeepStrictEqual(first.parameters, other.parameters);
    await one.dispose();
  });

  it('weighs a rare class as much as a frequent one if requested', async () => {
    const all = madeData(400, 4);
    const examples = all.examples.filter((example, i) => example.label === 'ham' || i % 16 === 1);
    const data = { ...all, examples };
    const settings = { evidence: false, epochs: 6, learningRate: 0.01, validationFraction: 0 };
    const recall = async (classWeights: 'none' | 'balanced'): Promise<number> =>
      (await trainClassifier(task(data, { ...settings, classWeights }))).record.report.perClass.spam.recall!;
    const [plain, balanced] = [await recall('none'), await recall('balanced')];
    assert.ok(balanced > plain, `${balanced} with weights, ${plain} without`);
  });

  it('stops early and keeps the best epoch', async () => {
    const model = await trainClassifier(task(madeData(120, 5), { epochs: 30, patience: 2 }));
    const { history } = model.record;
    assert.ok(history.length < 30);
    const best = history.findLastIndex((event) => event.best);
    assert.strictEqual(history.length - 1 - best, 2);
    assert.ok(history.every((event) => event.validationMacroF1 <= history[best].validationMacroF1));
  });

  it('chooses the threshold by the rule, on the validation part', async () => {
    const settings = { epochs: 2, learningRate: 0.005, evidence: false, validationFraction: 0.3 };
    const data = madeData(200, 6);
    const strict = await trainClassifier(task(data, { ...settings, threshold: { kind: 'maximum-lost', share: 0 } }));
    const f1 = await trainClassifier(task(data, { ...settings, threshold: { kind: 'maximum-f1' } }));
    const fixed = await trainClassifier(task(data, { ...settings, threshold: { kind: 'fixed', value: 0.7 } }));
    assert.ok(strict.record.threshold! >= f1.record.threshold!);
    assert.strictEqual(fixed.record.threshold, 0.7);
  });

  it('cross-validates and reports the spread', async () => {
    const result = await crossValidate(task(madeData(240, 7), { epochs: 8 }), 3);
    assert.strictEqual(result.reports.length, 3);
    const { minimum, mean, maximum } = result.accuracy!;
    assert.ok(minimum <= mean && mean <= maximum);
    assert.ok(result.f1.spam!.mean > 0.7);
  });

  it('stops on request', async () => {
    const stop = new AbortController();
    const run = trainClassifier({
      ...task(madeData(100, 8), { epochs: 500 }),
      signal: stop.signal,
      onEvent: (event) => event.event === 'epoch' && stop.abort(),
    });
    await assert.rejects(run, (error) => error instanceof InklingError && error.code === 'cancelled');
  });

  it('refuses settings out of bounds by name', async () => {
    const refused = (settings: Partial<ClassifierSettings>, pattern: RegExp): Promise<void> =>
      assert.rejects(trainClassifier(task(madeData(40, 1), settings)), pattern);
    await refused({ epochs: 0 }, /"epochs" is a whole number from 1 to 1000, not 0/);
    await refused({ heldOutFraction: 0.9 }, /"heldOutFraction"/);
    await refused({ variant: 'bigru', layers: 2 }, /for more layers, .* choose the variant gru/);
    await refused({ variant: 'birnn', direction: 'backwards' }, /choose the variant rnn/);
    await refused({ positive: 'eggs' }, /No example is labelled "eggs"; labels: ham, spam/);
  });
});

describe('A trained classifier', () => {
  let backend: Backend;
  let classifier: Classifier;
  before(async () => {
    backend = await createWasmBackend({ threads: 1 });
    const settings = { ...small, epochs: 8 };
    classifier = new Classifier(backend, await trainClassifier({ data: madeData(300, 1), settings, vectors, backend }));
  });
  after(() => backend.dispose());

  it('says which word was decisive', async () => {
    const text = 'it is the prize for you';
    const verdict = await classifier.classify(text, { explain: true });
    assert.strictEqual(verdict.label, 'spam');
    assert.ok(verdict.probability > 0.9);
    const strongest = [...verdict.contributions].sort((a, b) => b.contribution - a.contribution)[0];
    assert.strictEqual(text.slice(strongest.start, strongest.end), 'prize');
    assert.deepStrictEqual(
      verdict.contributions.map(({ start, end }) => text.slice(start, end)),
      tokenize(text).map((token) => token.text),
    );
    assert.strictEqual((await classifier.classify(text, { explain: false })).contributions.length, 0);
  });

  it('gives the same answers for one text and for many at once', async () => {
    const texts = ['lunch for me', 'cash now', '', 'a', 'it is the winner and the prize for you to lunch now is it'];
    const together = await classifier.logits(texts.map(tokenize));
    for (const [i, text] of texts.entries()) {
      const [[alone]] = await classifier.logits([tokenize(text)]);
      assert.ok(Math.abs(alone - together[i][0]) < 1e-4, text);
    }
  });

  it('reads a long text in windows', async () => {
    const long = `${'the prize is cash for you winner '.repeat(60)}`;
    const verdict = await classifier.classify(long, { explain: true });
    assert.strictEqual(verdict.label, 'spam');
    assert.ok(verdict.tokens > 12 * 10);
    assert.strictEqual(verdict.contributions.at(-1)!.end, long.trimEnd().length);
  });

  it('applies corrections and forgets them', async () => {
    const text = 'the lunch is for you';
    const before = await classifier.classify(text, { explain: false });
    assert.strictEqual(before.label, 'ham');
    const same = await classifier.classify(text, {
      explain: false,
      corrections: [{ text: 'The  lunch is for you', label: 'spam' }],
    });
    assert.strictEqual(same.label, 'spam');
    const long = `${text} `.repeat(1 + correctionLength / text.length);
    const cut = { text: long.slice(0, correctionLength), label: 'spam' };
    const { corrected } = await classifier.classify(long, { explain: false, corrections: [cut] });
    assert.ok(corrected, 'a long text is known by its beginning');
    const nearby = await classifier.classify(text, {
      explain: false,
      corrections: [{ text: 'free lunch voucher', label: 'spam' }],
    });
    assert.ok(nearby.probabilities.spam > before.probabilities.spam);
    const after = await classifier.classify(text, { explain: false });
    assert.deepStrictEqual(after.probabilities, before.probabilities);
  });

  it('is restored from its file unchanged', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-'));
    try {
      const file = path.join(folder, 'made.inkling.safetensors');
      await saveClassifier(file, classifier.model, 'made');
      const loaded = await loadClassifier(file);
      assert.deepStrictEqual(loaded.record, JSON.parse(JSON.stringify(classifier.model.record)));
      // A figure that was not measured stays null.
      const report = classificationReport([0, 0], [0, 1], ['ham', 'spam']);
      await saveClassifier(file, { ...classifier.model, record: { ...classifier.model.record, report } }, 'made');
      assert.deepStrictEqual((await loadClassifier(file)).record.report, report);
      const again = new Classifier(backend, loaded);
      for (const text of ['cash for me', 'unheard words here']) {
        const [a, b] = [
          await classifier.classify(text, { explain: true }),
          await again.classify(text, { explain: true }),
        ];
        assert.deepStrictEqual(a.probabilities, b.probabilities);
        assert.deepStrictEqual(a.contributions, b.contributions);
        assert.ok(Math.abs(a.naiveBayes.probability - b.naiveBayes.probability) < 1e-6);
      }
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('refuses a file with inconsistent details, naming the field', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-'));
    try {
      const file = path.join(folder, 'made.inkling.safetensors');
      type Details = Record<string, Record<string, unknown>>;
      const cases: [change: (details: Details) => void, message: RegExp][] = [
        [(d) => (d.vectors.buckets = 6e6), /"details\.vectors\.buckets" must be a whole number from 1 to 16384/],
        [(d) => (d.record.classes = 'ham'), /"details\.record\.classes" must be a list/],
        [(d) => (d.record.classes = ['ham', 'ham']), /two or more different labels/],
        [(d) => (d.record.positive = 2), /"details\.record\.positive" must be one of two labels/],
        [(d) => (d.record.created = 'x'), /"details\.record\.created" must be a date/],
        [(d) => (d.record.threshold = -1e9), /"details\.record\.threshold" must be a number from 0 to 2/],
        [(d) => (d.record.seconds = 1e308), /"details\.record\.seconds" must be a number/],
        [(d) => ((d.record.settings as Details[string]).maximumTokens = 1e9), /"maximumTokens" is a whole number/],
        [(d) => ((d.record.report as Details[string]).confusion = []), /a report on all labels/],
        [(d) => delete d.bag.words, /"details\.bag\.words" is missing/],
        [(d) => (d.bag.words = ['cash']), /tensor "naiveBayes\.logLikelihoods" does not have 2 numbers/],
        [(d) => (d.calibration = { kind: 'temperature', temperature: 0 }), /"details\.calibration\.temperature"/],
        [(d) => (d.evidence.messages = []), /"details\.evidence\.messages" must be two counts a label/],
      ];
      for (const [change, message] of cases) {
        const stored = storedClassifier(classifier.model, 'made');
        assert.ok(stored.kind === 'classifier');
        const details = JSON.parse(JSON.stringify(stored.details)) as Details;
        change(details);
        await writeModelFile(file, { ...stored, details });
        await assert.rejects(loadClassifier(file), { name: 'InklingError', code: 'corruptModel', message });
      }
      const stored = storedClassifier(classifier.model, 'made');
      stored.extraTensors!['naiveBayes.logLikelihoods'][3] = NaN;
      await writeModelFile(file, stored);
      await assert.rejects(loadClassifier(file), /"naiveBayes\.logLikelihoods" holds numbers that are not finite/);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('is evaluated on other data and refuses unknown labels', async () => {
    const { report, probabilities } = await evaluateClassifier(classifier, madeData(60, 9));
    assert.ok(report.accuracy! > 0.9);
    assert.strictEqual(probabilities.length, 60);
    await assert.rejects(
      evaluateClassifier(classifier, madeData(60, 9, 3)),
      /knows the labels ham, spam; .* also has sport/,
    );
  });

  it('never gives a probability above 1 or below 0', () => {
    for (const logit of [-1e4, 0, 1e4]) {
      const p = probabilitiesOf(classifier.model, [logit]);
      assert.ok(p.every((x) => x >= 0 && x <= 1) && Math.abs(p[0] + p[1] - 1) < 1e-12);
    }
  });
});
