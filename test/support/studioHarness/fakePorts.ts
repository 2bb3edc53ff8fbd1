/** Made-up runs, models and an engine that writes from a fixed text: for looking at the Studio and testing it. */
import type { Inside, SampleDelta, SampleResult } from '../../../src/common/engineProtocol';
import { InklingError } from '../../../src/common/errors';
import type { ModelItem, RunItem } from '../../../src/common/studioProtocol';
import type { StartEvent, TrainEvent } from '../../../src/common/trainEvents';
import { Random } from '../../../src/engine/random';
import { systemClock, type Clock } from '../../../src/extension/clock';
import type { StudioPorts } from '../../../src/extension/studio/ports';
import { everyStep, lstm, smallConfig } from '../trainingConfig';
import { fakeClassifier, type FakeClassifier } from './fakeClassifier';

export const config = smallConfig({
  recipe: 'auto',
  seed: 42,
  network: lstm(256, 0.1),
  objective: everyStep(64),
  batch: 64,
  optimiser: { kind: 'adam', learningRate: 0.004 },
  schedule: { kind: 'cosine', finalFraction: 0.05 },
  budget: { maxSeconds: 60 },
  evaluation: { every: 100, maximumTargets: 50000 },
  samples: { every: 'epoch', temperatures: [0.5, 1], length: 200, prompt: { kind: 'none' }, count: 1 },
});

export function startEvent(part: Partial<StartEvent> = {}): StartEvent {
  return {
    event: 'start',
    config,
    reasons: [
      { kind: 'no-base-fits', loss: 2.31 },
      { kind: 'dropout', passes: 7.4, dropout: 0.1 },
    ],
    files: ['moby-dick.txt'],
    tokens: 600_893,
    trainTokens: 540_803,
    heldOutTokens: 60_090,
    vocabulary: 57,
    parameters: 335_929,
    stepsPerEpoch: 132,
    backend: 'wasm',
    kernel: 'relaxed SIMD',
    threads: 2,
    seed: 42,
    fromStep: 0,
    fromSeconds: 0,
    ...part,
  };
}

export interface FakeRunShape {
  steps: number;
  seed: number;
  /** Final training loss. */
  floor: number;
  /** Step from which the held-out loss rises. */
  overfitsFrom?: number;
  /** Step at which the guard steps in. */
  guardAt?: number;
  done: boolean;
}

/** A plausible run: fast at first, then slower, with the noise of batches. */
export function fakeRun({ steps, seed, floor, overfitsFrom, guardAt, done }: FakeRunShape): TrainEvent[] {
  const random = new Random(seed);
  const events: TrainEvent[] = [startEvent({ seed })];
  const curve = (step: number): number =>
    floor + (3.9 - floor) * Math.exp(-step / (0.12 * steps)) * 0.8 + (0.35 * steps) / (step + steps);
  let best = Infinity;
  for (let step = 4; step <= steps; step += 4) {
    const loss = curve(step) + 0.05 * random.normal() + (guardAt && step > guardAt - 24 && step <= guardAt ? 3 : 0);
    const spread = 0.06 + 0.05 * random.uniform();
    events.push({
      event: 'progress',
      step,
      epoch: Math.floor(step / 132) + 1,
      seconds: step * 0.04,
      fraction: step / steps,
      secondsLeft: (steps - step) * 0.04,
      trainLoss: loss,
      minimumLoss: loss - spread,
      maximumLoss: loss + spread,
      trainAccuracy: Math.max(0, 0.85 - loss / 5),
      learningRate: 0.004,
      gradientNorm: 1,
      charactersPerSecond: 101_000 + 3_000 * random.uniform(),
    });
    if (guardAt && step === guardAt) {
      events.push({
        event: 'guard',
        step,
        reason: 'exploding',
        loss,
        restoredStep: step - 60,
        learningRateBefore: 0.004,
        learningRateAfter: 0.002,
        message: 'The loss exploded: restored the best weights, learning rate halved.',
      });
    }
    if (step % 132 === 0) {
      const held =
        curve(step) + 0.12 + (overfitsFrom && step > overfitsFrom ? (0.5 * (step - overfitsFrom)) / steps : 0);
      events.push({
        event: 'epoch',
        step,
        epoch: step / 132,
        complete: true,
        seconds: step * 0.04,
        trainLoss: curve(step) + 0.04,
        trainAccuracy: 0.55,
        heldOutLoss: held,
        heldOutAccuracy: Math.max(0, 0.83 - held / 5),
        heldOutBitsPerCharacter: held / Math.LN2,
        best: held < best,
        learningRate: 0.004,
      });
      best = Math.min(best, held);
      for (const temperature of [0.5, 1]) {
        events.push({
          event: 'sample',
          step,
          epoch: step / 132,
          temperature,
          prompt: 'Call me ',
          text: garble(whale, Math.max(0, 0.5 - (step / steps) * 0.6) * temperature, random),
        });
      }
    }
  }
  if (done) {
    events.push({
      event: 'done',
      model: '/models/moby.safetensors',
      seconds: steps * 0.04,
      steps,
      epochs: steps / 132,
      characters: steps * 4096,
      trainLoss: curve(steps),
      heldOutLoss: best,
      heldOutBitsPerCharacter: best / Math.LN2,
      heldOutAccuracy: 0.57,
      charactersPerSecond: 102_000,
      threads: 2,
      backend: 'wasm',
      kernel: 'relaxed SIMD',
      seed,
      reason: 'budget',
    });
  }
  return events;
}

