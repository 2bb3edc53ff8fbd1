import * as assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import type { EngineFrame, HostFrame } from '../../../../src/common/engineProtocol';
import { InklingError } from '../../../../src/common/errors';
import {
  EngineSupervisor,
  maximumRestarts,
  restartWindowMs,
  startLimitMs,
  type EngineProcess,
} from '../../../../src/extension/engineHost/engineSupervisor';
import { FakeClock } from '../fakeClock';

class FakeProcess implements EngineProcess {
  sent: HostFrame[] = [];
  stopped = false;
  private frame: (frame: EngineFrame) => void = () => undefined;
  private exit: (reason: string) => void = () => undefined;
  constructor(readonly pid: number) {}
  send(frame: HostFrame): void {
    this.sent.push(frame);
  }
  onFrame(listener: (frame: EngineFrame) => void): void {
    this.frame = listener;
  }
  onExit(listener: (reason: string) => void): void {
    this.exit = listener;
  }
  stop(): void {
    this.stopped = true;
  }
  say(frame: EngineFrame): void {
    this.frame(frame);
  }
  crash(): void {
    this.exit('signal SIGKILL');
  }
}

describe('EngineSupervisor', () => {
  let clock: FakeClock;
  let processes: FakeProcess[];
  let log: string[];
  let givenUp: number;
  let supervisor: EngineSupervisor;
  const last = (): FakeProcess => processes[processes.length - 1];
  const describeCall = () => supervisor.call('describe', {});

  beforeEach(() => {
    clock = new FakeClock();
    processes = [];
    log = [];
    givenUp = 0;
    supervisor = new EngineSupervisor({
      start: () => {
        processes.push(new FakeProcess(processes.length + 1));
        return last();
      },
      clock,
      log: (level, message) => log.push(`${level}: ${message}`),
      idleMs: () => 60_000,
      onGivenUp: () => givenUp++,
    });
  });

  const answer = (id: number): EngineFrame => ({ type: 'result', id, result: { version: String(id) } });
  const fails = (promise: Promise<unknown>, code: string): Promise<void> =>
    assert.rejects(promise, (error) => error instanceof InklingError && error.code === code);

  it('starts nothing before the first call and one process for many', async () => {
    assert.equal(processes.length, 0);
    const first = describeCall();
    const second = describeCall();
    assert.equal(processes.length, 1);
    assert.deepEqual(
      last().sent.map((frame) => frame.id),
      [1, 2],
    );
    last().say(answer(2));
    last().say(answer(1));
    assert.equal((await first).version, '1');
    assert.equal((await second).version, '2');
  });

  it('streams events to the call that they belong to', async () => {
    const seen: unknown[] = [];
    const call = supervisor.call(
      'sample',
      { modelPath: 'm', prompt: '', streams: [] },
      { onEvent: (event) => seen.push(event) },
    );
    last().say({ type: 'event', id: 1, event: { stream: 0, text: 'a' } });
    last().say({ type: 'event', id: 9, event: { stream: 0, text: 'other' } });
    last().say({ type: 'result', id: 1, result: { texts: ['a'], copies: [], tokensPerSecond: 1 } });
    await call;
    last().say({ type: 'event', id: 1, event: { stream: 0, text: 'late' } });
    assert.deepEqual(seen, [{ stream: 0, text: 'a' }]);
  });

  it('rejects with the code that the engine sent', async () => {
    const call = describeCall();
    last().say({ type: 'error', id: 1, error: { code: 'corruptModel', message: 'truncated' } });
    await assert.rejects(call, (error) => error instanceof InklingError && error.code === 'corruptModel');
  });

  it('sends a cancel frame, rejects at once and ignores the late answer', async () => {
    const controller = new AbortController();
    const call = supervisor.call('describe', {}, { signal: controller.signal });
    controller.abort();
    await fails(call, 'cancelled');
    assert.deepEqual(last().sent[1], { type: 'cancel', id: 1 });
    last().say(answer(1));
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0, 'the signal is let go');
  });

  it('does not start for a call that is cancelled already', async () => {
    await fails(supervisor.call('describe', {}, { signal: AbortSignal.abort() }), 'cancelled');
    assert.equal(processes.length, 0);
  });

  it('rejects every pending call when the process dies, and starts a new one for the next call', async () => {
    const calls = [describeCall(), describeCall()];
    last().crash();
    for (const call of calls) await fails(call, 'engineExited');
    const next = describeCall();
    assert.equal(processes.length, 2);
    last().say(answer(1));
    await next;
    assert.equal(givenUp, 0);
  });

  it(`gives up after ${maximumRestarts} restarts in the window and recovers on restart`, async () => {
    for (let i = 0; i <= maximumRestarts; i++) {
      const call = describeCall();
      last().crash();
      await fails(call, 'engineExited');
    }
    assert.equal(processes.length, maximumRestarts + 1);
    assert.equal(givenUp, 1);
    await fails(describeCall(), 'engineExited');
    assert.equal(processes.length, maximumRestarts + 1, 'nothing is started any more');
    supervisor.restart();
    void describeCall().catch(() => undefined);
    assert.equal(processes.length, maximumRestarts + 2);
  });

  it('forgives crashes that are further apart than the window', async () => {
    for (let i = 0; i < 3 * maximumRestarts; i++) {
      const call = describeCall();
      last().crash();
      await fails(call, 'engineExited');
      clock.advance(restartWindowMs / maximumRestarts + 1);
    }
    assert.equal(givenUp, 0);
  });

  it('stops the process when it is idle, and not while a call is pending', async () => {
    const long = describeCall();
    last().say({ type: 'ready', description: {} as never });
    clock.advance(10 * 60_000);
    assert.equal(last().stopped, false);
    last().say(answer(1));
    await long;
    clock.advance(59_000);
    assert.equal(last().stopped, false);
    clock.advance(2000);
    assert.equal(last().stopped, true);
    last().crash(); // its exit was asked for: not a crash
    assert.equal(supervisor.pid, undefined);
    assert.ok(!log.some((line) => line.startsWith('error')), log.join('\n'));
  });

  it('renews the process once no call is pending', async () => {
    const training = describeCall();
    supervisor.renew();
    assert.equal(last().stopped, false, 'a call is under way');
    last().say(answer(1));
    await training;
    assert.equal(last().stopped, true);
    const next = describeCall();
    assert.equal(processes.length, 2);
    last().say(answer(1));
    await next;
    assert.equal(last().stopped, false, 'the new one stays');
    supervisor.renew();
    assert.equal(last().stopped, true);
    supervisor.renew();
    void describeCall().catch(() => undefined);
    last().say(answer(1));
    assert.equal(last().stopped, false, 'a renewal without a process means nothing later');
  });

  it('treats a process that never says it is ready as crashed', async () => {
    const call = describeCall();
    clock.advance(startLimitMs + 1);
    await fails(call, 'engineExited');
    assert.equal(last().stopped, true);
  });

  it('passes on what the engine logs', () => {
    void describeCall().catch(() => undefined);
    last().say({ type: 'log', level: 'warning', message: 'low memory' });
    assert.ok(log.includes('warning: low memory'));
  });

  it('rejects pending and later calls when disposed', async () => {
    const call = describeCall();
    supervisor.dispose();
    await fails(call, 'engineExited');
    assert.equal(last().stopped, true);
    await fails(describeCall(), 'engineExited');
  });
});
