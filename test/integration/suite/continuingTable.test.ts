/**
 * Everything that writes into a document, beside everything that happens to documents: nothing of the writer's is lost,
 * the former text comes back with one action, and no raw error is seen. Two things write: Continue Text (a command, and a
 * button of the Studio) and Insert in the Studio. Offers are written by VS Code itself when they are taken. What a reload
 * of the window leaves is tested in test/ui.
 */
import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { SampleDelta, SampleRequest } from '../../../src/common/engineProtocol';
import { cancelled } from '../../../src/common/errors';
import type { CallOptions } from '../../../src/common/rpc/methods';
import type { EngineCaller } from '../../../src/extension/engineHost/engineClient';
import { editorPort } from '../../../src/extension/studio/editorPort';
import { TintedTexts } from '../../../src/extension/studio/tintedTexts';
import { TextContinuation } from '../../../src/extension/writing/continueText';
import { until } from '../../support/eventually';
import { activated, closeAll, openText } from '../support';

const former = 'Title  \nOnce \nTwice \ntail';

interface Case {
  what: string;
  happens(desk: Desk): unknown;
  /** The final text if one stream writes; undefined if there is none. */
  end?: string;
  /** The text after Discard, or after another action. */
  back?: string;
  /** Tried at two places at once, too. */
  twice?: boolean;
  untitled?: boolean;
  action?(desk: Desk): unknown;
}

/** A file in which text is being written behind "Once " or behind that and "Twice ". */
class Desk {
  uri!: vscode.Uri;
  editor!: vscode.TextEditor;
  continuation!: TextContinuation;
  private say?: (text: string) => void;
  private end?: () => void;
  ended!: Promise<void>;

  get document(): vscode.TextDocument {
    return this.editor.document;
  }

  /** The text of the file as it is open now, or as it is on disk. */
  async text(): Promise<string> {
    return (await vscode.workspace.openTextDocument(this.uri)).getText().replace(/\r\n/g, '\n');
  }

  async open(name: string, lines: readonly number[], untitled = false): Promise<void> {
    this.continuation = new TextContinuation(
      { call: this.call } as unknown as EngineCaller,
      {
        place: () => Promise.resolve(undefined),
      },
      { show: () => undefined },
    );
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    this.uri = vscode.Uri.joinPath(folder.uri, name);
    if (untitled) this.uri = this.uri.with({ scheme: 'untitled' });
    else await vscode.workspace.fs.writeFile(this.uri, Buffer.from(former));
    this.editor = await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(this.uri));
    if (untitled) await this.editor.edit((edit) => edit.insert(new vscode.Position(0, 0), former));
    await until(() => this.document.getText() === former, 'the file is open as it is on disk');
    this.editor.selections = lines.map((line) => {
      const { end } = this.document.lineAt(line).range;
      return new vscode.Selection(end, end);
    });
  }

  /** Plays the engine. */
  private readonly call = (_method: 'sample', { streams }: SampleRequest, options: CallOptions<SampleDelta>) =>
    new Promise<unknown>((resolve, reject) => {
      this.say = (text) => streams.forEach((_, stream) => options.onEvent?.({ stream, text } as SampleDelta));
      this.end = () => resolve({ texts: [], copies: [], tokensPerSecond: 1 });
      options.signal?.addEventListener('abort', () => reject(cancelled()));
    });

  async continueText(): Promise<void> {
    this.ended = this.continuation.run(this.editor, 'model', { temperature: 0.5, seed: 1, length: 30 });
    this.ended.catch(() => undefined);
    await until(() => this.say !== undefined, 'the engine is asked');
    this.say?.('upon a');
    await until(() => this.document.getText().includes('upon'), 'it writes');
  }

  async insert(): Promise<void> {
    const tinted = new TintedTexts();
    const studio = editorPort({ continuation: this.continuation, tinted, store: { list: () => [] } });
    await (this.ended = studio.insertAtCursor('upon'));
    tinted.dispose();
  }

  async finish(): Promise<void> {
    this.say?.(' time there');
    this.end?.();
    await this.ended;
  }
}

