/** Takes pictures of every screen of the Studio and prints what is wrong with them; see studioHarness.mjs. */
import fs from 'node:fs';
import path from 'node:path';
import { launchBrowser } from './openStudio';
import { pageFaults } from './pageFaults';
import { languageOf, visitScreens } from './screens';
import { themeNames } from './themes';

const [dist, out, only] = process.argv.slice(2);
const widths = [200, 240, 400, 900];

async function main(): Promise<void> {
  fs.mkdirSync(out, { recursive: true });
  const browser = await launchBrowser();
  let count = 0;
  for (const theme of themeNames) {
    for (const width of widths) {
      for (const tag of ['en', 'de']) {
        const kind = `${theme}-${width}-${tag}`;
        if (only && !kind.includes(only)) continue;
        const options = { width, height: 1000, theme, language: languageOf(tag) };
        const faults = await visitScreens(browser, dist, options, async (screen, page) => {
          for (const fault of await page.evaluate(pageFaults)) console.log(`${kind}, ${screen}: ${fault}`);
          // What sticks to the top stands at the top; scrolling would close what has popped up.
          const fullPage = screen !== 'considered';
          if (fullPage) await page.evaluate(() => window.scrollTo(0, 0));
          await page.screenshot({ path: path.join(out, `${kind}-${screen}.png`), fullPage });
          count++;
        });
        for (const fault of faults) console.log(`${kind}: ${fault}`);
      }
    }
  }
  await browser.close();
  console.log(`${count} pictures in ${out}`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
