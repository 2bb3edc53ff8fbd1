/** The histories that the page has got from the host, kept up with the events that follow. One place for all tabs. */
import { foldEvent, type RunHistory } from '../common/runHistory';
import type { HostMessage } from '../common/studioProtocol';

/** The host can always send one again. */
const maximumHistories = 12;

export class RunHistories {
  private readonly histories = new Map<string, RunHistory>();

  get(runId: string): RunHistory | undefined {
    return this.histories.get(runId);
  }

  receive(message: HostMessage): void {
    if (message.type === 'history') {
      // Taken out and put in again: a Map is in order of insertion, so the first is the longest unused.
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
