/**
 * The session behind the Studio page, which outlives it. It passes the page's messages to the parts for the tabs, and
 * gives a new page the state of these parts. Independent of VS Code, so that it can be tested without it.
 */
import { t } from '../../common/l10n';
import { parsePageMessage, type PageMessage, type StudioTab } from '../../common/studioProtocol';
import type { Wall } from '../../common/wall';
import { ClassifierTab } from './classifierTab';
import { PageLink, type Post } from './pageLink';
import type { StudioPorts } from './ports';
import { RememberedSettings } from './rememberedSettings';
import { SamplesTab } from './samplesTab';
import { TrainingTab } from './trainingTab';

export class StudioSession {
  private readonly page: PageLink;
  private readonly settings: RememberedSettings;
  private readonly training: TrainingTab;
  private readonly samples: SamplesTab;
  private readonly classifier: ClassifierTab;

  constructor(private readonly ports: StudioPorts) {
    this.page = new PageLink(ports.clock, ports.log);
    this.settings = new RememberedSettings(ports.memory);
    this.training = new TrainingTab(ports, this.page, this.settings);
    this.samples = new SamplesTab(ports, this.page, this.settings);
    this.classifier = new ClassifierTab(ports.classifier, this.page);
  }

  dispose(): void {
    this.detach();
    for (const tab of [this.training, this.samples, this.classifier]) tab.dispose();
  }

  /** The page is gone. Nothing that it can request again is kept for it. */
  detach(): void {
    this.page.detach();
    for (const tab of [this.training, this.samples, this.classifier]) tab.detach();
  }

  /** Chooses the tab of a page that the user sees or is about to see. */
  showTab(tab: StudioTab): void {
    this.page.expect();
    this.settings.update({ tab });
    this.training.followWanted();
    this.page.post({ type: 'showTab', tab });
    this.samples.fillIfEmpty();
  }

  get wall(): Wall {
    return this.samples.state().wall;
  }

  /** Fills the wall with samples of a model that has just been trained. */
  fillWall(modelPath: string): Promise<void> {
    return this.samples.generate(modelPath).catch((thrown) => this.page.report(thrown));
  }

  /**
   * Handles any message of the page; failures are shown on the page and logged. From its `ready` message on, a page is
   * updated through `post`.
   */
  async receive(raw: unknown, post: Post): Promise<void> {
    try {
      const message = parsePageMessage(raw);
      if (message.type === 'ready') {
        this.detach();
        this.page.attach(post);
      }
      await this.handle(message);
    } catch (thrown) {
      this.page.report(thrown);
    }
  }

  private async handle(message: PageMessage): Promise<void> {
    const { runs, models, editor, classifier } = this.ports;
    switch (message.type) {
      case 'ready':
        return this.sendState();
      case 'settings':
        this.settings.update(message.settings);
        this.training.followWanted();
        return this.samples.fillIfEmpty();
      case 'selectRun':
        return this.training.select(message.runId);
      case 'requestHistory':
        return this.training.sendHistory(message.runId);
      case 'requestInside':
        return this.training.sendInside(message.runId, message.at, message.text);
      case 'requestBaselines':
        return this.training.sendBaselines(message.runId);
      case 'requestSamples':
        return this.training.sendSamples(message.runId, message.step);
      case 'train':
        return runs.train();
      case 'trySample':
        return runs.trySample();
      case 'answerBase':
        await models.answerBase(message.allowed);
        if (message.allowed) this.showTab('samples');
        return;
      case 'control':
        return runs.control(message.runId, message.action);
      case 'resumeRun':
        return runs.resume(message.runId);
      case 'useModel':
        return models.use(message.modelPath);
      case 'generate':
        return this.samples.generate(message.modelPath);
      case 'openWall':
        return this.samples.openInEditor();
      case 'stopWriting':
        return this.samples.stopWriting();
      case 'consider':
        return this.samples.consider(message.column, message.offset);
      case 'branch':
        return this.samples.branch(message.column, message.offset, message.token);
      case 'closeColumn':
        return this.samples.closeColumn(message.column);
      case 'promptFromCursor':
        return this.samples.promptFromCursor();
      case 'continueText':
        return this.samples.continueText(message.modelPath);
      case 'stopContinuing':
        return this.samples.stopContinuing();
      case 'copy':
        return editor.copy(message.text);
      case 'insert':
        return editor.insertAtCursor(message.text);
      case 'keep': {
        const { text, prompt, temperature, seed, model } = message;
        return this.samples.keep({ text, prompt, temperature, seed, model });
      }
      case 'removeKept':
        return this.samples.removeKept(message.id);
      case 'openSource':
        return this.samples.openSource(message.source, message.offset, message.text);
      case 'requestClassifier':
        return this.classifier.show();
      case 'chooseClassifier':
        return classifier.choose(message.path);
      case 'setThreshold':
        return classifier.setThreshold(message.threshold ?? undefined);
      case 'checkSelection':
        return classifier.check();
      case 'trainClassifier':
        return classifier.train();
      case 'correctCheck':
        return classifier.correct(message.check, message.label);
      case 'removeCorrection':
        return classifier.removeCorrection(message.id);
      case 'addExample':
        return classifier.addExample();
      case 'removeExample':
        return classifier.removeExample(message.id);
      case 'trainOnExamples':
        return classifier.trainOnExamples();
      case 'export':
        return this.export(message.format, message.name, message.contents);
    }
  }

  private async sendState(): Promise<void> {
    const { models } = this.ports;
    const { runs, runId } = this.training.state();
    this.page.post({
      type: 'state',
      settings: this.settings.current,
      runs,
      runId,
      models: [...models.list()],
      modelPath: models.active(),
      asksForBase: models.asksForBase(),
      ...this.samples.state(),
    });
    this.samples.fillIfEmpty();
    if (runId !== undefined) await this.training.sendHistory(runId);
  }

  private async export(format: 'png' | 'svg' | 'csv', name: string, contents: string): Promise<void> {
    const bytes = Buffer.from(contents, format === 'png' ? 'base64' : 'utf8');
    const safe = name.replace(/[^\p{L}\p{N} ._-]+/gu, '-').replace(/^[. ]+/, '') || 'inkling';
    const saved = await this.ports.editor.saveFile(`${safe}.${format}`, bytes);
    if (saved) this.page.post({ type: 'notice', message: t('Saved as {0}.', format.toUpperCase()), error: false });
  }
}
