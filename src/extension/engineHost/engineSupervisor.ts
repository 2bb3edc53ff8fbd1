/**
 * Keeps one engine process: starts it with the first call, stops it some minutes after the last, fails every pending
 * call when it goes, and gives up after too many crashes in a row. Knows nothing of VS Code; the process and the clock
 * come from outside, so that tests can play both.
 */
import type { EngineFrame, EngineMethod, EngineMethods, HostFrame } from '../../common/engineProtocol';
import { InklingError } from '../../common/errors';
import { t } from '../../common/l10n';
import type { Clock } from '../clock';

/** The far end of a channel. Frames sent after `stop` or an exit are dropped. */
export interface EngineProcess {
  readonly pid: number | undefined;
  send(frame: HostFrame): void;
  onFrame(listener: (frame: EngineFrame) => void): void;
  /** Called once, also when the process could not be started; `reason` is for the log. */
  onExit(listener: (reason: string) => void): void;
  /** Asks the process to end, and ends it by force when it does not. */
  stop(): void;
}

/** What of a VS Code CancellationToken is used here. */
export interface Cancellation {
  readonly isCancellationRequested: boolean;
  onCancellationRequested(listener: () => void): { dispose(): void };
}

export interface CallOptions<M extends EngineMethod> {
  onEvent?: (event: EngineMethods[M]['event']) => void;
  token?: Cancellation;
}

export interface SupervisorOptions {
  start(): EngineProcess;
  clock: Clock;
  log(level: 'info' | 'warning' | 'error', message: string): void;
  /** Milliseconds without a pending call after which the process is stopped. Asked each time, so it may change. */
  idleMs(): number;
  /** The process crashed too often; nothing is started until `restart`. */
  onGivenUp(): void;
}

/** Restarts allowed within `restartWindowMs` before the supervisor gives up. */
export const maximumRestarts = 4;
export const restartWindowMs = 3 * 60_000;
/** A process that says nothing for this long after its start counts as crashed. */
export const startLimitMs = 30_000;

interface PendingCall {
  resolve(result: unknown): void;
  reject(error: InklingError): void;
  onEvent?: (event: unknown) => void;
  cancellation?: { dispose(): void };
}

export class EngineSupervisor {
  private process: EngineProcess | undefined;
  private readonly pending = new Map<number, PendingCall>();
  private nextId = 1;
  private crashes: number[] = [];
  private givenUp = false;
  /** The settings that the process was started with count no more. */
  private outdated = false;
  private disposed = false;
  private cancelIdle: (() => void) | undefined;
  private cancelStartLimit: (() => void) | undefined;

  constructor(private readonly options: SupervisorOptions) {}

  /** The running process, or undefined. */
  get pid(): number | undefined {
    return this.process?.pid;
  }

  /**
   * Runs one method of the engine. Rejects with an InklingError only: `cancelled` as soon as the token says so,
   * `engineExited` when the process goes, else what the engine answered.
   */
  call<M extends EngineMethod>(
    method: M,
    params: EngineMethods[M]['params'],
    options: CallOptions<M> = {},
  ): Promise<EngineMethods[M]['result']> {
    return new Promise((resolve, reject) => {
      if (options.token?.isCancellationRequested) return reject(cancelled());
      if (this.disposed) return reject(new InklingError('engineExited', t('Inkling is shutting down.')));
      if (this.givenUp) return reject(tooManyCrashes());
      const process = this.process ?? this.startProcess();
      const id = this.nextId++;
      const call: PendingCall = {
        resolve: (result) => resolve(result as EngineMethods[M]['result']),
        reject,
        onEvent: options.onEvent as PendingCall['onEvent'],
      };
      this.pending.set(id, call);
      this.watchIdle();
      process.send({ type: 'call', id, method, params });
      call.cancellation = options.token?.onCancellationRequested(() => {
        process.send({ type: 'cancel', id });
        this.settle(id)?.reject(cancelled());
      });
    });
  }

  /** Ends the process as soon as no call is pending, for the next to start it anew: what it is started with has changed. */
  renew(): void {
    this.outdated = true;
    this.watchIdle();
  }

  /** Ends the process, forgets its crashes, and lets the next call start a fresh one. */
  restart(): void {
    this.givenUp = false;
    this.crashes = [];
    this.endProcess(t('The engine was restarted.'));
  }

  dispose(): void {
    this.disposed = true;
    this.endProcess(t('Inkling is shutting down.'));
  }

  private startProcess(): EngineProcess {
    const process = this.options.start();
    this.process = process;
    this.outdated = false;
    this.options.log('info', `Engine started (process ${process.pid ?? 'unknown'}).`);
    process.onFrame((frame) => {
      if (this.process === process) this.receive(frame);
    });
    process.onExit((reason) => {
      if (this.process === process) this.crashed(reason);
    });
    this.cancelStartLimit = this.options.clock.after(startLimitMs, () => {
      if (this.process !== process) return;
      process.stop();
      this.crashed('it did not answer after its start');
    });
    return process;
  }

  private receive(frame: EngineFrame): void {
    switch (frame.type) {
      case 'ready':
        this.cancelStartLimit?.();
        this.options.log('info', `Engine ready: ${JSON.stringify(frame.description)}`);
        break;
      case 'log':
        this.options.log(frame.level, frame.message);
        break;
      case 'event':
        this.pending.get(frame.id)?.onEvent?.(frame.event);
        break;
      case 'result':
        this.settle(frame.id)?.resolve(frame.result);
        break;
      case 'error':
        this.settle(frame.id)?.reject(InklingError.fromFrame(frame.error));
        break;
    }
  }

  /** Takes a call off the list; undefined when it was settled before (a cancelled call still gets its answer). */
  private settle(id: number): PendingCall | undefined {
    const call = this.pending.get(id);
    if (!call) return undefined;
    this.pending.delete(id);
    call.cancellation?.dispose();
    this.watchIdle();
    return call;
  }

  /** (Re)starts the idle timer when nothing is pending. */
  private watchIdle(): void {
    this.cancelIdle?.();
    this.cancelIdle = undefined;
    if (!this.process || this.pending.size > 0) return;
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
            t('The Inkling engine ended unexpectedly ({0}). Try again; it starts anew by itself.', reason),
          ),
    );
    if (this.givenUp) this.options.onGivenUp();
  }

  private endProcess(reason: string): void {
    const process = this.process;
    if (!process) return;
    this.options.log('info', `Engine stopped: ${reason}`);
    this.forgetProcess(new InklingError('engineExited', `${reason} ${t('Start the command again.')}`));
    process.stop();
  }

  private forgetProcess(error: InklingError): void {
    this.process = undefined;
    this.cancelIdle?.();
    this.cancelStartLimit?.();
    const calls = [...this.pending.values()];
    this.pending.clear();
    for (const call of calls) {
      call.cancellation?.dispose();
      call.reject(error);
    }
  }
}

function cancelled(): InklingError {
  return new InklingError('cancelled', 'Cancelled.');
}

function tooManyCrashes(): InklingError {
  return new InklingError(
    'engineExited',
    t(
      'The Inkling engine ended {0} times within {1} minutes and stays off. Look at the log, then run "Inkling: Restart Engine".',
      maximumRestarts + 1,
      restartWindowMs / 60_000,
    ),
  );
}
