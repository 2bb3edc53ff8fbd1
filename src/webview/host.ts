/** The page's side of the message channel to the extension host. */
import type { HostMessage, PageMessage } from '../common/studioProtocol';

interface VsCodeApi {
  postMessage(message: PageMessage): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

export type Send = (message: PageMessage) => void;

/** Connects to the host; `receive` gets every message it sends. VS Code delivers the host's messages to this window only. */
export function connect(receive: (message: HostMessage) => void): Send {
  const api = acquireVsCodeApi();
  window.addEventListener('message', (event: MessageEvent<HostMessage>) => receive(event.data));
  return (message) => api.postMessage(message);
}
