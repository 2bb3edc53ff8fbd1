/** Actions in messages that stay open while other things happen; the test answers them. */
import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { ClassifierRecord, ClassifyRequest, Verdict } from '../../../src/common/classifierProtocol';
import type { ActiveClassifier } from '../../../src/extension/classifier/activeClassifier';
import type { CorrectionStore } from '../../../src/extension/classifier/correctionStore';
import { SpamCheck } from '../../../src/extension/classifier/spamCheck';
import type { EngineCaller } from '../../../src/extension/engineHost/engineClient';
import type { ActiveModel } from '../../../src/extension/models/activeModel';
import { ModelActions } from '../../../src/extension/models/modelActions';
import type { ModelEntry, ModelStore } from '../../../src/extension/models/modelStore';
import type { Parts } from '../../../src/extension/parts';
import { trainingCommands } from '../../../src/extension/training/trainingCommands';
import type { TrainingRuns } from '../../../src/extension/training/trainingRuns';
import { until } from '../../support/eventually';
import { activated, closeAll, openText } from '../support';

describe('actions in messages', () => {
  const { showInformationMessage, showErrorMessage } = vscode.window;
  /** Messages that wait for an answer, and reported failures. */
  let offers: { message: string; choose(button: number | undefined): void }[];
  let failures: string[];

  before(activated);
  beforeEach(() => {
    offers = [];
    failures = [];
    Object.assign(vscode.window, {
      showInformationMessage: (message: string, ...buttons: string[]) =>
        new Promise((resolve) =>
          offers.push({ message, choose: (i) => resolve(i === undefined ? undefined : buttons[i]) }),
        ),
      showErrorMessage: async (message: string) => void failures.push(message),
    });
  });
  afterEach(async () => {
    Object.assign(vscode.window, { showInformationMessage, showErrorMessage });
    await closeAll();
  });

  describe('of the spam check', () => {
    const record = { classes: ['ham', 'spam'], positive: 1, scores: [] } as unknown as ClassifierRecord;
    const verdict = {
      label: 'spam',
      answer: 'positive',
      probability: 0.9,
      probabilities: { ham: 0.1, spam: 0.9 },
      threshold: 0.5,
      contributions: [],
      findings: [],
    };
    let active: { path: string | undefined; threshold: undefined; record(): Promise<ClassifierRecord> };
    let asked: (string | undefined)[];
    let noted: string[];
    let broken: 'nothing' | 'engine' | 'store';
    let check: SpamCheck;

    beforeEach(() => {
      active = { path: undefined, threshold: undefined, record: async () => record };
      [asked, noted, broken] = [[], [], 'nothing'];
      const call = async (_method: 'classify', { modelPath, texts }: ClassifyRequest): Promise<Verdict[]> => {
        asked.push(modelPath);
        if (broken === 'engine') throw new Error('the engine is gone');
        return texts.map(() => verdict as unknown as Verdict);
      };
      const corrections = {
        of: () => [],
        add: async (classifier: string) => {
          noted.push(classifier);
          return async () => {
            if (broken === 'store') throw new Error('the disk is full');
            noted.pop();
          };
        },
      };
      check = new SpamCheck(
        { call } as unknown as EngineCaller,
        active as unknown as ActiveClassifier,
        corrections as unknown as CorrectionStore,
      );
    });
    afterEach(() => check.dispose());

    it('correct the classifier that gave the verdict, even if another has been chosen since', async () => {
      await check.run(await openText('claim your prize'));
      active.path = '/mine';
      offers[0].choose(0);
      await until(() => noted.length > 0, 'it is noted');
      assert.deepEqual(noted, ['']);
    });

    it('offer to take a correction back, and report what failed if the check cannot be repeated', async () => {
      await check.run(await openText('claim your prize'));
      broken = 'engine';
      offers[0].choose(0);
      await until(() => offers.length > 1 && failures.length > 0, 'both are said');
      assert.deepEqual(failures, ['the engine is gone']);
      broken = 'store';
      offers[1].choose(0);
      await until(() => failures.length > 1, 'that it could not be taken back is said');
      assert.deepEqual(failures[1], 'the disk is full');
    });
  });

  it('ask before resuming a run that another window may be training', async () => {
    const { showWarningMessage } = vscode.window;
    const resumed: string[] = [];
    let answer: 'Resume Here' | undefined;
    let elsewhere = true;
    const runs = {
      store: { mayTrainElsewhere: async () => elsewhere },
      resume: async (id: string) => (resumed.push(id), { record: { modelPath: '/m' } }),
    };
    const studio = { show: async () => undefined };
    const parts = { runs, studio, active: { use: async () => undefined } } as unknown as Parts;
    const resume = trainingCommands(parts)['inkling.resumeTraining'] as (wanted: { runId: string }) => Promise<unknown>;
    Object.assign(vscode.window, { showWarningMessage: async () => answer });
    try {
      await resume({ runId: 'declined' });
      answer = 'Resume Here';
      await resume({ runId: 'agreed' });
      [answer, elsewhere] = [undefined, false];
      await resume({ runId: 'unasked' });
    } finally {
      Object.assign(vscode.window, { showWarningMessage });
    }
    assert.deepEqual(resumed, ['agreed', 'unasked']);
  });

  it('never turn a title into a link', async () => {
    const aside = { purge: async () => undefined };
    const actions = new ModelActions(
      { setAside: async () => aside } as unknown as ModelStore,
      { path: undefined } as unknown as ActiveModel,
      { refuseWhileTraining: () => undefined } as unknown as TrainingRuns,
    );
    await actions.delete({ path: '/m', title: '[Undo](command:inkling.showLog)', bytes: 1 } satisfies ModelEntry);
    assert.doesNotMatch(offers[0].message, /\]\(/);
    offers[0].choose(undefined);
  });

  it('report that a deleted model cannot be restored', async () => {
    const aside = { restore: () => Promise.reject(new Error('the disk is gone')), purge: async () => undefined };
    const actions = new ModelActions(
      { setAside: async () => aside } as unknown as ModelStore,
      { path: undefined } as unknown as ActiveModel,
      { refuseWhileTraining: () => undefined } as unknown as TrainingRuns,
    );
    await actions.delete({ path: '/m', title: 'Mine', bytes: 1 } satisfies ModelEntry);
    offers[0].choose(0);
    await until(() => failures.length > 0, 'it is told');
    assert.deepEqual(failures, ['the disk is gone']);
  });
});
