import * as assert from 'node:assert';
import type { ClassScores } from '../../../../src/common/classifierProtocol';
import { formatFigure, unmeasured } from '../../../../src/common/confusionReport';
import { BagOfWords } from '../../../../src/engine/classification/bagOfWords';
import { calibrate, fitIsotonic, fitPlatt, shiftFor } from '../../../../src/engine/classification/calibration';
import { LogisticRegression } from '../../../../src/engine/classification/logisticRegression';
import {
  allowedLosses,
  aucInterval,
  binaryCurves,
  calibrationError,
  chooseThreshold,
  classificationReport,
  fewestNegatives,
  shareInterval,
  spreadOf,
} from '../../../../src/engine/classification/metrics';
import { NaiveBayes } from '../../../../src/engine/classification/naiveBayes';
import { tokenize } from '../../../../src/engine/classification/tokens';
import golden from '../../../fixtures/classification/scikit.json';

/** Every number of `actual` within `tolerance` of `expected`; what is not a number must be equal. */
function assertClose(
  actual: readonly (number | null)[],
  expected: readonly (number | null)[],
  tolerance: number,
): void {
  assert.strictEqual(actual.length, expected.length);
  actual.forEach((value, i) => {
    const wanted = expected[i];
    if (value === null || wanted === null) assert.strictEqual(value, wanted, `element ${i}`);
    else assert.ok(Math.abs(value - wanted) <= tolerance, `element ${i}: ${value} instead of ${wanted}`);
  });
}

describe('Classifier metrics against scikit-learn', () => {
  for (const { classes, truth, predicted, report: expected, accuracy, confusion } of golden.reports) {
    it(`reports on ${classes.join(', ')}`, () => {
      const report = classificationReport(truth, predicted, classes);
      const rows = expected as unknown as Record<string, Record<string, number>>;
      const check = (scores: ClassScores, name: string): void =>
        assertClose(
          [scores.precision, scores.recall, scores.f1, scores.support],
          ['precision', 'recall', 'f1-score', 'support'].map((key) => rows[name][key]),
          1e-12,
        );
      for (const name of classes) check(report.perClass[name], name);
      check(report.macro, 'macro avg');
      check(report.weighted, 'weighted avg');
      assertClose([report.accuracy], [accuracy], 1e-12);
      assert.deepStrictEqual(report.confusion, confusion);
    });
  }

  const { positive, scores } = golden.binary;

  it('draws the ROC and precision–recall curves', () => {
    const curves = binaryCurves(positive, scores)!;
    for (const key of ['falsePositiveRate', 'truePositiveRate', 'threshold'] as const) {
      assertClose(curves.roc[key], golden.binary.roc[key], 1e-12);
    }
    for (const key of ['precision', 'recall', 'threshold'] as const) {
      assertClose(curves.precisionRecall[key], golden.binary.precisionRecall[key], 1e-12);
    }
    assertClose([curves.roc.auc], [golden.binary.auc], 1e-12);
    assertClose([curves.precisionRecall.averagePrecision], [golden.binary.averagePrecision], 1e-12);
  });

  it('calibrates as Platt and isotonically', () => {
    const platt = fitPlatt(positive, scores);
    assertClose([platt.a, platt.b], [golden.binary.platt.a, golden.binary.platt.b], 1e-5);
    const asked = golden.binary.asked;
    assertClose(
      asked.map((score) => calibrate(platt, score)),
      golden.binary.plattAsked,
      1e-5,
    );
    const isotonic = fitIsotonic(positive, scores);
    assertClose(
      asked.map((score) => calibrate(isotonic, score)),
      golden.binary.isotonicAsked,
      1e-9,
    );
  });

  it('gives the same naive Bayes and logistic regression', () => {
    const { texts, asked } = golden.baselines;
    const bag = BagOfWords.build(texts.map(tokenize));
    const rows = texts.map((text) => bag.count(tokenize(text)));
    const size = bag.words.length;
    for (const [labels, classes, bayes, regression] of [
      [golden.baselines.labels, 2, golden.baselines.naiveBayes, golden.baselines.logisticRegression],
      [golden.baselines.topics, 3, golden.baselines.naiveBayesTopics, golden.baselines.logisticRegressionTopics],
    ] as const) {
      const naiveBayes = NaiveBayes.fit(rows, labels, classes, size);
      const logisticRegression = LogisticRegression.fit(rows, labels, classes, size);
      asked.forEach((text, i) => {
        assertClose(naiveBayes.probabilities(bag.count(tokenize(text))), bayes[i], 1e-9);
        assertClose(logisticRegression.probabilities(bag.count(tokenize(text))), regression[i], 1e-4);
      });
    }
  });
});

describe('Choosing a threshold', () => {
  // By falling score: spam, spam, ham, spam, ham, ham.
  const positive = [1, 1, 0, 1, 0, 0];
  const scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.1];

  it('maximises F1', () => {
    // Three of three spam at 0.6 with one ham: F1 = 6 / 7; at 0.8: 4 / 5.
    assert.ok(Math.abs(chooseThreshold(positive, scores, { kind: 'maximum-f1' }) - 0.55) < 1e-12);
  });

  it('loses at most the allowed share of good messages', () => {
    assert.ok(Math.abs(chooseThreshold(positive, scores, { kind: 'maximum-lost', share: 0 }) - 0.75) < 1e-12);
    assert.ok(Math.abs(chooseThreshold(positive, scores, { kind: 'maximum-lost', share: 0.34 }) - 0.55) < 1e-12);
  });

  it('is above every score if even the highest is a good message', () => {
    const threshold = chooseThreshold([0, 1], [0.9, 0.2], { kind: 'maximum-lost', share: 0 });
    assert.ok(threshold > 0.9);
  });

  it('keeps a fixed one', () => {
    assert.strictEqual(chooseThreshold(positive, scores, { kind: 'fixed', value: 0.3 }), 0.3);
  });
});

