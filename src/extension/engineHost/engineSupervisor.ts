/**
 * Supervises one engine process: starts it with the first call, stops it a few minutes after the last, rejects every
 * pending call when it ends, and gives up after too many crashes in a row. Independent of VS Code; the process and the
 * clock are passed in, so that tests can replace both.
 */
import type { EngineFrame, EngineMethods, HostFrame } from '../../common/engineProtocol';
import { cancelled, InklingError } from '../../common/errors';
import { t } from '../../common/l10n';
import { CallClient } from '../../common/rpc/callClient';
import type { Caller } from '../../common/rpc/methods';
import type { Clock } from '../clock';

/** The far end of a channel. Frames sent after `stop` or an exit are dropped. */
export interface EngineProcess {
  readonly pid: number | undefined;
  send(frame: HostFrame): void;
  onFrame(listener: (frame: EngineFrame) => void): void;
  /** Called once, even if the process could not be started; `reason` is for the log. */
  onExit(listener: (reason: string) => void): void;
  /** Asks the process to exit, and kills it if it does not. */
  stop(): void;
}

export interface SupervisorOptions {
  start(): EngineProcess;
  clock: Clock;
  log(level: 'info' | 'warning' | 'error', message: string): void;
  /** Milliseconds without a pending call after which the process is stopped. Evaluated each time, so it may change. */
  idleMs(): number;
  /** The process crashed too often; it is not started again until `restart`. */
  onGivenUp(): void;
}

/** Restarts allowed within `restartWindowMs` before the supervisor gives up. */
export const maximumRestarts = 4;
export const restartWindowMs = 3 * 60_000;
/** A process that sends nothing for this long after its start counts as crashed. */
export const startLimitMs = 30_000;

interface Running {
  process: EngineProcess;
  client: CallClient<EngineMethods>;
}

export class EngineSupervisor {
  private running: Running | undefined;
  private crashes: number[] = [];
  private givenUp = false;
  /** The settings that the process was started with have changed. */
  private outdated = false;
  private disposed = false;
  private cancelIdle: (() => void) | undefined;
  private cancelStartLimit: (() => void) | undefined;

  constructor(private readonly options: SupervisorOptions) {}

  /** The running process, or undefined. */
  get pid(): number | undefined {
    return this.running?.process.pid;
  }

  /**
   * Calls the engine, starting it if necessary. Rejects as CallClient does, and with `engineExited` if the engine ends.
   */
  readonly call: Caller<EngineMethods> = (method, params, options) => {
    if (options?.signal?.aborted) return Promise.reject(cancelled());
    if (this.disposed) return Promise.reject(new InklingError('engineExited', t('Inkling is shutting down.')));
    if (this.givenUp) return Promise.reject(tooManyCrashes());
    const { client } = (this.running ??= this.start());
    const answer = client.call(method, params, options);
    this.watchIdle();
    return answer.finally(() => this.watchIdle());
  };

  /**
   * Ends the process as soon as no call is pending, so that the next call restarts it: its start settings have changed.
   */
  renew(): void {
    this.outdated = true;
    this.watchIdle();
  }

  /** Ends the process and forgets its crashes; the next call starts a new one. */
  restart(): void {
    this.givenUp = false;
    this.crashes = [];
    this.endProcess(t('The engine was restarted.'));
  }

  dispose(): void {
    this.disposed = true;
    this.endProcess(t('Inkling is shutting down.'));
  }

  private start(): Running {
    const process = this.options.start();
    const client = new CallClient<EngineMethods>((frame) => process.send(frame));
    const isCurrent = (): boolean => this.running?.process === process;
    this.outdated = false;
    this.options.log('info', `Engine started (process ${process.pid ?? 'unknown'}).`);
    process.onFrame((frame) => {
      if (!isCurrent()) return;
      if (frame.type === 'log') this.options.log(frame.level, frame.message);
      else if (frame.type !== 'ready') client.receive(frame);
      else {
        this.cancelStartLimit?.();
        this.options.log('info', `Engine ready: ${JSON.stringify(frame.description)}`);
      }
    });
    process.onExit((reason) => {
      if (isCurrent()) this.crashed(reason);
    });
    this.cancelStartLimit = this.options.clock.after(startLimitMs, () => {
      if (!isCurrent()) return;
      process.stop();
      this.crashed('it did not answer after its start');
    });
    return { process, client };
  }

  /** (Re)starts the idle timer if no call is pending. */
  private watchIdle(): void {
    this.cancelIdle?.();
    this.cancelIdle = undefined;
    if (!this.running?.client.isIdle) return;
    if (this.outdated) return this.endProcess(t('Its settings have changed.'));
    this.cancelIdle = this.options.clock.after(this.options.idleMs(), () => this.endProcess(t('The engine was idle.')));
  }

  private crashed(reason: string): void {
    this.options.log('error', `Engine ended unexpectedly: ${reason}.`);
    const now = this.options.clock.now();
    this.crashes = [...this.crashes.filter((time) => now - time < restartWindowMs), now];
    this.givenUp = this.crashes.length > maximumRestarts;
    this.forgetProcess(
      this.givenUp
        ? tooManyCrashes()
        : new InklingError(
            'engineExited',
            t('The Inkling engine stopped unexpectedly ({0}). Try again; it restarts automatically.', reason),
          ),
    );
    if (this.givenUp) this.options.onGivenUp();
  }

  private endProcess(reason: string): void {
    const { running } = this;
    if (!running) return;
    this.options.log('info', `Engine stopped: ${reason}`);
    this.forgetProcess(new InklingError('engineExited', `${reason} ${t('Run the command again.')}`));
    running.process.stop();
  }

  private forgetProcess(error: InklingError): void {
    const { running } = this;
    this.running = undefined;
    this.cancelIdle?.();
    this.cancelStartLimit?.();
    running?.client.fail(error);
  }
}

function tooManyCrashes(): InklingError {
  return new InklingError(
    'engineExited',
    t(
      'The Inkling engine stopped {0} times within {1} minutes and will not be restarted automatically. Check the log, then run "Inkling: Restart Engine".',
      maximumRestarts + 1,
      restartWindowMs / 60_000,
    ),
  );
}
