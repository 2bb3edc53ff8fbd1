// Installs the development packages for `npm start` and `npm test`.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const attempts = 3;

/** `npm ci` if the packages are missing or older than package-lock.json. Tries again if the registry fails briefly. */
export async function installPackages() {
  const lock = path.join(root, 'package-lock.json');
  // npm leaves a copy of the lock file behind.
  const installed = path.join(root, 'node_modules/.package-lock.json');
  if (fs.existsSync(installed) && fs.statSync(installed).mtimeMs >= fs.statSync(lock).mtimeMs) return;
  for (let left = attempts - 1; ; left--) {
    const { code, output } = await npmCi(Object.keys(JSON.parse(fs.readFileSync(lock, 'utf8')).packages).length - 1);
    if (code === 0) return;
    console.error(output.split('\n').slice(-30).join('\n'));
    if (left === 0) throw new Error('npm ci failed; its last lines are above. Fix the cause, then try again.');
    console.error('Trying again ...');
    await new Promise((resolve) => setTimeout(resolve, 5000));
  }
}

/** Runs `npm ci`, which is silent for one to eight minutes, and prints a line that counts the `total` packages. */
async function npmCi(total) {
  const began = Date.now();
  const npm = spawn('npm', ['ci', '--loglevel=http'], { cwd: root, shell: process.platform === 'win32' });
  let [output, fetched] = ['', 0];
  const read = (chunk) => {
    output += chunk;
    fetched += chunk.toString().match(/http (fetch|cache) /g)?.length ?? 0;
  };
  npm.stdout.on('data', read);
  npm.stderr.on('data', read);
  const report = () => {
    const seconds = Math.round((Date.now() - began) / 1000);
    const stage = fetched < total ? `${fetched} of ${total} fetched` : `all ${total} fetched, unpacking`;
    const line = `Installing the development packages: ${stage}, ${seconds} s`;
    if (process.stdout.isTTY) process.stdout.write(`\r${line}    `);
    else console.log(line);
  };
  report();
  const timer = setInterval(report, process.stdout.isTTY ? 1000 : 10_000);
  const code = await new Promise((resolve, reject) => npm.once('close', resolve).once('error', reject));
  clearInterval(timer);
  report();
  if (process.stdout.isTTY) process.stdout.write('\n');
  return { code, output };
}
