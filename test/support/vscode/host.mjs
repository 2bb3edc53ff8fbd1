// A VS Code server on the loopback interface, and a headless Chromium page on its workbench.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { setupChromium } from './channels.mjs';

/** A bare window: no welcome, no chat, no network, no suggestions but those under test. */
export const bareSettings = {
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true, // inline completions of extensions still work
  'chat.commandCenter.enabled': false,
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
  'git.enabled': false,
  'files.autoSave': 'off',
  'files.simpleDialog.enable': true,
  'editor.inlineSuggest.enabled': true,
  'editor.quickSuggestions': { other: 'off', comments: 'off', strings: 'off' },
  'editor.wordBasedSuggestions': 'off',
  'editor.accessibilitySupport': 'off',
};

/** A fresh data folder, removed when this process ends. */
export function makeProfile({ settings = {}, extensionsFolder } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-vscode-'));
  const user = path.join(folder, 'data', 'User');
  fs.mkdirSync(user, { recursive: true });
  fs.writeFileSync(path.join(user, 'settings.json'), JSON.stringify({ ...bareSettings, ...settings }, null, 2));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return { folder, extensionsFolder: extensionsFolder ?? path.join(folder, 'extensions') };
}

/** Without what a surrounding VS Code leaves in the environment; `EXTENSIONS_GALLERY={}` keeps it off the network. */
function serverEnvironment() {
  const environment = { EXTENSIONS_GALLERY: '{}', ...process.env };
  for (const name of Object.keys(environment)) {
    if (/^(VSCODE_|ELECTRON_)/.test(name) && !/^VSCODE_TEST/.test(name)) delete environment[name];
  }
  return environment;
}

function serverArguments(vscode, profile) {
  const main = path.join(vscode.vscode, 'out', 'server-main.js');
  const folders = ['--server-data-dir', profile.folder, '--extensions-dir', profile.extensionsFolder];
  return [main, '--accept-server-license-terms', ...folders];
}

export function installVsix(vscode, profile, file) {
  const args = [...serverArguments(vscode, profile), '--install-extension', file, '--force'];
  const options = { encoding: 'utf8', env: serverEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] };
  const output = execFileSync(vscode.node, args, options);
  if (!/successfully installed/.test(output)) throw new Error(`The VSIX was not installed: ${output}`); // it exits 0 anyway
}

/**
 * Starts the server. `automation` switches on what tests inside the extension host need, and switches off toasts and
 * dialogs; `trust` leaves workspace trust on.
 */
export async function startServer({ vscode, profile, automation, trust = false, port = 0 }) {
  const args = [...serverArguments(vscode, profile), '--host', '127.0.0.1', '--port', String(port)];
  args.push('--without-connection-token', '--disable-telemetry', '--disable-experiments');
  args.push('--disable-update-check', '--disable-getting-started-override');
  if (!trust) args.push('--disable-workspace-trust');
  if (automation) args.push('--enable-smoke-test-driver');
  const child = spawn(vscode.node, args, {
    env: serverEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  // The whole group: the extension host, watchers and terminals are its children.
  const kill = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // gone already
    }
  };
  process.once('exit', () => kill('SIGKILL'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));
  const log = path.join(profile.folder, 'server.log');
  const file = fs.createWriteStream(log);
  child.stdout.pipe(file);
  child.stderr.pipe(file);
  const listening = await new Promise((resolve, reject) => {
    let text = '';
    const fail = (why) => reject(new Error(`The VS Code server ${why}: ${text.slice(-1000)}`));
    const timer = setTimeout(() => fail('did not become ready'), 60_000);
    child.stderr.on('data', (data) => (text += data));
    child.stdout.on('data', (data) => {
      text += data;
      const match = /Extension host agent listening on (\d+)/.exec(text);
      if (!match) return;
      clearTimeout(timer);
      resolve(Number(match[1]));
    });
    child.once('exit', (code) => fail(`ended with code ${code}`));
  });
  return {
    port: listening,
    log,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = new Promise((resolve) => child.once('exit', resolve));
        kill('SIGTERM');
        const timer = setTimeout(() => kill('SIGKILL'), 4000);
        await gone;
        clearTimeout(timer);
      }
      kill('SIGKILL');
    },
  };
}

export async function openPage({ width = 1280, height = 800 } = {}) {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage'];
  args.push('--disable-background-networking', '--disable-component-update', '--disable-sync');
  const browser = await chromium.launch({ executablePath: await setupChromium(), args });
  const context = await browser.newContext({
    viewport: { width, height },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  // Long, because a busy machine takes its time, especially for a workbench. It makes no difference to a test that
  // passes.
  page.setDefaultTimeout(60_000);
  page.setDefaultNavigationTimeout(300_000);
  return { browser, page };
}

/** The workbench's address; `payload` is what the desktop takes as arguments, as [name, path] pairs. */
export function workbenchUrl(port, folder, payload = []) {
  const query = new URLSearchParams({ folder });
  if (payload.length > 0) {
    const remote = payload.map(([name, file]) => [name, `vscode-remote://127.0.0.1:${port}${file}`]);
    query.set('payload', JSON.stringify(remote));
  }
  return `http://127.0.0.1:${port}/?${query}`;
}
