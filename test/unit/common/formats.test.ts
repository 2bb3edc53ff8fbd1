/** Figures, dates and durations for people. */
import assert from 'node:assert/strict';
import { formatDay, formatDuration, formatFixed, formatMoment, formatNumber } from '../../../src/common/formats';
import { setLanguage } from '../../../src/common/l10n';

describe('Moments', () => {
  const zone = process.env.TZ;
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it('are shown in local time', () => {
    process.env.TZ = 'Asia/Kolkata';
    assert.equal(formatMoment('2024-05-01T20:05:59.000Z'), '2024-05-02 01:35');
    assert.equal(formatDay('2024-05-01T20:05:59.000Z'), '2024-05-02');
    process.env.TZ = 'UTC';
    assert.equal(formatMoment('2024-05-01T20:05:59.000Z'), '2024-05-01 20:05');
  });
});

describe('Figures', () => {
  afterEach(() => setLanguage({ tag: 'en', bundle: {} }));

  it('have the decimal separator of the language', () => {
    assert.deepEqual([formatFixed(1.25, 1), formatNumber(0.7), formatNumber(12)], ['1.3', '0.7', '12']);
    setLanguage({ tag: 'de', bundle: {} });
    assert.deepEqual([formatFixed(1.25, 1), formatNumber(0.7), formatNumber(12)], ['1,3', '0,7', '12']);
  });

  it('of time have their unit', () => {
    assert.deepEqual([0, 0.25, 0.99, 59.6, 61, 300, 3600, 5400, 86399].map(formatDuration), [
      '0 s',
      '0.3 s',
      '1 s',
      '1 min',
      '1:01 min',
      '5 min',
      '1 h',
      '1:30 h',
      '23:59 h',
    ]);
  });
});
