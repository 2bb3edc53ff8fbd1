import * as assert from 'node:assert/strict';
import { setPath } from '../../../../src/common/trainingConfigRules';
import { recipeFor, recipes } from '../../../../src/engine/recipes/recipes';
import { configEntries } from '../../../../src/extension/training/configEntries';

describe('configEntries', () => {
  it('lists every setting of every recipe in a form that setPath accepts unchanged', () => {
    let entries = 0;
    for (const { id, objectives } of recipes) {
      for (const objective of objectives) {
        const config = recipeFor(id, objective);
        for (const { path, value } of configEntries(config)) {
          entries++;
          assert.deepEqual(setPath(config, path, value), config, `${id}: ${path}=${value}`);
        }
      }
    }
    assert.ok(entries > 200);
  });

  it('shows layers one by one and lists of numbers as one', () => {
    const paths = new Map(configEntries(recipeFor('sonnets')).map(({ path, value }) => [path, value]));
    assert.equal(paths.get('network.layers.1.units'), '128');
    assert.match(paths.get('samples.temperatures') ?? '', /^\[/);
  });
});
