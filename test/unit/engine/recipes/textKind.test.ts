/** What kind of text a recipe is given. */
import * as assert from 'node:assert';
import { say } from '../../../../src/common/l10n';
import { recipeFor } from '../../../../src/engine/recipes/recipes';
import { kindNotice, textKind } from '../../../../src/engine/recipes/textKind';

const times = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');
const names = times(30, (i) => `Rex ${'o'.repeat(i % 9)}saurus`);
const prose = times(30, (i) => `It was the best of times, it was the worst of times, and number ${i} came after.`);
const verse = times(30, (i) => `Shall I compare thee to day ${i},`);
const labelled = times(30, (i) => `${i % 3 ? 'ham' : 'spam'}\tcall me at ${i} or later, will you`);

describe('Kinds of text', () => {
  it('distinguishes names, prose, verse and labelled lines, and says nothing about a few lines', () => {
    assert.deepEqual([names, prose, verse, labelled].map(textKind), ['names', 'prose', 'other', 'labelled']);
    assert.equal(textKind(names.split('\n').slice(0, 5).join('\n')), 'other');
    // A column of many different values is not a label.
    assert.notEqual(textKind(times(30, (i) => `key ${i}\tvalue`)), 'labelled');
  });

  it('says if a recipe was made for another kind', () => {
    const notice = (recipe: string, text: string): string | undefined => {
      const told = kindNotice({ name: 'a.txt', text }, recipeFor(recipe));
      return told && say(told);
    };
    assert.match(notice('nietzsche', names)!, /a\.txt has lines of names; the recipe nietzsche is for running text/);
    assert.match(
      notice('dinosaur-names', prose)!,
      /a\.txt is running text; the recipe dinosaur-names reads every line/,
    );
    assert.match(notice('shakespeare-words-rnn', labelled)!, /a\.txt has lines with labels.*train a classifier/);
    for (const [recipe, text] of [
      ['dinosaur-names', names],
      ['nietzsche', prose],
      ['sonnets', verse],
      ['dinosaur-names', verse],
    ]) {
      assert.equal(notice(recipe, text), undefined, recipe);
    }
  });
});
