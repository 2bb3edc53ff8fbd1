#!/usr/bin/env node
// Stands in for the `code` executable that @vscode/test-electron starts: with the same flags and exit codes.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { format } from 'node:util';
import { setupVscode } from './channels.mjs';
import { makeProfile, openPage, startServer, workbenchUrl } from './host.mjs';

const flags = {};
const rest = [];
for (const argument of process.argv.slice(2)) {
  const match = /^--([^=]+)(?:=(.*))?$/.exec(argument);
  if (match) (flags[match[1]] ??= []).push(match[2] ?? '');
  else rest.push(argument);
}
const trust = flags['inkling-trust'] !== undefined;
const profile = makeProfile({
  extensionsFolder: flags['extensions-dir']?.[0],
  settings: trust
    ? { 'security.workspace.trust.enabled': true, 'security.workspace.trust.startupPrompt': 'never' }
    : {},
});
const folder = rest[0] ? path.resolve(rest[0]) : fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-workspace-'));
const vscode = setupVscode(process.env.INKLING_VSCODE ?? 'latest');
const server = await startServer({ vscode, profile, automation: true, trust });
const { browser, page } = await openPage();

/** What the workbench logs about itself at every start. */
const noise =
  /^(Resolv(ing|ed) connection token|Creating a socket|Updating additional builtin|Ignoring fetching additional builtin|\[(reconnection-grace-time|AgentHost|AccountPolicyGate|remote-connection|Service Worker))/;
const limitMs = Number(process.env.INKLING_HOST_LIMIT_MS ?? 1_200_000);
const errors = [];
let code = 'not run';
try {
  // Both functions must be there before the workbench's script runs.
  const exited = new Promise((resolve) => page.exposeFunction('codeAutomationExit', resolve));
  await page.exposeFunction('codeAutomationLog', (type, args) => {
    const text = format(...args);
    if (type === 'error' || type === 'warn') errors.push(`[${type}] ${text}`);
    else if (!noise.test(text)) process.stdout.write(text + '\n');
  });
  page.on('pageerror', (error) => errors.push(`[page] ${error.message}`));
  const crashed = new Promise((resolve) => page.once('crash', () => resolve('the page crashed')));
  const late = new Promise((resolve) => setTimeout(() => resolve(`no end after ${limitMs} ms`), limitMs).unref());
  await page.goto(
    workbenchUrl(server.port, folder, [
      ...(flags.extensionDevelopmentPath ?? []).map((file) => ['extensionDevelopmentPath', path.resolve(file)]),
      ['extensionTestsPath', path.resolve(flags.extensionTestsPath[0])],
    ]),
  );
  code = await Promise.race([exited, crashed, late]);
  if (typeof code === 'string') {
    const picture = path.join(process.env.INKLING_OUTPUT ?? '.', 'integration-failed.png');
    await page.screenshot({ path: picture }).catch(() => undefined);
  }
  // VS Code reports 0 for an extension host that was killed: the server's log says how it really ended.
  let end;
  for (let i = 0; i < 600 && code === 0 && !end; i++) {
    end = /Extension Host Process exited with code: (\S+), signal: (\S+)\./.exec(fs.readFileSync(server.log, 'utf8'));
    if (!end) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (code === 0 && end?.[1] !== '0') code = end?.[0] ?? 'the extension host did not end';
} finally {
  await browser.close().catch(() => undefined);
  await server.stop();
}
if (code !== 0) console.error(`extension tests: ${code}\n${errors.slice(-10).join('\n').slice(0, 4000)}`);
process.exit(code === 0 ? 0 : 1);
