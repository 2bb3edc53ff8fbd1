/**
 * The Studio in the sidebar: provides the page's HTML and passes messages between it and the session. The page is not
 * retained when hidden; the session is, and redraws it.
 */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { currentLanguage } from '../../common/l10n';
import type { HostMessage, StudioTab } from '../../common/studioProtocol';
import type { Wall } from '../../common/wall';
import { studioHtml } from './studioHtml';
import type { StudioPorts } from './ports';
import { StudioSession } from './studioSession';

const studioViewId = 'inkling.studio';

export interface Studio extends vscode.Disposable {
  /** Shows this tab of the Studio; the focus moves there unless it is to stay where it is. */
  show(tab: StudioTab, options?: { preserveFocus: boolean }): Promise<void>;
  /** Fills the wall of the Samples tab with samples of a model. Never rejects. */
  fillWall(modelPath: string): Promise<void>;
  /** The wall as the page shows it. For tests. */
  readonly wall: Wall;
  /** Whether the page is on the screen. */
  readonly visible: boolean;
}

export function registerStudio(context: vscode.ExtensionContext, ports: StudioPorts): Studio {
  const session = new StudioSession(ports);
  let shown: vscode.WebviewView | undefined;
  const provider: vscode.WebviewViewProvider = {
    resolveWebviewView(view) {
      shown = view;
      const { webview } = view;
      const folder = vscode.Uri.joinPath(context.extensionUri, 'dist');
      const address = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(folder, name)).toString();
      webview.options = { enableScripts: true, localResourceRoots: [folder] };
      const post = (message: HostMessage): void => {
        void webview.postMessage(message);
      };
      const subscriptions = [
        webview.onDidReceiveMessage((message: unknown) => session.receive(message, post)),
        view.onDidChangeVisibility(() => {
          if (!view.visible) session.detach();
        }),
      ];
      view.onDidDispose(() => {
        shown = undefined;
        session.detach();
        for (const subscription of subscriptions) subscription.dispose();
      });
      webview.html = studioHtml({
        script: address('webview.js'),
        style: address('webview.css'),
        source: webview.cspSource,
        nonce: randomBytes(16).toString('base64'),
        language: currentLanguage(),
      });
    },
  };
  const registration = vscode.window.registerWebviewViewProvider(studioViewId, provider);
  return {
    async show(tab, options) {
      session.showTab(tab);
      await vscode.commands.executeCommand(`${studioViewId}.focus`, options);
    },
    fillWall: (modelPath) => session.fillWall(modelPath),
    get wall() {
      return session.wall;
    },
    get visible() {
      return shown?.visible ?? false;
    },
    dispose() {
      registration.dispose();
      session.dispose();
    },
  };
}
