/** Signals that reach a command while it works, and when it is over. */
import * as assert from 'node:assert/strict';
import { onStopSignals } from '../../../../src/engine/cli/stopSignals';

describe('Signals to a command', () => {
  const { exit } = process;
  const before = process.listeners('SIGTERM');
  afterEach(() => {
    process.exit = exit;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      for (const listener of process.listeners(signal)) {
        if (!before.includes(listener)) process.off(signal, listener);
      }
    }
  });

  it('are counted while it works, and only end the process once it is over', () => {
    const counts: number[] = [];
    let exits = 0;
    process.exit = (code) => {
      assert.equal(code, undefined, 'the exit code is that of the command');
      exits++;
      throw new Error('exit');
    };
    const end = onStopSignals((count) => counts.push(count));
    process.emit('SIGTERM');
    assert.deepEqual([counts, exits], [[1], 0]);
    end();
    assert.throws(() => process.emit('SIGTERM'), /exit/);
    assert.deepEqual([counts, exits], [[1], 1]);
  });
});
