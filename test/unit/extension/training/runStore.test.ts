import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { NoticeEvent } from '../../../../src/common/trainEvents';
import { RunStore, type RunRecord } from '../../../../src/extension/training/runStore';
import { FakeClock } from '../fakeClock';

describe('RunStore', () => {
  let folder: string;
  let errors: unknown[];
  let clock: FakeClock;
  const open = (alive = false): RunStore =>
    new RunStore(
      folder,
      () => alive,
      (error) => errors.push(error),
      clock,
    );
  const record = (id: string, startedAt = '2024-05-01T10:00:00.000Z'): RunRecord => ({
    id,
    title: `run ${id}`,
    startedAt,
    state: 'running',
    modelPath: `/models/${id}`,
    sources: [{ name: 'a.txt' }],
    owner: 4242,
  });
  const notice = (step: number): NoticeEvent => ({
    event: 'notice',
    step,
    kind: 'information',
    message: 'größer — “näher”',
  });

  beforeEach(() => {
    folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-runs-')), 'runs');
    errors = [];
    clock = new FakeClock();
  });
  afterEach(() => fs.rmSync(path.dirname(folder), { recursive: true, force: true }));

  it('lists nothing and creates no folder before the first run', async () => {
    const store = open();
    await store.load();
    assert.deepEqual(store.list(), []);
    assert.equal(fs.existsSync(folder), false);
  });

  it('lists runs newest first, also after a reload', async () => {
    const store = open();
    await store.create({ ...record('a', '2024-05-01T10:00:00.000Z'), state: 'done' }, []);
    await store.create({ ...record('b', '2024-05-02T10:00:00.000Z'), state: 'done' }, []);
    const again = open();
    await again.load();
    for (const each of [store, again]) {
      assert.deepEqual(
        each.list().map((run) => run.id),
        ['b', 'a'],
      );
    }
  });

  it('returns the events in order, written or not, and across a reload', async () => {
    const store = open();
    await store.create(record('a'), []);
    for (let step = 0; step < 500; step++) store.append('a', notice(step));
    const expected = Array.from({ length: 500 }, (_, step) => notice(step));
    assert.deepEqual(await store.readEvents('a'), expected);
    store.append('a', notice(500));
    assert.equal((await store.readEvents('a')).length, 501);
    assert.equal((await open().readEvents('a')).length, 501);
    assert.deepEqual(errors, []);
  });

  it('leaves out a truncated last line', async () => {
    const store = open();
    await store.create(record('a'), []);
    store.append('a', notice(1));
    await store.flush();
    fs.appendFileSync(path.join(folder, 'a.events.jsonl'), '{"event":"notice","st');
    assert.deepEqual(await store.readEvents('a'), [notice(1)]);
  });

  it('counts the events of a run, and starts a new line after a truncated one', async () => {
    const store = open();
    await store.create(record('a'), []);
    assert.deepEqual([store.append('a', notice(1)), store.append('a', notice(1))], [0, 1]);
    await store.flush();
    fs.appendFileSync(path.join(folder, 'a.events.jsonl'), '{"event":"notice","st');
    const again = open();
    await again.create(record('a'), []);
    assert.equal(again.append('a', notice(2)), 2);
    assert.deepEqual(await again.readEvents('a'), [notice(1), notice(1), notice(2)]);
  });

  it('calls a run interrupted if its owner is gone, and leaves a live one alone', async () => {
    await open().create(record('a'), []);
    const gone = open(false);
    await gone.load();
    assert.equal(gone.get('a')?.state, 'interrupted');
    const alive = open(true);
    await alive.load();
    assert.equal(alive.get('a')?.state, 'running');
  });

  it('calls a run interrupted if its file has not been touched for minutes, and says that it may still be training', async () => {
    await open().create(record('a'), []);
    await open().create({ ...record('b'), state: 'paused' }, []);
    const hourAgo = new Date(Date.now() - 3_600_000);
    fs.utimesSync(path.join(folder, 'a.run.json'), hourAgo, hourAgo);
    const store = open(true);
    await store.load();
    assert.equal(store.get('a')?.state, 'interrupted', 'another process has its number by now');
    assert.equal(store.get('b')?.state, 'paused');
    assert.equal(await store.mayTrainElsewhere('a'), true, 'or its machine has only just woken');
    assert.equal(await open(false).mayTrainElsewhere('a'), false);
    await store.create({ ...record('a'), owner: process.pid }, []);
    assert.equal(await store.mayTrainElsewhere('a'), false);
    assert.equal(await store.mayTrainElsewhere('missing'), false);
    await store.update('a', { state: 'done' });
  });

  it('keeps touching the files of its own runs while they train or are paused', async () => {
    const store = open(true);
    await store.create({ ...record('mine'), owner: process.pid }, []);
    await store.create(record('theirs'), []);
    const hourAgo = new Date(Date.now() - 3_600_000);
    const file = (id: string): string => path.join(folder, `${id}.run.json`);
    const later = (store: RunStore): Promise<void> => {
      clock.advance(60_000);
      return store.flush();
    };
    const isOld = (id: string): boolean => fs.statSync(file(id)).mtimeMs <= hourAgo.getTime();
    for (const state of ['running', 'paused'] as const) {
      await store.update('mine', { state });
      for (const id of ['mine', 'theirs']) fs.utimesSync(file(id), hourAgo, hourAgo);
      await later(store);
      assert.equal(isOld('mine'), false, state);
      assert.equal(isOld('theirs'), true);
    }
    await store.update('mine', { state: 'done' });
    await store.flush();
    fs.utimesSync(file('mine'), hourAgo, hourAgo);
    await later(store);
    assert.equal(isOld('mine'), true);
    assert.deepEqual(errors, []);
  });

  it('remembers a change of state', async () => {
    const store = open();
    await store.create(record('a'), []);
    await store.update('a', { state: 'done', heldOutBitsPerCharacter: 1.5 });
    const again = open();
    await again.load();
    assert.equal(again.get('a')?.state, 'done');
    assert.equal(again.get('a')?.heldOutBitsPerCharacter, 1.5);
  });

  it('keeps the texts on which the run was started', async () => {
    const file = path.join(path.dirname(folder), 'b.txt');
    fs.writeFileSync(file, 'saved');
    const store = open();
    const given = [
      { name: 'a.txt', text: 'unsaved' },
      { name: 'b.txt', path: file },
    ];
    const sources = await store.texts.keep(given);
    assert.deepEqual(await store.texts.keep(given), sources, 'one file for one text');
    await store.create(record('a'), sources);
    const read = await open().readSources('a');
    assert.deepEqual(read, sources);
    assert.deepEqual(
      read.map((source) => `${source.name}: ${fs.readFileSync(source.path, 'utf8')}`),
      ['a.txt: unsaved', 'b.txt: saved'],
    );
    fs.rmSync(file);
    assert.deepEqual(await open().readSources('a'), [], 'what is gone in part is gone');
    assert.deepEqual(await open().readSources('missing'), []);
  });

  it('removes a text that no run has named for a day', async () => {
    const store = open();
    const [used, fresh, old] = await store.texts.keep(['used', 'fresh', 'old'].map((text) => ({ name: text, text })));
    const yesterday = new Date(Date.now() - 25 * 3_600_000);
    for (const { path: file } of [used, old]) fs.utimesSync(file, yesterday, yesterday);
    await store.create({ ...record('a'), state: 'done' }, [used]);
    assert.deepEqual(
      [used, fresh, old].map(({ path: file }) => fs.existsSync(file)),
      [true, true, false],
    );
    fs.utimesSync(fresh.path, yesterday, yesterday);
    await store.texts.keep([{ name: 'fresh', text: 'fresh' }]);
    await store.create({ ...record('b'), state: 'done' }, []);
    assert.equal(fs.existsSync(fresh.path), true, 'it was kept again');
    await store.delete('a');
    await store.create({ ...record('c'), state: 'done' }, []);
    assert.equal(fs.existsSync(used.path), false, 'its run is gone');
  });

  it('keeps the newest fifty and never drops a run in progress', async () => {
    const store = open();
    await store.create(record('first', '2020-01-01T00:00:00.000Z'), []);
    for (let i = 0; i < 60; i++) {
      const startedAt = new Date(Date.UTC(2024, 0, 1, 0, i)).toISOString();
      await store.create({ ...record(`r${i}`, startedAt), state: 'done' }, []);
    }
    const ids = store.list().map((run) => run.id);
    assert.equal(ids.length, 51);
    assert.ok(ids.includes('first') && ids.includes('r59') && !ids.includes('r0'));
    assert.equal(fs.existsSync(path.join(folder, 'r0.run.json')), false);
  });

  it('reports a failed write and carries on', async () => {
    const store = open();
    await store.create(record('a'), []);
    fs.rmSync(folder, { recursive: true });
    store.append('a', notice(1));
    await store.flush();
    assert.equal(errors.length, 1);
  });
});
