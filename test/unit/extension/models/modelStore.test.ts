import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { ModelSummary } from '../../../../src/common/engineProtocol';
import { asInklingError, InklingError } from '../../../../src/common/errors';
import { fileNameOf, ModelStore } from '../../../../src/extension/models/modelStore';

const summary: ModelSummary = {
  path: '',
  title: '',
  created: '2026-01-02T03:04:05.678Z',
  bytes: 3,
  kind: 'language-model',
  recipe: 'automatic',
  network: 'LSTM 1 × 8',
  parameters: 100,
  vocabulary: 20,
  unit: 'character',
  sources: ['a.txt'],
  seed: 1,
  steps: 10,
  seconds: 1,
  trainLoss: 2,
  heldOutLoss: null,
  heldOutBitsPerCharacter: null,
  history: [],
};

describe('ModelStore', () => {
  let folder: string;
  let inspected: string[];
  const open = (): ModelStore =>
    new ModelStore(folder, async (file) => {
      inspected.push(path.basename(file));
      const text = fs.readFileSync(file, 'utf8');
      if (text.startsWith('bad')) throw new InklingError('corruptModel', 'The file is cut off.');
      if (text.startsWith('busy')) throw new InklingError('engineExited', 'gone');
      return { ...summary, path: file, title: text };
    });
  const put = async (store: ModelStore, title: string, contents = title): Promise<string> => {
    const file = await store.newPath(title);
    fs.writeFileSync(file, contents);
    return file;
  };

  beforeEach(() => {
    folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-models-')), 'models');
    inspected = [];
  });
  afterEach(() => fs.rmSync(path.dirname(folder), { recursive: true, force: true }));

  it('lists nothing if there is no folder', async () => {
    assert.deepEqual(await open().list(), []);
  });

  it('names files after titles in any script, never the same twice', async () => {
    assert.equal(fileNameOf('Moby Dick.txt'), 'Moby-Dick');
    assert.equal(fileNameOf('../../etc/passwd'), 'etc-passwd');
    assert.equal(fileNameOf('Война и мир.md'), 'Война-и-мир');
    assert.equal(fileNameOf('***'), 'model');
    const store = open();
    const first = await put(store, 'a text');
    const second = await put(store, 'a text');
    assert.notEqual(first, second);
  });

  it('requests each file once, also across sessions, and again when it has changed', async () => {
    const store = open();
    const file = await put(store, 'one');
    assert.equal((await store.list())[0].title, 'one');
    await store.list();
    await open().list();
    assert.equal(inspected.length, 1);
    fs.writeFileSync(file, 'changed');
    assert.equal((await open().list())[0].title, 'changed');
    assert.equal(inspected.length, 2);
  });

  it('keeps a title that the user gave, even when the model is trained further', async () => {
    const store = open();
    const file = await put(store, 'one');
    await store.list();
    await store.rename(file, 'Mine');
    fs.writeFileSync(file, 'trained further');
    assert.equal((await open().list())[0].title, 'Mine');
  });

  it('checks a file again if its index entry is not something an engine would say', async () => {
    const store = open();
    const file = await put(store, 'one');
    await store.list();
    await store.rename(file, 'Mine');
    const indexFile = path.join(folder, 'index.json');
    const index = JSON.parse(fs.readFileSync(indexFile, 'utf8')) as Record<string, { summary: unknown }>;
    index[path.basename(file)].summary = { ...summary, sources: 'x' };
    fs.writeFileSync(indexFile, JSON.stringify(index));
    const [entry] = await open().list();
    assert.deepEqual([entry.title, entry.summary?.sources], ['Mine', ['a.txt']]);
  });

  it('lists the checkpoint of an interrupted run, until it has a model or is being trained', async () => {
    const training: string[] = [];
    const store = new ModelStore(
      folder,
      async (file) => ({ ...summary, title: fs.readFileSync(file, 'utf8') }),
      async () => [],
      async () => training,
    );
    const file = await store.newPath('novel');
    fs.writeFileSync(`${file}.checkpoint`, 'cut off');
    const [entry] = await store.list();
    assert.deepEqual([entry.path, entry.title, entry.unfinished], [`${file}.checkpoint`, 'cut off', true]);
    training.push(file);
    assert.deepEqual(await store.list(), []);
    training.pop();
    fs.writeFileSync(file, 'whole');
    assert.deepEqual(
      (await store.list()).map(({ title, unfinished }) => [title, unfinished]),
      [['whole', undefined]],
    );
  });

  it('replaces no model that another window puts in its place meanwhile', async () => {
    const store = new ModelStore(folder, async (file) => {
      if (file.endsWith('.importing')) fs.writeFileSync(file.slice(0, -'.importing'.length), 'of another window');
      return { ...summary, title: fs.readFileSync(file, 'utf8') };
    });
    const source = path.join(path.dirname(folder), 'one.inkling.safetensors');
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(source, 'imported');
    const file = await store.importFile(source);
    assert.equal(fs.readFileSync(file, 'utf8'), 'imported');
    assert.deepEqual((await store.list()).map(({ title }) => title).sort(), ['imported', 'of another window']);
  });

  it('says what is wrong with a file, and asks again if only the engine was at fault', async () => {
    const store = open();
    await put(store, 'x', 'bad file');
    await put(store, 'y', 'busy');
    const listed = await store.list();
    assert.deepEqual(
      listed.map(({ problem }) => problem),
      ['The file is cut off.'],
    );
    await store.list();
    assert.equal(inspected.filter((name) => name.startsWith('y')).length, 2);
    assert.equal(inspected.filter((name) => name.startsWith('x')).length, 1);
  });

  it('shows a file that cannot be opened, with the reason, until it can be', async () => {
    let denied = true;
    const store = new ModelStore(folder, async (file) => {
      if (denied) throw asInklingError(Object.assign(new Error(`EACCES: open '${file}'`), { code: 'EACCES' }));
      return { ...summary, path: file, title: 'one' };
    });
    await put(store, 'one');
    fs.symlinkSync(path.join(folder, 'nowhere'), path.join(folder, 'link.inkling.safetensors'));
    fs.mkdirSync(path.join(folder, 'folder.inkling.safetensors'));
    const shown = (await store.list()).map(({ title, problem }) => [title, problem]);
    assert.deepEqual(shown, [
      ['one', 'one.inkling.safetensors cannot be opened or changed. Check its permissions.'],
      [
        'link',
        'link.inkling.safetensors can no longer be found. It may have been moved or deleted, or be a link to a file that was.',
      ],
    ]);
    denied = false;
    assert.deepEqual((await store.list())[0].problem, undefined);
  });

  it('says why the folder cannot be read', async () => {
    fs.writeFileSync(folder, 'a file');
    const store = open();
    assert.deepEqual(await store.list(), []);
    assert.match(store.problem!, /^The models in .*models cannot be listed: models can no longer be found\./);
    fs.rmSync(folder);
    await store.list();
    assert.equal(store.problem, undefined);
  });

  it('lists models where the index cannot be written', async () => {
    const store = open();
    await put(store, 'one');
    fs.mkdirSync(path.join(folder, `index.json.${process.pid}`));
    assert.deepEqual(
      (await store.list()).map(({ title }) => title),
      ['one'],
    );
  });

  it('restores what was removed, or deletes it for good', async () => {
    const store = open();
    const file = await put(store, 'one');
    await store.list();
    await store.rename(file, 'Mine');
    const aside = await store.setAside(file);
    assert.deepEqual(await store.list(), []);
    await aside.restore();
    assert.equal((await store.list())[0].title, 'Mine');
    await (await store.setAside(file)).purge();
    assert.deepEqual(
      fs.readdirSync(folder).filter((name) => name !== 'index.json'),
      [],
    );
  });

  it('does not reuse the path of a removed model, and restores it beside one that has taken its place', async () => {
    const store = open();
    const file = await put(store, 'one', 'first');
    await store.list();
    await store.rename(file, 'Mine');
    const aside = await store.setAside(file);
    assert.notEqual(await store.newPath('one'), file);
    fs.writeFileSync(file, 'second'); // by another program
    const back = await aside.restore();
    assert.notEqual(back, file);
    assert.equal(fs.readFileSync(file, 'utf8'), 'second');
    assert.equal((await store.find(back))?.title, 'Mine');
    assert.equal(await (await store.setAside(file)).restore(), file);
  });

  it('removes a checkpoint with its model, and keeps one that was written since', async () => {
    const store = open();
    const file = await put(store, 'one');
    fs.writeFileSync(file + '.checkpoint', 'old');
    const first = await store.setAside(file);
    assert.equal(fs.existsSync(file + '.checkpoint'), false);
    await first.restore();
    assert.equal(fs.readFileSync(file + '.checkpoint', 'utf8'), 'old');
    const second = await store.setAside(file);
    fs.writeFileSync(file + '.checkpoint', 'new');
    await second.purge();
    assert.equal(fs.readFileSync(file + '.checkpoint', 'utf8'), 'new');
    assert.equal(fs.readdirSync(folder).filter((name) => name !== 'index.json').length, 1);
  });

  it('gives a new model nothing of an earlier one with that path', async () => {
    const store = open();
    const file = await put(store, 'one');
    await store.list();
    await store.rename(file, 'Mine');
    await (await store.setAside(file)).purge();
    assert.equal(await put(store, 'one', 'another'), file);
    await store.refresh();
    assert.equal((await store.list())[0].title, 'another');
    await store.rename(file, 'Mine');
    fs.rmSync(file);
    await store.refresh();
    fs.writeFileSync(file, 'a third');
    await store.refresh();
    assert.equal((await store.list())[0].title, 'a third', 'also where the file was taken away by hand');
  });

  it('gives a new model no path that a recorded run uses', async () => {
    const noted: string[] = [];
    const store = new ModelStore(
      folder,
      () => assert.fail('nothing to inspect'),
      async () => noted,
    );
    noted.push(await store.newPath('one'));
    assert.notEqual(await store.newPath('one'), noted[0]);
  });

  it('keeps every name when several are given at once', async () => {
    const store = open();
    const files = [await put(store, 'one'), await put(store, 'two'), await put(store, 'three')];
    await store.list();
    await put(store, 'four');
    await Promise.all([...files.map((file, i) => store.rename(file, `Name ${i}`)), store.refresh()]);
    const titles = (await open().list()).map(({ title }) => title);
    assert.deepEqual(titles.sort(), ['Name 0', 'Name 1', 'Name 2', 'four']);
  });

  it('imports a good file under a new name and refuses a bad one without a trace', async () => {
    const store = open();
    const source = path.join(path.dirname(folder), 'theirs.inkling.safetensors');
    fs.writeFileSync(source, 'theirs');
    const first = await store.importFile(source);
    const second = await store.importFile(source);
    assert.notEqual(first, second);
    assert.equal((await store.list()).length, 2);
    fs.writeFileSync(source, 'bad');
    await assert.rejects(store.importFile(source), /cut off/);
    assert.equal(fs.readdirSync(folder).filter((name) => name !== 'index.json').length, 2);
  });

  it('deletes, after a day, what was removed and incomplete copies', async () => {
    const store = open();
    await put(store, 'one');
    for (const suffix of ['.deleted', '.importing']) {
      fs.writeFileSync(path.join(folder, `old.inkling.safetensors${suffix}`), 'old');
    }
    await store.newPath('two');
    assert.equal(fs.readdirSync(folder).length, 3);
    const realNow = Date.now;
    try {
      Date.now = (): number => realNow() + 25 * 3_600_000;
      await store.newPath('two');
    } finally {
      Date.now = realNow;
    }
    assert.deepEqual(fs.readdirSync(folder), ['one.inkling.safetensors']);
  });

  it('reports changes', async () => {
    const store = open();
    let told = 0;
    const subscription = store.onDidChange(() => told++);
    const file = await put(store, 'one');
    await store.refresh();
    await store.rename(file, 'Mine');
    subscription.dispose();
    await store.refresh();
    assert.equal(told, 2);
  });
});
