/** The entry of a training thread other than the first: sleeps until the first thread starts a job, does its share. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Control, runJob, type NetworkMessage, type WorkerMessage } from './team';
import { instantiate, type Kernels } from './runtime';

const { thread, control: buffer } = workerData as { thread: number; control: SharedArrayBuffer };
const control = new Control(buffer);
const networks = new Map<number, NetworkMessage & { kernels: Kernels }>();

/** This thread never returns to its event loop, so messages are fetched by hand before each job. */
function fetchMessages(): void {
  for (;;) {
    const received = receiveMessageOnPort(parentPort!);
    if (!received) return;
    const message = received.message as WorkerMessage;
    if ('add' in message)
      networks.set(message.add.id, { ...message.add, kernels: instantiate(message.add.module, message.add.memory) });
    else networks.delete(message.remove);
  }
}

for (let next = control.next(thread, 0); next; next = control.next(thread, next.call)) {
  try {
    fetchMessages();
    const network = networks.get(next.network)!;
    runJob(network.kernels, network.layout, network.memory, next.job, thread, next.threads, control);
  } catch (error) {
    control.fail();
    throw error;
  }
}
