import * as assert from 'node:assert/strict';
import { Refusals } from '../../../../src/extension/completion/refusals';

describe('Refusals', () => {
  let refusals: Refusals;
  const write = (...texts: string[]): void => texts.forEach((text) => refusals.moved(text));
  beforeEach(() => {
    refusals = new Refusals();
  });

  it('suppresses a suggestion once another word is in its place', () => {
    refusals.offered('Call me ', 'Ishmael today');
    write('Call me a', 'Call me a ', 'Call me ');
    assert.equal(refusals.has('Call me ', 'Ishmael'), true);
    assert.equal(refusals.has('Call me ', 'Ishmael again'), true);
    assert.equal(refusals.has('Call me Ish', 'mael'), true);
    assert.equal(refusals.has('Call me ', 'Isabel'), false);
    assert.equal(refusals.has('They call me ', 'Ishmael'), false);
  });

  it('forgives a slip', () => {
    refusals.offered('Call me ', 'Ishmael');
    write('Call me x', 'Call me ');
    assert.equal(refusals.has('Call me ', 'Ishmael'), false);
  });

  it('does not treat a suggestion as ignored if it is typed out or accepted', () => {
    refusals.offered('Call me ', 'Ishmael');
    write('Call me I', 'Call me Is', 'Call me Ishmael', 'Call me Ishmael and ', 'Call me ');
    assert.equal(refusals.has('Call me ', 'Ishmael'), false);
  });

  it('notices when the writer departs from the suggestion within its word', () => {
    refusals.offered('the ', 'ship');
    refusals.offered('the s', 'hip');
    write('the sh', 'the sho', 'the shore', 'the shore,', 'the s');
    assert.equal(refusals.has('the s', 'hip'), true);
  });

  it('forgets old refusals', () => {
    for (let i = 0; i < 40; i++) {
      refusals.offered(`${i} `, 'word');
      write(`${i} other,`);
    }
    assert.equal(refusals.has('0 ', 'word'), false);
    assert.equal(refusals.has('39 ', 'word'), true);
  });
});