describe('The certainty of a figure', () => {
  /** P(Bin(n, p) ≤ k), term by term. */
  const atMost = (k: number, n: number, p: number): number => {
    let sum = 0;
    for (let j = 0; j <= k; j++) {
      let choose = 1;
      for (let i = 0; i < j; i++) choose = (choose * (n - i)) / (i + 1);
      sum += choose * p ** j * (1 - p) ** (n - j);
    }
    return sum;
  };

  it('allows as many losses as prove at 95 % that no more than the share is lost, and refuses too few examples', () => {
    // The rule of three: 299 of 299 good messages kept show that at most 1 % is lost, 298 do not.
    assert.strictEqual(allowedLosses(0.01, 298), undefined);
    assert.strictEqual(allowedLosses(0.01, 299), 0);
    assert.strictEqual(fewestNegatives(0.01), 299);
    for (const [share, negatives] of [
      [0.01, 1000],
      [0.05, 200],
      [0.3, 40],
    ]) {
      const allowed = allowedLosses(share, negatives)!;
      assert.ok(allowed > 0 && allowed < share * negatives, `${allowed}`);
      assert.ok(atMost(allowed, negatives, share) <= 0.05 && atMost(allowed + 1, negatives, share) > 0.05);
    }
    assert.strictEqual(allowedLosses(0, 5), 0);
  });

  it('has intervals that shrink as examples grow', () => {
    // Wilson's interval of 8 of 10 by hand: centre (0.8 + 0.19207) / 1.38415, reach 0.21308.
    const { low, high } = shareInterval(8, 10)!;
    assert.ok(Math.abs(low - 0.4902) < 1e-3 && Math.abs(high - 0.9433) < 1e-3, `${low} ${high}`);
    assert.strictEqual(shareInterval(0, 0), null);
    assert.strictEqual(shareInterval(0, 10)!.low, 0);
    const width = (n: number): number => aucInterval(0.8, n, n).high - aucInterval(0.8, n, n).low;
    assert.ok(width(100) < width(25) / 1.9 && width(25) < 0.3);
  });

  it('measures whether probabilities are accurate', () => {
    // Of ten at 0.85 eight are so, of ten at 0.15 four: gaps 0.05 and 0.25, half of the examples each.
    const outcomes = [
      ...Array.from({ length: 10 }, (_, i) => +(i < 8)),
      ...Array.from({ length: 10 }, (_, i) => +(i < 4)),
    ];
    const given = outcomes.map((_, i) => (i < 10 ? 0.85 : 0.15));
    assert.ok(Math.abs(calibrationError(outcomes, given) - 0.15) < 1e-12);
  });

  it('moves all probabilities by corrections, the more the fewer the held-out texts', () => {
    const calm = Array.from({ length: 200 }, (_, i) => (i % 2 ? 4 : -4));
    const wrong = [{ logOdds: 3, positive: false }];
    const shift = shiftFor(calm, wrong, 5);
    assert.ok(shift < -0.1 && shift > -2, `${shift}`);
    assert.ok(shiftFor(calm.slice(0, 20), wrong, 5) < shift);
    assert.ok(Math.abs(shiftFor(calm, [{ logOdds: -30, positive: false }], 5)) < 1e-6, 'nothing where it was right');
    assert.strictEqual(shiftFor(calm, [], 5), 0);
    assert.ok(shiftFor(calm, [{ logOdds: -3, positive: true }], 5) > 0.1);
  });
});

describe('Spread over folds', () => {
  it('is the sample standard deviation', () => {
    assert.deepStrictEqual(spreadOf([1, 2, 3]), { mean: 2, deviation: 1, minimum: 1, maximum: 3 });
    assert.strictEqual(spreadOf([0.5])?.deviation, 0);
  });
});

describe('Figures that were not measured', () => {
  it('are null, give their reason, and stay out of means', () => {
    const report = classificationReport([0, 0, 1, 1], [0, 0, 1, 0], ['ham', 'spam', 'news']);
    assert.deepStrictEqual(report.perClass.news, { precision: null, recall: null, f1: null, support: 0 });
    assert.ok(Math.abs(report.macro.recall! - 0.75) < 1e-12, 'the mean of the two that were measured');
    assert.deepStrictEqual(unmeasured(report), ['“news” was not measured: there are no examples of it.']);
    assert.strictEqual(formatFigure(report.perClass.news.f1), 'not measured');
    const none = classificationReport([], [], ['ham', 'spam']);
    assert.strictEqual(none.accuracy, null);
    assert.strictEqual(none.macro.f1, null);
    assert.strictEqual(binaryCurves([0, 0], [0.1, 0.9]), null);
    assert.deepStrictEqual(spreadOf([null, 0.5, 1])?.mean, 0.75);
    assert.strictEqual(spreadOf([null]), null);
  });
});
