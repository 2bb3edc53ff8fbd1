/**
 * The entry point of the workers of a team. Threads 1 and up sleep until thread 0 starts a job, then do their part.
 * Thread 0 is the caller's own thread or, for long jobs, a worker that receives them as messages: the leader.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { isCancelled } from '../../../common/errors';
import { Control } from './control';
import { JobPart, type NetworkView } from './job';
import { runJob } from './runJob';
import { instantiate } from './runtime';
import type { LeaderReport, WorkerMessage } from './team';

const { thread, control: buffer } = workerData as { thread: number; control: SharedArrayBuffer };
const control = new Control(buffer);
const networks = new Map<number, NetworkView>();

function receive(message: WorkerMessage): void {
  if ('add' in message) {
    const { id, module, memory, layout } = message.add;
    networks.set(id, { kernels: instantiate(module, memory), layout, memory });
  } else if ('remove' in message) networks.delete(message.remove);
  else parentPort!.postMessage(lead(message.lead));
}

function lead({ id, job, threads }: Extract<WorkerMessage, { lead: unknown }>['lead']): LeaderReport {
  if (threads > 1) control.start(id, job, threads);
  try {
    return runJob(new JobPart(networks.get(id)!, job, 0, threads), control, control.isInterrupted);
  } catch (error) {
    if (isCancelled(error)) return 'interrupted';
    throw error;
  }
}

/** A thread that sleeps on the shared array never returns to its event loop, so it fetches its messages before each job. */
function serve(): void {
  for (let next = control.next(thread, 0); next; next = control.next(thread, next.call)) {
    for (let received; (received = receiveMessageOnPort(parentPort!));) receive(received.message as WorkerMessage);
    runJob(new JobPart(networks.get(next.network)!, next.job, thread, next.threads), control);
  }
}

function failing(work: () => void): void {
  try {
    work();
  } catch (error) {
    control.fail();
    throw error;
  }
}

if (thread === 0) parentPort!.on('message', (message: WorkerMessage) => failing(() => receive(message)));
else failing(serve);
