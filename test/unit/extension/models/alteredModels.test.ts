/** Altered model files, as the Models view and the Studio show them: with figures that make sense, or with a reason. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { formatBits, formatDay, formatDuration } from '../../../../src/common/formats';
import { createReferenceBackend } from '../../../../src/engine/backends/reference/referenceBackend';
import { readModelMetadata } from '../../../../src/engine/model/modelFile';
import { summariseModel } from '../../../../src/engine/model/modelSummary';
import { Random } from '../../../../src/engine/random';
import { itemsOf } from '../../../../src/extension/models/modelItem';
import { ModelStore, type ModelEntry } from '../../../../src/extension/models/modelStore';
import { mutateModel } from '../../../support/mutateModel';
import { pick } from '../../../support/numeric';
import { originalModels } from '../../../support/originalModels';
import { fakeStudio } from '../../../support/studioHarness/fakePorts';
import { browserPresent, launchBrowser, openStudio } from '../../../support/studioHarness/openStudio';
import { madeText } from '../../engine/training/support';

const seed = 23;
const rounds = 150;
/** What a value becomes that nobody checked. */
const nonsense = /\[object |\bNaN\b|\bundefined\b|\bInfinity\b|Cannot read|is not a function|not iterable/;

describe(`Altered models in the editor (seed ${seed})`, function () {
  this.slow(20_000);
  let folder: string;
  let entries: readonly ModelEntry[];

  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-altered-'));
    const originals = await originalModels(folder, createReferenceBackend(), madeText(600));
    const models = path.join(folder, 'models');
    await fs.mkdir(models);
    const random = new Random(seed);
    for (let round = 0; round < rounds; round++) {
      const { bytes } = mutateModel(pick(random, originals), random);
      await fs.writeFile(path.join(models, `${round}.inkling.safetensors`), bytes);
    }
    const store = new ModelStore(models, async (file) => summariseModel(file, await readModelMetadata(file)));
    await store.list();
    // As a later session shows them, from the index.
    entries = await new ModelStore(models, () => Promise.reject(new Error('all are known'))).list();
  });
  after(() => fs.rm(folder, { recursive: true }));

  it('are all listed, with a description or a reason', () => {
    assert.equal(entries.length, rounds);
    const read = entries.filter(({ summary }) => summary);
    assert.ok(read.length > 5 && read.length < rounds - 50, `${read.length} were read`);
    for (const { title, summary, problem, bytes } of entries) {
      const shown = summary
        ? [
            ...[title, summary.network, summary.recipe, summary.unit, ...summary.sources],
            ...[
              formatBits(summary.heldOutBitsPerCharacter),
              formatDay(summary.created),
              formatDuration(summary.seconds),
            ],
            ...[bytes, summary.parameters, summary.vocabulary, summary.steps, summary.seed].map(String),
          ]
        : [title, problem!];
      for (const text of shown) assert.doesNotMatch(text, nonsense);
      assert.equal(problem === undefined, summary !== undefined);
      if (problem !== undefined) assert.match(problem, /^[^\n]+[.!]$/);
    }
  });

  it('do not disturb the Studio', async function () {
    if (!browserPresent()) this.skip();
    const studio = fakeStudio({}, []);
    studio.models.push(...itemsOf(entries));
    const browser = await launchBrowser();
    const { page, close } = await openStudio(browser, path.resolve('dist'), studio.ports, {
      ...{ width: 400, height: 900, theme: 'dark' },
    });
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.getByRole('tab', { name: 'Samples' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.wall .column').length === 4);
    const titles = itemsOf(entries).map(({ title }) => title);
    const text = (await page.locator('body').textContent()) ?? '';
    assert.ok(titles.length > 0 && titles.every((title) => text.includes(title)), 'some are not offered');
    assert.doesNotMatch(text, nonsense);
    assert.deepEqual(errors, []);
    await close();
    await browser.close();
  });
});
