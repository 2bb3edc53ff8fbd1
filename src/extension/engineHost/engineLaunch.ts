/**
 * Chooses the program in which the engine runs and the folder of its GPU packages. WebGPU never runs in VS Code's own
 * runtime (which refuses its external ArrayBuffers), so the engine uses the Node.js named by the user if the settings
 * can lead to that backend. In an untrusted workspace, only the extension's own code runs.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { BackendChoice } from '../../common/engineProtocol';

export interface EngineLaunch {
  /** Node.js program; undefined: VS Code's own runtime. */
  program?: string;
  /** Folder of the GPU packages; need not exist. */
  modulesFolder?: string;
}

export interface LaunchSettings {
  backend: BackendChoice;
  /** As in the setting; empty: none. */
  nodePath: string;
  modulesFolder: string;
  trusted: boolean;
}

export function engineLaunch({ backend, nodePath, modulesFolder, trusted }: LaunchSettings): EngineLaunch {
  if (!trusted) return {};
  const needsNode = backend === 'webgpu' || (backend === 'auto' && hasWebgpu(modulesFolder));
  return { program: (needsNode && nodePath) || undefined, modulesFolder };
}

/** Whether the package `webgpu` is in a folder or in its node_modules. */
function hasWebgpu(folder: string): boolean {
  return [path.join(folder, 'node_modules'), folder].some((modules) =>
    fs.existsSync(path.join(modules, 'webgpu', 'package.json')),
  );
}
