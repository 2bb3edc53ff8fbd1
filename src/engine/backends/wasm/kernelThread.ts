/** The entry of all training threads but the first: sleeps until the first thread starts a job, then does its part. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Control } from './control';
import { JobPart, type NetworkView } from './job';
import { runJob } from './runJob';
import { instantiate } from './runtime';
import type { WorkerMessage } from './team';

const { thread, control: buffer } = workerData as { thread: number; control: SharedArrayBuffer };
const control = new Control(buffer);
const networks = new Map<number, NetworkView>();

/** This thread never returns to its event loop, so messages are received explicitly before each job. */
function fetchMessages(): void {
  for (;;) {
    const received = receiveMessageOnPort(parentPort!);
    if (!received) return;
    const message = received.message as WorkerMessage;
    if ('add' in message) {
      const { id, module, memory, layout } = message.add;
      networks.set(id, { kernels: instantiate(module, memory), layout, memory });
    } else networks.delete(message.remove);
  }
}

for (let next = control.next(thread, 0); next; next = control.next(thread, next.call)) {
  try {
    fetchMessages();
    runJob(new JobPart(networks.get(next.network)!, next.job, thread, next.threads), control);
  } catch (error) {
    control.fail();
    throw error;
  }
}
