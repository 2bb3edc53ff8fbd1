import assert from 'node:assert/strict';
import {
  emptyWall,
  maximumColumns,
  promptOf,
  reduceWall,
  tokenAt,
  wantedRanges,
  wholeLength,
  type Wall,
  type WallAction,
} from '../../../src/common/wall';

const stream = (temperature: number): { temperature: number; seed: number; length: number } => ({
  temperature,
  seed: 1,
  length: 100,
});

function play(...actions: WallAction[]): Wall {
  return actions.reduce(reduceWall, emptyWall());
}

const generate: WallAction = {
  kind: 'generate',
  modelPath: '/m',
  modelTitle: 'M',
  prompt: 'Call me',
  streams: [stream(0.2), stream(1)],
};

describe('wall', () => {
  it('writes each delta into its own column', () => {
    const wall = play(
      generate,
      { kind: 'delta', column: 1, text: 'ab', tokens: ['a', 'b'], probabilities: [0.5, 0.25] },
      { kind: 'delta', column: 2, text: 'x', tokens: ['x'], probabilities: [0.1] },
      { kind: 'delta', column: 1, text: '🐋', tokens: ['🐋'], probabilities: [0.01] },
      { kind: 'finished', column: 1, copy: { runs: [], novelShare: 1 } },
    );
    const [first, second] = wall.columns;
    assert.equal(first.text, 'ab🐋');
    assert.deepEqual(first.lengths, [1, 1, 2]);
    assert.deepEqual(first.probabilities, [0.5, 0.25, 0.01]);
    assert.equal(first.state, 'done');
    assert.equal(second.text, 'x');
    assert.equal(second.state, 'writing');
  });

  it('treats a delta without details as characters of unknown probability', () => {
    const [column] = play(generate, { kind: 'delta', column: 1, text: 'a🐋' }).columns;
    assert.deepEqual(column.lengths, [1, 2]);
    assert.deepEqual(column.probabilities, [-1, -1]);
  });

  it('ignores a delta for a column that is gone', () => {
    const wall = play(generate, { kind: 'close', column: 1 });
    assert.equal(reduceWall(wall, { kind: 'delta', column: 1, text: 'late' }), wall);
  });

  it('never uses an id twice', () => {
    const wall = play(generate, generate);
    assert.deepEqual(
      wall.columns.map((column) => column.id),
      [3, 4],
    );
  });

  it('branches beside the parent, with what was kept and the remaining length', () => {
    const tokens = ['a', ' b', 'c'];
    const wall = play(
      generate,
      { kind: 'delta', column: 1, text: 'a bc', tokens, probabilities: [1, 1, 1] },
      { kind: 'branch', column: 1, offset: 3, token: 'd' },
    );
    assert.deepEqual(
      wall.columns.map((column) => column.id),
      [1, 3, 2],
    );
    const branch = wall.columns[1];
    assert.equal(branch.lead, 'a bd');
    assert.equal(branch.text, '');
    assert.equal(branch.options.length, 97);
    assert.equal(branch.options.temperature, 0.2);
  });

  it('has a column for each of two prompts, and a branch continues the prompt of its parent', () => {
    const prompts = ['The stolen car', 'The clown car'];
    const wall = play(
      { ...generate, prompts, streams: [stream(0.5), stream(0.5)] },
      { kind: 'delta', column: 2, text: 'ab' },
      { kind: 'branch', column: 2, offset: 1, token: 'x' },
    );
    assert.deepEqual(
      wall.columns.map((column) => promptOf(wall, column)),
      [...prompts, 'The clown car'],
    );
    const [single] = play(generate).columns;
    assert.equal(promptOf(play(generate), single), 'Call me');
  });

  it('makes room for a branch without dropping the branch or its parent', () => {
    const streams = Array.from({ length: maximumColumns }, (_, i) => stream(i));
    for (const parent of [1, 4, maximumColumns]) {
      const wall = play({ ...generate, streams }, { kind: 'branch', column: parent, offset: 0, token: 'x' });
      const ids = wall.columns.map((column) => column.id);
      assert.equal(ids.length, maximumColumns);
      assert.equal(ids.indexOf(maximumColumns + 1), ids.indexOf(parent) + 1);
    }
  });

  it('finds the token at an offset', () => {
    const [column] = play(generate, { kind: 'delta', column: 1, text: 'ab🐋c' }).columns;
    assert.deepEqual(tokenAt(column, 0), { start: 0, length: 1 });
    assert.deepEqual(tokenAt(column, 3), { start: 2, length: 2 });
    assert.equal(tokenAt(column, 5), undefined);
  });

  it('ends a finished sample with a whole word', () => {
    const cut = (text: string, mustContain?: string[]): string => text.slice(0, wholeLength(text, mustContain));
    assert.equal(cut('the white whale swam nor'), 'the white whale swam');
    assert.equal(cut('the white whale.'), 'the white whale.');
    assert.equal(cut('“Aye,” said he: “so'), '“Aye,” said he: “');
    assert.equal(cut('by the light of the Lamp', ['lamp']), 'by the light of the Lamp');
    assert.equal(cut('whale'), 'whale');
    const unspaced = '春'.repeat(60);
    assert.equal(cut(`。${unspaced}`), `。${unspaced}`);
    const wall = play(
      generate,
      { kind: 'delta', column: 1, text: 'ab🐋c', tokens: ['a', 'b', '🐋', 'c'], probabilities: [1, 0.5, 0.2, 0.1] },
      { kind: 'finished', column: 1, length: 2 },
    );
    assert.deepEqual(
      [wall.columns[0].text, wall.columns[0].lengths, wall.columns[0].probabilities],
      ['ab', [1, 1], [1, 0.5]],
    );
  });

  it('finds the words that were asked for, as whole words', () => {
    const text = 'Cold tea, clamped by a lamp. LAMP (x)';
    assert.deepEqual(
      wantedRanges(text, ['lamp', 'cold tea', '(x)']).map(({ start, end }) => text.slice(start, end)),
      ['lamp', 'LAMP', 'Cold tea', '(x)'],
    );
    assert.deepEqual(wantedRanges(text), []);
  });
});
