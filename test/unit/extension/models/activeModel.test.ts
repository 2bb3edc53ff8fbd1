/** Which model writes, depending on what was chosen, what is being trained and what exists. */
import * as assert from 'node:assert/strict';
import type * as vscode from 'vscode';
import { ActiveModel } from '../../../../src/extension/models/activeModel';
import type { ModelStore } from '../../../../src/extension/models/modelStore';
import { Emitter } from '../../../../src/extension/emitter';

class FakeMemento {
  private readonly values = new Map<string, unknown>();
  keys = (): readonly string[] => [...this.values.keys()];
  get = <T>(key: string): T => this.values.get(key) as T;
  update = async (key: string, value: unknown): Promise<void> => void this.values.set(key, value);
  setKeysForSync = (): void => undefined;
}

describe('ActiveModel', () => {
  let stored: string[];
  let inTraining: string | undefined;
  const trainingChanged = new Emitter<void>();
  const baseAllowed = new Emitter<void>();
  let isAllowed = true;
  let isShort = false;
  const base = {
    find: async () => (isAllowed && !isShort ? 'base:en' : undefined),
    needsText: () => isAllowed && isShort,
    get unanswered() {
      return !isAllowed;
    },
    answer: async (allowed: boolean) => void (isAllowed = allowed),
    onDidChange: baseAllowed.event,
  };
  const entries = (): { path: string; summary: { kind: string } }[] =>
    stored.map((path) => ({ path, summary: { kind: 'language-model' } }));
  const models = {
    list: async () => entries(),
    find: async (path: string) => entries().find((entry) => entry.path === path),
  } as unknown as ModelStore;
  const make = (workspace = new FakeMemento(), global = new FakeMemento()): ActiveModel =>
    new ActiveModel(workspace, global, models, { path: () => inTraining, onDidChange: trainingChanged.event }, base);

  beforeEach(() => {
    stored = ['new', 'old'];
    inTraining = undefined;
  });

  it('is the one chosen here, otherwise anywhere, otherwise the newest', async () => {
    const global = new FakeMemento();
    const active = make(new FakeMemento(), global);
    assert.equal(await active.require(), 'new');
    await active.use('old');
    assert.equal(await active.require(), 'old');
    const elsewhere = make(new FakeMemento(), global);
    assert.equal(elsewhere.path, 'old');
    stored = ['new'];
    assert.equal(await elsewhere.require(), 'new', 'the one chosen is gone');
  });

  it('asks for more text where it is too short to tell the language', async () => {
    const document = {} as vscode.TextDocument;
    stored = [];
    isShort = true;
    await assert.rejects(make().require(document), /too short to tell its language\. Write 100 characters/);
    isAllowed = false;
    await assert.rejects(make().require(document), /too short/, 'whoever asks for a text has agreed to a base');
    isShort = false;
    assert.equal(await make().require(document), 'base:en');
    await assert.rejects(make().require(), /There is no model yet\. Open a text/);
  });

  it('is the base of a document if the user has no model', async () => {
    const document = {} as vscode.TextDocument;
    assert.equal(await make().require(document), 'new');
    stored = [];
    const active = make();
    assert.equal(await active.require(document), 'base:en');
    let told = 0;
    active.onDidChange(() => told++);
    baseAllowed.fire();
    assert.equal(told, 1);
  });

  it('is the base of a document, even if nothing was offered before, once the user asks for it', async () => {
    stored = [];
    isAllowed = false;
    const document = {} as vscode.TextDocument;
    assert.equal(await make().find(document), undefined);
    assert.equal(await make().require(document), 'base:en');
    assert.equal(await make().find(document), 'base:en');
  });

  it('says what to do when there is none', async () => {
    stored = [];
    assert.equal(await make().find(), undefined);
    await assert.rejects(make().require(), /Train on This File/);
  });

  it('is the model in training if none was chosen, and announces when that can write', async () => {
    stored = [];
    const active = make();
    const heard: (string | undefined)[] = [];
    active.onDidChange((path) => heard.push(path));
    inTraining = 'first';
    trainingChanged.fire();
    assert.deepEqual(heard, ['first']);
    assert.equal(active.path, 'first');
    assert.equal(await active.require(), 'first');
    stored = ['other'];
    await active.use('other');
    trainingChanged.fire();
    assert.equal(await active.require(), 'other', 'a choice stands while another model trains');
    assert.deepEqual(heard, ['first', 'other']);
  });
});
