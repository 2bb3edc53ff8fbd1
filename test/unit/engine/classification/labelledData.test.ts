import * as assert from 'node:assert';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { InklingError } from '../../../../src/common/errors';
import {
  adviseOnData,
  parseLabelledText,
  readLabelledData,
  requireTrainable,
  type LabelledData,
} from '../../../../src/engine/classification/labelledData';
import { foldExamples, splitExamples } from '../../../../src/engine/classification/split';

const rows = (data: LabelledData): string[] => data.examples.map((e) => `${e.line} ${e.label}: ${e.text}`);
const lines = (data: LabelledData): string[] => data.problems.map((p) => `${p.line} ${p.reason}`);
const invalid = (pattern: RegExp) => (error: unknown) =>
  error instanceof InklingError && error.code === 'invalidInput' && pattern.test(error.message);

describe('Labelled text', () => {
  it('reads label, tab, text, with quotation marks as they stand and any line ends', () => {
    const data = parseLabelledText('\uFEFFham\tsay "hi\r\nspam\twin\ta prize\n\nham\tok', 'sms.txt', 'refuse');
    assert.deepStrictEqual(rows(data), ['1 ham: say "hi', '2 spam: win\ta prize', '4 ham: ok']);
    assert.deepStrictEqual(data.classes, ['ham', 'spam']);
  });

  it('reads CSV with a header in any order, quoted cells and line ends within them', () => {
    const text = 'id,Message,LABEL\n1,"a ""b"", c\nd",x\n2,plain,y\n';
    const data = parseLabelledText(text, 'data.csv', 'refuse');
    assert.deepStrictEqual(rows(data), ['2 x: a "b", c\nd', '4 y: plain']);
  });

  it('reads TSV with a header, and a semicolon as some spreadsheets write it', () => {
    assert.deepStrictEqual(rows(parseLabelledText('text\tclass\nhello\ta\n', 'a.tsv', 'refuse')), ['2 a: hello']);
    assert.deepStrictEqual(rows(parseLabelledText('label;text\na;b, c\n', 'a.csv', 'refuse')), ['2 a: b, c']);
  });

  it('reads JSON Lines', () => {
    const text = '{"label":"a","text":"one"}\n{"text":"two","label":1}\n';
    assert.deepStrictEqual(rows(parseLabelledText(text, 'a.jsonl', 'refuse')), ['1 a: one', '2 1: two']);
  });

  it('reads a folder of folders', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-'));
    try {
      for (const [name, text] of Object.entries({ 'ham/1.txt': 'hello', 'spam/1.txt': 'win', 'spam/2.txt': ' ' })) {
        fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        fs.writeFileSync(path.join(folder, name), text);
      }
      const data = await readLabelledData(folder, 'skip');
      assert.deepStrictEqual(rows(data), ['1 ham: hello', '1 spam: win']);
      assert.deepStrictEqual(data.problems, [
        { source: path.join('spam', '2.txt'), line: 1, reason: 'the text is empty' },
      ]);
      await assert.rejects(readLabelledData(folder, 'refuse'), invalid(/2\.txt, line 1: the text is empty/));
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
    await assert.rejects(readLabelledData(path.join(folder, 'none'), 'skip'), invalid(/check the path/));
  });
});

