/** The prose of the workspace folder, as reported to the engine. */
import * as assert from 'node:assert/strict';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { TextSource } from '../../../src/common/engineProtocol';
import type { EngineCaller } from '../../../src/extension/engineHost/engineClient';
import { FolderTexts } from '../../../src/extension/writing/folderTexts';
import { until } from '../../support/eventually';

describe('the texts of a folder', () => {
  const folder = vscode.workspace.workspaceFolders![0].uri;
  const book = vscode.Uri.joinPath(folder, 'book');
  const file = (name: string): vscode.Uri => vscode.Uri.joinPath(book, name);
  const write = (name: string, text: string): Thenable<void> =>
    vscode.workspace.fs.writeFile(file(name), new TextEncoder().encode(text));
  const files = vscode.workspace.getConfiguration('files');
  /** What was last reported to the engine, as names of files in the folder, and how often something was reported. */
  let known: string[] = [];
  let told = 0;
  let texts: FolderTexts;

  before(async () => {
    await write('one.md', 'The sea.');
    await write('two.txt', 'The ocean.');
    await write('code.ts', 'const sea = 1;');
    await write('draft.md', 'A draft.');
    await write('hidden.md', 'Hidden.');
    await write('node_modules/package.md', 'A package.');
    await write('.gitignore', 'draft.md\n');
    await files.update('exclude', { ...files.get('exclude'), '**/hidden.md': true });
    const call = (_method: string, params: { texts: TextSource[] }): Promise<null> => {
      told++;
      known = params.texts
        .filter(({ path: each }) => each.startsWith(book.fsPath))
        .map(({ path: each }) => path.relative(book.fsPath, each))
        .sort();
      return Promise.resolve(null);
    };
    const engine = { call: call as unknown as EngineCaller['call'], pid: 1 };
    texts = new FolderTexts({ engine, onError: (message) => assert.fail(message) });
  });

  after(async () => {
    texts.dispose();
    await files.update('exclude', undefined);
    await vscode.workspace.fs.delete(book, { recursive: true });
  });

  it('are its prose, without what is excluded, and follow what comes, changes and goes', async () => {
    const document = await vscode.workspace.openTextDocument(file('one.md'));
    const collection = texts.collection(document);
    assert.ok(collection);
    await until(() => known.length > 0, 'the engine knows the folder');
    assert.deepEqual(known, ['one.md', 'two.txt']);
    assert.equal(texts.collection(document), collection);
    assert.equal(told, 1);

    const asked = async (what: string, isTold: () => boolean): Promise<void> =>
      until(() => {
        texts.collection(document);
        return isTold();
      }, what);
    await write('two.txt', 'The wide ocean.');
    await asked('a changed file is read again', () => told === 2);
    await write('three.md', 'The river.');
    await asked('a new file', () => known.includes('three.md'));
    await vscode.workspace.fs.delete(file('two.txt'));
    await asked('a deleted file', () => !known.includes('two.txt'));
    assert.deepEqual(known, ['one.md', 'three.md']);
  });

  it('follow the rules of .gitignore when these change, and a folder that is renamed', async () => {
    const document = await vscode.workspace.openTextDocument(file('one.md'));
    const knows = (names: string[]): Promise<void> =>
      until(() => {
        texts.collection(document);
        return known.join() === names.join();
      }, `the engine knows ${names.join()}`);
    await write('part/four.md', 'The lake.');
    await knows(['one.md', 'part/four.md', 'three.md']);
    await write('.gitignore', 'three.md\n');
    await knows(['draft.md', 'one.md', 'part/four.md']);
    const rename = new vscode.WorkspaceEdit();
    rename.renameFile(file('part'), file('renamed'));
    assert.ok(await vscode.workspace.applyEdit(rename));
    await knows(['draft.md', 'one.md', 'renamed/four.md']);
  });

  it('leave out a file that is too large, not those that were changed before it', async () => {
    const document = await vscode.workspace.openTextDocument(file('one.md'));
    await vscode.workspace.fs.writeFile(file('large.txt'), new Uint8Array(20_000_001).fill(97));
    await write('five.md', 'The pond.');
    await until(() => {
      texts.collection(document);
      return known.includes('five.md');
    }, 'the file that came last is known');
    assert.deepEqual(known, ['draft.md', 'five.md', 'one.md', 'renamed/four.md']);
  });

  it('are absent for a document outside any folder', async () => {
    const document = await vscode.workspace.openTextDocument({ content: 'The sea.' });
    assert.equal(texts.collection(document), undefined);
  });
});
