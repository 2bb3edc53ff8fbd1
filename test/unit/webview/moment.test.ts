import assert from 'node:assert/strict';
import { localDay, localTime } from '../../../src/webview/moment';

describe('Moments', () => {
  const zone = process.env.TZ;
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it('are shown in local time', () => {
    process.env.TZ = 'Asia/Kolkata';
    assert.equal(localTime('2024-05-01T20:05:59.000Z'), '2024-05-02 01:35');
    assert.equal(localDay('2024-05-01T20:05:59.000Z'), '2024-05-02');
    process.env.TZ = 'UTC';
    assert.equal(localTime('2024-05-01T20:05:59.000Z'), '2024-05-01 20:05');
  });
});
