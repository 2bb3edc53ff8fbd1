/** The page's end of the wire to the extension host. */
import type { HostMessage, PageMessage } from '../common/studioProtocol';

interface VsCodeApi {
  postMessage(message: PageMessage): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

export type Send = (message: PageMessage) => void;

/** Connects; `receive` gets every message of the host. VS Code delivers messages of the host only to this window. */
export function connect(receive: (message: HostMessage) => void): Send {
  const api = acquireVsCodeApi();
  window.addEventListener('message', (event: MessageEvent<HostMessage>) => receive(event.data));
  return (message) => api.postMessage(message);
}
