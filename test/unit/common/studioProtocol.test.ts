import assert from 'node:assert/strict';
import { InklingError } from '../../../src/common/errors';
import { defaultSettings, parsePageMessage, parseSettings } from '../../../src/common/studioProtocol';

const refused = (value: unknown, names: RegExp): void =>
  assert.throws(
    () => parsePageMessage(value),
    (error) => error instanceof InklingError && error.code === 'protocol' && names.test(error.message),
  );

describe('studioProtocol', () => {
  it('accepts the messages of the page', () => {
    assert.deepEqual(parsePageMessage({ type: 'ready' }), { type: 'ready' });
    const control = { type: 'control', runId: 'a', action: 'stop' };
    assert.deepEqual(parsePageMessage(control), control);
    const settings = { type: 'settings', settings: defaultSettings };
    assert.deepEqual(parsePageMessage(settings), settings);
  });

  it('refuses invalid ones, and says where', () => {
    for (const value of [null, 'ready', 7, [], {}, { type: 'toString' }, { type: 'constructor' }]) {
      refused(value, /message|type/);
    }
    refused({ type: 'control', runId: 'a', action: 'format' }, /control\.action/);
    refused({ type: 'control', runId: 7, action: 'stop' }, /control\.runId/);
    refused({ type: 'branch', column: 1.5, offset: 0, token: 'a' }, /branch\.column/);
    refused({ type: 'branch', column: 1, offset: -1, token: 'a' }, /branch\.offset/);
    refused({ type: 'openSource', source: 'a.txt', offset: 0, length: 40 }, /openSource\.text/);
    refused({ type: 'export', format: 'exe', name: 'a', contents: '' }, /export\.format/);
    refused(
      { type: 'keep', text: 'x'.repeat(3_000_000), prompt: '', temperature: 1, seed: 1, model: '' },
      /keep\.text/,
    );
  });

  it('refuses settings out of bounds', () => {
    const wrong = (part: Partial<typeof defaultSettings.samples>): unknown => ({
      type: 'settings',
      settings: { ...defaultSettings, samples: { ...defaultSettings.samples, ...part } },
    });
    refused(wrong({ temperature: Number.NaN }), /samples\.temperature/);
    refused(wrong({ temperatures: Array<number>(50).fill(1) }), /samples\.temperatures/);
    refused(wrong({ length: 1e9 }), /samples\.length/);
    refused(wrong({ topK: 2.5 }), /samples\.topK/);
  });

  it('drops fields that are not part of the message', () => {
    assert.deepEqual(parsePageMessage({ type: 'copy', text: 'a', command: 'rm' }), { type: 'copy', text: 'a' });
  });

  it('forgets settings of another version', () => {
    assert.equal(parseSettings({ tab: 'training' }), undefined);
    assert.equal(parseSettings(undefined), undefined);
    assert.deepEqual(parseSettings(structuredClone(defaultSettings)), defaultSettings);
  });

  it('keeps the settings of a version that knew fewer of them', () => {
    const { training, ...rest } = structuredClone(defaultSettings);
    const earlier: Partial<typeof training> = { ...training, smoothing: 0.3 };
    delete earlier.showGradient;
    assert.deepEqual(parseSettings({ ...rest, training: earlier }), {
      ...defaultSettings,
      training: { ...defaultSettings.training, smoothing: 0.3, showGradient: false },
    });
  });
});
