import * as assert from 'node:assert';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { InklingError } from '../../../../src/common/errors';
import { say, sentence } from '../../../../src/common/l10n';
import {
  adviseOnData,
  parseLabelledText,
  readLabelledData,
  requireTrainable,
  type LabelledData,
} from '../../../../src/engine/classification/labelledData';
import { columnsOf } from '../../../../src/engine/classification/labelledText';
import { foldExamples, splitExamples } from '../../../../src/engine/classification/split';

const rows = (data: LabelledData): string[] => data.examples.map((e) => `${e.line} ${e.label}: ${e.text}`);
const told = (data: LabelledData): string[] => data.notices.map(say);
const lines = (data: LabelledData): string[] => data.problems.map((p) => `${p.line} ${say(p.reason)}`);
const invalid = (pattern: RegExp) => (error: unknown) =>
  error instanceof InklingError && error.code === 'invalidInput' && pattern.test(error.message);

describe('Labelled text', () => {
  it('reads label, tab, text, with literal quotation marks and any line breaks', () => {
    const data = parseLabelledText('\uFEFFham\tsay "hi\r\nspam\twin\ta prize\n\nham\tok', 'sms.txt', 'refuse');
    assert.deepStrictEqual(rows(data), ['1 ham: say "hi', '2 spam: win\ta prize', '4 ham: ok']);
    assert.deepStrictEqual(data.classes, ['ham', 'spam']);
  });

  it('reads CSV with the columns in any order, quoted cells and line breaks within them', () => {
    const text = 'id,Message,LABEL\n1,"a ""b"", c\nd",x\n2,plain,y\n';
    const data = parseLabelledText(text, 'data.csv', 'refuse');
    assert.deepStrictEqual(rows(data), ['2 x: a "b", c\nd', '4 y: plain']);
  });

  it('tells columns of one name apart', () => {
    const text = 'label,text,text\nx,one,two\ny,three,four\n';
    const read = (column: string): string[] => rows(parseLabelledText(text, 'a.csv', 'refuse', { text: column }));
    assert.deepStrictEqual(read('text'), ['2 x: one', '3 y: three']);
    assert.deepStrictEqual(read('3'), ['2 x: two', '3 y: four']);
    assert.deepStrictEqual(read('text (2)'), read('3'));
    assert.deepStrictEqual(columnsOf(text, 'a.csv')?.columns, ['label', 'text', 'text (2)']);
  });

  it('reads TSV with a header, and semicolons as some spreadsheets write them', () => {
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
        { source: path.join('spam', '2.txt'), line: 1, reason: sentence('the text is empty') },
      ]);
      await assert.rejects(readLabelledData(folder, 'refuse'), invalid(/2\.txt, line 1: the text is empty/));
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
    await assert.rejects(
      readLabelledData(path.join(folder, 'none'), 'skip'),
      invalid(/There is no file .*none. Check the path/),
    );
  });
});

