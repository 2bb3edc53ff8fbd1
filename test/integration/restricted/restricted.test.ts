/** In Restricted Mode, in a folder that the user does not trust. */
import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { setting } from '../../../src/extension/configuration';
import { activated, trainSmall } from '../support';

describe('Restricted Mode', () => {
  it('is on in this window', () => {
    assert.equal(vscode.workspace.isTrusted, false);
  });

  it('runs the extension and trains', async () => {
    const { active } = await activated();
    const model = await trainSmall(20);
    assert.equal(active.path, model);
  });

  it('loads no GPU package', async () => {
    const { gpu } = await activated();
    await assert.rejects(gpu.setUp(), /Trust this workspace/);
    await vscode.commands.executeCommand('inkling.showEngineReport');
    const report = vscode.window.activeTextEditor?.document.getText() ?? '';
    assert.match(report, /Workspace trusted: no/);
    assert.match(report, /Folder of packages: none/);
  });

  it('ignores the workspace settings of the engine', () => {
    assert.equal(vscode.workspace.getConfiguration('inkling').get('engine.threads'), 0);
    assert.equal(setting('engine.threads'), 0);
  });
});
