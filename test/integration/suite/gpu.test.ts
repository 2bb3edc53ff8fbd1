/** GPUs in the editor, on a machine that may have none: the report, another Node.js, and wasm if there is no WebGPU. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as vscode from 'vscode';
import { say } from '../../../src/common/l10n';
import { askNode } from '../../../src/extension/gpu/nodeProgram';
import type { SetupDialogs } from '../../../src/extension/gpu/gpuSetup';
import type { Parts } from '../../../src/extension/parts';
import { until } from '../../support/eventually';
import { activated, closeAll, trainSmall } from '../support';

describe('GPU', () => {
  let services: Parts;
  const set = (name: string, value: string | undefined): Thenable<void> =>
    vscode.workspace.getConfiguration('inkling').update(name, value, vscode.ConfigurationTarget.Global);

  before(async () => {
    services = await activated();
  });
  afterEach(async () => {
    await set('engine.backend', undefined);
    await set('engine.nodePath', undefined);
    services.engine.restart();
    await closeAll();
  });

  it('shows the engine report as a read-only document', async () => {
    await vscode.commands.executeCommand('inkling.showEngineReport');
    const editor = vscode.window.activeTextEditor;
    assert.equal(editor?.document.uri.scheme, 'inkling-report');
    assert.equal(editor.document.languageId, 'markdown');
    const report = editor.document.getText();
    assert.match(report, /- On the processor: wasm \(.+\), \d+ threads/);
    assert.match(report, /- webgpu: .+; wanted webgpu@/);
    assert.match(report, /- inkling\.engine\.backend: "auto"/);
    await editor
      .edit((edit) => edit.insert(new vscode.Position(0, 0), 'x'))
      .then(
        () => undefined,
        () => undefined, // refused one way or the other
      );
    assert.equal(editor.document.getText(), report);
  });

  it('changes nothing and starts nothing when the user leaves Set Up GPU', async () => {
    const pid = services.engine.pid;
    let wanted = '';
    const leave: Partial<SetupDialogs> = {
      choosePackage: async ({ report }) => {
        wanted = report.wanted.webgpu;
        return undefined;
      },
      during: (_, work) => work(() => undefined, new AbortController().signal),
    };
    await services.gpu.setUp(leave as SetupDialogs);
    assert.match(wanted, /^webgpu@/);
    assert.equal(services.engine.pid, pid);
    assert.equal(vscode.workspace.getConfiguration('inkling').get('engine.nodePath'), '');
  });

  it('asks before it does anything: closing the list of Set Up GPU ends it', async () => {
    const { showQuickPick } = vscode.window;
    let isAsking = false;
    let isOver = false;
    const ask = async (...parameters: Parameters<typeof showQuickPick>): Promise<unknown> => {
      isAsking = true;
      return showQuickPick(...parameters);
    };
    Object.assign(vscode.window, { showQuickPick: ask });
    try {
      const command = vscode.commands.executeCommand('inkling.setUpGpu').then(() => (isOver = true));
      await until(() => isAsking, 'it has looked at the machine and asks');
      assert.equal(isOver, false, 'it waits for an answer');
      await until(async () => {
        await vscode.commands.executeCommand('workbench.action.closeQuickOpen');
        return isOver;
      }, 'the set-up is over');
      await command;
    } finally {
      Object.assign(vscode.window, { showQuickPick });
    }
    assert.equal(vscode.workspace.getConfiguration('inkling').get('engine.nodePath'), '');
  });

  it('trains on the processor if WebGPU is requested but unavailable, and says why', async () => {
    await set('engine.backend', 'webgpu');
    await trainSmall(20);
    const [run] = services.runs.store.list();
    assert.match(run.device ?? '', /^wasm \(/);
    assert.match(say(run.backendReason ?? ''), /WebGPU|webgpu/);
    const events = await services.runs.store.readEvents(run.id);
    const notices = events.filter((event) => event.event === 'notice' && event.kind === 'backend');
    assert.equal(notices.length, 1, JSON.stringify(notices));
  });

  it('runs the engine in the Node.js of the settings only while WebGPU is requested', async function () {
    const node = await askNode('node');
    if (typeof node === 'string' || process.platform !== 'linux') return this.skip();
    const programOf = async (): Promise<string> => {
      const { pid } = await services.engine.call('describe', {});
      return fs.readlinkSync(`/proc/${pid}/exe`);
    };
    const own = await programOf();
    await set('engine.nodePath', node.path);
    assert.equal(await programOf(), own, 'nothing needs it yet');
    await set('engine.backend', 'webgpu');
    await until(async () => (await programOf()) === fs.realpathSync(node.path), 'the engine has moved');
    await set('engine.backend', 'wasm');
    await until(async () => (await programOf()) === own, 'the engine has moved back');
  });

  it("starts in VS Code's own runtime if the Node.js of the settings is gone", async () => {
    await set('engine.nodePath', '/nowhere/bin/node');
    await set('engine.backend', 'webgpu');
    services.engine.restart();
    const { backend } = await services.engine.call('describe', {});
    assert.equal(backend, 'wasm');
  });
});
