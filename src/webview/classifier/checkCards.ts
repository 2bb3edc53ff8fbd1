/**
 * The last check: for each text its verdict on a scale with the threshold, its words tinted, and the words that
 * contributed most.
 */
import type { Verdict } from '../../common/classifierProtocol';
import type { CheckedText, ClassifierState } from '../../common/classifierState';
import { formatFixed } from '../../common/formats';
import {
  correctionTitle,
  findingSentences,
  formatPoints,
  formatShare,
  pointsTowards,
  tintedClass,
  wordTints,
} from '../../common/contributions';
import { t } from '../../common/l10n';
import { methodSentence } from '../../common/partTitles';
import { className, passageSentence, verdictSentence } from '../../common/verdictSentences';
import { h } from '../dom';
import { button } from '../toolkit';

/**
 * Of a longer text, this much is shown: its beginning, or from a little before the passage that the verdict is about.
 */
const shownLength = 4000;
const leadIn = 200;
const strongestShown = 8;

/** `onCorrect` gets the index of the text and its correct label. Empty without a record. */
export function checkCards(
  { checks, record }: ClassifierState,
  onCorrect: (check: number, label: string) => void,
): HTMLElement[] {
  if (!record) return [];
  return checks.map((check, i) => {
    const { verdict } = check;
    const label = tintedClass(verdict, record);
    const others = record.classes.filter((name) => name !== verdict.label).slice(0, 6);
    const bayes = verdict.naiveBayes;
    const passage = passageSentence(verdict, record);
    return h(
      'article',
      { class: 'check', 'aria-label': checks.length > 1 ? t('Selection {0}', i + 1) : t('The text that was checked') },
      h(
        'p',
        { class: 'verdict' },
        h('strong', {}, verdictSentence(verdict, record)),
        h(
          'span',
          { class: 'muted' },
          ` · ${t('naive Bayes')}: ${className(bayes.label, record)} ${formatShare(bayes.probability)}`,
        ),
      ),
      ...(passage === undefined ? [] : [h('p', { class: 'small' }, passage)]),
      ...findingSentences(verdict.findings).map((sentence) => h('p', { class: 'small' }, sentence)),
      probabilityBar(verdict, label, className(label, record)),
      h(
        'div',
        { class: 'writing check-text', tabindex: 0, role: 'group', 'aria-label': t('The text that was checked') },
        ...tintedText(check, label, className(label, record)),
      ),
      strongestWords(check, label, className(label, record)),
      h(
        'div',
        { class: 'row' },
        h('span', { class: 'muted' }, t('Wrong?')),
        ...others.map((name) => button(correctionTitle(name, record), () => onCorrect(i, name)).element),
      ),
    );
  });
}

/** The probability of the class on a scale, with a mark at the threshold. */
function probabilityBar(verdict: Verdict, label: string, name: string): HTMLElement {
  const probability = verdict.probabilities[label] ?? 0;
  const fill = h('div');
  fill.style.width = `${probability * 100}%`;
  const bar = h(
    'div',
    { class: 'probability', role: 'img', 'aria-label': t('Probability of {0}: {1}', name, formatShare(probability)) },
    fill,
  );
  if (verdict.threshold !== null) {
    const mark = h('i', { title: t('Threshold {0}', formatFixed(verdict.threshold, 2)) });
    mark.style.left = `${verdict.threshold * 100}%`;
    bar.append(mark);
  }
  return bar;
}

function tintedText({ text: given, verdict }: CheckedText, label: string, name: string): (Node | string)[] {
  const text = verdict.unwrapped ?? given;
  const { passage } = verdict;
  const first = passage && passage.end > shownLength ? Math.max(0, passage.start - leadIn) : 0;
  const shown = text.slice(0, first + shownLength);
  const parts: (Node | string)[] = first > 0 ? ['… '] : [];
  let at = first;
  for (const { start, end, points, strength } of wordTints(verdict, label)) {
    if (end > shown.length) break;
    parts.push(
      shown.slice(at, start),
      h(
        'mark',
        {
          class: `${points > 0 ? 'for' : 'against'}-${strength}`,
          title: t('{0} for {1}', formatPoints(points), name),
        },
        shown.slice(start, end),
      ),
    );
    at = end;
  }
  parts.push(shown.slice(at), text.length > shown.length ? ' …' : '');
  return parts;
}

/** Equal words together, by their total contribution. */
function strongestWords({ text: given, verdict }: CheckedText, label: string, called: string): HTMLElement {
  const text = verdict.unwrapped ?? given;
  const sums = new Map<string, number>();
  for (const { start, end, points } of pointsTowards(verdict, label)) {
    const word = text.slice(start, end).replace(/\s+/g, ' ');
    sums.set(word, (sums.get(word) ?? 0) + points);
  }
  const strongest = [...sums].sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, strongestShown);
  const most = Math.max(0.5, ...strongest.map(([, points]) => Math.abs(points)));
  const rows = strongest.map(([word, points]) => {
    const bar = h('i', { class: points > 0 ? 'for' : 'against' });
    bar.style.width = `${(Math.abs(points) / most) * 100}%`;
    const name = word.length > 40 ? `${word.slice(0, 39)}…` : word;
    return h('li', {}, h('span', { class: 'word' }, name), h('span', { class: 'track' }, bar), formatPoints(points));
  });
  return h(
    'details',
    {},
    h('summary', {}, t('Strongest evidence')),
    h('ul', { class: 'words' }, ...rows),
    h('p', { class: 'muted small' }, `${t('Evidence for {0}.', called)} ${methodSentence(verdict.method)}`),
  );
}
