/**
 * Entry of the engine process, forked by the extension host: frames of engineProtocol.ts over the IPC channel. It
 * reports every failure as a frame, and exits with its parent, after saving a checkpoint of every run.
 */
import type { EngineDescription, EngineFrame, EngineMethods } from '../../common/engineProtocol';
import { defaultBackend } from '../backends';
import { Engine } from './engine';
import { CallServer } from '../../common/rpc/callServer';
import type { SamplerMethods } from './samplerThread';
import { startThread } from './threadClient';
import type { TrainerMethods } from './trainerThread';
import { engineVersion } from '../version';

/** A parent that has exited does not wait; anything not on disk by then is lost. */
const closingMs = 3000;

function main(): void {
  if (!process.send) {
    process.stderr.write('This is the engine of Inkling, started by the editor; on the command line use "inkling".\n');
    process.exitCode = 2;
    return;
  }
  const send = (frame: EngineFrame): void => {
    // Frames to a parent that is exiting may be lost.
    if (process.connected) process.send!(frame, undefined, undefined, () => undefined);
  };
  const log = (level: 'error', message: string): void => send({ type: 'log', level, message });

  const engine = new Engine(describe, {
    startSampler: () => startThread<SamplerMethods>('sampler', send),
    startTrainer: () => startThread<TrainerMethods>('trainer', send),
  });
  const server = new CallServer<EngineMethods>(engine.handlers, send);

  let closing = false;
  const close = (): void => {
    if (closing) return;
    closing = true;
    void engine.close(closingMs).finally(() => process.exit(0));
  };
  process.on('message', (frame) => server.receive(frame));
  process.on('disconnect', close);
  process.on('SIGTERM', close);
  process.on('SIGINT', close);
  process.on('unhandledRejection', (reason) => log('error', `Unhandled: ${String(reason)}`));
  process.on('uncaughtException', (error) => {
    log('error', error.stack ?? String(error));
    // The state of the engine is unknown now; its supervisor starts a new one.
    setTimeout(() => process.exit(1), 100);
  });
  send({ type: 'ready', description: describe() });
}

function describe(): EngineDescription {
  const { name, kernel, threads } = defaultBackend();
  return { version: engineVersion, node: process.version, pid: process.pid, backend: name, kernel, threads };
}

main();
