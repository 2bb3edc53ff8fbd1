/** Every screen of the Studio, each brought about as a user would: for pictures, and for tests of how they look. */
import fs from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import type { Language } from '../../../src/common/l10n';
import { fakeCheck } from './fakeClassifier';
import { fakeRun, fakeStudio, runItem, type FakeStudio } from './fakePorts';
import { openStudio, type PageOptions } from './openStudio';

/** English, or the language of a bundle in `l10n/`. */
export function languageOf(tag: string): Language {
  const file = `l10n/bundle.l10n.${tag}.json`;
  return { tag, bundle: tag === 'en' ? {} : (JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, string>) };
}

function trained(): FakeStudio {
  const runs = [
    runItem({ id: 'live', state: 'running', startedAt: '2024-05-01T12:00:00Z', modelPath: '/models/moby.safetensors' }),
    runItem({ id: 'over', title: 'Sonnets', heldOutBitsPerCharacter: 2.61 }),
    runItem({ id: 'guarded', title: 'Canti', heldOutBitsPerCharacter: 2.4, state: 'stopped' }),
  ];
  const studio = fakeStudio(
    {
      live: fakeRun({ steps: 1200, seed: 1, floor: 1.3, done: false }),
      over: fakeRun({ steps: 1600, seed: 2, floor: 1.1, overfitsFrom: 700, done: true }),
      guarded: fakeRun({ steps: 1500, seed: 3, floor: 1.5, guardAt: 900, done: true }),
    },
    runs,
  );
  studio.classifier.state.checks = [fakeCheck()];
  studio.classifier.state.corrections = [
    { id: '1', label: 'ham', excerpt: 'Lunch on Friday? Anna says the new place.' },
  ];
  studio.paceMs = 0;
  return studio;
}

function untrained(): FakeStudio {
  const studio = fakeStudio({}, []);
  studio.models.length = 0;
  studio.asksForBase = true;
  studio.paceMs = 0;
  return studio;
}

const openDetails = (page: Page): Promise<void> =>
  page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
const tab = (page: Page, at: number): Promise<void> => page.getByRole('tab').nth(at).click();

/** Opens the Studio and calls `look` for each screen, which stays as it is until that resolves. Returns the page's faults. */
export async function visitScreens(
  browser: Browser,
  dist: string,
  options: PageOptions,
  look: (screen: string, page: Page) => Promise<void>,
): Promise<string[]> {
  const faults: string[] = [];
  const first = await openStudio(browser, dist, untrained().ports, options);
  await first.page.locator('.question').waitFor();
  await look('welcome', first.page);
  await first.page.locator('.question vscode-button').first().click();
  await first.page.locator('.wall .column .writing').nth(3).waitFor();
  await first.page.locator('.busy').first().waitFor({ state: 'detached' });
  await look('base', first.page);
  faults.push(...first.faults);
  await first.close();

  const studio = trained();
  const { page, close, ...open } = await openStudio(browser, dist, studio.ports, options);
  await page.locator('.chart svg path').first().waitFor({ state: 'attached' });
  await page.locator('.newest').waitFor();
  await look('training', page);
  await page.locator('select').first().selectOption('over');
  await page.locator('.newest', { hasText: /1.584/ }).waitFor();
  await page.locator('.plot text', { hasText: 'gzip' }).waitFor({ state: 'attached' });
  await openDetails(page);
  for (const box of [2, 3]) await page.locator('.checks vscode-checkbox').nth(box).click();
  await page.locator('.plot:visible').nth(2).waitFor();
  await look('trained', page);
  await tab(page, 1);
  await page.locator('.wall .copies:not([hidden])').first().waitFor();
  await look('samples', page);
  await page
    .locator('.wall .writing')
    .first()
    .click({ position: { x: 60, y: 14 } });
  await page.locator('.considered button').first().waitFor();
  await look('considered', page);
  await page.keyboard.press('Escape');
  await page.locator('.column .tools vscode-button').nth(2).click();
  await page.locator('.kept').first().waitFor();
  await openDetails(page);
  await look('controls', page);
  studio.models.shift();
  studio.modelsChanged();
  await page.locator('.lost-model').waitFor();
  await look('deleted', page);
  await tab(page, 2);
  await page.locator('.confusion td.right').first().waitFor();
  await openDetails(page);
  await look('classifier', page);
  faults.push(...open.faults);
  await close();
  return faults;
}
