/** Runs on the reference backend: resume, stop, pause, best weights, the guard, budgets, samples. */
import * as assert from 'node:assert';
import type { TrainingConfig } from '../../../../src/common/trainingConfig';
import type { Backend, NewStepper } from '../../../../src/engine/backends/backend';
import {
  createReferenceBackend,
  createReferenceStepper,
} from '../../../../src/engine/backends/reference/referenceBackend';
import { createWasmBackend } from '../../../../src/engine/backends/wasm/wasmBackend';
import { trainingBatches } from '../../../../src/engine/corpus/batchSource';
import { buildCorpus } from '../../../../src/engine/corpus/corpus';
import { planBatches } from '../../../../src/engine/corpus/planBatches';
import { Random } from '../../../../src/engine/random';
import { evaluateHeldOut } from '../../../../src/engine/training/evaluation';
import { networkSpecOf } from '../../../../src/engine/model/networkSpecOf';
import type { RunState } from '../../../../src/engine/training/runState';
import type { Trainer } from '../../../../src/engine/training/trainer';
import { smallConfig } from '../../../support/trainingConfig';
import { madeText, of, train, type Watched } from './support';

const text = madeText(1500);

/** A clock that advances by a millisecond each time it is read. */
function tickingClock(): () => number {
  let ms = 0;
  return () => ms++;
}

/** A state as it comes back from a checkpoint. */
function stored(state: RunState): RunState {
  return { ...structuredClone(state), progress: JSON.parse(JSON.stringify(state.progress)) as RunState['progress'] };
}

/** Trains and calls `action` when `steps` steps are done. */
async function interrupted(
  config: TrainingConfig,
  steps: number,
  action: (trainer: Trainer) => void,
  watch: Parameters<typeof train>[3] = () => {},
): Promise<Watched> {
  const corpus = buildCorpus([{ name: 'made.txt', text }], config.text);
  const source = trainingBatches(planBatches(corpus, config), config.seed);
  let running: Trainer;
  let taken = 0;
  const batches = {
    ...source,
    next: () => {
      if (++taken === steps) action(running);
      return source.next();
    },
  };
  return train(config, text, { batches }, (event, trainer) => {
    running = trainer;
    watch(event, trainer);
  });
}

