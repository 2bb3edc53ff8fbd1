// Takes the pictures of the README in the real workbench:  npm run package && node scripts/pictures.mjs
// The text is Moby Dick: what is trained on ends with chapter 60, and the surprise map is over the chapter after it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setupVscode } from '../test/support/vscode/channels.mjs';
import { installVsix, makeProfile, openPage, startServer, workbenchUrl } from '../test/support/vscode/host.mjs';
import { readDataset } from './datasets.mjs';
import { choose, openFile, runCommand, toast, webviewFrame } from '../test/ui/workbench.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const pictures = path.join(root, 'media/readme');
fs.mkdirSync(pictures, { recursive: true });
const workspace = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-pictures-'));
function writeChapters(name, first, last) {
  const text = readDataset('moby-dick')
    .filter(({ chapter }) => chapter >= first && chapter <= last)
    .map(({ chapter, title, text }) => `CHAPTER ${chapter}. ${title}\n\n${text}`);
  fs.writeFileSync(path.join(workspace, name), text.join('\n\n').replace(/\r\n/g, '\n'));
}
writeChapters('moby-dick.txt', 1, 60);
writeChapters('next-chapter.txt', 61, 61);
fs.writeFileSync(path.join(workspace, 'draft.md'), '# A draft\n\nIt was a cold morning, and the ');

const vscode = setupVscode('latest');
const profile = makeProfile({
  settings: {
    'workbench.colorTheme': 'Default Dark Modern',
    'editor.wordWrap': 'on',
    'editor.minimap.enabled': false,
  },
});
installVsix(vscode, profile, path.join(root, 'inkling.vsix'));
const server = await startServer({ vscode, profile, automation: false });
const { browser, page } = await openPage({ width: 1280, height: 860 });
const take = (name) => page.screenshot({ path: path.join(pictures, `${name}.png`) });
const clearToasts = () => runCommand(page, 'Notifications: Clear All Notifications');
/** Gives half of the window to the side bar, and all of that to the Studio. */
async function giveStudioRoom() {
  const boxes = await Promise.all(
    (await page.locator('.monaco-sash.vertical').all()).map((sash) => sash.boundingBox()),
  );
  const box = boxes.find((found) => found && found.height > 400 && found.x > 200);
  await page.mouse.move(box.x + box.width / 2, 500);
  await page.mouse.down();
  await page.mouse.move(640, 500, { steps: 10 });
  await page.mouse.up();
  // The border keeps the colour of being dragged.
  await page.addStyleTag({ content: '.monaco-sash::before { background: transparent !important }' });
  await page.locator('.pane-header', { hasText: 'Models' }).click();
}
async function theme(name) {
  await runCommand(page, 'Preferences: Color Theme');
  await choose(page, name);
}

try {
  await page.goto(workbenchUrl(server.port, workspace));
  await page.locator('.activitybar .action-item a[aria-label^="Inkling"]').waitFor({ timeout: 60_000 });
  await openFile(page, 'moby-dick.txt');
  await page.keyboard.press('Control+Home');
  await runCommand(page, 'Inkling: Show Training');
  await giveStudioRoom();
  const question = await webviewFrame(page, '.question vscode-button');
  await question.locator('.question vscode-button').first().click();
  await runCommand(page, 'Inkling: Train on This File');
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'parameters' }).first().waitFor();
  await choose(page, 'Quick');
  await toast(page, 'Training on moby-dick.txt').waitFor();
  const percent = () =>
    page.evaluate(() => {
      const items = [...document.querySelectorAll('.statusbar-item')].map((item) => item.textContent ?? '');
      return Math.max(...items.map((item) => Number(/Inkling.(\d+)%/.exec(item)?.[1] ?? 0)));
    });
  while ((await percent()) < 80) await page.waitForTimeout(300);
  await take('training-dark');
  // Long enough for a busy machine.
  await toast(page, 'Trained on moby-dick.txt').waitFor({ timeout: 600_000 });
  await clearToasts();

  await openFile(page, 'draft.md');
  await page.keyboard.type('harp', { delay: 60 });
  await runCommand(page, 'Trigger Inline Suggestion');
  await page.locator('.ghost-text-decoration, .ghost-text').first().waitFor({ timeout: 15_000 });
  await take('completion-dark');
  await page.keyboard.press('Escape');

  await theme('Light Modern');
  await runCommand(page, 'Inkling: Show Samples');
  const studio = await webviewFrame(page, '.wall');
  await studio.locator('vscode-text-area textarea').first().fill('Call me ');
  await studio
    .getByRole('button', { name: /^Write/ })
    .first()
    .click();
  await studio.waitForFunction(() => {
    const columns = [...document.querySelectorAll('.column .writing')];
    return columns.length > 1 && columns.every((column) => column.textContent.length > 250);
  });
  await page.waitForTimeout(2000);
  // The wall below the buttons, which stay at the top.
  await studio
    .locator('.wall')
    .first()
    .evaluate((wall) => wall.scrollIntoView());
  await studio.evaluate(() => window.scrollBy(0, -130));
  await take('samples-light');

  await openFile(page, 'next-chapter.txt');
  await page.keyboard.press('Control+Home');
  await runCommand(page, 'Inkling: Toggle Surprise Map');
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.statusbar-item')].some((item) => /bits.per.character/.test(item.textContent ?? '')),
  );
  await take('surprise-light');
} finally {
  await browser.close().catch(() => undefined);
  await server.stop();
  fs.rmSync(workspace, { recursive: true, force: true });
}
