/**
 * Estimates how a classifier improves with more labels, by its linear model: trained on a quarter, a half and all of
 * the texts, and tested on texts that were left out. A power law through these points predicts the benefit of further
 * labels:
 *
 *   1 - macro F1(n) = a · n^-b
 */
import type { LearningCurve } from '../../common/classifierProtocol';

const shares = [0.25, 0.5, 1];
/** A doubling with a smaller expected gain of macro F1 is not worth its labels. */
const leastGain = 0.005;
/** No prediction is made beyond this multiple of the available labels. */
const farthest = 8;

/**
 * The curve measured by `measure`, which returns the macro F1 after training on a number of texts; `all` is the number
 * of texts.
 */
export function learningCurve(all: number, measure: (texts: number) => number): LearningCurve {
  const points = shares.map((share) => {
    const texts = Math.round(share * all);
    return { texts, macroF1: measure(texts) };
  });
  return { points, ...worthAdding(points) };
}

/** How many more texts are worth labelling, and the macro F1 expected then. `points` are in ascending order. */
export function worthAdding(points: LearningCurve['points']): Pick<LearningCurve, 'worthAdding' | 'expected'> {
  const last = points.at(-1)!;
  const xs = points.map(({ texts }) => Math.log(texts));
  // A measurement on n texts cannot show an error below half a text.
  const ys = points.map(({ texts, macroF1 }) => Math.log(Math.max(1 - macroF1, 0.5 / texts)));
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const [x0, y0] = [mean(xs), mean(ys)];
  const slope =
    xs.reduce((sum, x, i) => sum + (x - x0) * (ys[i] - y0), 0) / xs.reduce((sum, x) => sum + (x - x0) ** 2, 0);
  const error = (texts: number): number =>
    texts === last.texts ? 1 - last.macroF1 : Math.exp(ys.at(-1)! + slope * (Math.log(texts) - xs.at(-1)!));
  let texts = last.texts;
  while (texts < farthest * last.texts && error(texts) - error(2 * texts) >= leastGain) texts *= 2;
  return { worthAdding: texts - last.texts, expected: 1 - error(texts) };
}
