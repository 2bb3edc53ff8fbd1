/**
 * Finds the package `webgpu` at run time, in the folder that the user names or into which Set Up GPU installs; it is
 * not a dependency. It must run in a separate Node: the runtime of VS Code rejects its external ArrayBuffers.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { InklingError } from '../../../common/errors';
import { sentence } from '../../../common/l10n';
import type { WebgpuModule } from './gpuApi';

/** The version that is installed and tested. */
export const webgpuVersion = '0.6.2';

/** The folder of the package below `modulesFolder`, if it exists. */
export function findWebgpu(modulesFolder: string | undefined): string | undefined {
  if (!modulesFolder) return undefined;
  return [path.join(modulesFolder, 'node_modules', 'webgpu'), path.join(modulesFolder, 'webgpu')].find((folder) =>
    fs.existsSync(path.join(folder, 'package.json')),
  );
}

/** Throws `backendUnavailable` if the package is missing or does not load here. */
export async function loadWebgpu(modulesFolder: string | undefined): Promise<WebgpuModule> {
  if (process.versions.electron) {
    throw new InklingError(
      'backendUnavailable',
      sentence(
        "WebGPU does not run inside VS Code's own runtime: name a Node.js program in the setting inkling.engine.nodePath.",
      ),
    );
  }
  const folder = findWebgpu(modulesFolder);
  if (!folder) {
    throw new InklingError(
      'backendUnavailable',
      sentence(
        'The package webgpu was not found{0}: run "Inkling: Set Up GPU…", or "npm install webgpu@{1}" in a folder and name it in inkling.engine.modulesPath (on the command line: the environment variable INKLING_MODULES).',
        modulesFolder ? sentence(' in {0}', modulesFolder) : '',
        webgpuVersion,
      ),
    );
  }
  try {
    return (await import(pathToFileURL(path.join(folder, 'index.js')).href)) as WebgpuModule;
  } catch (error) {
    throw new InklingError(
      'backendUnavailable',
      sentence(
        'The package webgpu in {0} did not load: {1}. It needs a glibc of at least 2.34 on Linux; install it again, or use the backend wasm (--backend wasm, or inkling.engine.backend in VS Code).',
        folder,
        error instanceof Error ? error.message : String(error),
      ),
      { cause: error },
    );
  }
}
