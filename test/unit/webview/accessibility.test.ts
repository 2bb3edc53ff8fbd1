/** axe-core over everything the Studio shows, in the four kinds of theme, narrow and wide. Skipped without a browser. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { fakeCheck } from '../../support/studioHarness/fakeClassifier';
import { fakeRun, fakeStudio, runItem } from '../../support/studioHarness/fakePorts';
import {
  browserPresent,
  drawn,
  launchBrowser,
  openStudio,
  type OpenStudio,
} from '../../support/studioHarness/openStudio';
import { themeNames } from '../../support/studioHarness/themes';

const dist = path.resolve('dist');
const axe = fs.readFileSync('node_modules/axe-core/axe.min.js', 'utf8');

/** What axe-core finds on the page as it is, one line for each element. */
async function findings(page: Page): Promise<string[]> {
  await drawn(page);
  const { violations } = await page.evaluate(() =>
    (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${html.slice(0, 200)} ${failureSummary.replace(/\s+/g, ' ')}`),
  );
}

describe('Studio page, accessibility', function () {
  this.timeout(300_000);
  let browser: Browser;
  let open: OpenStudio | undefined;

  before(async function () {
    if (!browserPresent() || !fs.existsSync(path.join(dist, 'webview.js'))) this.skip();
    browser = await launchBrowser();
  });
  after(() => browser?.close());
  afterEach(() => open?.close());

  for (const theme of themeNames) {
    it(`has no fault that axe-core finds in the theme ${theme}`, async () => {
      const studio = fakeStudio(
        {
          live: fakeRun({ steps: 800, seed: 1, floor: 1.3, done: false }),
          old: fakeRun({ steps: 660, seed: 2, floor: 1.1, overfitsFrom: 300, done: true }),
        },
        [
          runItem({ id: 'live', state: 'running', modelPath: '/models/moby.safetensors' }),
          runItem({ id: 'old', title: 'Sonnets' }),
        ],
      );
      studio.paceMs = 1;
      studio.classifier.state.checks = [fakeCheck()];
      open = await openStudio(browser, dist, studio.ports, { width: 900, height: 900, theme });
      const { page } = open;
      await page.evaluate(axe);
      const openDetails = (): Promise<void> =>
        page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
      const found: string[] = [];
      const look = async (what: string): Promise<void> => {
        for (const width of [900, 320]) {
          await page.setViewportSize({ width, height: 900 });
          for (const finding of await findings(page)) found.push(`${what}, ${width} px: ${finding}`);
        }
      };

      await page.locator('.chart svg path').first().waitFor({ state: 'attached' });
      await openDetails();
      await page.locator('.chart').focus();
      await page.keyboard.press('ArrowLeft');
      await page.locator('.read-out').waitFor();
      await look('Training');

      await page.getByRole('tab', { name: 'Samples' }).click();
      await page.getByText('Write', { exact: true }).click();
      await page.waitForFunction(() => {
        const columns = [...document.querySelectorAll('.wall .column')];
        return columns.length > 0 && columns.every((column) => column.querySelector('.copies:not([hidden])'));
      });
      await page.getByRole('button', { name: 'Keep in list' }).first().click();
      await page.locator('.kept .writing').first().waitFor();
      await openDetails();
      await look('Samples');

      for (const width of [900, 320]) {
        await page.setViewportSize({ width, height: 900 });
        await page.locator('.wall .writing').first().focus();
        await page.keyboard.press('ArrowRight');
        await page.keyboard.press('Enter');
        await page.locator('.considered button').first().waitFor();
        for (const finding of await findings(page)) found.push(`Alternatives, ${width} px: ${finding}`);
        await page.keyboard.press('Escape');
      }

      await page.getByRole('tab', { name: 'Classifier' }).click();
      await page.locator('mark.for-3').first().waitFor();
      await openDetails();
      await look('Classifier');
      // At this threshold, most examples are misclassified.
      await page.getByLabel('Threshold').fill('0.99');
      await look('Classifier, another threshold');

      assert.deepEqual(found, []);
    });
  }
});
