import assert from 'node:assert/strict';
import { sentence } from '../../../src/common/l10n';
import { foldEvents } from '../../../src/common/runHistory';
import { tintOf, tintRanges } from '../../../src/common/tint';
import { noticeOf, type DoneEvent } from '../../../src/common/trainEvents';
import type { TrainingConfig } from '../../../src/common/trainingConfig';
import { placeOfSample, recordedColumns } from '../../../src/webview/wall/replay';
import { withTemperature } from '../../../src/webview/wall/temperatureChips';
import { percent, spokenToken, visibleToken } from '../../../src/webview/wall/tokenText';
import { chooseRows, stepMilliseconds } from '../../../src/webview/evaluationTable';
import {
  figures,
  machineSentence,
  memorySentence,
  noticeSentences,
  runLabel,
  sampleText,
  splitSentence,
  textSentence,
} from '../../../src/webview/runFacts';
import { fakeRun, runItem } from '../../support/studioHarness/fakePorts';

describe('wall text', () => {
  it('tints what the model was unsure of', () => {
    assert.deepEqual([1, 0.3, 0.2, 0.05, 0.02, 0.001, -1].map(tintOf), [0, 0, 1, 2, 3, 4, 0]);
  });

  it('joins neighbours of one tint and leaves out the certain ones', () => {
    const ranges = tintRanges({ lengths: [1, 2, 1, 1, 3], probabilities: [0.2, 0.2, 0.9, 0.2, 0.002] });
    assert.deepEqual(ranges, [
      { start: 0, end: 3, tint: 1 },
      { start: 4, end: 5, tint: 1 },
      { start: 5, end: 8, tint: 4 },
    ]);
  });

  it('names invisible tokens', () => {
    assert.deepEqual([' ', '\n', 'a', ' whale', '', '\u0301'].map(visibleToken), [
      '␣',
      '↵',
      'a',
      'whale',
      '∅',
      '◌\u0301',
    ]);
    assert.deepEqual([' ', '\n', ' whale'].map(spokenToken), ['space', 'new line', 'whale']);
    assert.deepEqual([0.5, 0.0123, 0.0001, 0].map(percent), ['50%', '1.2%', '<0.1%', '0.0%']);
  });

  it('keeps temperatures in order, each once', () => {
    assert.deepEqual(withTemperature([0.2, 1], 0.5), [0.2, 0.5, 1]);
    assert.deepEqual(withTemperature([0.2, 1], 1), [0.2, 1]);
  });

  it('replays what was recorded', () => {
    const events = fakeRun({ steps: 264, seed: 1, floor: 1, done: true });
    const samples = events.flatMap((e) => (e.event === 'sample' && e.step === 264 ? [e] : []));
    const columns = recordedColumns(samples, 8);
    assert.deepEqual(
      columns.map(({ column }) => column.options.temperature),
      [0.5, 1],
    );
    assert.equal(columns[0].prompt, 'Call me ');
    assert.equal(recordedColumns(samples, 1).length, 1);
    const history = foldEvents(events);
    assert.match(placeOfSample(history, 1), /^step 264 · epoch 2 · \d\.\d\d bits per character$/);
    assert.equal(placeOfSample(history, 2), 'now');
  });
});

