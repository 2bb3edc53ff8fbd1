import * as assert from 'node:assert/strict';
import { OfferTally, type Tally } from '../../../../src/extension/completion/offerTally';

describe('OfferTally', () => {
  let kept: Tally[];
  let tally: OfferTally;
  beforeEach(() => {
    kept = [];
    tally = new OfferTally({ shown: 10, taken: 5 }, (counts) => kept.push(counts));
  });

  it('continues from earlier counts, and keeps every change', () => {
    tally.offered('a', 4, ['ship sailed']);
    assert.deepEqual(tally.tally, { shown: 11, taken: 5 });
    tally.changed('a', 4, 0, 'ship sailed');
    assert.deepEqual(tally.tally, { shown: 11, taken: 6 });
    assert.deepEqual(kept, [
      { shown: 11, taken: 5 },
      { shown: 11, taken: 6 },
    ]);
  });

  it('counts a suggestion that is accepted word by word once', () => {
    tally.offered('a', 4, ['ship sailed']);
    tally.changed('a', 4, 0, 'ship');
    tally.offered('a', 8, [' sailed']);
    tally.changed('a', 8, 0, ' sailed');
    assert.deepEqual(tally.tally, { shown: 11, taken: 6 });
  });

  it('counts a suggestion that is typed out once, and as not accepted', () => {
    tally.offered('a', 4, ['ship']);
    tally.changed('a', 4, 0, 's');
    tally.offered('a', 5, ['hip']);
    tally.changed('a', 5, 0, 'o');
    tally.offered('a', 6, ['me']);
    assert.deepEqual(tally.tally, { shown: 12, taken: 5 });
  });

  it('counts another text that was chosen, and one that replaces the beginning of its word', () => {
    tally.offered('a', 4, ['ship', 'boat at last']);
    tally.changed('a', 4, 0, 'boat at last');
    tally.offered('a', 18, ['ness', 'er']);
    tally.changed('a', 14, 4, 'darkness');
    assert.deepEqual(tally.tally, { shown: 12, taken: 7 });
  });

  it('mistakes no other insertion for the suggestion', () => {
    tally.offered('a', 4, ['ship']);
    tally.changed('a', 0, 0, 'ship');
    tally.changed('a', 8, 0, 'ship');
    tally.changed('b', 4, 0, 'ship');
    tally.offered('b', 4, ['ship']);
    tally.changed('b', 4, 2, 'ship');
    assert.deepEqual(tally.tally, { shown: 12, taken: 5 });
  });
});
