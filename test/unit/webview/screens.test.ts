/** Every screen of the Studio as it looks: nothing cut, empty or hard to see. Skipped without a browser. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { browserPresent, drawn, launchBrowser } from '../../support/studioHarness/openStudio';
import { pageFaults } from '../../support/studioHarness/pageFaults';
import { languageOf, visitScreens } from '../../support/studioHarness/screens';
import type { ThemeName } from '../../support/studioHarness/themes';

const dist = path.resolve('dist');

describe('screens of the Studio', function () {
  this.timeout(600_000);
  let browser: Browser;

  before(async function () {
    if (!browserPresent() || !fs.existsSync(path.join(dist, 'webview.js'))) this.skip();
    browser = await launchBrowser();
  });
  after(() => browser?.close());

  // German has the longer words. The pictures show every theme in both languages.
  const looks: [ThemeName, string][] = [
    ['dark', 'de'],
    ['light', 'en'],
    ['highContrast', 'en'],
    ['highContrastLight', 'de'],
  ];
  for (const [theme, tag] of looks) {
    it(`are whole and legible in the theme ${theme}, language ${tag}`, async () => {
      const found: string[] = [];
      const options = { width: 900, height: 900, theme, language: languageOf(tag) };
      const faults = await visitScreens(browser, dist, options, async (screen, page) => {
        for (const width of [200, 400, 900]) {
          await page.setViewportSize({ width, height: 900 });
          await drawn(page);
          for (const fault of await page.evaluate(pageFaults)) found.push(`${screen}, ${width} px: ${fault}`);
        }
      });
      assert.deepEqual([...found, ...faults], []);
    });
  }

  it('would be found faulty where they are', async () => {
    const page = await browser.newPage({ viewport: { width: 300, height: 300 } });
    await page.setContent(`<body style="background: #fff; color: #000">
      <p style="color: #999">pale</p> <p style="opacity: 0.3">faded</p> <p>plain</p>
      <div style="width: 400px">wide</div>
      <div style="width: 40px; overflow: hidden; white-space: nowrap">a long line of text</div>
      <p style="width: 30px; overflow-wrap: anywhere">unbreakable</p>
      <p style="width: 30px; margin-left: 260px">overflowing</p>
      <input placeholder="a placeholder for a wide field" style="width: 60px">
      <textarea placeholder="a placeholder of several lines in a low box" style="width: 60px; height: 20px"></textarea>
      <input placeholder="short" style="width: 200px">
      <svg width="200" height="40"><text x="5" y="20">first</text><text x="9" y="24">second</text><text x="90" y="20">third</text>
        <text x="150" y="20">fourth</text><path d="M140 16L200 16" fill="none" stroke="#000" stroke-width="2"/>
        <text x="20" y="36">fifth</text><path d="M0 32H200" stroke="#000" stroke-dasharray="5 4"/></svg>
      <select style="width: 60px"><option>an option too long for its list</option></select>
      <div class="scroll" style="width: 60px; overflow: auto"><table><caption>what it shows</caption>
        <tr><td><div style="width: 150px">a</div></td></tr></table></div>
      <dl><dt>label</dt><dd style="height: 20px"></dd></dl>
      <div class="legend"><span><i class="swatch" style="display: block; width: 9px; height: 9px; background: #ddd"></i>x</span></div>
    </body>`);
    const faults = (await page.evaluate(pageFaults)).join('\n');
    for (const expected of [
      /text p “pale”/,
      /text p “faded”/,
      /wider .* “wide”/,
      /cut off: div/,
      /broken word: p “unbreakable”/,
      /beyond the edge: p “overflowing”/,
      /cut off: placeholder “a placeholder for a wide field”/,
      /cut off: placeholder “a placeholder of several lines in a low box”/,
      /overlapping: text “first”, text “second”/,
      /struck out by a line: text “fourth”/,
      /struck out by a line: text “fifth”/,
      /cut off: select “an option too long for its list”/,
      /cut off: caption “what it shows”/,
      /empty: dd/,
      /mark i\.swatch/,
    ]) {
      assert.match(faults, expected);
    }
    assert.doesNotMatch(faults, /plain|short|third/);
    await page.close();
  });
});
