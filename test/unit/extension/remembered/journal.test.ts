import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Journal } from '../../../../src/extension/remembered/journal';

const minute = 60_000;

describe('the journal of what was written', () => {
  let folder: string;
  let journal: Journal;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-journal-'));
    journal = new Journal(path.join(folder, 'journal.json'));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  const note = (document: string, before: string, text: string, minutes: number): Promise<void> =>
    journal.note(document, new Set(before.split('\n')), text.split('\n'), minutes * minute);
  const remembered = (): Record<string, string> =>
    Object.fromEntries(journal.texts().map((known) => [known.name, 'text' in known ? known.text : '']));

  it('remembers the lines that were written, and not those that were there', async () => {
    await note('a', 'one\ntwo', 'one\ntwo\n\nthree', 0);
    assert.deepEqual(remembered(), { a: 'three\n' });
    await note('a', 'one\ntwo', 'one\ntwo', 1);
    assert.deepEqual(journal.all(), []);
  });

  it('keeps the final form of a line that is saved again and again, as one passage', async () => {
    for (const [i, text] of ['The', 'The sea', 'The sea.', 'The sea.\nIt'].entries()) await note('a', '', text, i);
    assert.equal(journal.all().length, 1);
    assert.deepEqual(remembered(), { a: 'The sea.\nIt\n' });
    await note('a', '', 'The sea.\nIt rose.', 30);
    assert.equal(journal.all().length, 2);
    assert.deepEqual(journal.all()[1].removed, ['It']);
    assert.deepEqual(remembered(), { a: 'The sea.\nIt rose.\n' });
  });

  it('undoes to any point, forgets a document, and everything', async () => {
    await note('a', '', 'one', 0);
    await note('b', '', 'two', 1);
    await note('a', '', 'one\nthree', 2);
    const all = [...journal.all()];
    await journal.forgetSince(all[1].id);
    assert.deepEqual(remembered(), { a: 'one\n' });
    await journal.restore(all);
    assert.deepEqual(remembered(), { a: 'one\nthree\n', b: 'two\n' });
    await journal.forgetDocument('a');
    assert.deepEqual(remembered(), { b: 'two\n' });
    await journal.forgetAll();
    assert.deepEqual(remembered(), {});
  });

  it('follows a document, and a folder of documents, that gets another name', async () => {
    await note('file:///book/a.md', '', 'one', 0);
    await note('file:///bookcase/b.md', '', 'two', 1);
    await journal.moved('file:///book/a.md', 'file:///book/c.md');
    await journal.moved('file:///book', 'file:///novel');
    assert.deepEqual(remembered(), { 'file:///novel/c.md': 'one\n', 'file:///bookcase/b.md': 'two\n' });
  });

  it('is there again after a restart, with what was measured', async () => {
    await note('a', '', 'one', 0);
    await journal.measured(journal.all()[0].id, { without: 2.5, with: 2.25 });
    // The same text again changes nothing.
    await note('a', '', 'one', 1);
    const again = new Journal(path.join(folder, 'journal.json'));
    assert.deepEqual(again.all(), journal.all());
    assert.deepEqual(again.all()[0].bits, { without: 2.5, with: 2.25 });
  });

  it('drops the oldest passages when there are too many', async () => {
    for (let i = 0; i < 6; i++) await note(`${i}`, '', `${i}`.repeat(200_000), i);
    assert.deepEqual(Object.keys(remembered()), ['1', '2', '3', '4', '5']);
  });
});
