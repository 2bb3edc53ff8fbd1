/** What the Studio shows of a run's network: layers, an example, tokens. */
import * as assert from 'node:assert';
import { lookInside } from '../../../../src/engine/inside/lookInside';
import { recipeFor } from '../../../../src/engine/recipes/recipes';
import { madeText } from '../training/support';

const request = { sources: [], modelPath: '/nowhere/to/be/found', at: 0, text: '' };

describe('lookInside', () => {
  it('gives the layers, the requested example or the last, and the beginning to draw', async () => {
    const text = madeText(2000);
    const config = recipeFor('nietzsche');
    const inside = await lookInside([{ name: 'made.txt', text }], { ...request, config, at: 5 });
    assert.deepEqual(
      inside.layers.map(({ kind }) => kind),
      ['one-hot', 'lstm', 'softmax'],
    );
    assert.equal(inside.network.layers[0].units, 128);
    assert.equal(inside.example.inputText, text.slice(15, 75).toLowerCase());
    assert.equal(inside.drawn.inputs.join(''), text.slice(15, 25).toLowerCase());
    assert.equal(inside.drawn.targets.join(''), text.slice(16, 26).toLowerCase());
    assert.equal(inside.examples, Math.floor((2000 - 61) / 3) + 1);
    const last = await lookInside([{ name: 'made.txt', text }], { ...request, config, at: 1e9 });
    assert.equal(last.example.at, inside.examples - 1);
  });

  it('gives the tokens of a text and what they decode to, or the vocabulary with counts', async () => {
    const config = recipeFor('dinosaur-names');
    const texts = [{ name: 'names.txt', text: 'abba\ncab\n' }];
    const { tokens } = await lookInside(texts, { ...request, config, text: 'aX' });
    assert.deepEqual(tokens, [
      { token: 'a', id: 1, known: true, back: 'a' },
      { token: 'x', id: null, known: false, back: '' },
    ]);
    const all = await lookInside(texts, { ...request, config });
    assert.deepEqual(
      all.tokens.map(({ token, count }) => [token, count]),
      [
        ['\n', 2],
        ['a', 3],
        ['b', 3],
        ['c', 1],
      ],
    );
    // Nothing stands before a name.
    assert.deepEqual(all.drawn.inputs.slice(0, 3), ['', 'a', 'b']);
  });
});
