// `npm start`: builds, then opens VS Code with the extension, a text to train on, and the walkthrough beside it. Desktop
// VS Code when `code` is on the path, else VS Code in the browser, served on this machine only; its address is printed
// and opened. Also in the browser where `code` is that of a remote window: it ignores an extension to develop.
//   npm start -- --browser     always in the browser
//   npm start -- --port 8123   at this port
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installPackages } from './install.mjs';
import { makeSampleText } from './sampleText.mjs';

// The extension opens its walkthrough then.
process.env.INKLING_WALKTHROUGH = '1';
const root = path.resolve(fileURLToPath(new URL('..', import.meta.url)));
const { values } = parseArgs({ options: { browser: { type: 'boolean' }, port: { type: 'string', default: '8123' } } });

await installPackages();
console.log('Building Inkling ...');
execFileSync(process.execPath, ['esbuild.js'], { cwd: root, stdio: 'inherit' });
try {
  makeSampleText();
} catch (error) {
  console.log(`The sample text is not available (${error.message}); a short story is used instead.`);
}

// A copy, so that trying things out changes no file of the checkout.
const folder = path.join(os.tmpdir(), 'inkling-start');
fs.mkdirSync(folder, { recursive: true });
const samples = ['dist/samples/moby-dick.txt', 'media/samples/sample.md'].filter((file) =>
  fs.existsSync(path.join(root, file)),
);
for (const file of samples) {
  const target = path.join(folder, path.basename(file));
  if (!fs.existsSync(target)) fs.copyFileSync(path.join(root, file), target);
}
const sample = path.basename(samples[0]);
// The texts have one line per paragraph.
fs.mkdirSync(path.join(folder, '.vscode'), { recursive: true });
fs.writeFileSync(path.join(folder, '.vscode/settings.json'), JSON.stringify({ 'editor.wordWrap': 'on' }));

const isRemote = process.env.VSCODE_IPC_HOOK_CLI !== undefined;
const desktop =
  !values.browser && !isRemote && spawnSync('code', ['--version'], { shell: process.platform === 'win32' });
if (desktop && desktop.status === 0) {
  // Without the question whether its texts, which were copied just now, are to be trusted.
  const flags = [`--extensionDevelopmentPath=${root}`, '--new-window', '--disable-workspace-trust'];
  const args = [...flags, folder, path.join(folder, sample)];
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
  // Kept between starts, so that trained models stay.
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
  const url = workbenchUrl(server.port, folder, [['openFile', path.join(folder, sample)]]);
  console.log(`Inkling in VS Code: ${url}`);
  openInBrowser(url);
  console.log(`Press F1 and run "Inkling: Train on This File". Ctrl+C here ends it.`);
}

/** Opens an address in the desktop's browser, if there is one; the address has already been printed. */
function openInBrowser(url) {
  const [command, ...args] = { darwin: ['open'], win32: ['cmd', '/c', 'start', '""'] }[process.platform] ?? [
    'xdg-open',
  ];
  const quoted = process.platform === 'win32' ? `"${url}"` : url;
  const options = { stdio: 'ignore', detached: true, windowsVerbatimArguments: true };
  spawn(command, [...args, quoted], options)
    .on('error', () => undefined)
    .unref();
}

/** The port itself if it is free, otherwise 0: any. */
function freePort(port) {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(0));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(port)));
  });
}
