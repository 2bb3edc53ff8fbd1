/** Runs the built command line as a user does, and returns the result. */
import { spawn } from 'node:child_process';
import * as path from 'node:path';
import { repositoryRoot } from './shared';

export interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

type Send = (signal: NodeJS.Signals) => void;

export interface CommandOptions {
  /** Can send signals whenever it likes. */
  onStart?: (send: Send) => void;
  /** Sees what has been printed so far, and can send a signal. */
  onOutput?: (out: string, send: Send) => void;
  /** The same for the error output. */
  onError?: (err: string, send: Send) => void;
  nodeOptions?: string[];
  /** Where the outputs go in place of pipes: file descriptors. */
  stdout?: number;
  stderr?: number;
  env?: NodeJS.ProcessEnv;
}

/** `inkling ...args` in `folder`. */
export function runCommand(folder: string, args: string[], options: CommandOptions = {}): Promise<Outcome> {
  const { onStart, onOutput, onError, nodeOptions = [], stdout = 'pipe', stderr = 'pipe', env } = options;
  return new Promise((resolve, reject) => {
    const command = [...nodeOptions, path.join(repositoryRoot, 'dist/cli.js'), ...args];
    const child = spawn(process.execPath, command, {
      cwd: folder,
      stdio: ['ignore', stdout, stderr],
      env: { ...process.env, ...env },
    });
    const outcome: Outcome = { code: null, out: '', err: '' };
    const send: Send = (signal) => child.kill(signal);
    onStart?.(send);
    child.stdout?.on('data', (data: Buffer) => {
      outcome.out += data.toString();
      onOutput?.(outcome.out, send);
    });
    child.stderr?.on('data', (data: Buffer) => {
      outcome.err += data.toString();
      onError?.(outcome.err, send);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...outcome, code }));
  });
}
