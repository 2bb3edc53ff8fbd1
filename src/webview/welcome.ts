/** What the Studio shows to new users: the question about the shipped model, and how to begin in an empty tab. */
import { t } from '../common/l10n';
import { h, show } from './dom';
import type { Send } from './host';
import { button } from './toolkit';

/** Asks once whether the shipped model of a language may write. */
export function baseQuestion(send: Send): { element: HTMLElement; show(asks: boolean): void } {
  const answer = (allowed: boolean): void => {
    show(element, false);
    send({ type: 'answerBase', allowed });
  };
  const element = h(
    'section',
    { class: 'question', hidden: true, 'aria-label': t('Start without training?') },
    h('h2', {}, t('Start without training?')),
    h(
      'p',
      {},
      t(
        'Inkling comes with small models of five languages: English, French, German, Italian and Spanish. In a text in one of these languages, it can offer words as you type, write samples and mark what is surprising before you have trained anything; it also learns from the text itself. All of this happens on your machine.',
      ),
    ),
    h(
      'div',
      { class: 'row' },
      button(t('Use Them'), () => answer(true), { kind: 'primary' }).element,
      button(t('Only My Own Models'), () => answer(false)).element,
    ),
  );
  return { element, show: (asks) => show(element, asks) };
}

/** An empty tab: a sentence, and the two ways to begin. */
export function emptyTab(sentence: string, send: Send): HTMLElement {
  return h(
    'div',
    { class: 'empty', hidden: true },
    h('p', {}, sentence),
    h(
      'div',
      { class: 'row' },
      button(t('Train on This File'), () => send({ type: 'train' }), { kind: 'primary', icon: 'play' }).element,
      button(t('Try a Sample Text'), () => send({ type: 'trySample' })).element,
    ),
  );
}
