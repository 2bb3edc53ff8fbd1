// `npm start`: builds, then opens VS Code with the extension and a text to train on. Desktop VS Code when `code` is on the
// path, else VS Code in the browser, served on this machine only; its address is printed.
//   npm start -- --browser     in the browser in any case
//   npm start -- --port 8123   at this port
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { browser: { type: 'boolean' }, port: { type: 'string', default: '8123' } } });

if (!fs.existsSync(path.join(root, 'node_modules'))) {
  console.log('Installing the development packages with npm ci (290 packages, 220 MB); this takes about a minute ...');
  execFileSync('npm', ['ci'], { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
}
execFileSync(process.execPath, ['esbuild.js'], { cwd: root, stdio: 'inherit' });

// A copy, so that trying things out changes no file of the checkout.
const folder = path.join(os.tmpdir(), 'inkling-start');
fs.mkdirSync(folder, { recursive: true });
const samples = fs.readdirSync(path.join(root, 'media/samples'));
for (const name of samples) {
  const target = path.join(folder, name);
  if (!fs.existsSync(target)) fs.copyFileSync(path.join(root, 'media/samples', name), target);
}
const [sample] = samples;

const desktop = !values.browser && spawnSync('code', ['--version'], { shell: process.platform === 'win32' });
if (desktop && desktop.status === 0) {
  const args = [`--extensionDevelopmentPath=${root}`, '--new-window', folder, path.join(folder, sample)];
  spawn('code', args, { stdio: 'ignore', detached: true, shell: process.platform === 'win32' }).unref();
  console.log(`VS Code opens ${folder}. Run "Inkling: Train on This File" there (F1).`);
} else {
  await serve();
}

/** VS Code's server from npm, as the tests use it, with the extension as a user has it: installed from its package. */
async function serve() {
  const { setupVscode } = await import('../test/support/vscode/channels.mjs');
  const { bareSettings, installVsix, startServer, workbenchUrl } = await import('../test/support/vscode/host.mjs');
  execFileSync(process.execPath, ['scripts/package.mjs'], { cwd: root, stdio: 'inherit' });
  const vscode = setupVscode('latest');
  // Kept between starts: models that were trained stay.
  const profile = {
    folder: path.join(root, '.cache/start'),
    extensionsFolder: path.join(root, '.cache/start/extensions'),
  };
  const user = path.join(profile.folder, 'data/User');
  fs.mkdirSync(user, { recursive: true });
  const settings = path.join(user, 'settings.json');
  if (!fs.existsSync(settings)) fs.writeFileSync(settings, JSON.stringify(bareSettings, null, 2));
  installVsix(vscode, profile, path.join(root, 'inkling.vsix'));
  const server = await startServer({ vscode, profile, automation: false, port: await freePort(Number(values.port)) });
  console.log(`Inkling in VS Code: ${workbenchUrl(server.port, folder, [['openFile', path.join(folder, sample)]])}`);
  console.log(`Press F1 and run "Inkling: Train on This File". Ctrl+C here ends it.`);
}

/** The port itself when nobody uses it, else 0: any. */
function freePort(port) {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(0));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(port)));
  });
}
