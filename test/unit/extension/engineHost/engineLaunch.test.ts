import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { engineLaunch } from '../../../../src/extension/engineHost/engineLaunch';
import { askNode, parseAnswer } from '../../../../src/extension/gpu/nodeProgram';

describe('how the engine is started', () => {
  let folder: string;
  const nodePath = '/usr/bin/node';
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-launch-'))));
  afterEach(() => fs.rmSync(folder, { recursive: true }));
  const install = (name: string): void => {
    fs.mkdirSync(path.join(folder, name), { recursive: true });
    fs.writeFileSync(path.join(folder, name, 'package.json'), '{}');
  };
  const programFor = (backend: 'auto' | 'wasm' | 'webgpu' | 'tensorflow') =>
    engineLaunch({ backend, nodePath, modulesFolder: folder, trusted: true }).program;

  it("stays in VS Code's runtime while WebGPU cannot be chosen", () => {
    assert.equal(programFor('auto'), undefined);
    install('node_modules/webgpu');
    assert.equal(programFor('wasm'), undefined);
    assert.equal(programFor('tensorflow'), undefined);
  });

  it('moves to the Node.js in the settings when WebGPU can be chosen', () => {
    assert.equal(programFor('webgpu'), nodePath);
    install('node_modules/webgpu');
    assert.equal(programFor('auto'), nodePath);
  });

  it('finds a package in the folder itself', () => {
    install('webgpu');
    assert.equal(programFor('auto'), nodePath);
  });

  it('needs a Node.js in the settings', () => {
    assert.deepEqual(engineLaunch({ backend: 'webgpu', nodePath: '', modulesFolder: folder, trusted: true }), {
      program: undefined,
      modulesFolder: folder,
    });
  });

  it('starts nothing from the settings in an untrusted workspace', () => {
    install('node_modules/webgpu');
    assert.deepEqual(engineLaunch({ backend: 'webgpu', nodePath, modulesFolder: folder, trusted: false }), {});
  });
});

describe('a Node.js program', () => {
  it('is asked for its identity', async () => {
    assert.deepEqual(await askNode(process.execPath), { path: process.execPath, version: process.version });
  });

  it('is refused if it is missing, is not Node.js, is Electron, or is too old', async () => {
    assert.match(String(await askNode('/nowhere/node')), /does not run/);
    assert.match(String(await askNode(`${process.execPath}/node`)), /does not run/);
    assert.match(String(parseAnswer('/bin/true', '')), /is not Node\.js/);
    assert.match(String(parseAnswer('/bin/x', '[1,2]')), /is not Node\.js/);
    assert.match(String(parseAnswer('/bin/code', '["/bin/code","v22.0.0","37.0.0"]')), /Electron/);
    assert.match(String(parseAnswer('/bin/node', '["/bin/node","v18.19.1",null]')), /v18\.19\.1.*20 or later/);
    assert.deepEqual(parseAnswer('node', '["/bin/node","v20.0.0",null]'), { path: '/bin/node', version: 'v20.0.0' });
  });
});
