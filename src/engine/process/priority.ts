/** The engine runs at a lower priority than whatever else the machine does. */
import * as os from 'node:os';

/** Lowers the priority to `nice` unless it is as low already, which only a privileged process could take back. Of the
 *  whole process; on Linux of the calling thread and those that it starts from then on. */
export function lowerPriority(nice: number): void {
  if (os.getPriority() < nice) os.setPriority(nice);
}
