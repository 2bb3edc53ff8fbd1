import * as assert from 'node:assert/strict';
import type { EngineFrame, HostFrame } from '../../../../src/common/engineProtocol';
import type { EngineProcess } from '../../../../src/extension/engineHost/engineSupervisor';
import { startWithFallback } from '../../../../src/extension/engineHost/startWithFallback';

class FakeProcess implements EngineProcess {
  sent: HostFrame[] = [];
  stopped = false;
  say: (frame: EngineFrame) => void = () => undefined;
  end: (reason: string) => void = () => undefined;
  constructor(readonly pid: number) {}
  send(frame: HostFrame): void {
    this.sent.push(frame);
  }
  onFrame(listener: (frame: EngineFrame) => void): void {
    this.say = listener;
  }
  onExit(listener: (reason: string) => void): void {
    this.end = listener;
  }
  stop(): void {
    this.stopped = true;
  }
}

const ready: EngineFrame = { type: 'ready', description: {} as never };
const call = (id: number): HostFrame => ({ type: 'call', id, method: 'describe', params: {} });

describe('a process with a fallback', () => {
  let first: FakeProcess;
  let fallback: FakeProcess;
  let log: string[];
  let process: EngineProcess;
  beforeEach(() => {
    [first, fallback, log] = [new FakeProcess(1), new FakeProcess(2), []];
    process = startWithFallback(
      first,
      () => {
        log.push('fallback');
        return fallback;
      },
      (reason) => log.push(reason),
    );
    process.onFrame((frame) => log.push(frame.type));
    process.onExit((reason) => log.push(`exit: ${reason}`));
  });

  it('is the first one if that starts', () => {
    process.send(call(1));
    first.say(ready);
    first.say({ type: 'result', id: 1, result: null });
    first.end('signal SIGKILL');
    assert.deepEqual(log, ['ready', 'result', 'exit: signal SIGKILL']);
    assert.equal(process.pid, 1);
    assert.deepEqual(first.sent, [call(1)]);
  });

  it('is the fallback, with all that was sent, if the first never becomes ready', () => {
    process.send(call(1));
    process.send(call(2));
    first.end('spawn ENOENT');
    assert.deepEqual(log, ['spawn ENOENT', 'fallback']);
    assert.deepEqual(fallback.sent, [call(1), call(2)]);
    assert.equal(process.pid, 2);
    fallback.say(ready);
    process.send(call(3));
    assert.deepEqual(fallback.sent.at(-1), call(3));
    assert.deepEqual(first.sent, [call(1), call(2)]);
  });

  it('has only one fallback', () => {
    first.end('no');
    fallback.end('nor this');
    assert.deepEqual(log, ['no', 'fallback', 'exit: nor this']);
  });

  it('starts no fallback after it was stopped', () => {
    process.stop();
    assert.ok(first.stopped);
    first.end('exit code 0');
    assert.deepEqual(log, ['exit: exit code 0']);
  });
});
