/** Trains a classifier on labelled text, one at a time per window, with a notification while it lasts. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import type {
  ClassifierEvent,
  ClassifierRecord,
  ClassifierSettings,
  ClassifierStartEvent,
  LabelledSource,
} from '../../common/classifierProtocol';
import type { ClassifierTrainingState } from '../../common/classifierState';
import { formatFigure, learningSentence } from '../../common/confusionReport';
import { InklingError } from '../../common/errors';
import { formatDuration, formatFixed } from '../../common/formats';
import { say } from '../../common/l10n';
import { sayAdvice } from '../../common/verdictSentences';
import { keptTitle } from '../../common/partTitles';
import { setting } from '../configuration';
import { Disposables } from '../dispose';
import type { EngineCaller } from '../engineHost/engineClient';
import { showInformation, withProgress } from '../messages';
import type { ModelStore } from '../models/modelStore';
import { signalOf } from '../signalOf';
import type { ActiveClassifier } from './activeClassifier';
import { askForColumns } from './columnQuestion';

/** The result of the quick pick. */
export interface ClassifierChoice {
  compare?: boolean;
  settings?: Partial<ClassifierSettings>;
}

interface Run {
  source: LabelledSource;
  columns: { label?: string; text?: string; spam?: string };
  choice: ClassifierChoice;
  title: string;
  modelPath: string;
}

/** Notes on the examples from reading them. */
type Findings = Pick<ClassifierStartEvent, 'problems' | 'notices'>;

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

  /** Trains and activates the new classifier. Returns its path, or undefined if the user cancelled. */
  async train(source: LabelledSource, choice: ClassifierChoice): Promise<string | undefined> {
    this.refuseSecond();
    const title = path.basename(source.name);
    const columns = await askForColumns(title, await this.engine.call('labelledColumns', { source }));
    if (!columns) return undefined;
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Training a classifier on {0}', title),
      cancellable: true,
    };
    const modelPath = await this.models.newPath(title);
    this.refuseSecond(); // another one may have started while the columns were asked for
    try {
      const { record, findings } = await withProgress(options, (progress, token) =>
        this.callEngine({ source, columns, choice, title, modelPath }, progress, signalOf(token)),
      );
      await this.models.refresh();
      await this.active.use(modelPath);
      void this.tell(title, record, findings);
      return modelPath;
    } finally {
      this.running = undefined;
      this.changed.fire();
    }
  }

  private refuseSecond(): void {
    if (!this.running) return;
    throw new InklingError(
      'invalidInput',
      vscode.l10n.t('A classifier is already being trained. Wait for it to finish, or cancel it first.'),
    );
  }

  private async callEngine(
    run: Run,
    progress: vscode.Progress<{ message?: string }>,
    signal: AbortSignal,
  ): Promise<{ record: ClassifierRecord; findings: Findings }> {
    const { source, columns, choice, title, modelPath } = run;
    let findings: Findings = { problems: [], notices: [] };
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
        findings = event;
        const { variant, epochs } = event.settings;
        Object.assign(state, { variant, epochs, variantNumber: state.variantNumber + 1, history: [] });
      }
      if (event.event === 'epoch') state.history = [...state.history, event];
      progress.report({ message: describe(state) });
      this.changed.fire();
    };
    progress.report({ message: vscode.l10n.t('reading the examples…') });
    const request = {
      sources: [source],
      columns,
      settings: { badRows: setting('classifier.badRows'), seed: setting('training.seed'), ...choice.settings },
      compare: choice.compare,
      modelPath,
      title,
      threads: setting('engine.threads') || undefined,
    };
    const record = await this.engine.call('trainClassifier', request, { onEvent, signal });
    return { record, findings };
  }

  private async tell(title: string, record: ClassifierRecord, { problems, notices }: Findings): Promise<void> {
    const { report, baselines, seconds, advice } = record;
    const learning = learningSentence(record);
    const sentences = [
      vscode.l10n.t(
        'Trained on {0} ({1}, {2}): macro F1 {3} on held-out examples; naive Bayes {4}.',
        title,
        keptTitle(record),
        formatDuration(seconds),
        formatFigure(report.macro.f1),
        formatFigure(baselines.naiveBayes.macro.f1),
      ),
      ...notices.map((notice) => say(notice).replace(/[^.]$/, '$&.')),
      ...advice.filter(({ missing }) => missing > 0).map(sayAdvice),
      ...(learning === undefined ? [] : [learning]),
    ];
    if (problems.length > 0) {
      const lines = problems.slice(0, shownProblems).map(({ line, reason }) => `${line} (${say(reason)})`);
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
      vscode.l10n.t('validation F1 {0}', formatFixed(last.validationMacroF1, 3)),
    );
  }
  return parts.join(' · ');
}
