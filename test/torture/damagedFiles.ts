/** Scenarios of damaged files: models, texts and labelled tables altered by chance or on purpose. */
import * as assert from 'node:assert/strict';
import * as path from 'node:path';
import { InklingError } from '../../src/common/errors';
import { createReferenceBackend } from '../../src/engine/backends/reference/referenceBackend';
import { parseLabelledText, requireTrainable } from '../../src/engine/classification/labelledData';
import { buildCorpus } from '../../src/engine/corpus/corpus';
import { decodeText } from '../../src/engine/corpus/decodeText';
import { normaliseText } from '../../src/engine/corpus/normaliseText';
import { formatNotices } from '../../src/engine/corpus/textFormat';
import type { Random } from '../../src/engine/random';
import { tortureModels } from '../support/mutateModel';
import { between, pick } from '../support/numeric';
import { originalModels } from '../support/originalModels';
import { smallConfig } from '../support/trainingConfig';
import { madeText } from '../unit/engine/training/support';
import type { Scenario } from './scenario';

/** Runs `read`; undefined if it refuses with a sentence. Throws any other error. */
function readOrRefused<R>(read: () => R): R | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof InklingError && error.code !== 'internal' && !/undefined|NaN|\[object/.test(error.message)) {
      return undefined;
    }
    throw error;
  }
}

/** The unit suite has its own test of altered models (mutatedModels.test.ts). */
const models: Scenario = {
  name: 'altered models',
  rounds: { full: 4000, small: 0 },
  async prepare(shared) {
    const backend = createReferenceBackend();
    const text = madeText(600);
    const originals = await originalModels(shared, backend, text);
    return async (folder, random) => {
      await tortureModels(originals, { rounds: 1, random, file: path.join(folder, 'altered'), backend, text });
    };
  },
};

const prose =
  'Die Fähre – «l’été» – kam wieder zu spät…\r\nNobody waited. Ночью шёл дождь. 猫は眠る。🙂🏽 e\u0301\n'.repeat(12);

/** A text file in one of the encodings that are in use. */
const encoded: readonly ((text: string) => Buffer)[] = [
  (text) => Buffer.from(text),
  (text) => Buffer.from(`\ufeff${text}`),
  (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
  (text) => Buffer.from(text, 'utf16le'),
  (text) => Buffer.from(text, 'utf16le').swap16(),
  (text) => Buffer.from(text, 'latin1'),
  (text) => Buffer.concat([Buffer.from(text), Buffer.from(text, 'latin1')]),
];

const alterBytes: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  (bytes) => bytes,
  function turnBits(bytes, random) {
    const altered = Buffer.from(bytes);
    for (let i = between(random, 1, 20); i > 0; i--) altered[random.integer(altered.length)] ^= 1 << random.integer(8);
    return altered;
  },
  (bytes, random) => bytes.subarray(0, random.integer(bytes.length)),
  (bytes, random) => bytes.subarray(random.integer(bytes.length)),
  function insertNoise(bytes, random) {
    const at = random.integer(bytes.length);
    const noise = Buffer.from(Array.from({ length: between(random, 1, 40) }, () => random.integer(256)));
    return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)]);
  },
  function repeatOne(bytes, random) {
    const at = random.integer(bytes.length);
    const byte = pick(random, [0, 9, 10, 13, 32, 0x41, 0x80, 0xbf, 0xff, random.integer(256)]);
    return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(between(random, 1, 5000), byte), bytes.subarray(at)]);
  },
  function startLikeAnother(bytes, random) {
    const start = pick(random, [
      '%PDF-1.4\n',
      '{\\rtf1',
      '<html><body>',
      'PK\u0003\u0004',
      '{"cells": [',
      'From: a@b\n\n',
    ]);
    return Buffer.concat([Buffer.from(start, 'latin1'), bytes]);
  },
];

