/**
 * The Studio page in a headless browser, with the real session behind it and made-up ports behind that: to look at,
 * and to test what only a browser shows. No VS Code.
 */
import fs from 'node:fs';
import path from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { Language } from '../../../src/common/l10n';
import type { HostMessage } from '../../../src/common/studioProtocol';
import { studioHtml } from '../../../src/extension/studio/studioHtml';
import { StudioSession } from '../../../src/extension/studio/studioSession';
import type { StudioPorts } from '../../../src/extension/studio/ports';
import { testFont, themes, type ThemeName } from './themes';

const address = 'http://studio.invalid';
const browserPath = process.env.INKLING_CHROMIUM ?? '/usr/bin/chromium';

export function browserPresent(): boolean {
  return fs.existsSync(browserPath);
}

export function launchBrowser(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];
  return chromium.launch({ executablePath: browserPath, args });
}

export interface OpenStudio {
  page: Page;
  session: StudioSession;
  /** Errors and policy violations that the page reported. */
  faults: string[];
  reload(): Promise<void>;
  close(): Promise<void>;
}

export interface PageOptions {
  width: number;
  height: number;
  theme: ThemeName;
  language?: Language;
}

/** Resolves when the page has drawn a frame at its present size: only then do its observers know what scrolls. */
export function drawn(page: Page): Promise<void> {
  return page.evaluate(
    () => new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))),
  );
}

/** The same font on every machine: base64 of its regular and bold faces. */
const fontFaces = [400, 700].map((weight) => {
  const file = `node_modules/@fontsource/dejavu-sans/files/dejavu-sans-latin-${weight}-normal.woff2`;
  return { weight: String(weight), data: fs.readFileSync(file, 'base64') };
});

const english: Language = { tag: 'en', bundle: {} };

/** `dist` holds webview.js and webview.css. */
export async function openStudio(
  browser: Browser,
  dist: string,
  ports: StudioPorts,
  { width, height, theme, language = english }: PageOptions,
): Promise<OpenStudio> {
  const page = await browser.newPage({ viewport: { width, height } });
  const session = new StudioSession(ports);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  const html = studioHtml({
    script: `${address}/webview.js`,
    style: `${address}/webview.css`,
    source: address,
    nonce: 'abc',
    language,
  });
  await page.route(`${address}/**`, (route) => {
    const name = new URL(route.request().url()).pathname.slice(1);
    if (name === '') return route.fulfill({ contentType: 'text/html', body: html });
    const file = path.join(dist, name);
    if (!fs.existsSync(file)) return route.fulfill({ status: 404 });
    return route.fulfill({ path: file });
  });
  const post = (message: HostMessage): void => {
    // As VS Code's channel does: JSON, nothing else.
    const text = JSON.stringify(message);
    page.evaluate((json) => window.postMessage(JSON.parse(json), '*'), text).catch(() => undefined);
  };
  await page.exposeFunction('toHost', (json: string) => session.receive(JSON.parse(json), post));
  await page.addInitScript(
    ({ variables, bodyClass, family, faces }) => {
      const scope = window as unknown as { toHost(json: string): void; acquireVsCodeApi: unknown };
      scope.acquireVsCodeApi = () => ({ postMessage: (message: unknown) => scope.toHost(JSON.stringify(message)) });
      // From memory, because the page's policy does not allow fonts to be fetched.
      for (const { weight, data } of faces) {
        const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
        document.fonts.add(new FontFace(family, bytes, { weight }));
      }
      document.addEventListener('DOMContentLoaded', () => {
        for (const [name, value] of Object.entries(variables)) {
          document.documentElement.style.setProperty(`--vscode-${name}`, value);
        }
        document.body.classList.add(...bodyClass);
        document.body.dataset.vscodeThemeKind = bodyClass[bodyClass.length - 1];
        document.documentElement.style.setProperty('background', 'var(--vscode-sideBar-background)');
      });
    },
    { ...themes[theme], family: testFont, faces: fontFaces },
  );
  await page.goto(`${address}/`);
  return {
    page,
    session,
    faults,
    reload: async () => void (await page.reload()),
    async close() {
      session.dispose();
      await page.close();
    },
  };
}
