/** The order in which recipes are offered. */
import * as assert from 'node:assert/strict';
import { sortByFit } from '../../../../src/extension/training/recipeOrder';

describe('order of recipes', () => {
  const fits = (seconds: number) => ({ network: 'LSTM 1 × 128', seconds });
  const recipes = [
    { text: 'nietzsche.txt', estimate: fits(22_740) },
    { text: 'dinos.txt', estimate: { ...fits(5), notice: 'wonderland.txt is running text' } },
    { text: 'sonnets.txt', estimate: { problem: 'too short' } },
    { text: 'leopardi.txt', estimate: fits(15) },
    { text: 'wonderland.txt', estimate: fits(900) },
    { text: 'wonderland.txt', estimate: fits(30) },
  ];
  const order = (name: string): number[] => sortByFit(recipes, name).map((recipe) => recipes.indexOf(recipe));

  it('begins with the text of the recipe itself, and the short variant of it', () => {
    assert.deepEqual(order('Wonderland.md'), [5, 4, 3, 0, 1, 2]);
  });

  it('puts the quickest first for any other text, and those that do not suit it last', () => {
    assert.deepEqual(order('diary.txt'), [3, 5, 4, 0, 1, 2]);
  });

  it('keeps the order of those whose time is not known yet', () => {
    const unknown = [{ text: 'b.txt' }, { text: 'a.txt' }, { text: 'c.txt' }];
    assert.deepEqual(sortByFit(unknown, 'c.txt'), [unknown[2], unknown[0], unknown[1]]);
  });
});
