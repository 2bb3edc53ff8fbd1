/** The Studio page in a real browser, without VS Code: what only a browser shows. Skipped without a browser. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { Language } from '../../../src/common/l10n';
import type { StudioSettings } from '../../../src/common/studioProtocol';
import type { ProgressEvent } from '../../../src/common/trainEvents';
import { eventually } from '../../support/eventually';
import { fakeCheck } from '../../support/studioHarness/fakeClassifier';
import { fakeRun, fakeStudio, runItem, type FakeStudio } from '../../support/studioHarness/fakePorts';
import { browserPresent, launchBrowser, openStudio, type OpenStudio } from '../../support/studioHarness/openStudio';
import { themes } from '../../support/studioHarness/themes';

const dist = path.resolve('dist');

function fake(): FakeStudio {
  const live = runItem({ id: 'live', state: 'running', modelPath: '/models/moby.safetensors' });
  const old = runItem({ id: 'old', title: 'Sonnets' });
  const studio = fakeStudio(
    {
      live: fakeRun({ steps: 800, seed: 1, floor: 1.3, done: false }),
      old: fakeRun({ steps: 660, seed: 2, floor: 1.1, overfitsFrom: 300, done: true }),
    },
    [live, old],
  );
  studio.paceMs = 1;
  return studio;
}

const progress = (step: number): ProgressEvent => ({
  event: 'progress',
  step,
  epoch: 7,
  seconds: step * 0.04,
  fraction: 0.9,
  trainLoss: 1.5,
  minimumLoss: 1.4,
  maximumLoss: 1.6,
  trainAccuracy: 0.5,
  learningRate: 0.001,
  gradientNorm: 1,
  charactersPerSecond: 1000,
});

describe('Studio page in a browser', function () {
  let browser: Browser;
  let studio: FakeStudio;
  let open: OpenStudio;
  let page: Page;

  before(async function () {
    if (!browserPresent() || !fs.existsSync(path.join(dist, 'webview.js'))) this.skip();
    browser = await launchBrowser();
  });

  after(() => browser?.close());

  beforeEach(async () => {
    studio = fake();
    await show();
  });

  /** In English unless a language is given. */
  async function show(language?: Language): Promise<void> {
    await open?.close();
    open = await openStudio(browser, dist, studio.ports, { width: 400, height: 900, theme: 'dark', language });
    page = open.page;
    await page.locator('.chart svg path').first().waitFor({ state: 'attached' });
  }

  afterEach(async function () {
    await open?.close();
    assert.deepEqual(open?.faults, [], 'the page reported errors or broke its policy');
  });

  const tab = (name: string): Promise<void> => page.getByRole('tab', { name }).click();
  /** Nothing of the tab is cut off at the right, or only to be seen by scrolling; no field lies over its neighbour. */
  const fits = (name: string): Promise<void> => eventually(() => fitsNow(name));
  const fitsNow = async (name: string): Promise<void> => {
    const fields = page.locator('vscode-text-field:visible');
    for (const [content, room] of await fields.evaluateAll((all) => all.map((e) => [e.scrollWidth, e.clientWidth]))) {
      assert.ok(content <= room, `${name}: a field has ${content} px in ${room}`);
    }
    for (const selector of ['html', 'vscode-panels', '.tab-body:visible']) {
      const [content, room] = await page
        .locator(selector)
        .evaluate((element) => [element.scrollWidth, element.clientWidth]);
      assert.ok(content <= room, `${name}: ${selector} has ${content} px in ${room}`);
    }
  };
  const openDetails = (): Promise<void> =>
    page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
  /** From now on, time passes on the page only when the test says so. */
  const stopClock = async (): Promise<void> => {
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
  };
  /** Calls `cause` and waits until the page has received a message. */
  const receives = async (cause: () => void): Promise<void> => {
    const message = page.evaluate(
      () => new Promise<void>((resolve) => window.addEventListener('message', () => resolve(), { once: true })),
    );
    cause();
    await message;
  };
  /** Changes the examples and waits until the page shows them: then it has drawn all that was sent before. */
  const drawsClassifier = async (): Promise<void> => {
    const { classifier } = studio;
    classifier.state = { ...classifier.state, examples: [{ id: 'a', label: 'sea', excerpt: 'the waves' }] };
    classifier.changed();
    await page.locator('summary', { hasText: 'Your examples (1)' }).waitFor();
  };
  const write = async (): Promise<void> => {
    await tab('Samples');
    await page.getByText('Write', { exact: true }).click();
    await page.waitForFunction(() => {
      const columns = [...document.querySelectorAll('.wall .column')];
      return (
        columns.length > 0 &&
        columns.every((column) => !column.classList.contains('busy') && column.querySelector('.copies:not([hidden])'))
      );
    });
  };

  it('draws the run and says what it shows', async () => {
    await eventually(async () => {
      assert.match(await page.locator('.sentence:visible').innerText(), /^(Still improving|Levelled off)/);
      assert.match(await page.locator('.legend').innerText(), /held out[\s\S]*train \(smoothed\)[\s\S]*lowest–highest/);
      assert.match(await page.locator('.tab-body').first().innerText(), /held out: the last 10%.*seed 1/);
    });
    await page.locator('.chart text', { hasText: 'gzip, online 3.35' }).waitFor();
    // Named below the plot where there is no room in it.
    await page.locator('.chart', { hasText: 'Markov order 4' }).waitFor();
  });

  it('has a colour for everything in high contrast, and adopts those of a new theme', async () => {
    const swatch = (): Promise<string> =>
      page
        .locator('.legend > span', { hasText: 'held out' })
        .first()
        .evaluate((item) => getComputedStyle(item.querySelector('.swatch')!).backgroundColor);
    const curve = (): Promise<(string | null)[]> =>
      page.locator('.chart path').evaluateAll((paths) => paths.map((path) => path.getAttribute('stroke')));
    const marks = (): Promise<string[]> =>
      page
        .locator('.tint-sample[title]')
        .evaluateAll((all) => all.map((each) => getComputedStyle(each).backgroundColor));
    for (const [theme, orange] of [
      ['highContrast', '#f38518'],
      ['highContrastLight', '#a6480a'],
      ['dark', '#d18616'],
    ] as const) {
      // As VS Code changes it.
      await page.evaluate(({ variables, bodyClass }) => {
        document.documentElement.removeAttribute('style');
        document.body.className = bodyClass.join(' ');
        for (const [name, value] of Object.entries(variables)) {
          document.documentElement.style.setProperty(`--vscode-${name}`, value);
        }
      }, themes[theme]);
      const rgb = `rgb(${[1, 3, 5].map((i) => parseInt(orange.slice(i, i + 2), 16)).join(', ')})`;
      await eventually(async () => assert.equal(await swatch(), rgb));
      await eventually(async () => assert.ok((await curve()).includes(orange)));
      assert.equal(new Set(await marks()).size, 4, 'each step of the tint has a colour of its own');
    }
  });

  it('reads out values to pointer and keyboard', async () => {
    const box = await page.locator('.chart').boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + box.width / 2, box.y + 60);
    await eventually(async () => assert.match(await page.locator('.read-out').innerText(), /step \d+ · epoch \d\.\d/));
    await page.mouse.move(1, 1);
    await page.locator('.read-out').waitFor({ state: 'hidden' });
    await page.locator('.chart').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowLeft');
    const spoken = page.locator('.chart [aria-live]');
    await eventually(async () => assert.match((await spoken.textContent()) ?? '', /step 796 .*held out 2\.\d+/));
  });

  it('redraws no more than ten times a second', async () => {
    await page.evaluate(() => {
      const counter = window as unknown as { drawn: number };
      counter.drawn = NaN;
      window.addEventListener('message', () => (counter.drawn = 0), { once: true });
      new MutationObserver(() => counter.drawn++).observe(document.querySelector('.plot') as Element, {
        childList: true,
      });
    });
    const drawn = (): Promise<number> => page.evaluate(() => (window as unknown as { drawn: number }).drawn);
    let step = 800;
    // A drawing that is due when the clock stops would still happen.
    studio.train('live', progress(++step));
    await eventually(async () => assert.equal(await drawn(), 1));
    await stopClock();
    for (let drawings = 1; drawings <= 2; drawings++) {
      for (let i = 0; i < 3; i++) await receives(() => studio.train('live', progress(++step)));
      assert.equal(await drawn(), drawings);
      await page.clock.runFor(100);
      assert.equal(await drawn(), drawings + 1);
    }
    await page.clock.runFor(1000);
    assert.equal(await drawn(), 3);
  });

  it('is restored after a reload', async () => {
    await page.getByLabel('Loss in').selectOption('perplexity');
    await write();
    const before = await page.locator('.wall .writing').first().innerText();
    const remembered = (): StudioSettings | undefined => studio.ports.memory.get('studio.settings');
    await eventually(() => {
      assert.equal(remembered()?.training.unit, 'perplexity');
      assert.equal(remembered()?.tab, 'samples');
    });
    await open.reload();
    await page.locator('.wall .writing').first().waitFor();
    await eventually(async () => assert.equal(await page.locator('.wall .writing').first().innerText(), before));
    await tab('Training');
    await eventually(async () => {
      assert.equal(await page.getByLabel('Loss in').inputValue(), 'perplexity');
      assert.match(await page.locator('.legend').innerText(), /perplexity per character/);
    });
  });

  it('shows an earlier run behind and removes it again', async () => {
    await page.locator('summary', { hasText: 'Compare' }).click();
    const box = page.getByRole('checkbox', { name: /Sonnets/ });
    await box.click();
    await page.locator('.legend', { hasText: 'Sonnets, held out' }).waitFor();
    await box.click();
    await page.waitForFunction(() => !document.querySelector('.legend')?.textContent?.includes('Sonnets'));
  });

  it('saves the curves in three formats', async () => {
    const saved = new Map<string, Uint8Array>();
    studio.ports.editor.saveFile = async (name, contents) => {
      saved.set(name, contents);
      return true;
    };
    for (const name of ['PNG', 'SVG', 'CSV']) {
      await page.getByText(name, { exact: true }).click();
      await page.getByText(`Saved as ${name}.`).waitFor();
    }
    assert.deepEqual([...saved.keys()], ['Moby Dick curves.png', 'Moby Dick curves.svg', 'Moby Dick curves.csv']);
    const [png, svg, csv] = [...saved.values()].map((bytes) => Buffer.from(bytes));
    assert.equal(png.subarray(1, 4).toString('latin1'), 'PNG');
    assert.equal(png.readUInt32BE(16), 1800);
    assert.match(svg.toString(), /^<svg xmlns=.*Moby Dick</);
    assert.match(csv.toString(), /^kind,step,/);
  });

  it('draws the norm of the gradient below the loss', async () => {
    const plots = page.locator('.chart:visible .plot:visible');
    const before = await plots.count();
    await page.getByText('Gradient', { exact: true }).click();
    await eventually(async () => assert.equal(await plots.count(), before + 1));
    assert.match(await plots.last().innerHTML(), /<path/);
  });

  it('saves the curves of a classifier', async () => {
    const saved = new Map<string, string>();
    studio.ports.editor.saveFile = async (name, contents) => {
      saved.set(name, Buffer.from(contents).toString());
      return true;
    };
    await tab('Classifier');
    for (const name of ['PNG', 'SVG', 'CSV']) {
      await page.locator('button, vscode-button').filter({ hasText: name }).locator('visible=true').click();
      await eventually(() => assert.ok([...saved.keys()].some((file) => file.endsWith(name.toLowerCase()))));
    }
    const [png, svg, csv] = saved.values();
    assert.match(png, /^.PNG/);
    assert.match(svg, /^<svg xmlns=/);
    const [head, first] = csv.split('\r\n');
    assert.match(head, /^epoch,seconds,train_loss,train_accuracy,validation_loss,/);
    assert.match(first, /^1,/);
  });

  it('passes on pause and stop', async () => {
    await page.getByText('Pause', { exact: true }).click();
    await page.getByText('Stop and Keep', { exact: true }).click();
    await eventually(() =>
      assert.deepEqual(
        studio.calls.filter((call) => call.startsWith('control')),
        ['control live pause', 'control live stop'],
      ),
    );
  });

  it('fills the wall, tints it and underlines what was copied', async () => {
    await write();
    assert.equal(await page.locator('.wall .column:visible').count(), 4);
    await eventually(async () => {
      const painted = await page.evaluate(() =>
        ['tint-1', 'tint-4', 'copied'].map((name) => CSS.highlights.get(name)?.size ?? 0),
      );
      assert.ok(painted[0] > 0 && painted[1] > 0, String(painted));
      assert.equal(painted[2], 1);
    });
    await page.getByText('44 characters from moby-dick.txt at 18,204').click();
    await page.getByText('Tint by confidence').click();
    await page.waitForFunction(() => CSS.highlights.get('tint-1')?.size === 0);
    const written = await page.locator('.wall .column .writing').first().innerText();
    await eventually(() => {
      const [, passage] =
        /^open moby-dick.txt 18204 (.*)$/s.exec(studio.calls.find((c) => c.startsWith('open')) ?? '') ?? [];
      assert.equal(passage?.length, 44);
      assert.ok(written.includes(passage), `“${passage}” of “${written}”`);
    });
  });

  it('scrolls to a new wall that would begin below the fold, and stays where the wall is already seen', async () => {
    await page.setViewportSize({ width: 400, height: 600 });
    await tab('Samples');
    assert.equal(await page.evaluate(() => window.scrollY), 0);
    await page.getByText('Write', { exact: true }).click();
    const legend = page.locator('.wall-head');
    await eventually(async () => assert.ok((await page.evaluate(() => window.scrollY)) > 0));
    const box = await legend.boundingBox();
    const row = await page.locator('.write-row').boundingBox();
    assert.ok(box && row && box.y >= row.y + row.height && box.y < 300, 'it is below what sticks to the top');
    await page.locator('.wall .copies:not([hidden])').first().waitFor();
    await page.evaluate(() => window.scrollBy(0, 30));
    const before = await page.evaluate(() => window.scrollY);
    await page.getByText('Write', { exact: true }).click();
    await page.locator('.wall .copies:not([hidden])').first().waitFor();
    assert.equal(await page.evaluate(() => window.scrollY), before);
  });

  it('keeps the place of each tab, and begins at the top where the editor opens one', async () => {
    const place = (): Promise<number> => page.evaluate(() => window.scrollY);
    await page.setViewportSize({ width: 400, height: 400 });
    await tab('Samples');
    assert.equal(await place(), 0);
    await page.evaluate(() => window.scrollTo(0, 100));
    await tab('Training');
    assert.equal(await place(), 0);
    await page.evaluate(() => window.scrollTo(0, 90));
    await tab('Samples');
    assert.equal(await place(), 100);
    await receives(() => open.session.showTab('training'));
    assert.equal(await place(), 0);
    await tab('Samples');
    await receives(() => open.session.showTab('samples'));
    assert.equal(await place(), 0);
  });

  it('fills one column for each of two prompts instead of one for each temperature', async () => {
    await tab('Samples');
    await page.locator('textarea:visible').first().fill('The stolen car');
    await page.locator('summary', { hasText: 'More controls' }).click();
    await page.getByRole('textbox', { name: 'Second prompt' }).fill('The clown car');
    await page.getByRole('textbox', { name: 'Second prompt' }).press('Tab');
    await eventually(async () => assert.equal(await page.locator('.chip:visible').count(), 0));
    await write();
    // Until then, the columns show an earlier text.
    await eventually(async () => {
      const prompts = await page.locator('.wall .column:visible .prompt').allInnerTexts();
      assert.deepEqual(prompts, ['The stolen car', 'The clown car']);
    });
    assert.ok(studio.calls.includes('sample 0.7,0.7 “The stolen car,The clown car”'), studio.calls.join('\n'));
  });

  it('does not touch the chips while a model trains, and redraws them when they change', async () => {
    await tab('Samples');
    const chips = page.locator('.chip:visible');
    await chips.first().focus();
    await stopClock();
    await receives(() => studio.train('live', progress(801)));
    await page.clock.runFor(1000);
    await page.clock.resume();
    assert.equal(await chips.first().evaluate((chip) => chip === document.activeElement), true);
    const before = await chips.count();
    await chips.first().click();
    await eventually(async () => assert.equal(await chips.count(), before - 1));
  });

  it('stops Continue Text with Escape, with the focus where pressing the button left it', async () => {
    let stopped = false;
    studio.ports.editor.continueText = (_path, _options, signal) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          stopped = true;
          resolve();
        }),
      );
    await page.getByRole('tab', { name: 'Samples' }).click();
    const button = page.locator('.tab-body:visible vscode-button', { hasText: 'Continue Text' });
    await button.click();
    await page.getByText('Stop Writing', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await button.waitFor();
    assert.ok(stopped);
  });

  it('shows what the network reads: layers, a drawing to save, an example, tokens', async () => {
    await page.getByText('What the Network Reads').click();
    const layers = page.locator('.layers tbody tr');
    await layers.nth(2).waitFor();
    assert.match(await layers.nth(1).innerText(), /lstm\s+\[B, 128\]\s+95,232/);
    await page.locator('.drawing svg text', { hasText: 'LSTM 128' }).first().waitFor();
    assert.match(await page.locator('.example').innerText(), /\[B, T\] = \[128, 60\]/);
    // Shrunk to the page as long as it can be read, and scrolled in a narrow one.
    const hidden = (): Promise<number> =>
      page.locator('.drawing').evaluate((drawing) => drawing.scrollWidth - drawing.clientWidth);
    assert.ok((await hidden()) > 50);
    await page.setViewportSize({ width: 900, height: 900 });
    await eventually(async () => assert.equal(await hidden(), 0));
    const field = page.locator('vscode-text-field', { hasText: 'Tokens of' }).locator('input');
    await field.fill('aж');
    const unknown = page.locator('.tokens tr.unknown');
    await unknown.waitFor();
    assert.match(await unknown.innerText(), /ж\s+none\s+unknown/);
    await page.getByText('Save as SVG').click();
    await eventually(() => assert.ok(studio.calls.some((call) => /^save .*network.*\.svg/.test(call))));
  });

  it('redraws what was considered at another temperature', async () => {
    await write();
    await page
      .locator('.wall .writing')
      .first()
      .click({ position: { x: 60, y: 12 } });
    const share = page.locator('.popover .share').first();
    await share.waitFor();
    const before = parseFloat(await share.innerText());
    await page.locator('.popover input[type=range]').fill('0.5');
    await eventually(async () => assert.ok(parseFloat(await share.innerText()) > before));
    await page.locator('.popover input[type=range]').fill('2');
    await eventually(async () => assert.ok(parseFloat(await share.innerText()) < before));
  });

  it('keeps the alternatives open after an earlier scroll, and closes them on a later one', async () => {
    await write();
    const writing = page.locator('.wall .writing').first();
    const scroll = (by: number, then = ''): Promise<void> =>
      writing.evaluate(
        (element, [by, key]) =>
          new Promise<void>((resolve) => {
            window.scrollBy(0, by);
            if (key) element.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
            requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
          }),
        [by, then] as const,
      );
    await writing.focus();
    await page.keyboard.press('ArrowRight');
    const popover = page.locator('.popover');
    assert.equal(await popover.isVisible(), false);
    await scroll(20, 'Enter');
    assert.notEqual(await page.evaluate(() => window.scrollY), 0, 'the page is long enough to scroll');
    assert.equal(await popover.isVisible(), true);
    await scroll(-20);
    assert.equal(await popover.isVisible(), false);
  });

  it('marks the words that were asked for, and says that they still are while the controls are hidden', async () => {
    await tab('Samples');
    const controls = page.locator('details', { hasText: 'More controls' });
    await controls.locator('summary').click();
    await page.locator('vscode-text-field', { hasText: 'Must contain' }).locator('input').fill('whale');
    assert.equal(await controls.locator('.applies').isVisible(), false);
    await controls.locator('summary').click();
    await controls.getByText('must contain: whale').waitFor();
    await write();
    await eventually(async () => assert.ok((await page.evaluate(() => CSS.highlights.get('wanted')?.size ?? 0)) > 0));
    await page.getByText('Open in Editor').click();
    await eventually(() => assert.match(studio.calls.join(), /open text "# Moby Dick[^,]*## Temperature 0\.2/));
  });

  it('branches at a character, by mouse and by keyboard', async () => {
    await write();
    const writing = page.locator('.wall .writing').first();
    await writing.click({ position: { x: 60, y: 12 } });
    await page.locator('.popover .considered button').nth(1).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.popover').waitFor({ state: 'hidden' });
    await eventually(async () =>
      assert.equal(await writing.evaluate((element) => element === document.activeElement), true),
    );
    await page.keyboard.press('Home');
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.locator('.popover .considered button').nth(1).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.locator('.column header', { hasText: 'branch' }).waitFor();
    const first = await writing.innerText();
    await eventually(async () =>
      assert.equal(await page.locator('.wall .column').nth(1).locator('.lead').innerText(), `${first.slice(0, 3)}a`),
    );
  });

  it('says that the model of the wall was deleted, and offers to write with another one instead of branching', async () => {
    await write();
    const first = page.locator('.wall:visible .writing').first();
    await first.click({ position: { x: 60, y: 10 } });
    await page.locator('.considered button').first().waitFor();
    const [moby] = studio.models.splice(0, 1);
    studio.modelsChanged();
    await page.getByText('The model Moby Dick no longer exists.').waitFor();
    assert.equal(await page.locator('.popover').isVisible(), false);
    assert.equal(await page.getByText('Click a character to see').isVisible(), false);
    const asked = studio.calls.length;
    await first.click({ position: { x: 60, y: 10 } });
    await first.press('Home');
    const spoken = await page.locator('.wall:visible .column [aria-live]').first().innerText();
    assert.match(spoken, /\d%$/);
    await first.press('Enter');
    await page.getByRole('button', { name: 'Write with Sonnets' }).click();
    await page.getByText('Sonnets. Click a character to see').waitFor();
    assert.deepEqual(
      studio.calls.slice(asked).filter((call) => call.startsWith('considered')),
      [],
    );
    studio.models.splice(0, 1, moby);
    studio.modelsChanged();
    await page.getByText('The model Sonnets no longer exists.').waitFor();
    await page.getByRole('button', { name: 'Write with Moby Dick' }).waitFor();
  });

  it('replays what was recorded during training', async () => {
    await tab('Samples');
    await page.getByLabel('Progress during training').fill('0');
    await page.locator('.replay', { hasText: 'step 132 · epoch 1' }).waitFor();
    await page.locator('.wall:visible .column').nth(1).waitFor();
    await eventually(async () =>
      assert.match(await page.locator('.wall:visible .prompt').first().innerText(), /Call me/),
    );
  });

  it('asks once about the shipped model, and says how to begin; what was kept is shown without a model, too', async () => {
    await open.close();
    studio = fakeStudio({}, []);
    studio.models.length = 0;
    studio.asksForBase = true;
    await studio.ports.memory.update('studio.kept', [
      { id: 'k', text: 'the white whale', prompt: '', temperature: 1, seed: 1, model: 'gone', keptAt: '2024-05-01' },
    ]);
    open = await openStudio(browser, dist, studio.ports, { width: 400, height: 900, theme: 'dark' });
    page = open.page;
    await page.locator('.empty:visible').getByText('Train on This File').click();
    await page.locator('.empty:visible').getByText('Try a Sample Text').click();
    await tab('Samples');
    await page.locator('.empty:visible').getByText('Try a Sample Text').waitFor();
    await page.getByText('the white whale').waitFor();
    // Nothing is known about the text of a base.
    const { engine } = studio.ports;
    const sample = engine.sample.bind(engine);
    engine.sample = async (...request) => {
      const written = await sample(...request);
      return { ...written, copies: written.texts.map(() => ({ runs: [] })) };
    };
    await page.getByRole('button', { name: 'Use Them' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.wall .column:not(.busy)').length === 4);
    assert.equal(await page.locator('.wall .copies:visible').count(), 0);
    await page.getByText('Train on the text to make the model yours').waitFor();
    assert.equal(await page.getByText('Start without training?').isVisible(), false);
    assert.deepEqual(
      studio.calls.filter((call) => /^(train|trySample|base)/.test(call)),
      ['train', 'trySample', 'base yes'],
    );
  });

  it('shows under the curves what the run wrote last', async () => {
    const newest = page.locator('.newest');
    await newest.getByText(/^What it writes after step [1-9]/).waitFor();
    const before = await newest.locator('.writing-font').innerText();
    const text = 'There now is your insular city.';
    studio.train('live', { event: 'sample', step: 810, epoch: 8, temperature: 0.2, prompt: '', text: 'cold' });
    studio.train('live', { event: 'sample', step: 810, epoch: 8, temperature: 0.8, prompt: '', text });
    await newest.getByText('What it writes after step 810').waitFor();
    assert.notEqual(await newest.locator('.writing-font').innerText(), before);
    await newest.getByText(text).waitFor();
  });

  it('does not grow with what was written', async () => {
    await write();
    const count = (): Promise<number> => page.evaluate(() => document.querySelectorAll('*').length);
    const before = await count();
    for (let i = 0; i < 5; i++) await write();
    await eventually(async () => {
      assert.equal(await count(), before);
      assert.equal(await page.evaluate(() => CSS.highlights.get('copied')?.size), 1);
    });
  });

  it('requests the classifier when its tab is shown, and updates the matrix with the threshold', async () => {
    assert.equal(await page.locator('.confusion td').count(), 0);
    studio.classifier.state.checks = [fakeCheck()];
    await tab('Classifier');
    const caught = page.locator('.confusion tr:nth-child(2) td').nth(1);
    await caught.waitFor();
    const before = Number(await caught.innerText());
    await stopClock();
    for (const threshold of ['0.9', '0.95', '0.99']) await page.getByLabel('Threshold').fill(threshold);
    await eventually(async () => {
      const after = Number(await caught.innerText());
      assert.ok(after < before, `${after} of ${before} are caught at 0.99`);
      assert.match(await page.locator('.sentence:visible').innerText(), new RegExp(`Catches ${after} of 143 spam`));
    });
    const told = (): string[] => studio.calls.filter((call) => call.startsWith('threshold'));
    await page.clock.runFor(400);
    await eventually(() => assert.deepEqual(told(), ['threshold 0.99']));
    await page.clock.resume();
    await page.getByText('Reset').click();
    await eventually(async () => assert.equal(Number(await caught.innerText()), before));
  });

  it('shows what each word contributed to a verdict, and passes a correction on', async () => {
    studio.classifier.state.checks = [fakeCheck()];
    await tab('Classifier');
    await eventually(async () => {
      assert.deepEqual(await page.locator('mark.for-3').allInnerTexts(), ['WON', 'free', 'prize', 'claim']);
      assert.deepEqual(await page.locator('mark.against-3').allInnerTexts(), ['lunch']);
    });
    await page.locator('summary', { hasText: 'Strongest evidence' }).click();
    await eventually(async () => assert.match(await page.locator('.words').innerText(), /prize\s+\+2\.2/));
    await page.getByText('This Is Not Spam').click();
    await eventually(() => assert.ok(studio.calls.includes('correct 0 ham')));
  });

  it('lists examples labelled by hand, adds and removes them, and trains on two classes or more', async () => {
    const { classifier } = studio;
    classifier.state = { ...classifier.state, examples: [{ id: 'a', label: 'sea', excerpt: 'the waves' }] };
    await tab('Classifier');
    await page.locator('summary', { hasText: 'Your examples (1)' }).click();
    await page.getByText('Add Selection as Example').click();
    await eventually(() => assert.ok(studio.calls.includes('addExample')));
    assert.equal(await page.getByText('Train on These Examples').isVisible(), false);
    const more = { id: 'b', label: 'land', excerpt: 'the plough' };
    classifier.state = { ...classifier.state, examples: [more, ...classifier.state.examples] };
    classifier.changed();
    await page.getByText('land: 1 · sea: 1').waitFor();
    await page.getByText('Train on These Examples').click();
    await page.locator('li', { hasText: 'the plough' }).getByRole('button').click();
    await eventually(() => assert.ok(studio.calls.includes('removeExample b')));
    assert.ok(studio.calls.includes('trainOnExamples'));
  });

  it('does not touch verdicts and corrections while another classifier trains', async () => {
    const { classifier } = studio;
    classifier.state.checks = [fakeCheck()];
    classifier.state.corrections = [{ id: 'one', label: 'ham', excerpt: 'lunch?' }];
    await tab('Classifier');
    await page.getByText('Strongest evidence').click();
    await page.getByText('Your corrections (1)').click();
    const takeBack = page.locator('.corrections vscode-button, .corrections button').first();
    await takeBack.focus();
    const asked = (): number => studio.calls.filter((call) => call === 'read the classifier').length;
    const before = asked();
    classifier.changed();
    await eventually(() => assert.ok(asked() > before));
    await drawsClassifier();
    assert.equal(await page.locator('.check details').getAttribute('open'), '');
    assert.equal(await takeBack.evaluate((element) => element === document.activeElement), true);
    classifier.state = { ...classifier.state, checks: [fakeCheck(), fakeCheck()], corrections: [], examples: [] };
    classifier.changed();
    await eventually(async () => assert.equal(await page.locator('.check').count(), 2));
    await takeBack.waitFor({ state: 'detached' });
  });

  it('keeps a threshold that it has not sent yet, whatever it receives meanwhile', async () => {
    await tab('Classifier');
    const threshold = page.getByLabel('Threshold');
    await threshold.evaluate((input: HTMLInputElement) => {
      const seen = ((globalThis as { seen?: Set<string> }).seen = new Set<string>());
      input.addEventListener('input', () => setInterval(() => seen.add(input.value), 5));
    });
    await threshold.fill('0.99');
    studio.classifier.changed();
    await eventually(() => assert.ok(studio.calls.includes('threshold 0.99')));
    await drawsClassifier();
    assert.deepEqual(await page.evaluate(() => [...((globalThis as { seen?: Set<string> }).seen ?? [])]), ['0.99']);
  });

  it('compares the variants, even if another one was best and no time was recorded', async () => {
    const { state } = studio.classifier;
    await tab('Classifier');
    const table = page.locator('table.variants');
    await table.locator('tr.best', { hasText: 'bigru' }).waitFor();
    assert.match(await table.innerText(), /10 epochs; kept: bigru, the best on the validation part[\s\S]*seconds/);
    const record = state.record ?? assert.fail();
    const comparison = (record.comparison ?? []).map((scores) => ({
      ...scores,
      seconds: 0,
      validationMacroF1: scores.variant === 'lstm' ? 0.99 : 0.9,
    }));
    studio.classifier.state = { ...state, record: { ...record, comparison, created: '2024-05-02T10:20:00.000Z' } };
    studio.classifier.changed();
    await table.getByText('this classifier is the bigru, the best on the validation part the lstm').waitFor();
    await eventually(async () => {
      assert.doesNotMatch(await table.innerText(), /seconds/);
      assert.equal(await table.locator('tbody tr').count(), 6);
    });
  });

  it('uses the language of VS Code for everything', async () => {
    // A language in which every sentence is marked: what stands outside the marks was never asked for.
    const messages = Object.keys(JSON.parse(fs.readFileSync('l10n/bundle.l10n.json', 'utf8')) as object);
    await show({ tag: 'qps', bundle: Object.fromEntries(messages.map((message) => [message, `⟦${message}⟧`])) });
    studio.classifier.state.checks = [fakeCheck()];
    studio.classifier.state.corrections = [{ id: 'c', label: 'ham', excerpt: 'Lunch' }];
    await page.getByRole('tab').nth(2).click();
    await page.locator('mark.for-3').first().waitFor();
    await page.getByRole('tab').nth(1).click();
    await page.getByRole('button', { name: '⟦Write⟧', exact: true }).click();
    await page.locator('.copies:not([hidden])').first().waitFor();
    await openDetails();
    const texts = await page.evaluate(() => {
      const found: string[] = [];
      const madeUp = '.writing, .writing-font, option, td, .word, .excerpt, .compare, ul.small, mark';
      for (const element of document.querySelectorAll('body *:not(script)')) {
        for (const name of ['title', 'aria-label', 'aria-valuetext', 'placeholder']) {
          // The title of a list is the name that is chosen in it.
          if (name === 'title' && element instanceof HTMLSelectElement) continue;
          found.push(element.getAttribute(name) ?? '');
        }
        if (element.closest(madeUp)) continue;
        for (const node of element.childNodes) if (node instanceof Text) found.push(node.data);
      }
      return found;
    });
    assert.ok(texts.some((text) => text.includes('⟦Pause⟧')));
    const outside = new Set<string>();
    for (const text of texts) {
      let rest = text;
      while (/⟦[^⟦⟧]*⟧/.test(rest)) rest = rest.replace(/⟦[^⟦⟧]*⟧/g, '');
      for (const word of rest.match(/\p{L}{2,}/gu) ?? []) outside.add(word);
    }
    const data =
      'CSV Dick LSTM Lunch Moby PNG PPM SIMD SVG Sonnets bigru bilstm birnn brotli gru gzip ham lstm messages relaxed rnn spam txt wasm';
    assert.deepEqual([...outside].filter((word) => !data.split(' ').includes(word)).sort(), []);
  });

  it('fits a sidebar of 200 px in German, whose words are longer', async () => {
    const bundle = JSON.parse(fs.readFileSync('l10n/bundle.l10n.de.json', 'utf8')) as Record<string, string>;
    await show({ tag: 'de', bundle });
    await page.setViewportSize({ width: 200, height: 900 });
    await eventually(async () =>
      assert.match(await page.locator('.sentence:visible').innerText(), /^(Wird noch besser|Stehen geblieben)/),
    );
    for (const name of ['Training', 'Proben', 'Klassifikator']) {
      await tab(name);
      await page.locator('.tab-body:visible select').first().waitFor();
      await openDetails();
      await fits(name);
    }
  });

  it('fits a sidebar of 200 px and names every control', async () => {
    await page.setViewportSize({ width: 200, height: 900 });
    await write();
    await page.locator('summary', { hasText: 'More' }).click();
    for (const name of ['Training', 'Samples', 'Classifier']) {
      await tab(name);
      await page.locator('.tab-body:visible select').first().waitFor();
      await fits(name);
      await page.setViewportSize({ width: 320, height: 900 });
      await fits(`${name} at 320 px`);
      await page.setViewportSize({ width: 200, height: 900 });
      for (const role of ['button', 'checkbox', 'slider', 'combobox', 'textbox'] as const) {
        await eventually(async () => {
          const all = await page.getByRole(role).count();
          const named = await page.getByRole(role, { name: /\S/ }).count();
          assert.equal(named, all, `${name}: a ${role} has no name`);
        });
      }
    }
  });

  it('can be reached, named and shown by the keyboard alone', async () => {
    await write();
    await page.getByRole('button', { name: 'Keep in list' }).first().click();
    studio.classifier.state.checks = [fakeCheck()];
    for (const [name, key] of [
      ['Training', 'Home'],
      ['Samples', 'ArrowRight'],
      ['Classifier', 'ArrowRight'],
    ]) {
      await page.getByRole('tab', { selected: true }).focus();
      await page.keyboard.press(key);
      await page.getByRole('tab', { name, selected: true }).waitFor();
      await page.locator('.tab-body:visible select').first().waitFor();
      // The checks appear a moment after their tab.
      if (name === 'Classifier') await page.locator('mark.for-3').first().waitFor();
      await openDetails();
      const seen = new Set<string>();
      for (let presses = 0; presses < 80; presses++) {
        await page.keyboard.press('Tab');
        const stop = await page.evaluate(focusStop);
        if (!stop) break;
        assert.ok(stop.name !== '', `${name}: ${stop.what} has no name`);
        assert.ok(stop.marked, `${name}: ${stop.what} does not show that it has the focus`);
        seen.add(stop.what);
      }
      const wanted = await page.evaluate(() =>
        [...document.querySelectorAll('.tab-body select, .tab-body input, .tab-body vscode-button, .tab-body summary')]
          .filter((element) => element.checkVisibility())
          .map((element) => element.localName),
      );
      assert.ok(wanted.length > 6);
      for (const what of new Set(wanted)) assert.ok(seen.has(what), `${name}: Tab never comes to a ${what}`);
    }
  });
});

/** Runs in the page: what has the focus, its name, and whether that is seen. */
function focusStop(): { what: string; name: string; marked: boolean } | undefined {
  const host = document.activeElement;
  if (!host || host === document.body) return undefined;
  const chain: Element[] = [host];
  for (let inner = host.shadowRoot?.activeElement; inner; inner = inner.shadowRoot?.activeElement) chain.push(inner);
  const labelled = host instanceof HTMLInputElement || host instanceof HTMLSelectElement ? host.labels : null;
  const name = host.getAttribute('aria-label') ?? labelled?.[0]?.textContent ?? host.textContent ?? '';
  const outlined = (element: Element): boolean => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return outlineStyle !== 'none' && outlineWidth !== '0px';
  };
  const inside = [...(host.shadowRoot?.querySelectorAll('*') ?? [])];
  const focusColour = getComputedStyle(document.documentElement).getPropertyValue('--vscode-focusBorder').trim();
  const rgb = `rgb(${[1, 3, 5].map((i) => parseInt(focusColour.slice(i, i + 2), 16)).join(', ')})`;
  const bordered = inside.some((element) => getComputedStyle(element).borderColor.includes(rgb));
  return { what: host.localName, name: name.trim(), marked: [...chain, ...inside].some(outlined) || bordered };
}
