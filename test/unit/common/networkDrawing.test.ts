/** Pictures of networks: their contents, and that they are complete SVG documents. */
import * as assert from 'node:assert';
import {
  drawingViews,
  drawNetwork,
  drawnTokens,
  type DrawnNetwork,
  type DrawingView,
} from '../../../src/common/networkDrawing';

const network = (changes: Partial<DrawnNetwork> = {}): DrawnNetwork => ({
  cell: 'lstm',
  input: { name: 'one-hot', size: 57 },
  output: { name: 'softmax', size: 57 },
  layers: [
    { units: 128, dropout: 0.2 },
    { units: 64, dropout: 0 },
  ],
  everyStep: true,
  ...changes,
});
const count = (svg: string, what: string | RegExp): number => svg.split(what).length - 1;
const texts = (svg: string): string[] => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);

describe('networkDrawing', () => {
  it('draws every cell in every view as one closed SVG, inside its own bounds', () => {
    for (const cell of ['lstm', 'gru', 'rnn'] as const) {
      for (const view of drawingViews) {
        const svg = drawNetwork(network({ cell }), view, drawnTokens([...'the <sea> & "sky"\n\x07']));
        assert.match(svg, /^<svg [^>]*viewBox="0 0 \d+ \d+"[^]*<\/svg>$/);
        assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
        assert.ok(!svg.includes('\x07'));
        const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number);
        for (const [, x, y] of svg.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)) {
          assert.ok(Number(x) >= 0 && Number(x) <= width && Number(y) >= 0 && Number(y) <= height, `${cell} ${view}`);
        }
        // As XML needs it: every tag is closed, every sign is written out.
        assert.equal(count(svg, '<text'), count(svg, '</text>'));
        assert.doesNotMatch(svg, /&(?!amp;|lt;|gt;|quot;)/);
      }
    }
  });

  it('folded: a box for each layer with its recurrent state', () => {
    const shown = texts(drawNetwork(network(), 'folded'));
    for (const text of ['softmax 57', 'LSTM 128', 'dropout 0.2', 'LSTM 64', 'one-hot 57']) {
      assert.ok(shown.includes(text), text);
    }
    assert.equal(shown.filter((text) => text === 'h, c').length, 2);
  });

  it('unrolled: a column for each token, and an output with its target wherever there is a loss', () => {
    const tokens = drawnTokens([...'ab cd']);
    const every = texts(drawNetwork(network(), 'unrolled', tokens));
    assert.equal(every.filter((text) => text === 'softmax').length, 4);
    assert.equal(every.filter((text) => text === 'LSTM 64').length, 4);
    assert.deepEqual(
      ['b', '␣', 'c', 'd'].map((target) => every.filter((text) => text === target).length),
      [2, 2, 2, 1],
    );
    const last = texts(drawNetwork(network({ everyStep: false }), 'unrolled', tokens));
    assert.equal(last.filter((text) => text === 'softmax').length, 1);
    assert.equal(last.filter((text) => text === 'd').length, 1);
    const long = texts(drawNetwork(network(), 'unrolled', drawnTokens(Array<string>(40).fill('w'))));
    assert.equal(long.filter((text) => text === 'softmax').length, 10);
  });

  it('shows the paths of errors and of sampled tokens dashed, both directions, and the gates of a cell', () => {
    const tokens = drawnTokens([...'abcd']);
    const dashed = (view: DrawingView): number => count(drawNetwork(network(), view, tokens), 'stroke-dasharray');
    assert.equal(dashed('unrolled'), 0);
    assert.equal(dashed('sampling'), 2);
    // Down through three rows at each of three tokens, and back between them in two layers.
    assert.equal(dashed('errors'), 3 * 3 + 2 * 2);
    const both = network({ layers: [{ units: 8, dropout: 0, bidirectional: true }], everyStep: false });
    assert.equal(texts(drawNetwork(both, 'unrolled', tokens)).filter((text) => text === 'LSTM 8').length, 6);
    const gates = (cell: DrawnNetwork['cell']): string => texts(drawNetwork(network({ cell }), 'cell')).join('\n');
    assert.match(gates('lstm'), /f: forget[^]*i: let in[^]*o: let out[^]*c\(t\) = f ⊙ c\(t−1\) \+ i ⊙ g/);
    assert.match(gates('gru'), /r: reset[^]*z: keep[^]*h\(t\) = \(1 − z\) ⊙ n/);
    assert.match(gates('rnn'), /h\(t\) = tanh\(W x\(t\) \+ U h\(t−1\) \+ b\)/);
  });
});