describe('everything that writes into a document', () => {
  let desk: Desk;
  let shown: string[];
  const { showErrorMessage, showWarningMessage } = vscode.window;

  before(activated);
  beforeEach(() => {
    desk = new Desk();
    shown = [];
    const show = async (message: string): Promise<undefined> => void shown.push(message);
    Object.assign(vscode.window, { showErrorMessage: show, showWarningMessage: show });
  });
  afterEach(async () => {
    Object.assign(vscode.window, { showErrorMessage, showWarningMessage });
    await closeAll();
    await vscode.workspace.fs.delete(desk.uri).then(undefined, () => undefined);
  });

  const edit = (at: vscode.Position, text: string) => (): PromiseLike<void> =>
    until(() => desk.editor.edit((builder) => builder.insert(at, text)), 'the edit is made');
  const command = (id: string) => (): Thenable<unknown> => vscode.commands.executeCommand(id);
  const withSettings = (settings: Record<string, unknown>, happens: () => unknown) => async (): Promise<void> => {
    const configuration = vscode.workspace.getConfiguration('files');
    const set = (name: string, value: unknown): Thenable<void> =>
      configuration.update(name, value, vscode.ConfigurationTarget.Global);
    const former = Object.keys(settings).map((name) => [name, configuration.inspect(name)?.globalValue] as const);
    try {
      for (const [name, value] of Object.entries(settings)) await set(name, value);
      await happens();
    } finally {
      for (const [name, value] of former) await set(name, value);
    }
  };
  const tidy = { insertFinalNewline: true, trimTrailingWhitespace: true };
  const writtenTo = (text: string): string => text.replace('Once ', 'Once upon a time there');
  const endedIn = (text: string): string => text.replace('Once ', 'Once upon');

  const cases: Case[] = [
    { twice: true, what: 'nothing', happens: () => undefined, end: writtenTo(former), back: former },
    {
      what: 'leaving the tab',
      happens: () => openText('another'),
      end: endedIn(former),
      back: former,
    },
    {
      what: 'closing the tab',
      happens: command('workbench.action.revertAndCloseActiveEditor'),
      end: former,
      back: former,
      action: () => undefined,
    },
    { twice: true, what: 'an undo', happens: command('undo'), end: former, back: former, action: () => undefined },
    {
      what: 'an undo and a redo',
      happens: async () => {
        await vscode.commands.executeCommand('undo');
        await vscode.commands.executeCommand('redo');
      },
      end: endedIn(former),
      back: former,
      action: command('undo'),
    },
    {
      what: 'a revert',
      happens: command('workbench.action.files.revert'),
      end: former,
      back: former,
      action: () => undefined,
    },
    {
      what: 'a rename',
      happens: async () => {
        const target = desk.uri.with({ path: desk.uri.path.replace(/stream/, 'renamed') });
        const rename = new vscode.WorkspaceEdit();
        rename.renameFile(desk.uri, target, { overwrite: true });
        assert.ok(await vscode.workspace.applyEdit(rename));
        desk.uri = target;
      },
      end: endedIn(former),
      back: former,
    },
    {
      what: 'saving an untitled document under a name',
      untitled: true,
      happens: async () => {
        await desk.document.save();
        desk.uri = desk.uri.with({ scheme: 'file' });
      },
      end: endedIn(former),
      back: former,
    },
    {
      what: 'deleting the file',
      happens: async () => {
        const remove = new vscode.WorkspaceEdit();
        remove.deleteFile(desk.uri);
        assert.ok(await vscode.workspace.applyEdit(remove));
        await until(() => desk.document.isClosed, 'it is closed');
      },
    },
    {
      twice: true,
      what: 'saves that trim and add a final line break',
      happens: withSettings(tidy, async () => {
        for (let i = 0; i < 3; i++) {
          await desk.document.save();
          await until(() => !desk.document.isDirty, 'it is saved');
        }
      }),
      end: 'Title\nOnce upon a time there\nTwice\ntail\n',
      back: 'Title\nOnce \nTwice\ntail\n',
    },
    {
      what: 'automatic saves',
      // Which of them trims depends on where the cursors are.
      happens: withSettings({ insertFinalNewline: true, autoSave: 'afterDelay', autoSaveDelay: 50 }, () =>
        until(() => !desk.document.isDirty, 'it is saved'),
      ),
      end: `${writtenTo(former)}\n`,
      back: `${former}\n`,
    },
    {
      what: 'another language',
      happens: () => vscode.languages.setTextDocumentLanguage(desk.document, 'markdown'),
      end: writtenTo(former),
      back: former,
    },
    {
      what: 'a change of line endings',
      happens: () =>
        until(() => desk.editor.edit((builder) => builder.setEndOfLine(vscode.EndOfLine.CRLF)), 'the edit is made'),
      end: writtenTo(former),
      back: former,
    },
    {
      twice: true,
      what: 'an edit before the place',
      happens: edit(new vscode.Position(0, 0), 'My\n'),
      end: `My\n${writtenTo(former)}`,
      back: `My\n${former}`,
    },
    {
      what: 'an edit after the place',
      happens: edit(new vscode.Position(3, 4), '!'),
      end: `${writtenTo(former)}!`,
      back: `${former}!`,
    },
    {
      twice: true,
      what: 'typing at the place',
      happens: () => vscode.commands.executeCommand('type', { text: '!' }),
      end: former.replace('Once ', 'Once upon!'),
      back: former.replace('Once ', 'Once !'),
    },
  ];
  let number = 0;
  const discard = (): Promise<void> => desk.continuation.discard();
  /** What writes, at which lines, and what is left there of "upon a time there" at the end. */
  const writers = [
    { name: 'Continue Text', write: () => desk.continueText(), places: [[1], [2, 1]], inserts: (text: string) => text },
    {
      name: 'Insert',
      write: () => desk.insert(),
      places: [[1]],
      inserts: (text: string) => text.replace('upon a time there', 'upon'),
    },
  ];
  for (const { name, write, places, inserts } of writers) {
    for (const { what, happens, end, back, twice, untitled, action = discard } of cases) {
      for (const lines of places.filter(({ length }) => length === 1 || twice)) {
        it(`${name} at ${lines.length === 1 ? 'one place' : 'two places'}, and ${what}`, async () => {
          const both = (text: string): string =>
            lines.length === 1
              ? text
              : text.replace(/Twice( ?)/, /Once ?(.*)/.exec(text)?.[0].replace('Once', 'Twice') ?? '');
          await desk.open(`stream${++number}.txt`, lines, untitled);
          await write();
          await happens(desk);
          await desk.finish();
          assert.equal(desk.continuation.active, false);
          assert.deepEqual(shown, []);
          if (end === undefined || back === undefined) return;
          assert.equal(await desk.text(), both(inserts(end)));
          await vscode.window.showTextDocument(desk.uri).then(undefined, () => undefined);
          await action(desk);
          assert.equal(await desk.text(), both(back));
          assert.deepEqual(shown, []);
        });
      }
    }
  }
});
