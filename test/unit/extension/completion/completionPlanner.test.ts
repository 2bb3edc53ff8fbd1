import * as assert from 'node:assert/strict';
import type { DocumentPlace } from '../../../../src/common/engineProtocol';
import { InklingError } from '../../../../src/common/errors';
import { CompletionPlanner } from '../../../../src/extension/completion/completionPlanner';
import { FakeClock } from '../fakeClock';

interface Asked {
  prefix: string;
  alternatives: number;
  signal: AbortSignal;
  answer(texts: string[]): void;
  fail(error: Error): void;
}

const never = new AbortController().signal;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('CompletionPlanner', () => {
  let clock: FakeClock;
  let asked: Asked[];
  let errors: unknown[];
  let planner: CompletionPlanner;
  let debounce: number;
  const type = (prefix: string, signal = never, context = 'model'): Promise<string[]> =>
    planner.plan({ context, prefix, manual: false }, signal);
  const trigger = (prefix: string): Promise<string[]> =>
    planner.plan({ context: 'model', prefix, manual: true }, never);

  beforeEach(() => {
    clock = new FakeClock();
    asked = [];
    errors = [];
    debounce = 0;
    planner = new CompletionPlanner({
      ask: (prefix, { alternatives }, signal) =>
        new Promise((resolve, reject) => asked.push({ prefix, alternatives, signal, answer: resolve, fail: reject })),
      clock,
      debounceMs: () => debounce,
      onError: (error) => errors.push(error),
    });
  });

  /** Asks at `prefix` and lets the engine answer. */
  async function offer(prefix: string, texts: string[]): Promise<void> {
    const answer = type(prefix);
    await settled();
    asked[asked.length - 1].answer(texts);
    assert.deepEqual(await answer, texts);
  }

  it('asks the engine for something new', async () => {
    await offer('Call me ', ['Ishmael']);
    assert.deepEqual(
      asked.map(({ prefix, alternatives }) => ({ prefix, alternatives })),
      [{ prefix: 'Call me ', alternatives: 1 }],
    );
  });

  it('keeps the suggestion while the user types it', async () => {
    await offer('Call me ', ['Ishmael']);
    assert.deepEqual(await type('Call me I'), ['shmael']);
    assert.deepEqual(await type('Call me Ishmae'), ['l']);
    assert.equal(asked.length, 1);
  });

  it('answers from the cache after the user went back', async () => {
    await offer('Call me ', ['Ishmael']);
    await offer('Call me x', ['yz']);
    assert.deepEqual(await type('Call me '), ['Ishmael']);
    assert.deepEqual(await type('Call me Ish'), ['mael']);
    assert.equal(asked.length, 2);
  });

  it('remembers that there was nothing to suggest', async () => {
    await offer('zq', []);
    assert.deepEqual(await type('zq'), []);
    assert.equal(asked.length, 1);
  });

  it('asks again when the user departs from the suggestion', async () => {
    await offer('Call me ', ['Ishmael']);
    await offer('Call me a', [' cab']);
    assert.equal(asked.length, 2);
  });

  it('keeps contexts separate', async () => {
    await offer('Call me ', ['Ishmael']);
    void type('Call me ', never, 'another model');
    await settled();
    assert.equal(asked.length, 2);
  });

  it('keeps documents separate, and whether their texts are known', async () => {
    const place = { id: 'file:///a.md', cursor: 8 };
    const typeAt = (document?: DocumentPlace): Promise<string[]> =>
      planner.plan({ context: 'model', prefix: 'Call me ', document, manual: false }, never);
    const answer = typeAt(place);
    await settled();
    asked[0].answer(['Ishmael']);
    assert.deepEqual(await answer, ['Ishmael']);
    assert.deepEqual(await typeAt({ ...place, cursor: 10 }), ['Ishmael']);
    for (const other of [undefined, { ...place, id: 'file:///b.md' }, { ...place, beside: 'remembered' }]) {
      const before = asked.length;
      void typeAt(other);
      await settled();
      assert.equal(asked.length, before + 1);
    }
  });

  it('does not offer again what was ignored, even after its answers were forgotten', async () => {
    await offer('Call me ', ['Ishmael']);
    await offer('Call me a ', []);
    planner.clear();
    const again = type('Call me ');
    await settled();
    asked[2].answer(['Ishmael']);
    assert.deepEqual(await again, []);
  });

  it('waits for the rest of the pause, and asks once during fast typing', async () => {
    debounce = 100;
    await offer('a', ['x']);
    clock.advance(40);
    const controller = new AbortController();
    const first = type('ab', controller.signal);
    await settled();
    assert.equal(asked.length, 1, 'still waiting');
    controller.abort();
    assert.deepEqual(await first, []);
    const second = type('abc');
    clock.advance(59);
    await settled();
    assert.equal(asked.length, 1);
    clock.advance(1);
    await settled();
    assert.equal(asked.length, 2);
    asked[1].answer(['d']);
    assert.deepEqual(await second, ['d']);
  });

  it('joins a pending request that will fit', async () => {
    const controller = new AbortController();
    const first = type('Call me ', controller.signal);
    await settled();
    controller.abort();
    const second = type('Call me I');
    await settled();
    assert.equal(asked.length, 1);
    assert.equal(asked[0].signal.aborted, false, 'the question outlives its query');
    asked[0].answer(['Ishmael']);
    assert.deepEqual(await second, ['shmael']);
    assert.deepEqual(await first, []);
  });

  it('asks after joining a request whose answer does not fit', async () => {
    void type('Call me ');
    await settled();
    const second = type('Call me a');
    await settled();
    asked[0].answer(['Ishmael']);
    await settled();
    assert.equal(asked.length, 2);
    asked[1].answer([' cab']);
    assert.deepEqual(await second, [' cab']);
  });

  it('cancels a request that is no longer useful', async () => {
    void type('Call me ');
    await settled();
    void type('Something else');
    await settled();
    assert.equal(asked[0].signal.aborted, true);
    assert.equal(asked.length, 2);
  });

  it('shows fresh alternatives first when triggered manually', async () => {
    await offer('Call me ', ['Ishmael']);
    const fresh = trigger('Call me ');
    await settled();
    assert.equal(asked[1].alternatives, 3);
    asked[1].answer(['Ishmael', 'a taxi', 'later']);
    assert.deepEqual(await fresh, ['a taxi', 'later', 'Ishmael']);
    const again = trigger('Call me ');
    await settled();
    assert.equal(asked[2].alternatives, 6);
    asked[2].answer(['later', 'maybe']);
    assert.deepEqual(await again, ['maybe', 'later']);
    assert.deepEqual(await type('Call me m'), ['aybe']);
  });

  it('suggests nothing and reports a failure once', async () => {
    const answer = type('x');
    await settled();
    asked[0].fail(new InklingError('engineExited', 'gone'));
    assert.deepEqual(await answer, []);
    assert.equal(errors.length, 1);
    void type('x');
    await settled();
    assert.equal(asked.length, 2, 'a failure is not remembered as an answer');
  });

  it('does not report a cancelled request', async () => {
    const answer = type('x');
    await settled();
    asked[0].fail(new InklingError('cancelled', 'Cancelled.'));
    assert.deepEqual(await answer, []);
    assert.deepEqual(errors, []);
  });

  it('does not repeat what was just ignored, unless triggered manually', async () => {
    await offer('Call me ', ['Ishmael']);
    await offer('Call me a', ['larm']);
    await offer('Call me a cab ', ['now']);
    assert.deepEqual(await type('Call me '), []);
    assert.deepEqual(await type('Call me I'), []);
    const fresh = trigger('Call me ');
    await settled();
    asked[asked.length - 1].answer(['Ishmael', 'later']);
    assert.deepEqual(await fresh, ['Ishmael', 'later']);
  });

  it('forgets everything when the model changes', async () => {
    await offer('Call me ', ['Ishmael']);
    planner.clear();
    void type('Call me I');
    await settled();
    assert.equal(asked.length, 2);
  });
});