describe('A labelled file with every fault', () => {
  it('names each bad line, or refuses the file', () => {
    const tabbed = 'ham\tfine\nno tab here\n\tno label\nspam\t\nspam\t   \nham\tfine too\n';
    assert.deepStrictEqual(lines(parseLabelledText(tabbed, 'a.txt', 'skip')), [
      '2 there is no tab between label and text',
      '3 the label is empty',
      '4 the text is empty',
      '5 the text is empty',
    ]);
    assert.throws(
      () => parseLabelledText(tabbed, 'a.txt', 'refuse'),
      invalid(/^4 rows .*a\.txt, line 2: .*--bad-rows/),
    );

    const csv = 'label,text\nham,ok\nham\nham,a,b\nham,"never closed\nspam,"closed" too late\nspam,fine\n,nothing\n';
    const table = parseLabelledText(csv, 'a.csv', 'skip');
    assert.deepStrictEqual(rows(table), ['2 ham: ok', '7 spam: fine']);
    assert.deepStrictEqual(
      table.problems.map((p) => p.line),
      [3, 4, 5, 6, 8],
    );

    const json = '{"label":"a","text":"x"}\n{"label":"a"}\n[1]\n{"label":\n{"text":"y"}\n{"label":"a","text":7}\n';
    assert.deepStrictEqual(lines(parseLabelledText(json, 'a.jsonl', 'skip')), [
      '2 the text is missing',
      '3 this is not a JSON object',
      '4 this is not valid JSON',
      '5 the label is missing',
      '6 the text is missing',
    ]);
  });

  it('refuses an empty file and a header without the columns', () => {
    assert.throws(() => parseLabelledText(' \n', 'a.csv', 'skip'), invalid(/is empty/));
    assert.throws(() => parseLabelledText('a,b\n1,2\n', 'a.csv', 'skip'), invalid(/line 1: the header "a,b"/));
    assert.throws(() => parseLabelledText('[{"label":"a"}]', 'a.json', 'skip'), invalid(/one a line.*JSON Lines/));
  });

  it('refuses one class and too few rows, saying how many are missing', () => {
    const one = parseLabelledText('ham\ta\nham\tb\n', 'a.txt', 'refuse');
    assert.throws(() => requireTrainable(one), invalid(/All examples are labelled "ham"/));
    const two = parseLabelledText('ham\ta\nspam\tb\n', 'a.txt', 'refuse');
    assert.throws(
      () => requireTrainable(two),
      invalid(/only 1 example of "ham" \(2 examples in all\); add at least 3/),
    );
    assert.throws(() => requireTrainable({ examples: [], classes: [], problems: [] }), invalid(/no labelled examples/));
  });

  it('says how many more examples a class needs', () => {
    const advice = adviseOnData(['ham', 'spam'], { all: [500, 60], heldOut: [100, 12] }, 0.2);
    assert.deepStrictEqual(
      advice.map((a) => a.missing),
      [0, 140],
    );
    assert.match(advice[1].message, /add about 140 more/);
  });
});

describe('Splits', () => {
  const texts = Array.from({ length: 50 }, (_, i) => `text number ${i % 45}`);
  const labels = texts.map((_, i) => ((i % 45) % 5 === 0 ? 1 : 0));

  it('keeps the shares of the classes, uses each example once, and depends on the seed alone', () => {
    const split = splitExamples(texts, labels, 0.2, 3, 'keep');
    assert.strictEqual(split.heldOut.filter((i) => labels[i] === 1).length, 2);
    const all = [...split.train, ...split.heldOut].sort((a, b) => a - b);
    assert.deepStrictEqual(
      all,
      texts.map((_, i) => i),
    );
    assert.deepStrictEqual(split, splitExamples(texts, labels, 0.2, 3, 'keep'));
    assert.notDeepStrictEqual(split, splitExamples(texts, labels, 0.2, 4, 'keep'));
  });

  it('removes held-out texts that also stand in the training part, whatever their case and spacing', () => {
    const doubled = [...texts.map((text) => `${text} once`), ...texts.map((text) => `${text}  ONCE`)];
    const split = splitExamples(doubled, [...labels, ...labels], 0.3, 1);
    const key = (i: number): string => doubled[i].toLowerCase().replace(/\s+/g, ' ');
    const known = new Set([...split.train].map(key));
    assert.ok([...split.heldOut].every((i) => !known.has(key(i))));
    assert.strictEqual(split.heldOut.length + split.duplicatesRemoved, 30);
    assert.ok(split.duplicatesRemoved > 0);
  });

  it('holds every example out in one fold', () => {
    const unique = texts.map((_, i) => `word${i}`);
    const folds = foldExamples(unique, labels, 5, 7);
    const held = folds.flatMap((fold) => [...fold.heldOut]).sort((a, b) => a - b);
    assert.deepStrictEqual(
      held,
      unique.map((_, i) => i),
    );
    for (const fold of folds) assert.strictEqual(fold.train.length + fold.heldOut.length, 50);
  });
});
