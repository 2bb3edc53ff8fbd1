/**
 * What is reported about GPUs: the report if nothing is installed, an installation's log and failures, the self-test.
 */
import * as assert from 'node:assert';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { say } from '../../../../src/common/l10n';
import type { Backend } from '../../../../src/engine/backends/backend';
import { describeGpu, installGpuPackages, selfTest } from '../../../../src/engine/backends/gpuReport';
import { createReferenceBackend } from '../../../../src/engine/backends/reference/referenceBackend';
import { createWasmBackend } from '../../../../src/engine/backends/wasm/wasmBackend';

describe('GPU report', () => {
  let folder: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-gpu-'));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  /** A stand-in for npm: a script that gets npm's arguments. */
  const npm = (script: string): string[] => {
    const file = path.join(folder, 'npm.cjs');
    fs.writeFileSync(file, script);
    return [process.execPath, file];
  };

  it('says that nothing is installed, and what is needed', async () => {
    const report = await describeGpu(folder);
    assert.strictEqual(report.node, process.version);
    assert.strictEqual(report.modulesFolder, folder);
    assert.strictEqual(report.webgpu.problem, 'not installed');
    assert.strictEqual(report.tensorflow.problem, 'not installed');
    assert.match(report.wanted.tensorflow, /CUDA 11\.2 and cuDNN 8\.1/);
  });

  it('names a package that does not load, with its version', async () => {
    const own = path.join(folder, 'node_modules', 'webgpu');
    fs.mkdirSync(own, { recursive: true });
    fs.writeFileSync(path.join(own, 'package.json'), '{ "version": "9.8.7" }');
    fs.writeFileSync(path.join(own, 'index.js'), 'throw new Error("no driver");');
    const { webgpu } = await describeGpu(folder);
    assert.deepStrictEqual([webgpu.folder, webgpu.version, webgpu.device], [own, '9.8.7', null]);
    assert.match(say(webgpu.problem!), /did not load: no driver/);
  });

  it('installs a pinned package into the folder and logs every line', async () => {
    const lines: string[] = [];
    const script = `console.log('cwd ' + process.cwd()); console.error(process.argv.slice(2).join(' '));`;
    await installGpuPackages(path.join(folder, 'modules'), 'webgpu', (line) => lines.push(line), { npm: npm(script) });
    const own = fs.realpathSync(path.join(folder, 'modules'));
    const command = 'install --no-audit --no-fund --ignore-scripts webgpu@0.6.2';
    assert.deepStrictEqual(lines.sort(), [`cwd ${own}`, command, `npm ${command}`].sort());
    assert.ok(fs.existsSync(path.join(own, 'package.json')));
  });

  it('says how an installation failed', async () => {
    const install = (command: string[], signal?: AbortSignal): Promise<void> =>
      installGpuPackages(folder, 'tensorflow', () => {}, { npm: command, signal });
    await assert.rejects(install(npm('process.exit(7)')), { code: 'backendUnavailable', message: /code 7/ });
    await assert.rejects(install([path.join(folder, 'nothing')]), { code: 'backendUnavailable', message: /Node\.js/ });
    const cancel = new AbortController();
    const endless = install(npm('setInterval(() => {}, 1000)'), cancel.signal);
    cancel.abort();
    await assert.rejects(endless, { code: 'cancelled' });
  });

  it('accepts a correct backend with its speed, and refuses one that computes something else', async () => {
    const wasm = await createWasmBackend({ threads: 1 });
    const { backend, worst, stepMs, targetsPerSecond } = await selfTest(wasm);
    await wasm.dispose();
    assert.strictEqual(backend, 'wasm');
    assert.ok(worst > 0 && worst < 1e-4, `${worst}`);
    assert.ok(Math.abs(targetsPerSecond * stepMs - 64 * 60 * 1000) < 1);

    const truth = createReferenceBackend();
    const wrong: Backend = {
      ...truth,
      createNetwork: async (spec, parameters, limits) => {
        const other = parameters.slice();
        other[3] += 0.5;
        return truth.createNetwork(spec, other, limits);
      },
    };
    await assert.rejects(selfTest(wrong), { code: 'backendUnavailable', message: /wrong gradients/ });
  });
});
