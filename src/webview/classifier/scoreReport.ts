/**
 * The classifier beside what else could have been kept, and beside its baselines: logistic regression, naive Bayes,
 * averaged word vectors, and one that always answers with the most frequent class.
 */
import type { ClassificationReport, ClassifierRecord } from '../../common/classifierProtocol';
import { formatFigure } from '../../common/confusionReport';
import { t } from '../../common/l10n';
import { keptTitle, partTitle, untriedSentence } from '../../common/partTitles';
import { className } from '../../common/verdictSentences';
import { h, scrolling } from '../dom';

export function scoreReport(record: ClassifierRecord): HTMLElement[] {
  const { baselines, report, settings, positive, classes, kept, candidates = [] } = record;
  const name = positive === null ? undefined : classes[positive];
  const rows: [string, ClassificationReport][] = [
    [t('this classifier ({0})', keptTitle(record)), report],
    ...candidates.flatMap(({ part, report }): [string, ClassificationReport][] =>
      report && part !== kept ? [[partTitle(part, settings.variant), report]] : [],
    ),
    [t('logistic regression'), baselines.logisticRegression],
    [t('naive Bayes'), baselines.naiveBayes],
    ...(baselines.averagedVectors
      ? [[t('averaged word vectors'), baselines.averagedVectors] satisfies [string, ClassificationReport]]
      : []),
    [t('always the most frequent class'), baselines.majority],
  ];
  const untried = untriedSentence(record);
  const head = [...(name === undefined ? [] : [`F1 ${className(name, record)}`]), t('macro F1'), t('accuracy')];
  return [
    scrolling(
      h(
        'table',
        {},
        h('caption', { class: 'muted' }, t('For comparison, on the same held-out examples (at its own threshold)')),
        h('thead', {}, h('tr', {}, h('td'), ...head.map((cell) => h('th', { scope: 'col' }, cell)))),
        h(
          'tbody',
          {},
          ...rows.map(([title, scores], i) => {
            const figures = [scores.macro.f1, scores.accuracy];
            if (name !== undefined) figures.unshift(scores.perClass[name].f1);
            return h(
              'tr',
              { class: i === 0 ? 'best' : undefined },
              h('th', { scope: 'row' }, title),
              ...figures.map((figure) => h('td', {}, formatFigure(figure))),
            );
          }),
        ),
      ),
    ),
    ...(untried === undefined ? [] : [h('p', { class: 'muted' }, untried)]),
  ];
}
