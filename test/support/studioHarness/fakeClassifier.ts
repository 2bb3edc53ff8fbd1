/** A made-up classifier with its record, its training and a check: for looking at the Classifier tab. */
import {
  classifierVariants,
  type ClassifierEpochEvent,
  type ClassifierRecord,
  type ScoredExample,
  type Verdict,
} from '../../../src/common/classifierProtocol';
import type { CheckedText, ClassifierState } from '../../../src/common/classifierState';
import { confusionAt, reportOfConfusion } from '../../../src/common/confusionReport';
import { curvesOf } from '../../../src/engine/classification/metrics';
import { defaultClassifierSettings } from '../../../src/engine/classification/settings';
import { Random } from '../../../src/engine/random';
import type { ClassifierPort } from '../../../src/extension/studio/ports';

const classes = ['ham', 'spam'];

function scores(): ScoredExample[] {
  const random = new Random(9);
  return Array.from({ length: 1000 }, (_, i) => {
    const label = i % 7 === 0 ? 1 : 0;
    const logit = (label === 1 ? 5 : -6) + 2.4 * random.normal();
    return { label, probability: 1 / (1 + Math.exp(-logit)) };
  });
}

function history(epochs: number): ClassifierEpochEvent[] {
  return Array.from({ length: epochs }, (_, i) => ({
    event: 'epoch',
    epoch: i + 1,
    seconds: (i + 1) * 0.8,
    trainLoss: 0.02 + 0.4 * Math.exp(-i / 1.5),
    trainAccuracy: 0.998 - 0.1 * Math.exp(-i / 1.5),
    validationLoss: 0.06 + 0.3 * Math.exp(-i / 1.4) + (i > 5 ? 0.004 * (i - 5) : 0),
    validationAccuracy: 0.985 - 0.08 * Math.exp(-i / 1.4),
    validationMacroF1: 0.97 - 0.1 * Math.exp(-i / 1.4),
    best: i < 6,
  }));
}

export function fakeRecord(): ClassifierRecord {
  const list = scores();
  const report = reportOfConfusion(confusionAt(list, 1, 0.5), classes);
  const baseline = (missed: number, lost: number): ClassifierRecord['report'] =>
    reportOfConfusion(
      [
        [857 - lost, lost],
        [missed, 143 - missed],
      ],
      classes,
    );
  return {
    settings: { ...defaultClassifierSettings, variant: 'bigru' },
    classes,
    positive: 1,
    threshold: 0.5,
    report,
    baselines: { majority: baseline(143, 0), naiveBayes: baseline(11, 9), logisticRegression: baseline(14, 3) },
    curves: curvesOf({ positive: 1, scores: list }),
    scores: list,
    history: history(10),
    advice: [
      {
        label: 'ham',
        examples: 4827,
        heldOut: 857,
        missing: 0,
        message: '"ham": 4827 examples, which is enough for meaningful figures.',
      },
      {
        label: 'spam',
        examples: 143,
        heldOut: 29,
        missing: 57,
        message: '"spam": 143 examples (29 held out); add about 57 more before its figures mean anything.',
      },
    ],
    duplicatesRemoved: 115,
    trainExamples: 4459,
    heldOutExamples: 1000,
    seconds: 8.3,
    sources: ['messages.txt'],
    created: '2024-05-01T10:20:00.000Z',
    comparison: classifierVariants.map((variant, i) => ({
      variant,
      validationMacroF1: 0.94 + i * 0.007,
      accuracy: 0.97 + i * 0.003,
      macroF1: 0.93 + i * 0.008,
      perClass: {
        ham: { precision: 0.99, recall: 0.995, f1: 0.99, support: 857 },
        spam: { precision: 0.96, recall: 0.9, f1: 0.9 + i * 0.012, support: 143 },
      },
      parameters: 11_000 * (1 + i),
      seconds: 2 + i * 1.4,
    })),
  };
}

const letter =
  'Hi Anna, are we still on for lunch? You have WON a free prize!!! Call 09061 now to claim £1000 cash, or text YES.';

export function fakeCheck(text = letter): CheckedText {
  const strong: Record<string, number> = {
    WON: 1.9,
    free: 1.4,
    prize: 2.2,
    Call: 0.6,
    claim: 1.3,
    cash: 0.9,
    lunch: -1.6,
  };
  const mild: Record<string, number> = { Hi: -0.3, now: 0.2, '09061': 0.8, Anna: -0.7, YES: 0.25 };
  const verdict: Verdict = {
    label: 'spam',
    answer: 'positive',
    probability: 0.973,
    probabilities: { ham: 0.027, spam: 0.973 },
    threshold: 0.5,
    method: 'occlusion',
    contributions: [...text.matchAll(/[\p{L}\p{N}]+/gu)].map((match) => ({
      start: match.index,
      end: match.index + match[0].length,
      contribution: strong[match[0]] ?? mild[match[0]] ?? 0.03,
    })),
    tokens: 30,
    findings: [],
    corrected: false,
    naiveBayes: { label: 'spam', probability: 0.9996 },
    engineMs: 6,
  };
  return { text, verdict };
}

export interface FakeClassifier {
  port: ClassifierPort;
  state: ClassifierState;
  changed(): void;
}

/** `calls` records the requests. */
export function fakeClassifier(calls: string[]): FakeClassifier {
  const listeners = new Set<() => unknown>();
  const changed = (): void => listeners.forEach((listener) => listener());
  const fake: FakeClassifier = {
    state: {
      choices: [
        { path: '', title: "Inkling's built-in spam detector" },
        { path: '/models/mine.safetensors', title: 'messages.txt' },
      ],
      path: '',
      record: fakeRecord(),
      checks: [],
      corrections: [],
      examples: [],
    },
    changed,
    port: {
      async state() {
        calls.push('read the classifier');
        return fake.state;
      },
      onDidChange: (listener) => {
        const own = (): unknown => listener();
        listeners.add(own);
        return { dispose: () => listeners.delete(own) };
      },
      async choose(path) {
        calls.push(`choose ${path}`);
        fake.state = { ...fake.state, path };
        changed();
      },
      async setThreshold(threshold) {
        calls.push(`threshold ${threshold}`);
        fake.state = { ...fake.state, threshold };
        changed();
      },
      check: async () => void calls.push('check'),
      train: async () => void calls.push('trainClassifier'),
      correct: async (index, label) => void calls.push(`correct ${index} ${label}`),
      removeCorrection: async (id) => void calls.push(`removeCorrection ${id}`),
      addExample: async () => void calls.push('addExample'),
      removeExample: async (id) => void calls.push(`removeExample ${id}`),
      trainOnExamples: async () => void calls.push('trainOnExamples'),
    },
  };
  return fake;
}
