// Driving the workbench as a user does.

/**
 * Types into the list that `key` opens and returns the row with this text. Tries again if the key was lost, and while
 * the window is still collecting the rows.
 */
async function find(page, key, typed, label) {
  const input = page.locator('.quick-input-widget input.input').first();
  const row = page.locator('.quick-input-list .monaco-list-row', { hasText: label }).first();
  for (let attempt = 0; attempt < 10; attempt++) {
    await page.keyboard.press(key);
    const found = await input
      .waitFor({ state: 'visible', timeout: 3000 })
      .then(() => input.fill(typed, { timeout: 3000 }))
      .then(() => row.waitFor({ state: 'visible', timeout: 3000 }))
      .then(
        () => true,
        () => false,
      );
    if (found) return row;
    await page.keyboard.press('Escape');
  }
  throw new Error(`no "${label}" behind ${key}`);
}

/** The row of a command in the palette, which stays open. */
export function commandRow(page, title) {
  return find(page, 'F1', `>${title}`, title);
}

/** Runs a command from the palette. */
export async function runCommand(page, title) {
  const row = await commandRow(page, title);
  await row.click();
}

/** Chooses the row with this text of the quick pick that is open. */
export async function choose(page, label) {
  const row = page.locator('.quick-input-list .monaco-list-row', { hasText: label }).first();
  await row.waitFor({ state: 'visible' });
  await row.click();
}

/** Opens a file of the workspace and puts the cursor at its end. */
export async function openFile(page, name) {
  const row = await find(page, 'Control+p', name, name);
  await row.click();
  await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
  await focusEditor(page);
  await page.keyboard.press('Control+End');
}

export async function focusEditor(page) {
  await page.locator('.editor-group-container.active .monaco-editor .view-lines').first().click();
}

/** The frame of a webview that shows `selector`: a webview nests two frames. */
export async function webviewFrame(page, selector, limitMs = 60_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    for (const frame of page.frames()) {
      const element = frame.name() === 'active-frame' ? undefined : await frame.frameElement().catch(() => undefined);
      const id = element && (await element.getAttribute('id').catch(() => undefined));
      if (frame.name() !== 'active-frame' && id !== 'active-frame') continue;
      if (
        await frame
          .locator(selector)
          .count()
          .catch(() => 0)
      )
        return frame;
    }
    if (Date.now() > end) throw new Error(`no webview shows ${selector}`);
    await page.waitForTimeout(100);
  }
}

/** The toast with this text. */
export function toast(page, text) {
  return page.locator('.notifications-toasts .notification-list-item', { hasText: text });
}

/** Presses a button of a toast, or of the notification that is left of it: toasts disappear after ten seconds. */
export async function pressInToast(page, text, label) {
  const press = (list, options) =>
    page.locator(`${list} .notification-list-item`, { hasText: text }).getByText(label, { exact: true }).click(options);
  await press('.notifications-toasts', { timeout: 3000 }).catch(async () => {
    await runCommand(page, 'Notifications: Show Notifications');
    await press('.notifications-center');
  });
}

/** Saves the active file and waits until it is clean. */
export async function save(page) {
  await page.keyboard.press('Control+s');
  await page.waitForFunction(() => !document.querySelector('.tab.active.dirty'));
}