describe('A labelled file with every kind of error', () => {
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

  it('says what is in the place of a label or a text', () => {
    const json = '[{"label":{"name":"a"},"text":"x"},{"label":"a","text":["x"]},{"label":"a","text":"x"}]';
    assert.deepStrictEqual(lines(parseLabelledText(json, 'a.json', 'skip')), [
      '1 the label is an object, not a text',
      '1 the text is a list, not a text',
    ]);
    const without = invalid(/a\.json has no label or no text; it holds no objects\. Write objects/);
    for (const json of ['["x","y"]', '[["a","x"]]', '[]']) {
      assert.throws(() => parseLabelledText(json, 'a.json', 'skip'), without);
    }
    const pipes = 'label|text\n' + 'ham|lunch at noon\nspam|win a prize\n'.repeat(4);
    assert.throws(
      () => parseLabelledText(pipes, 'a.csv', 'skip'),
      invalid(/a\.csv has one column only, "label\|text"\. Put a tab, a comma or a semicolon between/),
    );
  });

  it('refuses an empty file and a header without the columns', () => {
    assert.throws(() => parseLabelledText(' \n', 'a.csv', 'skip'), invalid(/is empty/));
    assert.throws(() => parseLabelledText('a,b\n1,2\n', 'a.csv', 'skip'), invalid(/line 1: the header "a,b"/));
    assert.throws(() => parseLabelledText('[{"label":"a"}]', 'a.json', 'skip'), invalid(/one per line.*JSON Lines/));
  });

  it('refuses one class and too few rows, saying how many are missing', () => {
    const one = parseLabelledText('ham\ta\nham\tb\n', 'a.txt', 'refuse');
    assert.throws(() => requireTrainable(one), invalid(/All examples are labelled "ham"/));
    const two = parseLabelledText('ham\ta\nspam\tb\n', 'a.txt', 'refuse');
    assert.throws(
      () => requireTrainable(two),
      invalid(/only 1 example of "ham" \(2 examples in all\); add at least 3/),
    );
    assert.throws(
      () => requireTrainable({ examples: [], classes: [], problems: [], notices: [] }),
      invalid(/no labelled examples/),
    );
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

  it('keeps the proportions of the classes, uses each example once, and depends on the seed alone', () => {
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

  it('removes held-out texts that also occur in the training part, whatever their case and spacing', () => {
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

describe('Labelled text as found in practice', () => {
  const read = (text: string, name = 'mail.csv', columns = {}): LabelledData =>
    parseLabelledText(text, name, 'skip', columns);
  const many = (row: (i: number) => string, count = 12): string =>
    Array.from({ length: count }, (_, i) => row(i)).join('\n');
  const label = (i: number): string => (i % 3 === 0 ? 'spam' : 'ham');

  it('takes a quotation mark in a tab-separated file literally unless its cell closes on the line', () => {
    const text = 'label\tmessage\nham\t"hello\nham\tyou\nspam\twin\nham\tthe 5"\nspam\t"quoted ""x"""\n';
    assert.deepStrictEqual(rows(read(text, 'a.tsv')), [
      '2 ham: "hello',
      '3 ham: you',
      '4 spam: win',
      '5 ham: the 5"',
      '6 spam: quoted "x"',
    ]);
  });

  it('names a quoted cell that swallows rows, and reads these', () => {
    const data = read('label,text\nham,"hello\nham,you\nspam,win\nham,the 5"\nspam,x\nham,y\n');
    assert.deepStrictEqual(rows(data), ['3 ham: you', '4 spam: win', '5 ham: the 5"', '6 spam: x', '7 ham: y']);
    assert.match(
      lines(data).join(),
      /^2 a quotation mark is closed only on line 5, and the lines between look like rows/,
    );
    const letter = read('label,text\nham,"Hi Bob,\nsee you, soon\neggs, ham"\nspam,x\n');
    assert.strictEqual(letter.examples[0].text, 'Hi Bob,\nsee you, soon\neggs, ham');
  });

  it('skips blank lines and rows, and uses the separator that a spreadsheet declares', () => {
    const data = read(',,\n\nid,label,text\n1,a,b\n,,\n2,b,"x\ny"\n');
    assert.deepStrictEqual(rows(data), ['4 a: b', '6 b: x\ny']);
    assert.deepStrictEqual(rows(read('sep=;\nlabel;text\na;b, c\n')), ['3 a: b, c']);
    assert.deepStrictEqual(rows(read('sep=|\nlabel|text\na|b\n')), ['3 a: b']);
  });

  it('reads tables without a header, by comma or semicolon, whatever the file extension', () => {
    const comma = read(many((i) => `${label(i)},"message ${i}, and more"`));
    assert.deepStrictEqual(rows(comma).slice(0, 2), ['1 spam: message 0, and more', '2 ham: message 1, and more']);
    const semicolon = read(
      many((i) => `${label(i)};Die Fähre kam, ${i} Uhr.`),
      'mail.txt',
    );
    assert.deepStrictEqual(rows(semicolon)[1], '2 ham: Die Fähre kam, 1 Uhr.');
    assert.match(told(semicolon).join('\n'), /label: column "1", text: column "2"/);
    assert.match(told(semicolon).join('\n'), /no header/);
  });

  it('takes unprotected commas as part of the text, and says so', () => {
    const data = read('label,text\nham,well, well\nspam,win\n');
    assert.deepStrictEqual(rows(data), ['2 ham: well, well', '3 spam: win']);
    assert.match(told(data).join('\n'), /1 text contains separators outside of quotation marks/);
    assert.deepStrictEqual(rows(read('text,label\nwell, well, well,ham\n')), ['2 ham: well, well, well']);
    const quoting = read('label,text\nham,well, well\nspam,"win, win"\n');
    assert.match(lines(quoting).join(), /^2 there are 3 cells where there are 2 columns; .* in quotation marks$/);
  });

  it("reads fastText's labels", () => {
    const data = read('__label__spam win now\n__label__ham , see you\n__label__a __label__b both\nnone\n', 'train.txt');
    assert.deepStrictEqual(rows(data), ['1 spam: win now', '2 ham: see you']);
    assert.deepStrictEqual(lines(data), [
      '3 there are several labels; keep one',
      '4 the line does not begin with "__label__" and a label',
    ]);
  });

  it("learns only what was accepted in Prodigy, and reads spaCy's categories", () => {
    const prodigy = many((i) =>
      JSON.stringify({ text: `t${i}`, label: label(i), answer: i < 4 ? 'reject' : 'accept' }),
    );
    const data = read(prodigy, 'p.jsonl');
    assert.strictEqual(data.examples.length, 8);
    assert.match(told(data).join('\n'), /4 rows left out whose "answer" is not "accept"/);
    assert.deepStrictEqual(rows(read('{"text":"a","accept":["x"],"answer":"accept"}', 'p.jsonl')), ['1 x: a']);
    const cats = '{"text":"a","cats":{"spam":1,"ham":0}}\n{"text":"b","cats":{"spam":0,"ham":0}}';
    assert.deepStrictEqual(rows(read(cats, 's.jsonl')), ['1 spam: a']);
    assert.match(told(read(cats, 's.jsonl')).join(), /label: column "cats", text: column "text"/);
    assert.match(lines(read(cats, 's.jsonl')).join(), /^2 "cats" names 0 categories/);
  });

  it('reads a JSON array with any file extension, with the lines of its entries', () => {
    const data = read('[\n {"label":"a",\n "text":"x, [y]"},\n\n {"label":"a"}, {"text":"z","label":"b"}\n]', 'x.txt');
    assert.deepStrictEqual(rows(data), ['2 a: x, [y]', '5 b: z']);
    assert.deepStrictEqual(lines(data), ['5 the text is missing']);
    assert.throws(() => read('[{"label":', 'x.json'), invalid(/not valid JSON/));
    // As long as a message with attachments.
    const long = '\\"lunch'.repeat(1_500_000);
    const examples = read(`[\n{"label":"a","text":"${long}"},\n{"label":"b","text":"z"}]`).examples;
    assert.deepStrictEqual(
      examples.map(({ line, text }) => [line, text.length]),
      [
        [2, 6 * 1_500_000],
        [3, 1],
      ],
    );
  });

  it('leaves out the headers of files that were joined, and says so', () => {
    const data = read('label,text\nspam,a\nlabel, text \nham,b\nlabel,text\nham,c\n');
    assert.deepStrictEqual(rows(data), ['2 spam: a', '4 ham: b', '6 ham: c']);
    assert.match(told(data).join('\n'), /mail\.csv: 2 rows that repeat the header were left out/);
    assert.deepStrictEqual(rows(read('label\ttext\nspam\ta\nlabel\ttext\n', 'mail.tsv')), ['2 spam: a']);
  });

  it('joins labels that differ only in case, and reports texts with two labels', () => {
    const data = read('label,text\nspam,a\nspam,b\nSPAM,c\nham,A\n');
    assert.deepStrictEqual(data.classes, ['ham', 'spam']);
    assert.match(told(data).join('\n'), /differ only in case are one: "SPAM" \(1\) counted as "spam"/);
    assert.match(told(data).join('\n'), /1 text has two labels, such as mail\.csv, line 2 .* line 5/);
  });

  it('drops a row with a NUL, reports a guessed encoding, and accepts a named one', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-'));
    const file = path.join(folder, 'mail.tsv');
    try {
      fs.writeFileSync(file, 'ham\tfine\nspam\tb\0d\nspam\tgood\n');
      const data = await readLabelledData(file, 'skip');
      assert.deepStrictEqual(rows(data), ['1 ham: fine', '3 spam: good']);
      assert.deepStrictEqual(lines(data), ['2 there is a NUL character in it']);
      fs.writeFileSync(file, Buffer.from('ham\tdéjà vu, très cher élève\nspam\tça coûte 5 francs\n', 'latin1'));
      const guessed = await readLabelledData(file, 'refuse');
      assert.deepStrictEqual(rows(guessed), ['1 ham: déjà vu, très cher élève', '2 spam: ça coûte 5 francs']);
      assert.match(told(guessed).join(), /^mail\.tsv was read as windows-1252, as its bytes suggest/);
      const named = await readLabelledData(file, 'refuse', {}, { encoding: 'iso-8859-1' });
      assert.deepStrictEqual([rows(named), named.notices], [rows(guessed), []]);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('leaves out hidden files of a labelled folder, and says what else it did not read', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-'));
    try {
      for (const name of [
        'ham/1.txt',
        'ham/.DS_Store',
        'spam/Thumbs.db',
        'spam/2.txt',
        'spam/deep/3.txt',
        'README.md',
      ]) {
        fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        fs.writeFileSync(path.join(folder, name), 'hello');
      }
      const data = await readLabelledData(folder, 'refuse');
      assert.deepStrictEqual(rows(data), ['1 ham: hello', '1 spam: hello']);
      assert.match(say(data.notices[0]), /^not read, .*: README\.md, spam.deep$/);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});

describe('The columns of labelled text', () => {
  const header = 'id,category,message,label\n';
  const table = (count: number): string =>
    header +
    Array.from(
      { length: count },
      (_, i) => `${i},${i % 2 ? 'inbox' : 'archive'},text ${i},${i % 3 ? 'ham' : 'spam'}`,
    ).join('\n');

  it('are chosen by one rule in every format, and announced', () => {
    const csv = parseLabelledText(table(12), 'a.csv', 'refuse');
    const json = table(12)
      .split('\n')
      .slice(1)
      .map((row) => row.split(','))
      .map(([id, category, message, label]) => JSON.stringify({ id, category, message, label }))
      .join('\n');
    for (const data of [csv, parseLabelledText(json, 'a.csv', 'refuse')]) {
      assert.deepStrictEqual(data.classes, ['ham', 'spam']);
      assert.match(
        say(data.notices[0]),
        /^a\.csv: label: column "label", text: column "message"; not read: id, category/,
      );
    }
  });

  it('can be specified, by name or number', () => {
    const classes = (columns: object): string[] => parseLabelledText(table(12), 'a.csv', 'refuse', columns).classes;
    assert.deepStrictEqual(classes({ label: 'Category' }), ['archive', 'inbox']);
    assert.deepStrictEqual(classes({ label: '2', text: 'message' }), ['archive', 'inbox']);
    assert.throws(() => classes({ label: 'kind' }), invalid(/no label column "kind"; its columns are id, category/));
    const unknown = parseLabelledText('kind;words\na;b\n', 'a.csv', 'refuse', { label: 'kind', text: 'words' });
    assert.deepStrictEqual(rows(unknown), ['2 a: b']);
  });

  it('mean spam by 1 in a column called spam, and by the label that a user names in any other', () => {
    const rows = 'win a prize,1\nlunch at noon,0\ncash now,1\n';
    const labels = (text: string, wanted = {}): string[] =>
      parseLabelledText(text, 'mail.csv', 'refuse', wanted).examples.map(({ label }) => label);
    assert.deepStrictEqual(labels(`email,Spam\n${rows}`), ['spam', 'ham', 'spam']);
    const told = parseLabelledText(`email,Spam\n${rows}`, 'mail.csv', 'refuse').notices.map(say).join('\n');
    assert.match(told, /mail\.csv: "1" read as spam, "0" as ham/);
    assert.deepStrictEqual(labels(`email,class\n${rows}`), ['1', '0', '1']);
    assert.deepStrictEqual(labels(`email,class\n${rows}`, { spam: '0' }), ['ham', 'spam', 'ham']);
    assert.deepStrictEqual(columnsOf(`email,class\n${rows}`, 'mail.csv')!.bareLabels, ['0', '1']);
    assert.strictEqual(columnsOf(`email,Spam\n${rows}`, 'mail.csv')!.bareLabels, undefined);
    assert.strictEqual(columnsOf('v1,v2\nham,lunch\nspam,cash\n', 'sms.csv')!.bareLabels, undefined);
  });

  it('are ambiguous if several fit, none is known, or no value is repeated', () => {
    assert.deepStrictEqual(columnsOf(table(12), 'a.csv'), {
      columns: ['id', 'category', 'message', 'label'],
      label: 'label',
      text: 'message',
      doubtful: true,
    });
    assert.strictEqual(columnsOf('label,text\na,b\n', 'a.csv')?.doubtful, false);
    assert.strictEqual(columnsOf('kind,words\na,b\n', 'a.csv')?.doubtful, true);
    assert.strictEqual(columnsOf('ham\tsee you\n', 'a.txt'), undefined);
    const unique = `label,text\n${Array.from({ length: 20 }, (_, i) => `${i},text ${i}`).join('\n')}`;
    assert.strictEqual(columnsOf(unique, 'a.csv')?.doubtful, true);
    const data = parseLabelledText(unique, 'a.csv', 'refuse');
    assert.throws(() => requireTrainable(data), invalid(/20 different labels in 20 examples .* --label-column/));
  });
});

describe('Splits by distinct text', () => {
  it('put no text on both sides, and count each held-out text once', () => {
    const texts = Array.from({ length: 60 }, (_, i) => `Text ${i % 20}${i >= 40 ? ' ' : ''}`);
    const labels = texts.map((_, i) => (i % 20) % 2);
    for (const { train, heldOut, duplicatesRemoved } of [
      splitExamples(texts, labels, 0.2, 1),
      ...foldExamples(texts, labels, 4, 1),
    ]) {
      const keys = [...heldOut].map((i) => texts[i].trim());
      assert.strictEqual(new Set(keys).size, keys.length);
      assert.ok([...train].every((i) => !keys.includes(texts[i].trim())));
      assert.strictEqual(train.length + heldOut.length + duplicatesRemoved, 60);
      assert.strictEqual(duplicatesRemoved, heldOut.length * 2);
      assert.ok(heldOut.length > 0);
    }
  });

  it('give both parts a text of a class, however often one is repeated', () => {
    const texts = ['a', 'a', 'a', 'a', 'a', 'b', 'b', 'b', 'x', 'y', 'z'];
    const { train, heldOut } = splitExamples(texts, [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1], 0.2, 3);
    assert.ok([...heldOut].some((i) => texts[i] === 'b') && [...train].some((i) => texts[i] === 'a'));
  });
});
