/** The engine process end to end, as it is built: it trains, samples, completes, pauses, stops and is killed. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { SampleDelta, TrainRequest } from '../../../../src/common/engineProtocol';
import { InklingError, type ErrorCode } from '../../../../src/common/errors';
import type { TrainEvent } from '../../../../src/common/trainEvents';
import { readModelFile } from '../../../../src/engine/model/modelFile';
import { eventually } from '../../../support/eventually';
import { everyStep, lstm } from '../../../support/trainingConfig';
import { readWordList } from '../../../../src/engine/bases/wordList';
import { wordsIn } from '../../../../src/engine/generation/knownWords';
import { forkEngine, type ForkedEngine } from './forkedEngine';
import { sourceIn, tinyConfig, tinyText } from './tinyRun';

const withCode = (code: ErrorCode) => (error: unknown) => error instanceof InklingError && error.code === code;

describe('engine process', () => {
  let engine: ForkedEngine;
  let folder: string;
  let modelPath: string;
  let nextRun = 1;

  const request = (changes: Partial<TrainRequest> = {}): TrainRequest => ({
    runId: `run ${nextRun++}`,
    sources: [sourceIn(folder)],
    config: tinyConfig({ maxSteps: 120 }),
    modelPath,
    threads: 1,
    ...changes,
  });

  /** Starts a run and collects its events; `until` resolves when one of them is as wanted. */
  const start = (from: ForkedEngine, params: TrainRequest) => {
    const events: TrainEvent[] = [];
    const waiting: { wanted: (event: TrainEvent) => boolean; found: () => void }[] = [];
    const result = from.call('train', params, {
      onEvent: (event) => {
        events.push(event);
        for (const one of waiting) if (one.wanted(event)) one.found();
      },
    });
    result.catch(() => undefined);
    const until = (wanted: (event: TrainEvent) => boolean): Promise<void> =>
      events.some(wanted) ? Promise.resolve() : new Promise((found) => waiting.push({ wanted, found }));
    return { events, result, until };
  };

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-process-'));
    modelPath = path.join(folder, 'fox.safetensors');
    engine = forkEngine();
    await engine.ready;
    await engine.call('train', request());
  });

  after(async () => {
    engine.process.kill('SIGKILL');
    await engine.exited;
    fs.rmSync(folder, { recursive: true });
  });

  it('identifies itself first', async () => {
    const ready = await engine.ready;
    assert.ok(ready.type === 'ready');
    assert.equal(ready.description.pid, engine.process.pid);
    assert.deepEqual(await engine.call('describe', {}), ready.description);
  });

  it('trains a model that knows its text, and reports the content of the file', async () => {
    const path = `${folder}/events.safetensors`;
    const { events, result } = start(engine, request({ modelPath: path }));
    const { summary } = await result;
    assert.equal(events[0].event, 'start');
    const done = events.at(-1)!;
    assert.ok(done.event === 'done' && done.heldOutLoss! < 1, JSON.stringify(done));
    assert.equal(summary.steps, 120);
    assert.equal(summary.network, 'LSTM 1 × 24');
    assert.deepEqual(await engine.call('inspect', { path }), summary);
    assert.ok(!fs.existsSync(`${path}.checkpoint`));
  });

  it('samples, streaming, and finds what was copied', async () => {
    const deltas: SampleDelta[] = [];
    const streams = [0, 0.8].map((temperature) => ({ temperature, seed: 3, length: 100 }));
    const { texts, copies, tokensPerSecond } = await engine.call(
      'sample',
      { modelPath, prompt: 'the quick ', streams, details: true },
      { onEvent: (delta) => deltas.push(delta) },
    );
    texts.forEach((text, stream) => {
      const own = deltas.filter((delta) => delta.stream === stream);
      assert.equal(own.map((delta) => delta.text).join(''), text);
      assert.equal(own.flatMap((delta) => delta.probabilities!).length, 100);
    });
    assert.ok(tokensPerSecond > 0);
    assert.equal(copies.length, 2);
    for (const { start, end, source, sourceOffset } of copies.flatMap((report) => report.runs)) {
      assert.equal(source, 'fox.txt');
      const found = texts.some(
        (text) => text.slice(start, end) === tinyText.slice(sourceOffset, sourceOffset + end - start),
      );
      assert.ok(found);
    }
    assert.ok(copies.every(({ novelShare }) => novelShare! >= 0 && novelShare! <= 1));
    const again = await engine.call('sample', { modelPath, prompt: 'the quick ', streams });
    assert.deepEqual(again.texts, texts);
  });

  it('completes, with one step of the prefix per keystroke', async () => {
    const ask = (prefix: string) =>
      engine.call('complete', {
        modelPath,
        prefix,
        extent: 'word',
        suffix: '',
        eagerness: 'bold',
        // On request, fewer than three characters are offered, too.
        alternatives: 2,
        never: [],
        maximumLength: 20,
      });
    const first = await ask('the quick bro');
    assert.equal(first.items[0].text, 'wn');
    const second = await ask('the quick brow');
    assert.equal(second.items[0].text, 'n');
    assert.ok(second.stepsRun <= 3, `${second.stepsRun} steps`);
  });

  it('reports what it considers, and its surprise', async () => {
    const [first] = await engine.call('considered', { modelPath, prompt: 'the quick brow', count: 3 });
    assert.equal(first.token, 'n');
    const text = 'the quick brown fox xylophone';
    const mapped = { modelPath, map: 'a text', text };
    const { bits, lengths, from } = await engine.call('surprise', { ...mapped, from: 0 });
    assert.equal(from, 0);
    assert.equal(bits.length, text.length);
    assert.equal(
      lengths.reduce((a, b) => a + b),
      text.length,
    );
    assert.ok(bits[text.indexOf('xy')] > bits[text.indexOf('wn')]);
    const [expected] = await engine.call('expected', { ...mapped, offset: text.indexOf('wn') });
    assert.equal(expected.token, 'w');
  });

  it('writes only real words and whole sentences, if asked to, with a base and the document', async () => {
    const id = 'file:///chapter.txt';
    const text = 'Zaphodx walked along the quiet street. It was late, and Zaphodx';
    await engine.call('updateDocument', { id, text });
    const listed = new Set((await readWordList('en')).map(({ word }) => word.toLowerCase()));
    const isReal = (word: string): boolean => listed.has(word) || word === 'zaphodx';
    const write = async (onlyRealWords: boolean): Promise<string[]> => {
      const streams = [2, 3].map((seed) => ({
        temperature: 1.3,
        seed,
        length: 150,
        end: 'sentence' as const,
        onlyRealWords,
      }));
      const document = { id, cursor: text.length };
      return (await engine.call('sample', { modelPath: 'base:en', prompt: text, document, streams })).texts;
    };
    for (const written of await write(true)) {
      assert.deepEqual(
        [...wordsIn(written)].filter((word) => !isReal(word)),
        [],
      );
      assert.ok(written.length >= 150);
      assert.match(written, /[.!?…]["”’)]*$/);
    }
    const free = (await write(false)).flatMap((written) => [...wordsIn(written)]);
    assert.ok(
      free.some((word) => !isReal(word)),
      'at this temperature, the network alone writes others',
    );
  });

  it('lets a completion overtake a sample, and cancels the sample between two tokens', async () => {
    const controller = new AbortController();
    const long = engine.call(
      'sample',
      { modelPath, prompt: 'the ', streams: [{ temperature: 1, seed: 1, length: 1e9 }] },
      { signal: controller.signal },
    );
    await engine.call('considered', { modelPath, prompt: 'the qu', count: 1 });
    controller.abort();
    await assert.rejects(long, withCode('cancelled'));
  });

  it('does not read for the surprise map while it writes', async () => {
    const controller = new AbortController();
    const endless = engine.call(
      'sample',
      { modelPath, prompt: 'the ', streams: [{ temperature: 1, seed: 1, length: 1e9 }] },
      { signal: controller.signal },
    );
    let isRead = false;
    const reading = engine
      .call('surprise', { modelPath, map: 'long', text: tinyText, from: 0 })
      .then(() => (isRead = true));
    for (let i = 0; i < 60; i++) await engine.call('considered', { modelPath, prompt: `the qu${i}`, count: 1 });
    assert.ok(!isRead);
    const obsolete = new AbortController();
    const other = { modelPath, map: 'other', text: tinyText, from: 0 };
    const cancelled = assert.rejects(
      engine.call('surprise', other, { signal: obsolete.signal }),
      withCode('cancelled'),
    );
    obsolete.abort();
    await cancelled;
    controller.abort();
    await assert.rejects(endless, withCode('cancelled'));
    await reading;
  });

  it('trains at a lower priority than it writes', async function () {
    if (process.platform !== 'linux') this.skip(); // elsewhere, priority belongs to the process
    const writer = forkEngine();
    try {
      await writer.call('sample', { modelPath, prompt: '', streams: [{ temperature: 1, seed: 1, length: 5 }] });
      const own = os.getPriority();
      assert.deepEqual([...new Set(threadPriorities(writer.process.pid!))], [own]);
      const { until } = start(
        writer,
        request({ config: tinyConfig({ maxSteps: 1e7 }), modelPath: `${modelPath}.low` }),
      );
      await until((event) => event.event === 'progress');
      const lowered = Math.max(own, os.constants.priority.PRIORITY_BELOW_NORMAL);
      assert.deepEqual(new Set(threadPriorities(writer.process.pid!)), new Set([own, lowered]));
    } finally {
      writer.process.kill('SIGKILL');
      await writer.exited;
    }
  });

  it('samples a run in progress', async () => {
    const livePath = `${folder}/live.safetensors`;
    const params = request({ modelPath: livePath, config: tinyConfig({ maxSteps: 1e7 }) });
    const { result, until } = start(engine, params);
    await until((event) => event.event === 'progress');
    const streams = [{ temperature: 0.5, seed: 1, length: 20 }];
    const { texts } = await engine.call('sample', { modelPath: livePath, prompt: 'a', streams });
    assert.equal(texts[0].length, 20);
    assert.ok(!fs.existsSync(livePath));
    await engine.call('control', { runId: params.runId, action: 'stop' });
    assert.ok((await result).summary.steps > 0);
  });

  it('pauses, resumes, and keeps what a stopped run has learned', async () => {
    const stopPath = `${folder}/stop.safetensors`;
    const params = request({ modelPath: stopPath, config: tinyConfig({ maxSteps: 1e7 }) });
    const control = (action: 'pause' | 'resume' | 'stop') => engine.call('control', { runId: params.runId, action });
    const { events, result, until } = start(engine, params);
    await until((event) => event.event === 'start');
    await control('pause');
    await until((event) => event.event === 'notice' && event.kind === 'paused');
    assert.ok(fs.existsSync(`${stopPath}.checkpoint`));
    const count = events.length;
    await engine.call('describe', {});
    assert.equal(events.length, count);
    await control('resume');
    await until((event) => event.event === 'notice' && event.kind === 'resumed');
    await until((event) => event.event === 'epoch');
    await control('stop');
    const { summary } = await result;
    const done = events.at(-1)!;
    assert.ok(done.event === 'done' && done.reason === 'stopped');
    assert.equal(summary.steps, done.steps);
    await assert.rejects(control('stop'), withCode('invalidInput'));
  });

  it('interrupts a long step for a pause', async () => {
    // A small network, so that little else takes time, and a batch of 32,768 characters.
    const config = tinyConfig({ maxSteps: 2 }, { network: lstm(256), objective: everyStep(256), batch: 128 });
    config.text.heldOut = { kind: 'none', fraction: 0 };
    const params = request({
      modelPath: `${folder}/long.safetensors`,
      sources: [sourceIn(folder, tinyText.repeat(7))],
      config,
    });
    const { events, result, until } = start(engine, params);
    await until(({ event }) => event === 'start');
    await engine.call('control', { runId: params.runId, action: 'pause' });
    await until((event) => event.event === 'notice' && event.kind === 'paused');
    const paused = events.find((event) => event.event === 'notice');
    assert.equal(paused?.event === 'notice' && paused.step, 0, 'the first step takes seconds');
    await engine.call('control', { runId: params.runId, action: 'stop' });
    await result.catch(withCode('invalidInput'));
  });

  it('keeps the model of a run whose call is cancelled', async () => {
    const cancelPath = `${folder}/cancel.safetensors`;
    const controller = new AbortController();
    let stepped: () => void;
    const oneStep = new Promise<void>((resolve) => (stepped = resolve));
    const run = engine.call('train', request({ modelPath: cancelPath, config: tinyConfig({ maxSteps: 1e7 }) }), {
      signal: controller.signal,
      onEvent: (event) => event.event === 'epoch' && stepped(),
    });
    run.catch(() => undefined);
    await oneStep;
    controller.abort();
    await assert.rejects(run, withCode('cancelled'));
    await eventually(() => assert.ok(fs.existsSync(cancelPath)));
    assert.ok((await engine.call('inspect', { path: cancelPath })).steps > 0);
  });

  it('continues from the last checkpoint after it was killed, with the same resulting model', async () => {
    const cutPath = `${folder}/cut.safetensors`;
    const victim = forkEngine();
    // Without an end, so that the pause comes while it trains; how far it got determines the length of the same run.
    const params = request({ modelPath: cutPath, config: tinyConfig({ maxSteps: 1e7 }) });
    const { until, result } = start(victim, params);
    await until((event) => event.event === 'epoch');
    await victim.call('control', { runId: params.runId, action: 'pause' });
    await until((event) => event.event === 'notice' && event.kind === 'paused');
    victim.process.kill('SIGKILL');
    await assert.rejects(result, withCode('engineExited'));
    assert.ok(!fs.existsSync(cutPath));

    const { steps } = (await readModelFile(`${cutPath}.checkpoint`)).results;
    const config = tinyConfig({ maxSteps: steps + 100 });
    const resumed = start(engine, request({ modelPath: cutPath, config, resumePath: `${cutPath}.checkpoint` }));
    await resumed.result;
    const [begin] = resumed.events;
    assert.ok(steps > 0);
    assert.ok(begin.event === 'start' && begin.fromStep === steps, JSON.stringify(begin));
    const wholePath = `${folder}/whole.safetensors`;
    await engine.call('train', request({ modelPath: wholePath, config }));
    const whole = await readModelFile(wholePath);
    const cut = await readModelFile(cutPath);
    assert.deepEqual(cut.parameters, whole.parameters);
  });

  it('continues training a finished model, on a changed text', async () => {
    const morePath = `${folder}/more.safetensors`;
    const { result, events } = start(
      engine,
      request({
        modelPath: morePath,
        resumePath: modelPath,
        sources: [sourceIn(folder, tinyText.replaceAll('river', 'büro'))],
        config: tinyConfig({ maxSteps: 40 }),
      }),
    );
    const { summary } = await result;
    const whole = await engine.call('inspect', { path: modelPath });
    assert.ok(summary.vocabulary > whole.vocabulary);
    const evaluated = events.find((event) => event.event === 'epoch' && event.heldOutLoss !== undefined);
    assert.ok(evaluated?.event === 'epoch' && evaluated.heldOutLoss! < 1.5, 'the loss does not jump');
  });

  it('lets two windows train the same model without harm', async () => {
    const sharedPath = `${folder}/shared.safetensors`;
    const other = forkEngine();
    const config = tinyConfig({ maxSteps: 60 });
    try {
      await Promise.all([
        engine.call('train', request({ modelPath: sharedPath, config })),
        other.call('train', request({ modelPath: sharedPath, config })),
      ]);
    } finally {
      other.process.kill('SIGKILL');
    }
    assert.equal((await readModelFile(sharedPath)).results.steps, 60);
    assert.deepEqual(
      fs.readdirSync(folder).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });

  it('leaves a checkpoint and ends when its parent disappears', async () => {
    // It gives itself three seconds, which a slow disk may take to write a file through: one of three leaves it.
    for (let attempt = 1; ; attempt++) {
      const leftPath = `${folder}/left ${attempt}.safetensors`;
      const orphan = forkEngine();
      const { until } = start(orphan, request({ modelPath: leftPath, config: tinyConfig({ maxSteps: 1e7 }) }));
      await until((event) => event.event === 'epoch');
      orphan.process.disconnect();
      assert.equal(await orphan.exited, 0);
      if (attempt < 3 && !fs.existsSync(`${leftPath}.checkpoint`)) continue;
      assert.ok((await readModelFile(`${leftPath}.checkpoint`)).results.steps > 0);
      break;
    }
  });

  it('measures baselines', async () => {
    const sources = [sourceIn(folder)];
    const { gzip, markov } = await engine.call('baselines', { sources, heldOutFraction: 0.1 });
    assert.ok(gzip > 0 && markov.bitsPerCharacter > 0);
  });

  it('answers every error with a code, and survives', async () => {
    const missing = path.join(folder, 'none.safetensors');
    await assert.rejects(engine.call('inspect', { path: missing }), withCode('invalidInput'));
    const streams = [{ temperature: 1, seed: 1, length: 1 }];
    await assert.rejects(engine.call('sample', { modelPath: missing, prompt: '', streams }), withCode('invalidInput'));
    await assert.rejects(engine.call('sample', { modelPath, prompt: '', streams: [] }), withCode('invalidInput'));
    const broken = path.join(folder, 'broken.safetensors');
    fs.writeFileSync(broken, fs.readFileSync(modelPath).subarray(0, 5000));
    await assert.rejects(engine.call('sample', { modelPath: broken, prompt: '', streams }), withCode('corruptModel'));
    await assert.rejects(engine.call('train', request({ sources: [] })), withCode('invalidInput'));
    await assert.rejects(
      engine.call('train', request({ sources: [{ name: 'gone.txt', path: missing }] })),
      withCode('invalidInput'),
    );
    await assert.rejects(
      engine.call('train', request({ sources: [sourceIn(folder, 'x', 'one.txt')] })),
      withCode('invalidInput'),
    );
    await assert.rejects(engine.call('nothing' as 'describe', {}), withCode('protocol'));
    engine.process.send({ type: 'noise' });
    await engine.call('describe', {});
    assert.ok(engine.logs.some((message) => message.includes('noise')));
  });

  it('refuses to train one model twice at once', async () => {
    const twice = `${folder}/twice.safetensors`;
    const params = request({ modelPath: twice, config: tinyConfig({ maxSteps: 1e7 }) });
    const { result, until } = start(engine, params);
    await until((event) => event.event === 'start');
    await assert.rejects(engine.call('train', request({ modelPath: twice })), withCode('invalidInput'));
    await engine.call('control', { runId: params.runId, action: 'stop' });
    await result;
  });
});

/** The nice values of the threads of a process, on Linux. */
function threadPriorities(pid: number): number[] {
  return fs.readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = fs.readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    // Its 19th field; the second is a name in brackets.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });
}
