import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ClassifierRecord } from '../../../../src/common/classifierProtocol';
import { ActiveClassifier } from '../../../../src/extension/classifier/activeClassifier';
import { fakeRecord } from '../../../support/studioHarness/fakeClassifier';

/** A memento in memory. */
function memory(): ConstructorParameters<typeof ActiveClassifier>[0] {
  const values = new Map<string, unknown>();
  return {
    keys: () => [...values.keys()],
    get: <T>(key: string, otherwise?: T) => (values.get(key) as T | undefined) ?? otherwise,
    update: async (key: string, value: unknown) => void values.set(key, value),
  } as ConstructorParameters<typeof ActiveClassifier>[0];
}

describe('ActiveClassifier', () => {
  let folder: string;
  let own: string;
  let asked: (string | undefined)[];
  let answer: () => Promise<ClassifierRecord>;
  let active: ActiveClassifier;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-'));
    own = path.join(folder, 'own.inkling.safetensors');
    fs.writeFileSync(own, '');
    asked = [];
    answer = async () => fakeRecord();
    active = new ActiveClassifier(memory(), (file) => {
      asked.push(file);
      return answer();
    });
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  it('is the shipped one until another is chosen, and again when that is gone', async () => {
    assert.equal(active.path, undefined);
    await active.use(own);
    assert.equal(active.path, own);
    fs.rmSync(own);
    assert.equal(active.path, undefined);
  });

  it('requests a record once for each choice, and again after a failure', async () => {
    await active.record();
    await active.record();
    assert.deepEqual(asked, [undefined]);
    await active.use(own);
    answer = () => Promise.reject(new Error('no'));
    await assert.rejects(active.record(), /no/);
    answer = async () => fakeRecord();
    await active.record();
    assert.deepEqual(asked, [undefined, own, own]);
  });

  it('remembers a threshold for each classifier', async () => {
    await active.setThreshold(0.9);
    await active.use(own);
    assert.equal(active.threshold, undefined);
    await active.setThreshold(0.2);
    await active.use(undefined);
    assert.equal(active.threshold, 0.9);
    await active.setThreshold(undefined);
    assert.equal(active.threshold, undefined);
  });
});
