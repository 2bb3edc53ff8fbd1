/**
 * A GPU for the tests: the package `webgpu` in .cache/gpu (scripts/gpu-packages.mjs puts it there) on a software
 * adapter, the SwiftShader of a Chromium on this machine. Tests visibly skip if either is missing.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { findWebgpu } from '../../src/engine/backends/webgpu/loadModule';
import { repositoryRoot } from './shared';

const chromium = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'].find((folder) =>
  fs.existsSync(path.join(folder, 'vk_swiftshader_icd.json')),
);

/** RTLD_NODELETE of Linux: the library stays after the attempt to load it as an addon has failed. */
const stay = 0x1000;

/** Folder with the package; skips the running suite if there is no package or no adapter. */
export function gpuModules(test: Mocha.Context): string {
  const folder = path.join(repositoryRoot, '.cache', 'gpu');
  if (!findWebgpu(folder)) test.skip();
  if (process.env.INKLING_TEST_GPU === 'real') return folder;
  if (!chromium || process.platform !== 'linux') test.skip();
  process.env.VK_ICD_FILENAMES = path.join(chromium, 'vk_swiftshader_icd.json');
  // Dawn looks for libvulkan.so.1 by that name and finds the one that is already loaded.
  const loader = path.join(chromium, 'libvulkan.so.1');
  try {
    if (fs.existsSync(loader)) process.dlopen({ exports: {} }, loader, os.constants.dlopen.RTLD_NOW | stay);
  } catch {
    // It is not an addon; the purpose was to load it.
  }
  return folder;
}