/** Every text is read correctly or refused; what was read is learned completely. */
const texts: Scenario = {
  name: 'altered texts',
  rounds: { full: 4000, small: 150 },
  prepare: () =>
    Promise.resolve((_, random) => {
      let bytes = pick(random, encoded)(prose.slice(random.integer(200), 200 + random.integer(prose.length)));
      if (bytes.length > 0)
        for (let i = random.integer(3); i >= 0; i--) bytes = pick(random, alterBytes)(bytes, random);
      const encoding = random.integer(4) > 0 ? undefined : pick(random, ['utf-8', 'shift_jis', 'windows-1251', 'gbk']);
      const unit = pick(random, ['character', 'word'] as const);
      const config = { ...smallConfig().text, unit, lowercase: random.integer(2) === 0 };
      readOrRefused(() => {
        const { text } = decodeText(bytes, 'a.txt', { encoding });
        formatNotices(text, 'a.txt');
        assert.ok(!text.includes('\r') && !text.includes('\0'), 'line ends or NUL characters are left');
        const { ids, vocabulary } = buildCorpus([{ name: 'a.txt', text }], config);
        if (unit === 'character') assert.equal(vocabulary.decode(ids), normaliseText(text, config));
      });
      return Promise.resolve();
    }),
};

const rows = Array.from(
  { length: 40 },
  (_, i) => [i % 3 ? 'ham' : 'spam', `no ${i}: "cash", lunch; at 'home'`] as const,
);
const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
const tabbed = rows.map((row) => row.join('\t')).join('\n');

const tables: readonly string[] = [
  tabbed,
  `label\ttext\n${tabbed}`,
  ['label,text', ...rows.map((row) => row.map(quoted).join(','))].join('\r\n'),
  ['sep=;', 'kind;message;id', ...rows.map((row, i) => [...row.map(quoted), i].join(';'))].join('\n'),
  rows.map(([label, text]) => JSON.stringify({ id: 1, label, text })).join('\n'),
  JSON.stringify(rows.map(([label, text]) => ({ text, cats: { [label]: 1, other: 0 } }))),
  rows.map(([label, text]) => `__label__${label} ${text}`).join('\n'),
];

const alterText: readonly ((text: string, random: Random) => string)[] = [
  function insertSign(text, random) {
    const at = random.integer(text.length + 1);
    const sign = pick(random, [
      '"',
      "'",
      ',',
      ';',
      '\t',
      '\n',
      '\r',
      '\u0000',
      '\ufeff',
      '{',
      ']',
      '\\',
      '""',
      '"\n',
      '🙂',
    ]);
    return text.slice(0, at) + sign + text.slice(at);
  },
  (text, random) => text.slice(0, random.integer(text.length + 1)),
  (text, random) => text.slice(random.integer(text.length + 1)),
  function dropSign(text, random) {
    const at = random.integer(text.length + 1);
    return text.slice(0, at) + text.slice(at + 1);
  },
  function alterLines(text, random) {
    const lines = text.split('\n');
    const at = random.integer(lines.length);
    const line = pick(random, ['', ',,', '   ', lines[0], lines[at].toUpperCase(), 'label', '"', '__proto__\tx']);
    lines.splice(at, random.integer(2), line);
    return lines.join('\n');
  },
];

/** No row is left out silently. */
const labelledTables: Scenario = {
  name: 'altered labelled tables',
  rounds: { full: 8000, small: 300 },
  prepare: () =>
    Promise.resolve((_, random) => {
      const original = pick(random, tables);
      let content = original;
      for (let i = between(random, 1, 3); i > 0; i--) content = pick(random, alterText)(content, random);
      const read = readOrRefused(() => parseLabelledText(content, 'a.csv', 'skip'));
      const strict = readOrRefused(() => parseLabelledText(content, 'a.csv', 'refuse'));
      if (strict) assert.deepEqual(strict, read);
      if (read) {
        assert.equal(strict === undefined, read.problems.length > 0);
        for (const { label, text, line } of read.examples) {
          assert.ok(label.trim() !== '' && text.trim() !== '' && line >= 1, `line ${line}: "${label}", "${text}"`);
        }
        readOrRefused(() => requireTrainable(read));
        const lines = content.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '').length;
        if (original === tabbed) assert.equal(read.examples.length + read.problems.length, lines);
      }
      return Promise.resolve();
    }),
};

export const damagedFiles = [models, texts, labelledTables];
