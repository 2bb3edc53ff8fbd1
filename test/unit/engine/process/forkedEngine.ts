/** The built engine in its own process, called as the extension host calls it. */
import { fork, type ChildProcess } from 'node:child_process';
import * as path from 'node:path';
import type { EngineFrame, EngineMethods } from '../../../../src/common/engineProtocol';
import { distFolder } from '../../../../src/engine/paths';
import { CallClient } from '../../../../src/common/rpc/callClient';
import { InklingError } from '../../../../src/common/errors';
import type { Caller } from '../../../../src/common/rpc/methods';

export interface ForkedEngine {
  process: ChildProcess;
  call: Caller<EngineMethods>;
  /** Its first frame. */
  ready: Promise<EngineFrame>;
  logs: string[];
  exited: Promise<number | null>;
}

export function forkEngine(): ForkedEngine {
  const child = fork(path.join(distFolder(), 'engine.js'), [], { serialization: 'advanced', execArgv: [] });
  const client = new CallClient<EngineMethods>((frame) => child.send(frame));
  const logs: string[] = [];
  let sayReady: (frame: EngineFrame) => void;
  const ready = new Promise<EngineFrame>((resolve) => (sayReady = resolve));
  child.on('message', (frame: EngineFrame) => {
    if (frame.type === 'ready') sayReady(frame);
    else if (frame.type === 'log') logs.push(frame.message);
    else client.receive(frame);
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  void exited.then(() => client.fail(new InklingError('engineExited', 'The engine has ended.')));
  return { process: child, call: client.call, ready, logs, exited };
}
