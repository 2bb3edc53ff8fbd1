/** The channel to a real child process, with a few lines in place of the engine. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { EngineFrame, HostFrame } from '../../../../src/common/engineProtocol';
import type { EngineProcess } from '../../../../src/extension/engineHost/engineSupervisor';
import { forkEngine } from '../../../../src/extension/engineHost/forkEngine';

const call: HostFrame = { type: 'call', id: 1, method: 'describe', params: {} };

describe('forkEngine', () => {
  let folder: string;
  let printed: string;
  const start = (script: string, stopLimitMs?: number): EngineProcess => {
    const file = path.join(folder, 'engine.js');
    fs.writeFileSync(file, script);
    return forkEngine(file, (text) => (printed += text), stopLimitMs);
  };
  const frame = (child: EngineProcess): Promise<EngineFrame> => new Promise((resolve) => child.onFrame(resolve));
  const exit = (child: EngineProcess): Promise<string> => new Promise((resolve) => child.onExit(resolve));

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-fork-'));
    printed = '';
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('carries typed arrays both ways and passes no flags on', async () => {
    const child = start(`process.on('message', (m) => process.send({ type: 'result', id: m.id, result: {
      flags: process.execArgv, bits: m.params.bits } }))`);
    const ended = exit(child);
    const answer = frame(child);
    child.send({ ...call, params: { bits: Float32Array.of(1, 2.5) } });
    const got = (await answer) as unknown as { result: { flags: string[]; bits: Float32Array } };
    assert.deepEqual(got.result.flags, []);
    assert.deepEqual(got.result.bits, Float32Array.of(1, 2.5));
    child.stop();
    await ended;
  });

  it('does not pass on NODE_OPTIONS, which may load code', async () => {
    const before = process.env.NODE_OPTIONS;
    process.env.NODE_OPTIONS = '--no-warnings';
    try {
      const child = start(`process.send({ type: 'log', level: 'info', message: String(process.env.NODE_OPTIONS) })`);
      const ended = exit(child);
      assert.deepEqual(await frame(child), { type: 'log', level: 'info', message: 'undefined' });
      child.stop();
      await ended;
    } finally {
      if (before === undefined) delete process.env.NODE_OPTIONS;
      else process.env.NODE_OPTIONS = before;
    }
  });

  it('ends a process by disconnecting from it', async () => {
    const child = start(`process.on('disconnect', () => process.exit(0)); process.on('message', () => undefined);
      process.send({ type: 'log', level: 'info', message: 'up' })`);
    const ended = exit(child);
    await frame(child);
    child.stop();
    assert.equal(await ended, 'exit code 0');
    child.stop();
    child.send(call); // to nobody; must not throw
  });

  it('kills a process that does not end after that', async () => {
    const script = `setInterval(() => undefined, 1000); process.on('disconnect', () => undefined);
      process.send({ type: 'log', level: 'info', message: 'up' })`;
    const child = start(script, 100);
    const ended = exit(child);
    await frame(child);
    child.stop();
    assert.equal(await ended, 'signal SIGKILL');
  });

  it('reports a program that cannot even be started, and survives further requests', async () => {
    const notAFolder = path.join(folder, 'engine.js');
    fs.writeFileSync(notAFolder, '');
    for (const program of [path.join(notAFolder, 'node'), `/${'x'.repeat(5000)}`, '/null\0byte']) {
      const child = forkEngine(notAFolder, () => undefined, undefined, { program });
      child.onFrame(() => assert.fail('nobody is there'));
      child.send(call);
      child.stop();
      assert.match(await exit(child), /ENOTDIR|ENAMETOOLONG|null bytes/);
    }
  });

  it('reports how a process died, and its last output', async () => {
    const child = start(`console.error('last words'); process.exit(3)`);
    assert.equal(await exit(child), 'exit code 3');
    assert.match(printed, /last words/);
  });
});
