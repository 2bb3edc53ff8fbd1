/**
 * The Classifier tab. Here is its place: it gets every message of the host through `receive` and answers with `send`,
 * like the tabs beside it.
 */
import type { HostMessage } from '../common/studioProtocol';
import { h } from './dom';

export class ClassifierTab {
  readonly element = h(
    'div',
    { class: 'tab-body' },
    h(
      'div',
      { class: 'empty' },
      h('p', {}, 'A classifier tells kinds of text apart, such as spam from honest mail.'),
      h('p', { class: 'muted' }, 'What it says of a selection, and how well it was trained, is shown here.'),
    ),
  );

  receive(_message: HostMessage): void {}
}
