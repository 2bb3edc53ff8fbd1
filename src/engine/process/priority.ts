/** The engine runs at a lower priority than other programs. */
import * as os from 'node:os';

/**
 * Lowers the priority to `nice` unless it is already that low; only a privileged process could raise it again. It
 * applies to the whole process; on Linux, to the calling thread and the threads that it starts from then on.
 */
export function lowerPriority(nice: number): void {
  if (os.getPriority() < nice) os.setPriority(nice);
}
