/** The Studio page: three tabs, fed by one stream of messages from the host. */
import { setLanguage, t } from '../common/l10n';
import type { HostMessage, StudioSettings, StudioTab } from '../common/studioProtocol';
import { ClassifierTab } from './classifierTab';
import { atMostEvery, h, setText, show } from './dom';
import { connect, type Send } from './host';
import { readLanguage } from './language';
import { RunHistories } from './runHistories';
import { SamplesTab } from './samplesTab';
import './styles.css';
import { button, registerToolkit, tabs } from './toolkit';
import { TrainingTab } from './trainingTab';
import { baseQuestion } from './welcome';

const settingsMs = 250;
const noticeMs = 6000;

function start(root: HTMLElement): void {
  setLanguage(readLanguage());
  registerToolkit();
  let settings: StudioSettings | undefined;
  let unsent = false;
  const send: Send = connect(receive);

  const flushSettings = (): void => {
    if (settings && unsent) send({ type: 'settings', settings });
    unsent = false;
  };
  const flushSoon = atMostEvery(settingsMs, flushSettings);
  const change = (part: Partial<StudioSettings>): void => {
    if (!settings) return;
    settings = { ...settings, ...part };
    unsent = true;
    flushSoon();
  };

  const histories = new RunHistories();
  const training = new TrainingTab(
    send,
    histories,
    flushSettings,
    (part) => change({ training: part }),
    () => {
      pages.select('samples');
      change({ tab: 'samples' });
    },
  );
  const samples = new SamplesTab(send, histories, flushSettings, (part) => change({ samples: part }));
  const classifier = new ClassifierTab(send);
  const pages = tabs<StudioTab>(
    t('Studio'),
    [
      { id: 'training', title: t('Training'), content: training.element },
      { id: 'samples', title: t('Samples'), content: samples.element },
      { id: 'classifier', title: t('Classifier'), content: classifier.element },
    ],
    (tab) => change({ tab }),
  );

  const question = baseQuestion(send);
  const noticeText = h('span');
  const notice = h('div', { class: 'notice', hidden: true }, noticeText);
  let noticeTimer: ReturnType<typeof setTimeout> | undefined;
  const hideNotice = (): void => show(notice, false);
  notice.append(button(t('Dismiss'), hideNotice, { kind: 'icon', icon: 'close' }).element);
  const showNotice = (message: string, error: boolean): void => {
    setText(noticeText, message);
    notice.setAttribute('role', error ? 'alert' : 'status');
    notice.classList.toggle('error', error);
    show(notice, true);
    clearTimeout(noticeTimer);
    if (!error) noticeTimer = setTimeout(hideNotice, noticeMs);
  };

  function receive(message: HostMessage): void {
    histories.receive(message);
    if (message.type === 'state') {
      settings = message.settings;
      pages.select(settings.tab);
    } else if (message.type === 'showTab') {
      pages.select(message.tab);
      change({ tab: message.tab });
    } else if (message.type === 'prompt' && settings) {
      settings = { ...settings, samples: { ...settings.samples, prompt: message.text } };
    } else if (message.type === 'notice') {
      showNotice(message.message, message.error);
    }
    if (message.type === 'state' || message.type === 'models') question.show(message.asksForBase);
    for (const tab of [training, samples, classifier]) tab.receive(message);
  }

  root.append(h('h1', { class: 'visually-hidden' }, t('Inkling Studio')), notice, question.element, pages.element);
  send({ type: 'ready' });
}

const root = document.getElementById('studio');
if (root) start(root);
