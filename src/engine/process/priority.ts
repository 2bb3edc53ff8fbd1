/** Training runs at a lower priority than other programs; what the user waits for, such as a sample, does not. */
import * as os from 'node:os';

/**
 * Lowers the priority of the calling thread and of the threads that it starts from then on; only a privileged process
 * could raise it again. Except on Linux, priority belongs to the process, so all its threads are affected.
 */
export function lowerPriority(): void {
  const lower = os.constants.priority.PRIORITY_BELOW_NORMAL;
  try {
    if (os.getPriority() < lower) os.setPriority(lower);
  } catch {
    // Where the system does not allow it, training runs at normal priority.
  }
}
