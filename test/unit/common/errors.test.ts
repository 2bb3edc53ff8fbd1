import assert from 'node:assert/strict';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { asInklingError, InklingError, type ErrorFrame } from '../../../src/common/errors';
import { sentence, setLanguage } from '../../../src/common/l10n';
import { smallConfig } from '../../support/trainingConfig';
import { requireTrainable } from '../../../src/engine/classification/labelledData';
import { buildCorpus } from '../../../src/engine/corpus/corpus';

describe('asInklingError', () => {
  const said = async (failing: Promise<unknown>): Promise<InklingError> =>
    asInklingError(await failing.catch((e) => e));

  it('says in plain words what is wrong with a file', async () => {
    const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-errors-'));
    try {
      const file = (name: string): string => path.join(folder, name);
      await fs.symlink(file('gone.txt'), file('broken link.txt'));
      await fs.symlink(file('circle.txt'), file('circle.txt'));
      for (const [failing, message] of [
        [fs.readFile(file('gone.txt')), /^gone\.txt can no longer be found/],
        [fs.stat(file('broken link.txt')), /^broken link\.txt can no longer be found/],
        [fs.readFile(file('circle.txt')), /^circle\.txt is a link that leads back to itself/],
        [fs.readFile(folder), /is a folder\. Choose a file\.$|^The file is a folder/],
      ] as const) {
        const error = await said(failing);
        assert.equal(error.code, 'invalidInput');
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\bE[A-Z]{3,}\b/);
      }
    } finally {
      await fs.rm(folder, { recursive: true });
    }
  });

  it("understands VS Code's own errors", () => {
    const missing = Object.assign(
      new Error("EntryNotFound (FileSystemError): Error: ENOENT: no such file, stat '/a/b.txt'"),
      {
        code: 'FileNotFound',
      },
    );
    const unopened = new Error(
      "cannot open file:///a/b.txt. Detail: Unable to read file '/a/b.txt' (Error: Unable to resolve nonexistent file '/a/b.txt')",
    );
    for (const error of [missing, unopened])
      assert.match(asInklingError(error).message, /^b\.txt can no longer be found/);
    const denied = Object.assign(new Error("NoPermissions (FileSystemError): '/a/b.txt'"), { code: 'NoPermissions' });
    assert.match(asInklingError(denied).message, /^b\.txt cannot be opened or changed/);
    assert.match(asInklingError(Object.assign(new Error('write'), { code: 'ENOSPC' })).message, /^The disk is full/);
  });

  it('leaves other errors as they are', () => {
    const own = new InklingError('corruptModel', 'ENOENT');
    assert.equal(asInklingError(own), own);
    const other = asInklingError(new TypeError('x is not a function'));
    assert.deepEqual([other.code, other.message], ['internal', 'x is not a function']);
    assert.equal(asInklingError('text').message, 'text');
    assert.equal(asInklingError(new Error('allocation failed')).code, 'outOfMemory');
  });
});

describe('errors of the engine', () => {
  afterEach(() => setLanguage({ tag: 'en', bundle: {} }));

  it('are English there, and in the language of the reader where they are shown', async () => {
    const frames: ErrorFrame[] = [];
    const collect = (error: unknown): unknown =>
      frames.push(JSON.parse(JSON.stringify(asInklingError(error).toFrame())) as ErrorFrame);
    await Promise.resolve()
      .then(() => buildCorpus([{ name: 'leer.txt', text: '' }], smallConfig().text))
      .catch(collect);
    await Promise.resolve()
      .then(() => requireTrainable({ examples: [], classes: ['spam'], problems: [], notices: [] }))
      .catch(collect);
    await fs.readFile('gone.txt').catch(collect);
    const shown = (): string[] => frames.map((frame) => InklingError.fromFrame(frame).message);
    const english = frames.map(({ message }) => message);
    assert.match(
      english.join('\n'),
      /^leer\.txt is empty.*\nAll examples are labelled "spam".*\ngone\.txt can no longer/,
    );
    assert.deepEqual(shown(), english);
    setLanguage({
      tag: 'de',
      bundle: JSON.parse(await fs.readFile('l10n/bundle.l10n.de.json', 'utf8')) as Record<string, string>,
    });
    assert.match(shown().join('\n'), /^leer\.txt ist leer.*\nAlle Beispiele gehören zur Klasse „spam“.*\ngone\.txt /);
    assert.deepEqual(
      shown().filter((message) => english.includes(message)),
      [],
    );
  });

  it('may contain each other', () => {
    const inner = new InklingError('invalidInput', sentence('The disk is full. Free some space, then try again.'));
    const outer = new InklingError('invalidInput', sentence('{0} The trained model is kept in {1}.', inner.told, 'x'));
    setLanguage({
      tag: 'de',
      bundle: { [inner.message]: 'Voll.', '{0} The trained model is kept in {1}.': '{1}: {0}' },
    });
    assert.equal(InklingError.fromFrame(outer.toFrame()).message, 'x: Voll.');
  });
});
