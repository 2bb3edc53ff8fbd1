import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commandIds } from '../../../src/extension/commandIds';
import { activated, extensionId } from '../support';

interface Keybinding {
  key: string;
  command: string;
  when?: string;
}

describe('activation', () => {
  it('registers every command and starts no process', async () => {
    const { engine } = await activated();
    const registered = new Set(await vscode.commands.getCommands(true));
    for (const id of commandIds) assert.ok(registered.has(id), id);
    assert.equal(engine.pid, undefined);
  });

  it('activates itself after start-up', () => {
    assert.equal(vscode.extensions.getExtension(extensionId)?.isActive, true);
  });

  it('binds keys that VS Code itself does not use in the editor', async () => {
    await vscode.commands.executeCommand('workbench.action.openDefaultKeybindingsFile');
    const document = vscode.window.activeTextEditor?.document;
    assert.ok(document);
    const text = document
      .getText()
      .replace(/^\s*\/\/.*$/gm, '')
      .trim();
    const all = JSON.parse(text) as Keybinding[];
    assert.ok(all.length > 500, `${all.length} keybindings`);
    const own = all.filter(({ command }) => command.startsWith('inkling.'));
    assert.ok(own.length >= 2);
    for (const { key, command } of own) {
      if (key === 'escape') continue; // bound only while text is being written
      const others = all.filter((other) => other.key === key && !other.command.startsWith('inkling.'));
      const inEditor = others.filter(({ when }) => !when || /editorTextFocus|editorFocus|textInputFocus/.test(when));
      assert.deepEqual(
        inEditor.map((other) => `${other.command} when ${other.when}`),
        [],
        `${command} on ${key}`,
      );
    }
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });
});
