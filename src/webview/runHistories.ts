/** The run histories received from the host, kept current with the events that follow. Shared by all tabs. */
import { foldEvent, type RunHistory } from '../common/runHistory';
import type { HostMessage } from '../common/studioProtocol';

/** The host can always send a history again, so old ones may be dropped. */
const maximumHistories = 12;

export class RunHistories {
  private readonly histories = new Map<string, RunHistory>();

  get(runId: string): RunHistory | undefined {
    return this.histories.get(runId);
  }

  receive(message: HostMessage): void {
    if (message.type === 'history') {
      // Deleted and set again: a Map iterates in insertion order, so its first entry was sent longest ago.
      this.histories.delete(message.runId);
      this.histories.set(message.runId, message.history);
      const oldest = this.histories.keys().next();
      if (this.histories.size > maximumHistories && !oldest.done) this.histories.delete(oldest.value);
    } else if (message.type === 'events') {
      const history = this.histories.get(message.runId);
      if (history) for (const event of message.events) foldEvent(history, event);
    }
  }
}
