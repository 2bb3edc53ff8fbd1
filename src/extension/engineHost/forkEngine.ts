/** The real engine process: dist/engine.js, forked. */
import { fork, type ChildProcess } from 'node:child_process';
import type { EngineFrame, HostFrame } from '../../common/engineProtocol';
import type { EngineLaunch } from './engineLaunch';
import type { EngineProcess } from './engineSupervisor';

/**
 * Starts the engine. `output` receives everything that it prints outside the protocol (warnings of the runtime, errors
 * when it crashes); `stopLimitMs` is how long it may take to exit, once asked to, before it is killed; `launch` names
 * the program.
 */
export function forkEngine(
  entry: string,
  output: (text: string) => void,
  stopLimitMs = 5000,
  { program = process.execPath, modulesFolder }: EngineLaunch = {},
): EngineProcess {
  let child: ChildProcess;
  try {
    child = fork(entry, [], {
      execArgv: [], // the host's own flags (a debugger's port, a heap limit) are not the engine's
      execPath: program,
      env: { ...process.env, NODE_OPTIONS: undefined, ELECTRON_RUN_AS_NODE: '1', INKLING_MODULES: modulesFolder },
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
  } catch (error) {
    return notStarted((error as Error).message);
  }
  child.stdout?.on('data', (data: Buffer) => output(data.toString().trimEnd()));
  child.stderr?.on('data', (data: Buffer) => output(data.toString().trimEnd()));
  return {
    pid: child.pid,
    send(frame: HostFrame) {
      // The callback keeps a broken channel from becoming an uncaught exception; `exit` reports it.
      if (child.connected) child.send(frame, () => undefined);
    },
    onFrame(listener) {
      child.on('message', (frame) => listener(frame as EngineFrame));
    },
    onExit(listener) {
      let told = false;
      const tell = (reason: string): void => {
        if (!told) listener(reason);
        told = true;
      };
      child.once('error', (error) => tell(error.message));
      child.once('exit', (code, signal) => tell(signal ? `signal ${signal}` : `exit code ${code}`));
    },
    stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      if (child.connected) child.disconnect(); // the engine ends when its parent is gone
      const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
      child.once('exit', () => clearTimeout(timer));
      timer.unref();
    },
  };
}

/**
 * Node.js throws some failures (a path through a file, a .cmd on Windows) immediately; they are reported like all
 * others.
 */
function notStarted(reason: string): EngineProcess {
  return {
    pid: undefined,
    send: () => undefined,
    onFrame: () => undefined,
    onExit: (listener) => queueMicrotask(() => listener(reason)),
    stop: () => undefined,
  };
}
