/** The six variants side by side: same examples, same split, same epochs. Nothing if they were not compared. */
import type { ClassifierRecord, VariantScores } from '../../common/classifierProtocol';
import { formatFigure } from '../../common/confusionReport';
import { formatFixed } from '../../common/formats';
import { t } from '../../common/l10n';
import { className } from '../../common/verdictSentences';
import { formatTick } from '../chart/scale';
import { h, scrolling } from '../dom';

export function comparisonTable(record: ClassifierRecord): HTMLElement[] {
  const { comparison, settings, positive, classes } = record;
  if (!comparison || comparison.length === 0) {
    return [
      h(
        'p',
        { class: 'muted small' },
        t(
          'The six variants (RNN, LSTM and GRU, each unidirectional and bidirectional) can be compared when a classifier is trained.',
        ),
      ),
    ];
  }
  const name = positive === null ? undefined : classes[positive];
  const score = (scores: VariantScores): number | null =>
    name === undefined ? scores.macroF1 : scores.perClass[name].f1;
  const values = comparison.map(score).filter((value) => value !== null);
  // Bars begin a little below the lowest figure: they show differences; the figures beside them show the size.
  const low = Math.max(0, Math.min(...values) - 0.05);
  const head = [name === undefined ? t('macro F1') : `F1 ${className(name, record)}`, t('accuracy'), t('parameters')];
  // The shipped model was compared without timing, and was not chosen by the comparison.
  const timed = comparison.some(({ seconds }) => seconds > 0);
  if (timed) head.push(t('seconds'));
  const best = comparison.reduce((a, b) => (b.validationMacroF1 > a.validationMacroF1 ? b : a));
  const { epochs, variant } = settings;
  return [
    h('h2', {}, t('The six variants')),
    scrolling(
      h(
        'table',
        { class: 'variants' },
        h(
          'caption',
          { class: 'muted' },
          best.variant === variant
            ? t('Each on the same split for {0} epochs; kept: {1}, the best on the validation part', epochs, variant)
            : t(
                'Each on the same split for {0} epochs; this classifier is the {1}, the best on the validation part the {2}',
                epochs,
                variant,
                best.variant,
              ),
        ),
        h(
          'thead',
          {},
          h('tr', {}, h('td'), h('td', { class: 'bar' }), ...head.map((cell) => h('th', { scope: 'col' }, cell))),
        ),
        h(
          'tbody',
          {},
          ...comparison.map((scores) => {
            const bar = h('i');
            bar.style.width = `${(Math.max(0, (score(scores) ?? 0) - low) / (1 - low || 1)) * 100}%`;
            const cells = [formatFigure(score(scores)), formatFigure(scores.accuracy), formatTick(scores.parameters)];
            if (timed) cells.push(formatFixed(scores.seconds, 1));
            return h(
              'tr',
              { class: scores.variant === variant ? 'best' : undefined },
              h('th', { scope: 'row' }, scores.variant),
              h('td', { class: 'bar', 'aria-hidden': 'true' }, bar),
              ...cells.map((cell) => h('td', {}, cell)),
            );
          }),
        ),
      ),
    ),
  ];
}
