/** Trains a classifier on labelled text, one at a time in a window, with a notification as long as it lasts. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import type {
  ClassifierEvent,
  ClassifierRecord,
  ClassifierSettings,
  DataProblem,
  LabelledSource,
} from '../../common/classifierProtocol';
import type { ClassifierTrainingState } from '../../common/classifierState';
import { InklingError } from '../../common/errors';
import { setting } from '../configuration';
import { Disposables } from '../dispose';
import type { EngineCaller } from '../engineHost/engineClient';
import { formatDuration } from '../formatFigures';
import { showInformation, withProgress } from '../messages';
import type { ModelStore } from '../models/modelStore';
import { signalOf } from '../signalOf';
import type { ActiveClassifier } from './activeClassifier';

/** What the quick pick decides. */
export interface ClassifierChoice {
  compare?: boolean;
  settings?: Partial<ClassifierSettings>;
}

const shownProblems = 3;

export class ClassifierTraining extends Disposables {
  private readonly changed = this.add(new vscode.EventEmitter<void>());
  readonly onDidChange = this.changed.event;
  private running: ClassifierTrainingState | undefined;

  constructor(
    private readonly engine: EngineCaller,
    private readonly models: ModelStore,
    private readonly active: ActiveClassifier,
  ) {
    super();
  }

  get state(): ClassifierTrainingState | undefined {
    return this.running;
  }

  /** Trains, and makes the new classifier the one that gives verdicts; its path. */
  async train(source: LabelledSource, choice: ClassifierChoice): Promise<string> {
    if (this.running) {
      throw new InklingError(
        'invalidInput',
        vscode.l10n.t('A classifier is being trained already. Wait for it, or cancel it first.'),
      );
    }
    const title = path.basename(source.name);
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Training a classifier on {0}', title),
      cancellable: true,
    };
    const modelPath = await this.models.newPath(title);
    try {
      const { record, problems } = await withProgress(options, (progress, token) =>
        this.callEngine({ source, choice, title, modelPath }, progress, signalOf(token)),
      );
      await this.models.refresh();
      await this.active.use(modelPath);
      void this.tell(title, record, problems);
      return modelPath;
    } finally {
      this.running = undefined;
      this.changed.fire();
    }
  }

  private async callEngine(
    run: { source: LabelledSource; choice: ClassifierChoice; title: string; modelPath: string },
    progress: vscode.Progress<{ message?: string }>,
    signal: AbortSignal,
  ): Promise<{ record: ClassifierRecord; problems: DataProblem[] }> {
    const { source, choice, title, modelPath } = run;
    let problems: DataProblem[] = [];
    const state: ClassifierTrainingState = {
      title,
      variant: 'bigru',
      variantNumber: 0,
      variants: choice.compare ? 6 : 1,
      epochs: 0,
      history: [],
    };
    this.running = state;
    const onEvent = (event: ClassifierEvent): void => {
      if (event.event === 'start') {
        problems = event.problems;
        const { variant, epochs } = event.settings;
        Object.assign(state, { variant, epochs, variantNumber: state.variantNumber + 1, history: [] });
      }
      if (event.event === 'epoch') state.history = [...state.history, event];
      progress.report({ message: describe(state) });
      this.changed.fire();
    };
    progress.report({ message: vscode.l10n.t('reading the examples …') });
    const request = {
      sources: [source],
      settings: { badRows: setting('classifier.badRows'), seed: setting('training.seed'), ...choice.settings },
      compare: choice.compare,
      modelPath,
      title,
      threads: setting('engine.threads') || undefined,
    };
    const record = await this.engine.call('trainClassifier', request, { onEvent, signal });
    return { record, problems };
  }

  private async tell(title: string, record: ClassifierRecord, problems: DataProblem[]): Promise<void> {
    const { report, baselines, settings, seconds, advice } = record;
    const figure = (macroF1: number): string => macroF1.toFixed(3);
    const sentences = [
      vscode.l10n.t(
        'Trained on {0} ({1}, {2}): macro F1 {3} on held-out examples; naive Bayes {4}.',
        title,
        settings.variant,
        formatDuration(seconds),
        figure(report.macro.f1),
        figure(baselines.naiveBayes.macro.f1),
      ),
      ...advice.filter(({ missing }) => missing > 0).map(({ message }) => message),
    ];
    if (problems.length > 0) {
      const lines = problems.slice(0, shownProblems).map(({ line, reason }) => `${line} (${reason})`);
      if (problems.length > shownProblems) lines.push('…');
      sentences.push(vscode.l10n.t('{0} rows were skipped, lines {1}.', problems.length, lines.join(', ')));
    }
    const details = vscode.l10n.t('Details');
    const chosen = await showInformation(sentences.join(' '), details);
    if (chosen === details) await vscode.commands.executeCommand('inkling.showClassifier');
  }
}

/** "lstm (3 of 6) · epoch 4 of 10 · validation F1 0.97". */
function describe({ variant, variantNumber, variants, epochs, history }: ClassifierTrainingState): string {
  const last = history.at(-1);
  const parts = [variants > 1 ? vscode.l10n.t('{0} ({1} of {2})', variant, variantNumber, variants) : variant];
  if (last) {
    parts.push(
      vscode.l10n.t('epoch {0} of {1}', last.epoch, epochs),
      vscode.l10n.t('validation F1 {0}', last.validationMacroF1.toFixed(3)),
    );
  }
  return parts.join(' · ');
}
