/** What the user writes is remembered only where they allow it, is shown in the Models view, and can be forgotten. */
import * as assert from 'node:assert/strict';
import * as os from 'node:os';
import * as path from 'node:path';
import * as fs from 'node:fs';
import * as vscode from 'vscode';
import type { EngineCaller } from '../../../src/extension/engineHost/engineClient';
import { Journal } from '../../../src/extension/remembered/journal';
import { rememberedItem, treeItemOf } from '../../../src/extension/remembered/rememberedTree';
import { RememberedWriting } from '../../../src/extension/remembered/rememberedWriting';
import { until } from '../../support/eventually';
import { closeAll } from '../support';

describe('remembered writing', () => {
  let folder: string;
  let journal: Journal;
  let remembered: RememberedWriting;
  let isRemembered: boolean;
  /** Calls scheduled for later. */
  let measure: (() => void) | undefined;
  const calls: { method: string; params: Record<string, unknown> }[] = [];

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-remembered-'));
    journal = new Journal(path.join(folder, 'journal.json'));
    isRemembered = true;
    measure = undefined;
    calls.length = 0;
    const call = (method: string, params: Record<string, unknown>): Promise<unknown> => {
      calls.push({ method, params });
      return Promise.resolve(method === 'measureBeside' ? { without: 2.5, with: 2.25 } : null);
    };
    remembered = new RememberedWriting({
      journal,
      engine: { call: call as EngineCaller['call'], pid: 1 },
      active: { find: () => Promise.resolve('model') },
      clock: {
        now: () => 0,
        after: (_ms, callback) => {
          measure = callback;
          return () => (measure = undefined);
        },
      },
      // VS Code also saves its own documents, such as its settings.
      isRemembered: ({ uri }) => isRemembered && uri.fsPath.startsWith(folder),
      onError: (message) => assert.fail(message),
    });
  });
  afterEach(async () => {
    remembered.dispose();
    await closeAll();
    fs.rmSync(folder, { recursive: true });
  });

  async function edited(name: string, text: string): Promise<vscode.TextDocument> {
    const file = path.join(folder, name);
    fs.writeFileSync(file, 'An old line.\n');
    const document = await vscode.workspace.openTextDocument(file);
    const editor = await vscode.window.showTextDocument(document);
    await editor.edit((edit) => edit.insert(document.positionAt(document.getText().length), text));
    await document.save();
    return document;
  }

  it('is noted on saving, measured later, and known to the engine', async () => {
    const document = await edited('one.md', 'The *sea* was calm.\n');
    await until(() => measure !== undefined, 'the passage is noted');
    assert.deepEqual(journal.all()[0].added, ['The *sea* was calm.']);
    measure?.();
    await until(() => journal.all()[0].bits !== undefined, 'the passage is measured');
    const name = document.uri.toString();
    assert.deepEqual(calls.at(-1), {
      method: 'measureBeside',
      params: { modelPath: 'model', text: 'The *sea* was calm.', collection: 'remembered', except: name },
    });
    const collection = remembered.collection();
    const known = calls.filter(({ method }) => method === 'knowTexts').at(-1);
    assert.deepEqual(known?.params, { collection, texts: [{ name, text: 'The *sea* was calm.\n' }] });
    const told = calls.length;
    remembered.collection();
    assert.equal(calls.length, told);

    const item = rememberedItem(journal);
    assert.ok(item);
    assert.match(String(treeItemOf(item).description), /^1 passage · 2\.50 → 2\.25 bits$/);
    const passage = treeItemOf(item.passages[0]);
    assert.equal(passage.label, 'one.md');
    assert.match(String(passage.description), / · 19 characters · 2\.50 → 2\.25 bits$/);
    assert.equal(passage.tooltip, 'The *sea* was calm.');
    await journal.forgetAll();
    assert.equal(rememberedItem(journal), undefined);
    remembered.collection();
    assert.deepEqual(calls.at(-1)?.params, { collection, texts: [] });
  });

  it('is not noted again after it was forgotten, although it still stands in the document', async () => {
    const document = await edited('one.md', 'A secret.\n');
    await until(() => journal.all().length > 0, 'the passage is noted');
    await journal.forgetDocument(document.uri.toString());
    const write = new vscode.WorkspaceEdit();
    write.insert(document.uri, document.positionAt(document.getText().length), 'No secret.\n');
    assert.ok(await vscode.workspace.applyEdit(write));
    await document.save();
    await until(() => journal.all().length > 0, 'the next passage is noted');
    assert.deepEqual(journal.all()[0].added, ['No secret.']);
  });

  it('belongs to its document even if that is renamed', async () => {
    const { uri } = await edited('one.md', 'The sea was calm.\n');
    await until(() => journal.all().length > 0, 'the passage is noted');
    const renamed = vscode.Uri.file(path.join(folder, 'chapter.md'));
    const rename = new vscode.WorkspaceEdit();
    rename.renameFile(uri, renamed);
    assert.ok(await vscode.workspace.applyEdit(rename));
    await until(() => journal.all()[0].document === renamed.toString(), 'the passage follows');
  });

  it('leaves out documents that the user does not allow', async () => {
    isRemembered = false;
    await edited('two.md', 'The sea was calm.\n');
    isRemembered = true;
    await edited('three.md', 'The ocean was calm.\n');
    await until(() => journal.all().length > 0, 'the other passage is noted');
    assert.deepEqual(
      journal.all().map(({ added }) => added),
      [['The ocean was calm.']],
    );
  });
});