describe('run facts', () => {
  const history = foldEvents(fakeRun({ steps: 1584, seed: 2, floor: 1.1, overfitsFrom: 700, done: true }));

  it('shows a sample from word to word, but names and what is asked for as they are', () => {
    const start = history.start ?? assert.fail();
    const shown = (prompt: string, text: string, changes: Partial<TrainingConfig> = {}): string =>
      sampleText(
        { event: 'sample', step: 1, epoch: 1, temperature: 1, prompt, text },
        { ...start, config: { ...start.config, ...changes } },
      );
    const samples = { ...start.config.samples, prompt: { kind: 'window' as const } };
    assert.equal(shown('', '\n\nThe sea was ver'), 'The sea was');
    assert.equal(shown('Call m', 'e Ishma'), 'Call me');
    assert.equal(shown('shmael. So', 'me years a', { samples }), 'Some years');
    const text = { ...start.config.text, examples: 'lines' as const };
    assert.equal(shown('', 'Trodonosaur', { text }), 'Trodonosaur');
  });

  it('ends with the figure with memory, and says so', () => {
    const labels = (done: Partial<DoneEvent>): string[] =>
      figures({ ...history, done: { ...history.done!, ...done } }, 'bits', 'done').map(({ label }) => label);
    assert.equal(labels({ heldOutNetworkLoss: undefined })[0], 'held out');
    assert.equal(labels({ heldOutNetworkLoss: 2, heldOutOnlineLoss: 1 })[0], 'held out, with memory');
  });

  it('names split, seed and machine', () => {
    assert.equal(
      splitSentence(history),
      'Train: 540,803 characters · held out: the last 10%, 60,090 characters · the curve uses about 50,000 of these, evenly spread · seed 2',
    );
    const start = history.start ?? assert.fail();
    assert.equal(textSentence(history), '600,893 characters, 57 different · 132 steps per epoch');
    assert.equal(
      textSentence({ ...history, start: { ...start, base: 'en' } }),
      '600,893 characters · 132 steps per epoch',
    );
    const { config } = start;
    const windows = { ...config, objective: { ...config.objective, kind: 'last-step' as const } };
    const ofWindows = { ...start, config: windows, tokens: 600_893, trainTokens: 200_278, heldOutTokens: 0 };
    assert.match(
      splitSentence({ ...history, start: ofWindows }),
      /^Train: all 200,278 windows · nothing held out · seed 2/,
    );
    const text = {
      ...config.text,
      examples: 'line-prefixes' as const,
      heldOut: { kind: 'random' as const, fraction: 0.2 },
    };
    const lines = { ...start, config: { ...config, text }, tokens: 203_718, trainTokens: 16_000, heldOutTokens: 4000 };
    assert.match(
      splitSentence({ ...history, start: lines }),
      /^Train: 16,000 beginnings of lines · held out: a random 20%, 4,000 beginnings of lines/,
    );
    assert.doesNotMatch(splitSentence({ ...history, start: { ...start, heldOutTokens: 50_000 } }), /curve/);
    assert.equal(machineSentence(history), 'LSTM 256 · 335,929 parameters · wasm (relaxed SIMD), 2 threads');
    assert.match(
      machineSentence({ ...history, start: { ...start, base: 'de' } }),
      /^LSTM 256 from the base model of German · 335,929 parameters · /,
    );
  });

  it('shows the held-out loss that was kept, not the last one', () => {
    const [heldOut] = figures(history, 'nats', 'done');
    assert.equal(heldOut.value, Math.min(...history.evaluations.map((e) => e.heldOutLoss ?? 9)).toFixed(3));
  });

  it('reports what a memory adds, in the current unit', () => {
    assert.equal(memorySentence(history, 'nats'), '');
    const done = history.done ?? assert.fail();
    const remembered = {
      ...history,
      done: { ...done, heldOutLoss: 1.4284, heldOutNetworkLoss: 1.516, heldOutOnlineLoss: 1.3 },
    };
    assert.equal(
      memorySentence(remembered, 'nats'),
      'On held-out text: network 1.516, with memory 1.428, with a memory that learns while it reads 1.300 nats per character',
    );
    assert.match(
      memorySentence(remembered, 'bits'),
      /network 2\.187, with memory 2\.061, .* 1\.876 bits per character$/,
    );
  });

  it('tells once each what the run reported, but not what the page shows in another way', () => {
    const notices = [
      noticeOf('information', 1, 'The disk is full.'),
      noticeOf('paused', 2, 'Paused.'),
      noticeOf('information', 3, 'The disk is full.'),
      noticeOf('information', 4, sentence('All of the {0} is kept.', 1.5)),
    ];
    assert.deepEqual(noticeSentences({ ...history, notices }), ['The disk is full.', 'All of the 1.5 is kept.']);
  });

  it('labels runs', () => {
    const startedAt = new Date(2024, 4, 1, 10, 20).toISOString();
    assert.equal(runLabel(runItem({ id: 'a', state: 'paused', startedAt })), 'Moby Dick · 2024-05-01 10:20 · paused');
  });

  it('keeps the best and the last row of a long table', () => {
    const many = Array.from({ length: 500 }, (_, i) => ({ ...history.evaluations[0], step: i, best: i === 333 }));
    const rows = chooseRows(many);
    assert.ok(rows.length <= 42);
    assert.equal(rows[0].step, 499);
    assert.ok(rows.some((row) => row.step === 333));
  });

  it('reports how long a step took since the previous evaluation', () => {
    const [first, second] = [1, 2].map((i) => ({ ...history.evaluations[0], step: 10 * i * i, seconds: i }));
    const start = { ...(history.start ?? assert.fail()), fromStep: 5, fromSeconds: 0.9 };
    const times = stepMilliseconds({ ...history, start, evaluations: [first, second] });
    assert.deepEqual([Math.round(times.get(first)!), times.get(second)!.toFixed(2)], [20, '33.33']);
  });
});
