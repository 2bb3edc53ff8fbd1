/** Shows a run outside the Studio: a message at its start, the status bar item, and the result. */
import * as vscode from 'vscode';
import { sayGuard } from '../../common/describeRun';
import { asInklingError } from '../../common/errors';
import { formatBits, formatDuration, formatFixed, formatPercent } from '../../common/formats';
import { sayNotice, type GuardEvent, type NoticeEvent, type ProgressEvent } from '../../common/trainEvents';
import { present } from '../commands';
import { setting } from '../configuration';
import { Disposables } from '../dispose';
import { formatCount } from '../formatFigures';
import { showError, showInformation } from '../messages';
import { withoutIcons } from '../plainText';
import type { Studio } from '../studio/studioView';
import type { RunOutcome, StartedRun, TrainingRuns } from './trainingRuns';

export class TrainingProgress extends Disposables {
  private readonly item = this.add(
    vscode.window.createStatusBarItem('inkling.training', vscode.StatusBarAlignment.Left, 10),
  );

  /** The current value of the context key for the menus. */
  private shownAsActive = false;

  /** What the run in progress counts as a token. */
  private unit: 'character' | 'word' | undefined;

  constructor(
    private readonly runs: TrainingRuns,
    private readonly studio: Pick<Studio, 'visible'>,
  ) {
    super();
    this.item.name = vscode.l10n.t('Inkling Training');
    this.item.command = 'inkling.showTraining';
    this.add(runs.onDidChange(() => this.update()));
    this.add(runs.onDidStart((run) => this.follow(run)));
    this.add(
      runs.onDidTrain(({ event }) => {
        if (event.event === 'start') this.unit = event.config.text.unit;
        if (event.event === 'progress') this.update();
        const told = event.event === 'notice' && (event.kind === 'overfitting' || event.kind === 'backend');
        if (event.event === 'guard' || told) this.tell(event);
      }),
    );
  }

  /** Shows a run until its end, and its result. A failure is shown by the command that started it. */
  private follow({ id, title, outcome }: StartedRun): void {
    if (setting('training.progress') === 'notification') this.announce(id, title).catch(present);
    outcome.then(
      (ended) => void this.offerNext(ended),
      (error: unknown) => {
        if (asInklingError(error).code === 'engineExited') void this.offerResume(id);
      },
    );
  }

  /** A message at the start. What it becomes is shown by the Studio and by the status bar. */
  private async announce(runId: string, title: string): Promise<void> {
    const watch = vscode.l10n.t('Watch');
    const stop = vscode.l10n.t('Stop and Keep');
    const chosen = await showInformation(vscode.l10n.t('Training on {0}', title), watch, stop);
    if (chosen === watch) await vscode.commands.executeCommand('inkling.showTraining');
    // The message may be answered long after the run has ended.
    if (chosen === stop && this.runs.active?.id === runId) await this.runs.control(runId, 'stop');
  }

  /** Bits per character on the training text; undefined for a model of words, whose length is not known here. */
  private bitsOf({ trainLoss }: ProgressEvent): number | undefined {
    return this.unit === 'character' ? trainLoss / Math.LN2 : undefined;
  }

  private update(): void {
    const run = this.runs.active;
    if (this.shownAsActive !== (run !== undefined)) {
      this.shownAsActive = run !== undefined;
      void vscode.commands.executeCommand('setContext', 'inkling.trainingActive', this.shownAsActive);
    }
    if (!run) return this.item.hide();
    const { latest } = run;
    const percent = latest ? ` ${formatPercent(Math.floor(latest.fraction * 100))}` : '';
    // The Studio has the same figure, and the two would not change in the same moment.
    const bits = latest && !this.studio.visible ? this.bitsOf(latest) : undefined;
    const loss = bits === undefined ? '' : ` · ${formatFixed(bits, 2)}`;
    this.item.text = `${run.paused ? '$(debug-pause)' : '$(sync~spin)'} Inkling${percent}${loss}`;
    const details = latest ? this.describe(latest, bits) : vscode.l10n.t('reading the text…');
    this.item.tooltip = [vscode.l10n.t('Training on {0}', run.title), details, run.device].filter(Boolean).join('\n');
    this.item.show();
  }

  /** Problems during the run are shown in the status bar, where they do not interrupt. */
  private tell(event: GuardEvent | NoticeEvent): void {
    const overfitting = vscode.l10n.t('The model has begun to memorise its text. Its best weights are kept.');
    const sentence =
      event.event === 'guard' ? sayGuard(event) : event.kind === 'overfitting' ? overfitting : sayNotice(event);
    vscode.window.setStatusBarMessage(`$(info) Inkling: ${withoutIcons(sentence)}`, 15_000);
  }

  private async offerNext({ record, summary }: RunOutcome): Promise<void> {
    const samples = vscode.l10n.t('Show Samples');
    const bits = formatBits(summary.heldOutBitsPerCharacter);
    const figures = [formatDuration(summary.seconds), bits];
    const message = vscode.l10n.t('Trained on {0}: {1}.', record.title, figures.filter(Boolean).join(', '));
    const chosen = await showInformation(message, samples);
    if (chosen === samples) await vscode.commands.executeCommand('inkling.showSamples');
  }

  private async offerResume(runId: string): Promise<void> {
    const resume = vscode.l10n.t('Resume Training');
    const showLog = vscode.l10n.t('Show Log');
    const message = vscode.l10n.t(
      'The Inkling engine stopped unexpectedly. Everything up to the last checkpoint is safe, and training can resume from there.',
    );
    const chosen = await showError(message, resume, showLog);
    if (chosen === resume) await vscode.commands.executeCommand('inkling.resumeTraining', { runId });
    if (chosen === showLog) await vscode.commands.executeCommand('inkling.showLog');
  }

  /** "45 % · 2.19 bits per character · 310 k characters/s · 0:32 min left". */
  private describe(event: ProgressEvent, bits: number | undefined): string {
    // The event counts what the model predicts.
    const speed = formatCount(event.charactersPerSecond);
    const parts = [
      formatPercent(Math.floor(event.fraction * 100)),
      formatBits(bits),
      this.unit === 'word' ? vscode.l10n.t('{0} words/s', speed) : vscode.l10n.t('{0} characters/s', speed),
    ];
    if (event.secondsLeft !== undefined) parts.push(vscode.l10n.t('{0} left', formatDuration(event.secondsLeft)));
    return parts.filter(Boolean).join(' · ');
  }
}
