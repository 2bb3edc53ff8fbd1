/** Which shipped base writes in a document, and that none does before the user has agreed. */
import * as assert from 'node:assert/strict';
import type * as vscode from 'vscode';
import { languageOfBase } from '../../../../src/common/bases';
import { InklingError } from '../../../../src/common/errors';
import type { EngineCaller } from '../../../../src/extension/engineHost/engineClient';
import { DocumentBase } from '../../../../src/extension/models/documentBase';

describe('DocumentBase', () => {
  let wanted: string;
  let asked: string[];
  let errors: string[];
  let answer: () => Promise<{ language: string | null }>;
  let bases: DocumentBase;

  beforeEach(() => {
    wanted = 'auto';
    asked = [];
    errors = [];
    answer = async () => ({ language: 'en' });
    const call = (method: string, { text }: { text: string }): Promise<unknown> => {
      assert.equal(method, 'chooseBase');
      asked.push(text);
      return answer();
    };
    const values = new Map<string, unknown>();
    const globalState = {
      get: (key: string) => values.get(key),
      update: async (key: string, value: unknown) => void values.set(key, value),
    } as unknown as vscode.Memento;
    bases = new DocumentBase({
      engine: { call: call as unknown as EngineCaller['call'] },
      globalState,
      wanted: () => wanted,
      onError: (message) => errors.push(message),
    });
  });

  let text: string;
  let version = 0;
  const document = {
    getText: () => text,
    get version() {
      return ++version;
    },
  } as vscode.TextDocument;
  const sentence = 'It was the best of times, it was the worst of times. ';

  it('asks nothing before the user has agreed, and announces when that happens', async () => {
    text = sentence.repeat(10);
    let told = 0;
    bases.onDidChange(() => told++);
    assert.equal(await bases.find(document), undefined);
    assert.equal(bases.unanswered, true);
    await bases.answer(false);
    assert.equal(bases.unanswered, false);
    assert.equal(await bases.find(document), undefined);
    await bases.answer(true);
    await bases.answer(true);
    assert.equal(told, 2);
    assert.equal(await bases.find(document), 'base:en');
    assert.equal(asked.length, 1);
  });

  it('reads a short text again when it has grown', async () => {
    await bases.answer(true);
    text = 'It was ';
    assert.equal(bases.needsText(document), true);
    assert.equal(await bases.find(document), undefined);
    assert.equal(asked.length, 0);
    answer = async () => ({ language: null });
    text = sentence.repeat(4);
    assert.equal(await bases.find(document), undefined);
    assert.equal(await bases.find(document), undefined);
    assert.equal(asked.length, 1);
    answer = async () => ({ language: 'en' });
    text = sentence.repeat(200);
    assert.equal(bases.needsText(document), false);
    assert.equal(await bases.find(document), 'base:en');
    text = sentence.repeat(2000);
    assert.equal(await bases.find(document), 'base:en');
    assert.equal(asked.length, 2);
    assert.ok(asked[1].length <= 5000);
  });

  it('reads a text again when another stands in its place, and announces another language', async () => {
    await bases.answer(true);
    let told = 0;
    bases.onDidChange(() => told++);
    text = '';
    assert.equal(await bases.find(document), undefined);
    const numbered = (words: string): string => Array.from({ length: 200 }, (_, i) => `${words} ${i * i}. `).join('');
    text = numbered('It was the best of times');
    assert.equal(await bases.find(document), 'base:en');
    text = `Chapter I. ${text}`;
    assert.equal(await bases.find(document), 'base:en');
    assert.equal(asked.length, 1);
    assert.equal(told, 1, 'the first language is announced where there was none');
    answer = async () => ({ language: 'de' });
    text = numbered('Es war einmal ein König');
    assert.equal(await bases.find(document), 'base:de');
    assert.equal(asked.length, 2);
    assert.equal(told, 2);
  });

  it('lets a language that is named in the settings write, unless nobody has been asked yet', async () => {
    text = sentence.repeat(10);
    wanted = 'en';
    assert.equal(await bases.find(document), undefined);
    await bases.answer(false);
    assert.equal(await bases.find(document), 'base:en');
    wanted = 'auto';
    assert.equal(await bases.find(document), undefined);
  });

  it('follows the setting', async () => {
    await bases.answer(true);
    text = sentence.repeat(10);
    wanted = 'none';
    assert.equal(await bases.find(document), undefined);
    wanted = 'en';
    text = '';
    assert.equal(await bases.find(document), 'base:en');
    assert.deepEqual(asked, []);
  });

  it('finds none if the engine fails, and asks again', async () => {
    await bases.answer(true);
    text = sentence.repeat(10);
    answer = () => Promise.reject(new InklingError('engineExited', 'gone'));
    assert.equal(await bases.find(document), undefined);
    assert.deepEqual(errors, ['gone']);
    answer = async () => ({ language: 'en' });
    assert.equal(await bases.find(document), 'base:en');
  });

  it('recognises the language of a base by its name', () => {
    assert.equal(languageOfBase('base:de'), 'de');
    assert.equal(languageOfBase('/models/base.safetensors'), undefined);
  });
});
