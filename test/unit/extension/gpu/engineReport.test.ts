import * as assert from 'node:assert/strict';
import { formatReport, type ReportData } from '../../../../src/extension/gpu/engineReport';
import { installed } from './fakeSetup';

const data: ReportData = {
  inkling: '0.1.0',
  vscode: '1.100.0 (desktop)',
  platform: 'linux x64',
  trusted: true,
  settings: { 'engine.backend': 'auto', 'engine.nodePath': '/home/ann/node/bin/node' },
  engine: { version: '0.1.0', node: 'v22.1.0', pid: 7, backend: 'wasm', kernel: 'relaxed SIMD', threads: 8 },
  node: { path: '/home/ann/node/bin/node', version: 'v22.1.0' },
  gpu: installed(null),
  offers: { shown: 98, taken: 61 },
  selfTests: [{ backend: 'webgpu', kernel: 'Card', worst: 1.2e-6, stepMs: 1.25, targetsPerSecond: 3_072_000 }],
  runs: [
    {
      startedAt: '2030-01-01T00:00:00Z',
      state: 'done',
      network: 'LSTM 1 × 8',
      device: 'webgpu (Card)',
      backendReason: 'Faster.',
    },
  ],
  home: '/home/ann',
};

describe('engine report', () => {
  it('contains what a bug report needs', () => {
    const report = formatReport(data);
    for (const line of [
      '- VS Code: 1.100.0 (desktop)',
      '- inkling.engine.backend: "auto"',
      '- On the processor: wasm (relaxed SIMD), 8 threads',
      '- NVIDIA driver: none found (nvidia-smi does not answer)',
      '- webgpu: 0.6.2 in /storage/gpu/node_modules/webgpu: Card; wanted webgpu@0.6.2',
      '- tensorflow: not installed; wanted @tensorflow/tfjs-node-gpu@4.22.0, CUDA 11.2 and cuDNN 8.1',
      '- Accepted 61 of 98 on this machine.',
      '- 2030-01-01T00:00:00Z · done · LSTM 1 × 8 · webgpu (Card) · Faster.',
    ]) {
      assert.ok(report.split('\n').includes(line), `${line}\n\n${report}`);
    }
    assert.match(report, /webgpu \(Card\): gradients within 1\.2e-6 .* 1\.3 ms per step, 3,072,000 characters/);
  });

  it('does not name the user', () => {
    const report = formatReport(data);
    assert.ok(!report.includes('/home/ann'), report);
    assert.ok(report.includes('~/node/bin/node'));
  });

  it('says what did not respond', () => {
    const report = formatReport({
      ...data,
      engine: 'it ended',
      gpu: 'it hung',
      node: 'node does not run.',
      selfTests: [],
    });
    assert.match(report, /Did not answer: it ended/);
    assert.match(report, /Not examined: it hung/);
    assert.match(report, /Never run/);
  });
});