const whale =
  'the sea, and the white foam of the whale was still\nbeneath the ship; for the old man stood alone upon the deck, ' +
  'and said no word to any of them, till at last the wind came down out of the north and the sails were filled again. ' +
  '“Aye,” said the mate, “there is no land that way, nor ever was.”';

/** `share` of the letters replaced. */
function garble(text: string, share: number, random: Random): string {
  return Array.from(text, (c) => (random.uniform() < share ? 'etaoinsh rdlu'[random.integer(13)] : c)).join('');
}

export interface FakeStudio {
  ports: StudioPorts;
  runs: RunItem[];
  models: ModelItem[];
  classifier: FakeClassifier;
  /** Reports an event, as the trainer would. */
  train(runId: string, event: TrainEvent): void;
  runsChanged(): void;
  /** To be called after changing `models`. */
  modelsChanged(): void;
  /** All requests of the Studio to the editor and the engine, in order. */
  calls: string[];
  /** Milliseconds between two pieces of a sample. */
  paceMs: number;
  /** Whether the page is to ask about the shipped model. */
  asksForBase: boolean;
}

export function fakeStudio(
  histories: Record<string, TrainEvent[]>,
  runs: RunItem[],
  clock: Clock = systemClock,
): FakeStudio {
  const trained = new Set<(value: { runId: string; event: TrainEvent; index: number }) => unknown>();
  const changed = new Set<(value: void) => unknown>();
  const memory = new Map<string, unknown>();
  const calls: string[] = [];
  const subscribe =
    <T>(listeners: Set<(value: T) => unknown>) =>
    (listener: (value: T) => unknown) => {
      listeners.add(listener);
      return { dispose: () => listeners.delete(listener) };
    };
  const models: ModelItem[] = [
    {
      path: '/models/moby.safetensors',
      title: 'Moby Dick',
      network: 'LSTM 1 × 256',
      unit: 'character',
      heldOutBitsPerCharacter: 2.31,
      opening: '',
    },
    { path: '/models/sonnets.safetensors', title: 'Sonnets', network: 'LSTM 2 × 128', unit: 'character', opening: '' },
  ];
  const modelsChanged = new Set<(value: void) => unknown>();
  let active = models[0].path;

  const classifier = fakeClassifier(calls);
  const studio: FakeStudio = {
    runs,
    models,
    classifier,
    calls,
    paceMs: 5,
    asksForBase: false,
    train(runId, event) {
      const index = histories[runId].push(event) - 1;
      for (const listener of trained) listener({ runId, event, index });
    },
    runsChanged: () => changed.forEach((listener) => listener()),
    modelsChanged: () => modelsChanged.forEach((listener) => listener()),
    ports: {
      runs: {
        list: () => runs,
        onDidChange: subscribe(changed),
        onDidTrain: subscribe(trained),
        readEvents: async (runId) => [...(histories[runId] ?? [])],
        control: async (runId, action) => void calls.push(`control ${runId} ${action}`),
        resume: async (runId) => void calls.push(`resume ${runId}`),
        train: async () => void calls.push('train'),
        trySample: async () => void calls.push('trySample'),
        inside: async (_runId, at, text) => {
          calls.push(`inside ${at} “${text}”`);
          return fakeInside(at, text);
        },
        baselines: async () => ({
          heldOutCharacters: 60_090,
          gzip: 3.35,
          brotli: 3.02,
          ppm: 2.31,
          markov: { order: 4, bitsPerCharacter: 2.42 },
        }),
      },
      models: {
        list: () => models,
        active: () => models.find(({ path }) => path === active)?.path ?? models[0]?.path,
        use: async (path) => {
          active = path;
          calls.push(`use ${path}`);
        },
        onDidChange: subscribe(modelsChanged),
        asksForBase: () => studio.asksForBase,
        answerBase: async (allowed) => {
          calls.push(`base ${allowed ? 'yes' : 'no'}`);
          studio.asksForBase = false;
          if (allowed && models.length === 0) models.push(fakeBase);
          studio.modelsChanged();
        },
      },
      engine: {
        async sample(request, onDelta, signal): Promise<SampleResult> {
          calls.push(`sample ${request.streams.map((s) => s.temperature).join()} “${request.prompt}”`);
          const random = new Random(request.streams[0].seed);
          const texts = request.streams.map(({ temperature, length }) =>
            garble(whale, Math.max(0, temperature - 0.4) * 0.4, random).slice(0, length),
          );
          for (let at = 0; at < texts[0].length; at += 6) {
            if (studio.paceMs > 0) await new Promise<void>((resolve) => clock.after(studio.paceMs, resolve));
            if (signal.aborted) throw new InklingError('cancelled', 'Cancelled.');
            texts.forEach((text, stream) => {
              const piece = text.slice(at, at + 6);
              const tokens = Array.from(piece);
              const spread = 0.6 + request.streams[stream].temperature * 2;
              const delta: SampleDelta = {
                stream,
                text: piece,
                tokens,
                probabilities: tokens.map(() => random.uniform() ** spread),
              };
              onDelta(delta);
            });
          }
          const copies = texts.map((text, i) => ({
            runs: i === 0 ? [{ start: 5, end: 49, source: 'moby-dick.txt', sourceOffset: 18_204 }] : [],
            novelShare: i === 0 ? 0.41 : 0.87 + (text.length % 7) / 100,
          }));
          return { texts, copies, tokensPerSecond: 20_000 };
        },
        async considered(request) {
          calls.push(`considered “${request.prompt}”`);
          const tokens = ['e', ' ', 'a', 's', '\n', 'h', ',', 'o', 'i'];
          return tokens.map((token, i) => ({ token, probability: 0.46 * 0.55 ** i }));
        },
      },
      editor: {
        textBeforeCursor: () => 'It was a dark and stormy night; ',
        insertAtCursor: async (text) => void calls.push(`insert “${text}”`),
        continueText: async (path, options) => void calls.push(`continue ${path} ${JSON.stringify(options)}`),
        openSource: async (_, source, offset, passage) => void calls.push(`open ${source} ${offset} ${passage}`),
        openText: async (text, tints) =>
          void calls.push(
            `open text ${JSON.stringify(text)}`,
            ...tints.map(({ start, end, tint }) => `tint ${tint} “${text.slice(start, end)}”`),
          ),
        copy: async (text) => void calls.push(`copy “${text}”`),
        saveFile: async (name, contents) => {
          calls.push(`save ${name} ${contents.length}`);
          memory.set(name, contents);
          return true;
        },
      },
      classifier: classifier.port,
      memory: {
        get: <T>(key: string) => memory.get(key) as T | undefined,
        update: async (key, value) => void memory.set(key, value),
      },
      clock,
      log: (message) => void calls.push(`log ${message}`),
    },
  };
  return studio;
}

