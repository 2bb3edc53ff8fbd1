/** The cache of contexts: what it finds, and what it evicts. */
import * as assert from 'node:assert/strict';
import { StateCache } from '../../../../src/engine/generation/stateCache';
import { Random } from '../../../../src/engine/random';

const ids = (text: string): Uint16Array => Uint16Array.from(text, (c) => c.charCodeAt(0));
const row = (value: number): Float32Array => Float32Array.of(value);

describe('state cache', () => {
  it('finds the longest known beginning', () => {
    const cache = new StateCache(Infinity);
    cache.store(ids('hello'), 3, row(3));
    cache.store(ids('hello'), 5, row(5));
    assert.equal(cache.find(ids('hello!'))?.position, 5);
    assert.equal(cache.find(ids('hello!'))?.context[0], 5);
    assert.equal(cache.find(ids('help'))?.position, 3);
    assert.equal(cache.find(ids('goodbye')), undefined);
  });

  it('does not confuse the ends of different texts', () => {
    const cache = new StateCache(Infinity);
    cache.store(ids('say hello'), 9, row(1));
    assert.equal(cache.find(ids('hello')), undefined);
    const other = new StateCache(Infinity);
    other.store(ids('hello'), 5, row(2));
    assert.equal(other.find(ids('say hello')), undefined);
  });

  it('recognises a text whose beginning is no longer sent', () => {
    const random = new Random(5);
    const text = Uint16Array.from({ length: 2000 }, () => random.integer(60));
    const cache = new StateCache(Infinity);
    cache.store(text, 1999, row(1));
    assert.equal(cache.find(text.subarray(1))?.position, 1998);
    assert.equal(cache.find(text.subarray(1800)), undefined, 'too little of it left');
    const windowed = new StateCache(60);
    windowed.store(text, 1999, row(1));
    assert.equal(windowed.find(text.subarray(1939))?.position, 60, 'a window is enough for a model of windows');
  });

  it('keeps copies', () => {
    const cache = new StateCache(Infinity);
    const context = row(1);
    cache.store(ids('ab'), 2, context);
    context[0] = 9;
    assert.equal(cache.find(ids('ab'))?.context[0], 1);
  });

  it('evicts the least recently used entry', () => {
    const cache = new StateCache(Infinity, 3 * (4 + 2 + 256));
    for (const text of ['a', 'b', 'c']) cache.store(ids(text), 1, row(0));
    cache.find(ids('a'));
    cache.store(ids('d'), 1, row(0));
    assert.equal(cache.size, 3);
    assert.ok(cache.find(ids('a')));
    assert.equal(cache.find(ids('b')), undefined);
  });
});
