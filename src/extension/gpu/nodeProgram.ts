/** The user's Node.js: where it is, and whether it can run the engine. */
import { execFile } from 'node:child_process';
import { t } from '../../common/l10n';

export interface NodeProgram {
  path: string;
  /** "v22.1.0". */
  version: string;
}

const oldest = 20;
const patienceMs = 10_000;
const question = 'JSON.stringify([process.execPath, process.version, process.versions.electron ?? null])';

/** Identifies `program`, a path or a name that the system can find; a string says why it cannot run the engine. */
export function askNode(program: string): Promise<NodeProgram | string> {
  return new Promise((resolve) => {
    const env = { ...process.env };
    delete env.NODE_OPTIONS; // meant for debuggers; other programs must not load code with it
    const fails = (error: Error): void => resolve(t('{0} does not run ({1}).', program, error.message.split('\n')[0]));
    try {
      execFile(program, ['-p', question], { timeout: patienceMs, windowsHide: true, env }, (error, stdout) => {
        if (error) fails(error);
        else resolve(parseAnswer(program, stdout));
      });
    } catch (error) {
      fails(error as Error); // a path through a file, or a .cmd on Windows, throws instead of calling back
    }
  });
}

/** Interprets the answer of a program. */
export function parseAnswer(program: string, answer: string): NodeProgram | string {
  let path: unknown, version: unknown, electron: unknown;
  try {
    [path, version, electron] = JSON.parse(answer) as unknown[];
  } catch {
    return t('{0} is not Node.js.', program);
  }
  if (typeof path !== 'string' || typeof version !== 'string') return t('{0} is not Node.js.', program);
  if (electron !== null) return t('{0} is Electron, in which WebGPU does not run.', program);
  const major = Number(/^v(\d+)\./.exec(version)?.[1] ?? 0);
  if (major < oldest) return t('{0} is Node.js {1}; the engine needs {2} or later.', program, version, oldest);
  return { path, version };
}
