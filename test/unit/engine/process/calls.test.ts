/** Calls over a channel: one answer for each, cancelled, failed, unknown or orphaned. And snapshots in shared memory. */
import * as assert from 'node:assert/strict';
import type { EngineFrame } from '../../../../src/common/engineProtocol';
import { InklingError, type ErrorCode } from '../../../../src/common/errors';
import { CallClient } from '../../../../src/common/rpc/callClient';
import { CallServer } from '../../../../src/common/rpc/callServer';
import { SnapshotReader, SnapshotWriter } from '../../../../src/engine/process/snapshot';

interface Table {
  double: { params: { n: number }; result: number; event: never };
  count: { params: { to: number }; result: null; event: number };
  wait: { params: null; result: null; event: never };
  fail: { params: { how: 'known' | 'unknown' | 'memory' }; result: null; event: never };
}

const withCode = (code: ErrorCode) => (error: unknown) => error instanceof InklingError && error.code === code;

/** A client and a server, with every frame copied as a channel would. */
function connect(): { client: CallClient<Table>; server: CallServer<Table>; frames: EngineFrame[] } {
  const frames: EngineFrame[] = [];
  const client = new CallClient<Table>((frame) => server.receive(structuredClone(frame)));
  const server = new CallServer<Table>(
    {
      double: ({ n }) => 2 * n,
      count: async ({ to }, { onEvent }) => {
        for (let i = 0; i < to; i++) {
          onEvent(i);
          await Promise.resolve();
        }
        return null;
      },
      wait: (_, { signal }) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true })),
      fail: ({ how }) => {
        if (how === 'known') throw new InklingError('corruptModel', 'The file is damaged; use another.');
        if (how === 'memory') throw new RangeError('WebAssembly.Memory(): could not allocate memory');
        throw new TypeError('x is undefined');
      },
    },
    (frame) => {
      frames.push(frame);
      client.receive(structuredClone(frame));
    },
  );
  return { client, server, frames };
}

describe('calls', () => {
  it('return a result', async () => {
    const { client } = connect();
    assert.equal(await client.call('double', { n: 21 }), 42);
    assert.deepEqual(await Promise.all([1, 2, 3].map((n) => client.call('double', { n }))), [2, 4, 6]);
    assert.ok(client.isIdle);
  });

  it('send events before the result', async () => {
    const { client } = connect();
    const events: number[] = [];
    await client.call('count', { to: 3 }, { onEvent: (event) => events.push(event) });
    assert.deepEqual(events, [0, 1, 2]);
  });

  it('cancel, before and during a call, with exactly one answer', async () => {
    const { client, frames } = connect();
    const controller = new AbortController();
    const call = client.call('wait', null, { signal: controller.signal });
    controller.abort();
    await assert.rejects(call, withCode('cancelled'));
    assert.equal(frames.length, 1);
    await assert.rejects(client.call('wait', null, { signal: controller.signal }), withCode('cancelled'));
    assert.equal(frames.length, 1);
  });

  it('reject a cancelled call at once, and drop whatever still arrives for it', async () => {
    const { client } = connect();
    const controller = new AbortController();
    const heard: number[] = [];
    const { signal } = controller;
    const call = client.call('count', { to: 1000 }, { signal, onEvent: (event) => heard.push(event) });
    await Promise.resolve();
    controller.abort();
    const { length } = heard;
    assert.ok(client.isIdle, 'nothing is waited for');
    await assert.rejects(call, withCode('cancelled'));
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(length > 0);
    assert.equal(heard.length, length);
  });

  it('give every error a code', async () => {
    const { client } = connect();
    await assert.rejects(client.call('fail', { how: 'known' }), withCode('corruptModel'));
    await assert.rejects(client.call('fail', { how: 'memory' }), withCode('outOfMemory'));
    await assert.rejects(client.call('fail', { how: 'unknown' }), (error) => {
      assert.ok(withCode('internal')(error) && error instanceof Error);
      assert.match(error.stack ?? '', /TypeError: x is undefined/);
      return true;
    });
    await assert.rejects(client.call('toString' as 'double', { n: 1 }), withCode('protocol'));
  });

  it('log invalid frames and survive', async () => {
    const { client, server, frames } = connect();
    for (const noise of [null, 7, 'call', {}, { type: 'call' }, { type: 'call', id: 'x', method: 'double' }]) {
      server.receive(noise);
    }
    assert.ok(frames.every((frame) => frame.type === 'log'));
    assert.equal(frames.length, 6);
    assert.equal(await client.call('double', { n: 1 }), 2);
  });

  it('reject what is pending when the other end disappears', async () => {
    const { client } = connect();
    const call = client.call('wait', null);
    client.fail(new InklingError('engineExited', 'gone'));
    await assert.rejects(call, withCode('engineExited'));
    await assert.rejects(client.call('double', { n: 1 }), withCode('engineExited'));
  });
});

describe('snapshots', () => {
  it('are read as they were last written', () => {
    const writer = new SnapshotWriter(3);
    const reader = new SnapshotReader(writer.memory);
    assert.equal(reader.read(), undefined);
    for (let i = 1; i <= 5; i++) {
      writer.write(Float32Array.of(i, i + 0.5, -i));
      const read = reader.read()!;
      assert.deepEqual([...read.parameters], [i, i + 0.5, -i]);
      assert.equal(read.version, i);
      assert.equal(reader.version, i);
    }
  });

  it('are copies', () => {
    const writer = new SnapshotWriter(1);
    const reader = new SnapshotReader(writer.memory);
    writer.write(Float32Array.of(1));
    const { parameters } = reader.read()!;
    writer.write(Float32Array.of(2));
    writer.write(Float32Array.of(3));
    assert.equal(parameters[0], 1);
  });
});
