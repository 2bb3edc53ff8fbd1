// Puts a VS Code server, the Node it is built for and a Chromium under .vscode-test/. Everything comes from npm, so that
// the suites run where Microsoft's own download is out of reach. Idempotent; `node test/support/vscode/channels.mjs min`
// prepares one channel by hand.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { retry } from '../../../scripts/retry.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const cacheRoot = path.join(root, '.vscode-test');

/** A code-server release carries the VS Code release of the same minor; `nodeMajor` is what its extension host expects. */
export const channels = {
  // Release 4.100 fetches ripgrep from GitHub while installing; a later platform package ships it.
  min: { codeServer: '4.100.3', nodeMajor: 20, nodePackage: '20.20.2', ripgrep: '1.18.0' },
  latest: { codeServer: '4.139.1', nodeMajor: 24, nodePackage: '24.21.0' },
};

/** Runs npm in `folder`. What an outer `npm test` put into the environment must not reach this npm. */
function npm(folder, args) {
  const keep = /^npm_config_(cache|registry|userconfig|globalconfig|prefer_offline|offline)$/i;
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => keep.test(name) || !(/^npm_/i.test(name) || name === 'INIT_CWD' || name === 'NODE_OPTIONS'),
    ),
  );
  retry(() => {
    try {
      execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
        cwd: folder,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    } catch (error) {
      throw new Error(`npm ${args.join(' ')} failed in ${folder}:\n${String(error.stderr).slice(-2000)}`);
    }
  });
}

// Two small native addons are left unbuilt (no compiler needed). VS Code works without them but prints a stack trace for
// every logger; these stand-ins keep it quiet and keep the log files.
const quietLogger = `'use strict';
const fs = require('fs');
const path = require('path');
const names = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'];
class Logger {
  constructor(name, file) {
    Object.assign(this, { name, file, level: 2, raw: false });
    try { fs.mkdirSync(path.dirname(file), { recursive: true }); } catch {}
  }
  write(level, message) {
    if (level < this.level) return;
    const line = this.raw ? String(message) : new Date().toISOString() + ' [' + names[level] + '] ' + message + '\\n';
    try { fs.appendFileSync(this.file, line); } catch {}
  }
  getLevel() { return this.level; }
  setLevel(level) { this.level = level; }
  setPattern() {}
  clearFormatters() { this.raw = true; }
  flush() {}
  drop() {}
}
['trace', 'debug', 'info', 'warn', 'error', 'critical'].forEach((name, level) => {
  Logger.prototype[name] = function (message) { this.write(level, message); };
});
// One assignment each: this is what an ES module's import can see of a CommonJS module.
exports.version = 0;
exports.Logger = Logger;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.shutdown = () => {};
exports.createRotatingLogger = async (name, file) => new Logger(name, file);
exports.createAsyncRotatingLogger = async (name, file) => new Logger(name, file);
`;
const parentWatch = `'use strict';
// Ends this process when its parent is gone.
exports.start = (pid) => {
  setInterval(() => { try { process.kill(pid, 0); } catch { process.exit(87); } }, 3000).unref();
};
`;

/** Makes `target` by filling a temporary folder and renaming it, so that an interrupted set-up leaves nothing half done. */
function make(target, fill) {
  if (fs.existsSync(path.join(target, 'ready'))) return;
  fs.mkdirSync(cacheRoot, { recursive: true });
  const temporary = fs.mkdtempSync(path.join(cacheRoot, 'tmp-'));
  try {
    fs.writeFileSync(path.join(temporary, 'package.json'), '{"private":true}\n');
    fill(temporary);
    fs.writeFileSync(path.join(temporary, 'ready'), '');
    if (fs.existsSync(path.join(target, 'ready'))) return; // another process was first
    fs.rmSync(target, { recursive: true, force: true });
    fs.renameSync(temporary, target);
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
}

/** Returns { node, vscode, release }: the Node executable, the server's folder and the code-server release. */
export function setupVscode(channel = 'latest') {
  const wanted = channels[channel];
  if (!wanted) throw new Error(`Unknown channel "${channel}"; choose ${Object.keys(channels).join(' or ')}.`);
  const platform = `${process.platform}-${process.arch}`;
  const folder = path.join(cacheRoot, `code-server-${wanted.codeServer}`);
  make(folder, (temporary) => {
    console.log(
      `Setting up VS Code (${channel}, code-server ${wanted.codeServer}): about 450 MB from npm, some minutes ...`,
    );
    const packages = [`code-server@${wanted.codeServer}`];
    if (Number(process.versions.node.split('.')[0]) !== wanted.nodeMajor)
      packages.push(`node-${platform}@${wanted.nodePackage}`);
    if (wanted.ripgrep) packages.push(`@vscode/ripgrep-${platform}@${wanted.ripgrep}`);
    npm(temporary, ['install', '--ignore-scripts', ...packages]);
    const vscode = path.join(temporary, 'node_modules/code-server/lib/vscode');
    npm(vscode, ['install', '--ignore-scripts', '--omit=dev']);
    const standIns = {
      '@vscode/spdlog': quietLogger,
      '@vscode/native-watchdog': parentWatch,
      'native-watchdog': parentWatch,
    };
    for (const [name, text] of Object.entries(standIns)) {
      const index = path.join(vscode, 'node_modules', name, 'index.js');
      if (fs.existsSync(index)) fs.writeFileSync(index, text);
    }
    if (wanted.ripgrep) {
      const bin = path.join(vscode, 'node_modules/@vscode/ripgrep/bin');
      fs.mkdirSync(bin, { recursive: true });
      const shipped = path.join(temporary, `node_modules/@vscode/ripgrep-${platform}/bin/rg`);
      fs.copyFileSync(shipped, path.join(bin, 'rg'));
      fs.chmodSync(path.join(bin, 'rg'), 0o755);
    }
  });
  const ownNode = path.join(folder, `node_modules/node-${platform}/bin/node`);
  return {
    node: fs.existsSync(ownNode) ? ownNode : process.execPath,
    vscode: path.join(folder, 'node_modules/code-server/lib/vscode'),
    release: wanted.codeServer,
  };
}

const installedBrowsers = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const browserPackage = '@sparticuz/chromium@138.0.2';

/** The path of a Chromium: INKLING_CHROMIUM, an installed one, or one from npm. */
export async function setupChromium() {
  const candidates = [process.env.INKLING_CHROMIUM, ...installedBrowsers];
  const found = candidates.find((file) => file && fs.existsSync(file));
  if (found) return found;
  const folder = path.join(cacheRoot, 'chromium');
  make(folder, (temporary) => {
    console.log('Setting up Chromium from npm, about 60 MB ...');
    npm(temporary, ['install', browserPackage]);
  });
  const entry = path.join(folder, 'node_modules/@sparticuz/chromium/build/esm/index.js');
  const { default: chromium } = await import(pathToFileURL(entry).href);
  return chromium.executablePath();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(setupVscode(process.argv[2]));
