/** The last lines of a training run on the command line. */
import assert from 'node:assert/strict';
import { summary } from '../../../../src/engine/cli/trainCommand';
import { languageModelOf } from '../../../support/storedModel';

describe('the summary of a run', () => {
  it('names the base that its figures were reached with', () => {
    const model = languageModelOf(['a', 'b']);
    assert.match(summary('m', model), /^m: 3 steps in 0\.5 s, training loss 2\.5000, seed 11\n/);
    model.config.base = 'en';
    assert.match(summary('m', model), /^m: 3 steps in 0\.5 s, training loss 2\.5000, base en, seed 11\n/);
  });
});
