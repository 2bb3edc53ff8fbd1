/** Takes pictures of the Studio at the widths and themes that it must look well in; see studioHarness.mjs. */
import fs from 'node:fs';
import path from 'node:path';
import type { Language } from '../../../src/common/l10n';
import { fakeCheck } from './fakeClassifier';
import { fakeRun, fakeStudio, runItem } from './fakePorts';
import { launchBrowser, openStudio } from './openStudio';
import { themeNames } from './themes';

const [dist, out, only, tag = 'en'] = process.argv.slice(2);
const bundleFile = `l10n/bundle.l10n.${tag}.json`;
const language: Language = {
  tag,
  bundle: fs.existsSync(bundleFile) ? (JSON.parse(fs.readFileSync(bundleFile, 'utf8')) as Record<string, string>) : {},
};

function studio(): ReturnType<typeof fakeStudio> {
  const runs = [
    runItem({ id: 'live', state: 'running', startedAt: '2024-05-01T12:00:00Z', modelPath: '/models/moby.safetensors' }),
    runItem({ id: 'over', title: 'Sonnets', heldOutBitsPerCharacter: 2.61 }),
    runItem({ id: 'guarded', title: 'Canti', heldOutBitsPerCharacter: 2.4, state: 'stopped' }),
  ];
  return fakeStudio(
    {
      live: fakeRun({ steps: 1200, seed: 1, floor: 1.3, done: false }),
      over: fakeRun({ steps: 1600, seed: 2, floor: 1.1, overfitsFrom: 700, done: true }),
      guarded: fakeRun({ steps: 1500, seed: 3, floor: 1.5, guardAt: 900, done: true }),
    },
    runs,
  );
}

async function main(): Promise<void> {
  fs.mkdirSync(out, { recursive: true });
  const browser = await launchBrowser();
  for (const theme of themeNames) {
    for (const width of [200, 320, 900]) {
      if (only && !`${theme}-${width}`.includes(only)) continue;
      const fake = studio();
      fake.paceMs = 2;
      const open = await openStudio(browser, dist, fake.ports, {
        width,
        height: width < 900 ? 1100 : 1000,
        theme,
        language,
      });
      const { page } = open;
      const shoot = (name: string): Promise<unknown> =>
        page.screenshot({ path: path.join(out, `${theme}-${width}-${name}.png`), fullPage: true });
      await page.waitForTimeout(600);
      if (width === 900) {
        await page.selectOption('select', 'over');
        await page.waitForTimeout(300);
        await page.locator('details:has(.compare) summary').click();
        await page.locator('.compare vscode-checkbox').first().click();
        await page.locator('.checks vscode-checkbox').nth(2).click();
        await page.waitForTimeout(500);
        await page.mouse.move(500, 320);
      }
      if (width === 320) {
        const chart = await page.locator('.chart').boundingBox();
        if (chart) await page.mouse.move(chart.x + 200, chart.y + 80);
      }
      await page.waitForTimeout(200);
      await shoot('training');
      await page.mouse.move(1, 1);
      if (width === 900) {
        await page.selectOption('select', 'guarded');
        await page.locator('select').nth(1).selectOption('perplexity');
        await page.locator('select').nth(2).selectOption('seconds');
        await page.locator('.checks vscode-checkbox').nth(0).click();
        await page.locator('.checks vscode-checkbox').nth(1).click();
        await page.waitForTimeout(400);
        await shoot('axes');
      }
      await page.getByRole('tab').nth(1).click();
      await page.locator('.tab-body:visible .row vscode-button[appearance=primary]').click();
      await page.waitForTimeout(1800);
      if (width === 320) await page.locator('details:has(.fields) summary').click();
      await page.locator('.column .tools vscode-button').nth(2).click();
      await page
        .locator('.writing')
        .nth(1)
        .click({ position: { x: 60, y: 14 } });
      await page.waitForTimeout(400);
      await shoot('samples');
      if (width === 320) {
        await page.keyboard.press('Escape');
        await page.locator('.replay input').fill('3');
        await page.waitForTimeout(500);
        await shoot('replay');
      }
      fake.classifier.state.checks = [fakeCheck()];
      fake.classifier.state.corrections = [
        { id: '1', label: 'ham', excerpt: 'Lunch on Friday? Anna says the new place.' },
      ];
      await page.getByRole('tab').nth(2).click();
      await page.locator('.confusion td.right').first().waitFor();
      if (width === 320) await page.locator('details:has(.words) summary').click();
      await page.waitForTimeout(300);
      await shoot('classifier');
      if (open.faults.length > 0) console.error(theme, width, open.faults);
      await open.close();
    }
  }
  await browser.close();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
