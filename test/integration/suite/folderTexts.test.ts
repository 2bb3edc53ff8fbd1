/** The prose of the workspace folder, as reported to the engine. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs/promises';
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

  /** Resolves when VS Code has reported that the file came, and with it all that came before. */
  const noticed = (name: string): Promise<void> =>
    new Promise((resolve) => {
      const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(book, name));
      watcher.onDidCreate(() => {
        watcher.dispose();
        resolve();
      });
    });
  /** Asks for the collection of a document in the folder, again and again, as the editor does while somebody types. */
  const asked = async (what: string, isTold: () => boolean): Promise<void> => {
    const document = await vscode.workspace.openTextDocument(file('one.md'));
    await until(() => {
      texts.collection(document);
      return isTold();
    }, what);
  };
  const knows = (names: string[]): Promise<void> =>
    asked(`the engine knows ${names.join()}`, () => known.join() === names.join());

  before(async () => {
    const areThere = noticed('.gitignore');
    await write('one.md', 'The sea.');
    await write('two.txt', 'The ocean.');
    await write('code.ts', 'const sea = 1;');
    await write('draft.md', 'A draft.');
    await write('hidden.md', 'Hidden.');
    await write('node_modules/package.md', 'A package.');
    await write('.gitignore', 'draft.md\n');
    await areThere;
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

    await write('two.txt', 'The wide ocean.');
    await asked('a changed file is read again', () => told === 2);
    await write('three.md', 'The river.');
    await asked('a new file', () => known.includes('three.md'));
    await vscode.workspace.fs.delete(file('two.txt'));
    await asked('a deleted file', () => !known.includes('two.txt'));
    assert.deepEqual(known, ['one.md', 'three.md']);
  });

  it('follow the rules of .gitignore when these change', async () => {
    await write('part/four.md', 'The lake.');
    await knows(['one.md', 'part/four.md', 'three.md']);
    await write('.gitignore', 'three.md\n');
    await knows(['draft.md', 'one.md', 'part/four.md']);
  });

  it('follow a folder that is renamed, here or elsewhere, copied and deleted', async () => {
    const rename = new vscode.WorkspaceEdit();
    rename.renameFile(file('part'), file('renamed'));
    assert.ok(await vscode.workspace.applyEdit(rename));
    await knows(['draft.md', 'one.md', 'renamed/four.md']);
    await fs.rename(file('renamed').fsPath, file('2. part').fsPath);
    await knows(['2. part/four.md', 'draft.md', 'one.md']);
    await fs.cp(file('2. part').fsPath, file('copy').fsPath, { recursive: true });
    await knows(['2. part/four.md', 'copy/four.md', 'draft.md', 'one.md']);
    await fs.rm(file('2. part').fsPath, { recursive: true });
    await knows(['copy/four.md', 'draft.md', 'one.md']);
  });

  it('follow what comes while they are being looked for', async () => {
    const { findFiles } = vscode.workspace;
    const isNoticed = noticed('late.md');
    const later = async (...[glob, ...others]: Parameters<typeof findFiles>): Promise<vscode.Uri[]> => {
      const found = await findFiles(glob, ...others);
      await write('late.md', 'The sound.');
      await isNoticed;
      return found;
    };
    Object.assign(vscode.workspace, { findFiles: later });
    const before = told;
    await write('early.md', 'The strait.');
    await asked('they are reported as they were found', () => told > before);
    Object.assign(vscode.workspace, { findFiles });
    await knows(['copy/four.md', 'draft.md', 'early.md', 'late.md', 'one.md']);
    await Promise.all(['early.md', 'late.md'].map((name) => vscode.workspace.fs.delete(file(name))));
  });

  it('leave out a file that is too large, not those that were changed before it', async () => {
    await vscode.workspace.fs.writeFile(file('large.txt'), new Uint8Array(20_000_001).fill(97));
    await write('five.md', 'The pond.');
    await asked('the file that came last is known', () => known.includes('five.md'));
    assert.deepEqual(known, ['copy/four.md', 'draft.md', 'five.md', 'one.md']);
  });

  it('are absent for a document outside any folder', async () => {
    const document = await vscode.workspace.openTextDocument({ content: 'The sea.' });
    assert.equal(texts.collection(document), undefined);
  });
});