describe('Trainer', () => {
  describe('a run split in two equals an uninterrupted run', () => {
    const base = smallConfig();
    const cases: Record<string, TrainingConfig> = {
      'every step, Adam': base,
      'two layers with dropout': smallConfig({
        network: {
          ...base.network,
          layers: [
            { units: 6, dropout: 0.3 },
            { units: 5, dropout: 0.1 },
          ],
        },
      }),
      'windows, RMSprop, shuffled': smallConfig({
        objective: { kind: 'last-step', steps: 6, stride: 20, reduction: 'mean', carryState: false, shuffle: true },
        optimiser: { kind: 'rmsprop', learningRate: 0.01 },
        keep: 'best-train',
      }),
      'lines with a carried state': smallConfig({
        text: { ...base.text, examples: 'lines', heldOut: { kind: 'none', fraction: 0 } },
        batch: 1,
        keep: 'best-train',
        objective: { ...base.objective, steps: 60, reduction: 'sum', shuffle: true },
        optimiser: { kind: 'sgd', learningRate: 0.01, clipValue: 5 },
        smoothedLoss: { decay: 0.9, startLength: 7 },
      }),
      'a plateau schedule': smallConfig({
        evaluation: { every: 5, maximumTargets: 100 },
        optimiser: { kind: 'adam', learningRate: 0.3 },
        schedule: { kind: 'plateau', warmupSteps: 3, factor: 0.5, patience: 1, minimum: 1e-4 },
      }),
      'a cosine over the steps': smallConfig({ schedule: { kind: 'cosine', warmupSteps: 5, finalFraction: 0.1 } }),
      'with a memory': smallConfig({ memory: 'on' }),
    };
    for (const [name, config] of Object.entries(cases)) {
      it(name, async () => {
        const whole = await train(config, text);
        for (const cut of [13, 30]) {
          const part = await interrupted(config, cut, (trainer) => trainer.stop());
          assert.equal(part.done.steps, cut);
          assert.equal(part.done.reason, 'stopped');
          const rest = await train(config, text, { state: stored(part.state), history: part.history });
          const { seconds } = rest.state.progress;
          assert.deepEqual(rest.state, { ...whole.state, progress: { ...whole.state.progress, seconds } });
          assert.deepEqual(rest.parameters, whole.parameters);
          assert.equal(rest.memory !== undefined, config.memory === 'on');
          assert.deepEqual(rest.memory, whole.memory);
          assert.equal(rest.done.trainLoss, whole.done.trainLoss);
          assert.equal(rest.done.heldOutLoss, whole.done.heldOutLoss);
        }
      });
    }
  });

  it('remembers the same on any number of threads, and reports what the memory adds', async () => {
    const runs = [];
    for (const threads of [1, 3]) {
      const backend = await createWasmBackend({ threads });
      runs.push(await train(smallConfig({ memory: 'on' }), text, { backend }));
      await backend.dispose();
    }
    const [{ done, memory }] = runs;
    assert.deepEqual(runs[1].memory, memory);
    for (const figure of ['heldOutLoss', 'heldOutNetworkLoss', 'heldOutOnlineLoss'] as const) {
      assert.equal(runs[1].done[figure], done[figure], figure);
    }
    const alone = await train(smallConfig(), text);
    assert.ok(Math.abs(done.heldOutNetworkLoss! - alone.done.heldOutLoss!) < 1e-5);
    assert.ok(done.heldOutLoss! < done.heldOutNetworkLoss!);
    assert.equal(alone.done.heldOutNetworkLoss, undefined);
    assert.equal(alone.done.heldOutOnlineLoss, undefined);
  });

  it('pauses between two steps, keeps a checkpoint, and continues as if it had not', async () => {
    const config = smallConfig();
    const whole = await train(config, text);
    const pausing = await interrupted(
      config,
      10,
      (trainer) => trainer.pause(),
      (event, trainer) => {
        if (event.event === 'notice' && event.kind === 'paused') {
          assert.equal(event.step, 10);
          setImmediate(() => trainer.resume());
        }
      },
    );
    assert.deepEqual(
      of(pausing.events, 'notice').map((notice) => notice.kind),
      ['paused', 'resumed'],
    );
    assert.deepEqual(pausing.parameters, whole.parameters);
  });

  it('repeats an interrupted step as if it had not been interrupted', async () => {
    for (const config of [
      smallConfig(),
      smallConfig({
        objective: { ...smallConfig().objective, kind: 'last-step', steps: 6, stride: 20, shuffle: true },
      }),
    ]) {
      const backend = await createWasmBackend({ threads: 1 });
      const whole = await train(config, text, { backend });
      const random = new Random(3);
      let interruptions = 0;
      const isInterrupted = (): boolean => {
        const yes = random.integer(80) === 0;
        interruptions += yes ? 1 : 0;
        return yes;
      };
      const interrupted: Backend = {
        ...backend,
        createNetwork: async (...args) => {
          const network = await backend.createNetwork(...args);
          const { trainStep } = network;
          network.trainStep = (batch, update) => trainStep.call(network, batch, update, isInterrupted);
          return network;
        },
      };
      const disturbed = await train(config, text, { backend: interrupted });
      assert.ok(interruptions > 5, `${interruptions} interruptions`);
      const { seconds } = disturbed.state.progress;
      assert.deepEqual(disturbed.state, { ...whole.state, progress: { ...whole.state.progress, seconds } });
      assert.deepEqual(disturbed.parameters, whole.parameters);
      await backend.dispose();
    }
  });

  describe('a command during an evaluation or a sample', () => {
    const config = smallConfig({ samples: { ...smallConfig().samples, every: 15, count: 2, length: 300 } });

    /** Runs `action` once, inside the first call of `method` at or after `step`. */
    function during(
      method: 'evaluate' | 'step',
      step: number,
      action: () => void,
    ): { backend: Backend; newStepper: NewStepper } {
      const backend = createReferenceBackend();
      let steps = 0;
      let acted = false;
      const act = (): void => {
        if (!acted && steps >= step) action();
        acted ||= steps >= step;
      };
      const watched: Backend = {
        ...backend,
        createNetwork: async (...args) => {
          const network = await backend.createNetwork(...args);
          const { trainStep } = network;
          network.trainStep = (...batch) => {
            steps++;
            return trainStep.apply(network, batch);
          };
          const { evaluate } = network;
          network.evaluate = (...batch) => {
            if (method === 'evaluate') act();
            return evaluate.apply(network, batch);
          };
          return network;
        },
      };
      const newStepper: NewStepper = (spec, parameters) => {
        const stepper = createReferenceStepper(spec, parameters);
        return {
          ...stepper,
          step: (...row) => {
            if (method === 'step') act();
            stepper.step(...row);
          },
        };
      };
      return { backend: watched, newStepper };
    }

    for (const method of ['evaluate', 'step'] as const) {
      it(`pausing in ${method}: it is done again afterwards, nothing changes`, async () => {
        const whole = await train(config, text);
        let running: Trainer;
        const watched = during(method, 15, () => running.pause());
        const paused = await train(config, text, watched, (event, trainer) => {
          running = trainer;
          if (event.event === 'notice' && event.kind === 'paused') setImmediate(() => trainer.resume());
        });
        assert.equal(of(paused.events, 'notice')[0]?.step, 15);
        assert.deepEqual(paused.parameters, whole.parameters);
        const told = (run: Watched): unknown[] =>
          run.events
            .filter(({ event }) => event === 'sample' || event === 'epoch')
            .map((event) => ({ ...event, seconds: 0 }));
        assert.deepEqual(told(paused), told(whole));
      });

      it(`stopping in ${method}: the resumed run does what was left out`, async () => {
        const whole = await train(config, text);
        let running: Trainer;
        const watched = during(method, 15, () => running.stop());
        const part = await train(config, text, watched, (_event, trainer) => {
          running = trainer;
        });
        assert.equal(part.done.steps, 15);
        const rest = await train(config, text, { state: stored(part.state), history: part.history });
        assert.deepEqual(rest.state.progress, { ...whole.state.progress, seconds: rest.state.progress.seconds });
        assert.deepEqual(rest.parameters, whole.parameters);
        assert.deepEqual(of([...part.events, ...rest.events], 'sample'), of(whole.events, 'sample'));
      });
    }
  });

  it('saves its checkpoint again when it is paused once more', async () => {
    const kept: RunState[] = [];
    let time = 0;
    await train(
      smallConfig(),
      text,
      { now: () => (time += 10), onCheckpoint: (state) => Promise.resolve(`${kept.push(state)}`) },
      (event, trainer) => {
        if (event.event === 'start') trainer.pause();
        if (event.event !== 'notice' || event.kind !== 'paused') return;
        setImmediate(() => (kept.length < 3 ? trainer.pause() : trainer.stop()));
      },
    );
    assert.equal(kept.length, 3);
    // The pause does not count as training time.
    assert.ok(kept[2].progress.seconds - kept[0].progress.seconds < 0.1);
  });

  it('can be stopped while it is paused', async () => {
    const result = await interrupted(
      smallConfig(),
      10,
      (trainer) => trainer.pause(),
      (event, trainer) => {
        if (event.event === 'notice' && event.kind === 'paused') setImmediate(() => trainer.stop());
      },
    );
    assert.equal(result.done.reason, 'stopped');
    assert.equal(result.done.steps, 10);
  });

  it('writes a checkpoint at a pause, and survives if that fails', async () => {
    let paused: RunState | undefined;
    const { events, done } = await train(
      smallConfig(),
      text,
      {
        onCheckpoint: async (state) => {
          paused = state;
          throw new Error('disk full');
        },
      },
      (event, trainer) => {
        if (event.event === 'start') trainer.pause();
        if (event.event === 'notice' && event.kind === 'paused') setImmediate(() => trainer.resume());
      },
    );
    assert.equal(paused?.progress.step, 0);
    assert.match(of(events, 'notice')[0].message, /No checkpoint was written: disk full/);
    assert.equal(done.steps, 40);
  });

  it('stops early and returns the best weights, not the last', async () => {
    // Ten sentences are learned by heart; what is held out is another kind of text.
    const config = smallConfig({
      optimiser: { kind: 'adam', learningRate: 0.05 },
      budget: { maxSteps: 600 },
      evaluation: { every: 10, maximumTargets: 1000 },
      earlyStopping: { patience: 3 },
    });
    const mixed = madeText(600) + 'Quite another kind of text, nobody has told it a word of this. '.repeat(2);
    const { done, events, parameters, state } = await train(config, mixed);
    assert.equal(done.reason, 'early-stop');
    const evaluations = of(events, 'epoch').filter((event) => event.heldOutLoss !== undefined);
    const best = Math.min(...evaluations.map((event) => event.heldOutLoss!));
    assert.ok(best < evaluations.at(-1)!.heldOutLoss!);
    assert.equal(state.progress.best.loss, best);
    assert.deepEqual(
      evaluations.slice(-4).map((event) => event.best),
      [true, false, false, false],
    );
    const corpus = buildCorpus([{ name: 'made.txt', text: mixed }], config.text);
    const spec = networkSpecOf(config, corpus.vocabulary.size);
    const network = await createReferenceBackend().createNetwork(spec, parameters, { batch: 4, steps: 8 });
    const measured = await evaluateHeldOut(network, planBatches(corpus, config), 1000, () => false);
    assert.equal(measured !== 'interrupted' && measured?.loss, best);
    assert.match(of(events, 'notice').at(-1)!.message, /No better held-out loss in 3 evaluations/);
  });

  it('keeps the last weights if the config says so', async () => {
    const { parameters, state } = await train(smallConfig({ keep: 'last' }), text);
    assert.deepEqual(parameters, state.parameters);
  });

  it('never returns weights that cannot be read again, nor keeps them in a checkpoint', async () => {
    const config = smallConfig({
      keep: 'last',
      optimiser: { kind: 'sgd', learningRate: 1e300 },
      budget: { maxSteps: 1 },
    });
    let checkpoints = 0;
    const onCheckpoint = async (): Promise<string> => `checkpoint ${++checkpoints}`;
    const { parameters, state } = await train(config, text, { onCheckpoint, checkpointSeconds: 0 });
    assert.ok(!state.parameters.every(Number.isFinite), 'the step broke them');
    assert.ok(parameters.every(Number.isFinite));
    assert.equal(checkpoints, 0);
  });

  it('returns to the best weights when the loss explodes, and halves the rate', async () => {
    const config = smallConfig({
      optimiser: { kind: 'sgd', learningRate: 60 },
      budget: { maxSteps: 120 },
      evaluation: { every: 5, maximumTargets: 200 },
    });
    const { events, done } = await train(config, text);
    const guards = of(events, 'guard');
    assert.ok(guards.length >= 1);
    guards.forEach((guard, i) => {
      assert.equal(guard.learningRateBefore, 60 / 2 ** i);
      assert.equal(guard.learningRateAfter, 30 / 2 ** i);
      assert.match(guard.message, /learning rate halved/);
    });
    assert.ok(done.heldOutLoss! < 4);
  });

  it('survives a loss that is not a number', async () => {
    const backend = createReferenceBackend();
    const { createNetwork } = backend;
    let steps = 0;
    const broken = {
      ...backend,
      createNetwork: async (...args: Parameters<typeof createNetwork>) => {
        const network = await createNetwork(...args);
        const trainStep = network.trainStep.bind(network);
        network.trainStep = async (batch, update) => {
          const result = await trainStep(batch, update);
          if (++steps !== 20) return result;
          await network.writeParameters((await network.readParameters()).fill(NaN));
          return { ...result, lossSum: NaN };
        };
        return network;
      },
    };
    const { events, parameters, done } = await train(smallConfig({ keep: 'last' }), text, { backend: broken });
    const [guard] = of(events, 'guard');
    assert.equal(guard.reason, 'non-finite');
    assert.equal(guard.restoredStep, 15);
    assert.ok(parameters.every(Number.isFinite));
    assert.ok(Number.isFinite(done.trainLoss));
    // The events are JSON.
    assert.deepEqual(JSON.parse(JSON.stringify(guard)), guard);
  });

  it('says that nothing was measured if the guard discarded the whole epoch', async () => {
    const backend = createReferenceBackend();
    const { createNetwork } = backend;
    let last = 0;
    const broken = {
      ...backend,
      createNetwork: async (...args: Parameters<typeof createNetwork>) => {
        const network = await createNetwork(...args);
        const trainStep = network.trainStep.bind(network);
        let steps = 0;
        network.trainStep = async (batch, update) => {
          const result = await trainStep(batch, update);
          return ++steps === last ? { ...result, lossSum: NaN } : result;
        };
        return network;
      },
    };
    const config = smallConfig({ budget: { epochs: 1 } });
    last = (await train(config, text, { backend })).done.steps;
    const { events, done } = await train(config, text, { backend: broken });
    assert.equal(of(events, 'guard').at(-1)!.step, last);
    assert.equal(of(events, 'epoch').at(-1)!.trainLoss, null);
    assert.equal(done.trainLoss, null);
  });

  it('gives up with the best weights if the guard cannot help', async () => {
    const backend = createReferenceBackend();
    const { createNetwork } = backend;
    const broken = {
      ...backend,
      createNetwork: async (...args: Parameters<typeof createNetwork>) => {
        const network = await createNetwork(...args);
        network.trainStep = async () => ({ lossSum: Infinity, targets: 1, correct: 0, gradientNorm: 1 });
        return network;
      },
    };
    const { events, done } = await train(smallConfig(), text, { backend: broken });
    assert.equal(done.reason, 'early-stop');
    assert.match(of(events, 'notice').at(-1)!.message, /Lower the learning rate/);
  });

  it('says why it uses this backend, and at which step another one took over', async () => {
    const reference = createReferenceBackend();
    const backend: Backend = {
      ...reference,
      createNetwork: async (...asked) => {
        const network = await reference.createNetwork(...asked);
        network.backend = { ...network.backend, reason: 'No GPU here.', fallback: 'No GPU here. Going on.' };
        const { trainStep } = network;
        let steps = 0;
        network.trainStep = (...batch) => {
          if (++steps === 5) network.backend = { ...network.backend, name: 'wasm', fallback: 'Lost. Going on.' };
          return trainStep.apply(network, batch);
        };
        return network;
      },
    };
    const { events, done } = await train(smallConfig(), text, { backend });
    assert.deepEqual(
      events.slice(0, 2).map(({ event }) => event),
      ['start', 'notice'],
    );
    const [start] = of(events, 'start');
    assert.deepEqual([start.backend, start.backendReason], ['reference', 'No GPU here.']);
    const notices = of(events, 'notice').filter(({ kind }) => kind === 'backend');
    assert.deepEqual(
      notices.map(({ step, message }) => [step, message]),
      [
        [0, 'No GPU here. Going on.'],
        [5, 'Lost. Going on.'],
      ],
    );
    assert.equal(done.backend, 'wasm');
  });

  it('ends after a number of epochs, steps or seconds, whichever comes first', async () => {
    const epochs = await train(smallConfig({ budget: { epochs: 2, maxSteps: 1000 } }), text);
    assert.equal(epochs.done.epochs, 2);
    assert.equal(epochs.done.steps, 2 * of(epochs.events, 'start')[0].stepsPerEpoch);
    const steps = await train(smallConfig({ budget: { epochs: 100, maxSteps: 7 } }), text);
    assert.equal(steps.done.steps, 7);
    const seconds = await train(smallConfig({ budget: { maxSeconds: 0.2 } }), text, { now: tickingClock() });
    assert.ok(seconds.done.steps > 3 && seconds.done.steps < 200);
    assert.equal(seconds.done.reason, 'budget');
  });

  it('does not count the time that the machine slept as training', async () => {
    const config = smallConfig({ budget: { maxSeconds: 20 } });
    for (const slept of [0, 8 * 3_600_000]) {
      let time = 0;
      const now = (): number => {
        time += 50;
        return time > 5000 ? time + slept : time;
      };
      const { events, done } = await train(config, text, { now });
      assert.ok(done.steps > 40, `${done.steps} steps`);
      assert.ok(done.seconds < 21, `${done.seconds} s`);
      assert.ok(of(events, 'epoch').every(({ seconds }) => seconds < 21));
      const told = of(events, 'notice').filter(({ message }) => /slept for about 480 min/.test(message));
      assert.equal(told.length, slept > 0 ? 1 : 0);
    }
  });

  it('counts its budget from the start of the run, even after a resume', async () => {
    const config = smallConfig({ budget: { maxSteps: 10 } });
    const first = await train(config, text);
    const second = await train({ ...config, budget: { maxSteps: 25 } }, text, { state: stored(first.state) });
    assert.equal(second.done.steps, 25);
    const [start] = of(second.events, 'start');
    assert.equal(start.fromStep, 10);
  });

  it('sends events that keep their contract', async () => {
    const config = smallConfig({ budget: { epochs: 2 }, evaluation: { every: 'epoch', maximumTargets: 1000 } });
    const { events, done } = await train(config, text, { now: tickingClock() });
    const [start] = of(events, 'start');
    assert.equal(start.trainTokens + start.heldOutTokens, start.tokens);
    assert.equal(start.tokens, 1500);
    assert.equal(start.totalSteps, 2 * start.stepsPerEpoch);
    const epochs = of(events, 'epoch').filter((event) => event.complete);
    assert.deepEqual(
      epochs.map((event) => event.epoch),
      [1, 2],
    );
    assert.ok(epochs[1].trainLoss! < epochs[0].trainLoss!);
    assert.ok(Math.abs(epochs[0].heldOutBitsPerCharacter! - epochs[0].heldOutLoss! / Math.LN2) < 1e-12);
    assert.equal(done.trainLoss, epochs[1].trainLoss);
    assert.equal(done.characters, 2 * start.trainTokens);
    for (const progress of of(events, 'progress')) {
      assert.ok(progress.minimumLoss <= progress.trainLoss && progress.trainLoss <= progress.maximumLoss);
      assert.ok(progress.fraction >= 0 && progress.fraction <= 1);
    }
  });

  it('evaluates after the last epoch with the training loss of that epoch', async () => {
    const config = smallConfig({
      budget: { epochs: 2 },
      evaluation: { every: 7, maximumTargets: 1000 },
      keep: 'best-held-out',
    });
    const { events } = await train(config, text);
    const [start] = of(events, 'start');
    assert.notEqual(start.totalSteps! % 7, 0);
    const [whole, last] = of(events, 'epoch').slice(-2);
    assert.deepEqual(
      [whole.step, whole.complete, last.step, last.complete],
      [last.step, true, start.totalSteps, false],
    );
    assert.equal(whole.heldOutLoss, undefined);
    assert.ok(last.heldOutLoss! > 0);
    assert.equal(last.trainLoss, whole.trainLoss);
    assert.notEqual(last.trainLoss, null);
  });

  it('writes the same samples for the same seed, at every temperature, without disturbing training', async () => {
    const config = smallConfig();
    const one = await train(config, text);
    const samples = of(one.events, 'sample');
    assert.deepEqual(
      samples.map(({ step, temperature }) => [step, temperature]),
      [
        [20, 0.5],
        [20, 1],
        [40, 0.5],
        [40, 1],
      ],
    );
    assert.ok(samples.every((sample) => text.includes(sample.prompt) && [...sample.text].length === 10));
    const two = await train(config, text);
    assert.deepEqual(of(two.events, 'sample'), samples);
    const none = await train({ ...config, samples: { ...config.samples, count: 0 } }, text);
    assert.equal(of(none.events, 'sample').length, 0);
    assert.deepEqual(none.parameters, one.parameters);
  });

  it('begins running text without a prompt as a line begins', async () => {
    const verses = 'Abcd bcdbcd\n'.repeat(60);
    const samples: TrainingConfig['samples'] = {
      every: 300,
      temperatures: [0],
      length: 4,
      prompt: { kind: 'none' },
      count: 1,
    };
    const { events } = await train(smallConfig({ budget: { maxSteps: 300 }, samples }), verses);
    const [sample] = of(events, 'sample');
    assert.deepEqual([sample.prompt, sample.text], ['', 'Abcd']);
  });

  it('has no held-out figures if nothing is held out', async () => {
    const config = smallConfig({
      text: { ...smallConfig().text, heldOut: { kind: 'none', fraction: 0 } },
      keep: 'best-train',
    });
    const { done } = await train(config, text);
    assert.equal(done.heldOutLoss, null);
    assert.equal(done.heldOutBitsPerCharacter, null);
    assert.equal(done.heldOutAccuracy, null);
  });

  it('hands out snapshots of its weights', async () => {
    const steps: number[] = [];
    let ms = 0;
    const onSnapshot = (parameters: Float32Array, step: number): void => {
      assert.ok(parameters.every(Number.isFinite));
      steps.push(step);
    };
    await train(smallConfig(), text, { now: () => (ms += 50), onSnapshot }, (event) => {
      if (event.event === 'progress') assert.ok(steps.length > 0, 'none before the first progress');
    });
    assert.ok(steps.length >= 2);
  });
});