/** The shipped model of English. */
const fakeBase: ModelItem = {
  path: 'base:en',
  title: 'English and the open text',
  network: '',
  unit: 'character',
  isBase: true,
  opening: '\n',
};

export function runItem(part: Partial<RunItem> & { id: string }): RunItem {
  return {
    title: 'Moby Dick',
    startedAt: '2024-05-01T10:20:00.000Z',
    state: 'done',
    modelPath: `/models/${part.id}.safetensors`,
    ...part,
  };
}

/** A small LSTM on characters, and what it reads. */
function fakeInside(at: number, text: string): Inside {
  const tokens = [...(text || 'abc')].map((token, i) => ({
    token,
    id: token === 'ж' ? null : i,
    known: token !== 'ж',
    back: token === 'ж' ? '' : token,
  }));
  return {
    network: {
      cell: 'lstm',
      input: { name: 'one-hot', size: 57 },
      output: { name: 'softmax', size: 57 },
      layers: [{ units: 128, dropout: 0 }],
      everyStep: false,
    },
    layers: [
      { kind: 'one-hot', outputShape: [null, 60, 57], parameters: 0 },
      { kind: 'lstm', outputShape: [null, 128], parameters: 95_232 },
      { kind: 'softmax', outputShape: [null, 57], parameters: 7353 },
    ],
    examples: 200_278,
    stepsPerEpoch: 1565,
    example: { at, inputText: 'call me', targetText: ' ', inputIds: [1, 2, 3], targetIds: [0], shape: [128, 60] },
    drawn: { inputs: [...'call me'], targets: [...'all me '] },
    tokens,
  };
}
