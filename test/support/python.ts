/**
 * The Python with PyTorch that tests of `train.py` run: the one named by INKLING_PEER_PYTHON, else the one that the
 * benchmarks make. Tests visibly skip without one.
 */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { repositoryRoot } from './shared';

/** Path of the interpreter; skips the running test or suite where there is none. */
export function pythonWithTorch(test: Mocha.Context): string {
  const made = path.join(repositoryRoot, '.cache', 'peer-torch', 'bin', 'python');
  const python = process.env.INKLING_PEER_PYTHON ?? made;
  if (!fs.existsSync(python)) {
    process.stderr.write('    skipped: no Python with PyTorch; name one with INKLING_PEER_PYTHON\n');
    test.skip();
  }
  return python;
}

/**
 * Runs a script on one thread, so as not to slow down a busy machine further; rejects with its last output if it fails.
 */
export function runPython(python: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, [...args], { env: { ...process.env, OMP_NUM_THREADS: '1' } });
    let output = '';
    let errors = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${python} ended with ${code}: ${errors.slice(-2000)}`));
    });
  });
}
