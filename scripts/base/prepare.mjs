/**
 * Makes the training text of a base model from a collection of novels, and two held-out novels beside it.
 *
 *   node scripts/base/prepare.mjs LANGUAGE SOURCE OUT
 *
 * SOURCE is the text of all works of works.tsv in this language as gather.mjs makes it, plain or compressed with xz. The
 * last two works are never trained on: the last but one (`tuning`) is for choosing constants, the last (`report`) for
 * the figures that are reported.
 *
 * Some writers use straight quotes and dashes, others typographic ones; some wrap their lines, some leave a blank line
 * between paragraphs. So every piece of a few pages is written in one of these ways, chosen at random with a fixed
 * seed.
 */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { end, need, worksOf } from './works.mjs';

const [language, source, out] = process.argv.slice(2);
if (!out) {
  process.stderr.write('usage: node scripts/base/prepare.mjs LANGUAGE SOURCE OUT\n');
  process.exit(2);
}

const listed = worksOf(language).length;
need(source, 'Make it with scripts/base/gather.mjs.');

const seed = 20;
/** Shares of the pieces with straight quotes, with wrapped lines, and without blank lines. */
const straightShare = 0.6;
const wrappedShare = 0.35;
const denseShare = 0.3;
/** About two pages: long enough to recognise how a text is written. */
const pieceLength = 6000;
/** A character that is rarer in the collection cannot be learned; paragraphs that contain one are left out. */
const fewestOccurrences = 40;
/** Held-out characters that the trainer watches. */
const watchedLength = 200_000;

/** Opening and closing quotation marks of each typographic habit, the first one the most usual. */
const habits = {
  en: [['“', '”']],
  de: [
    ['„', '“'],
    ['»', '«'],
  ],
  fr: [
    ['« ', ' »'],
    ['“', '”'],
  ],
  es: [
    ['«', '»'],
    ['“', '”'],
  ],
  it: [
    ['«', '»'],
    ['“', '”'],
  ],
}[language];

/** Mulberry32, enough for choices of typography. */
function randomFrom(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function read(file) {
  if (!file.endsWith('.xz')) return fs.readFileSync(file, 'utf8');
  return execFileSync('xz', ['-dc', file], { maxBuffer: 2 ** 30 }).toString('utf8');
}

/** One spelling for characters that differ only in their encoding. */
function unify(text) {
  return text
    .normalize('NFC')
    .replace(/[\u2010\u2011\u00ad]/g, '-')
    .replace(/[\u00a0\u202f\u2009\t]/g, ' ')
    .replace(/―/g, '—')
    .replace(/ +$/gm, '');
}

function straighten(text) {
  return text
    .replace(/« ?/g, '"')
    .replace(/ ?»/g, '"')
    .replace(/[“”„]/g, '"')
    .replace(/[‘’‚‹›]/g, "'")
    .replace(/…/g, '...')
    .replace(/—/g, language === 'en' ? '--' : '-')
    .replace(/–/g, '-');
}

function curl(text, [opening, closing], random) {
  const dots = random() < 0.5 ? '…' : '...';
  // A quotation mark that shows which end it is stays as it is.
  return text
    .replace(/(^|[\s([—–-])"/gm, (_, before) => before + opening)
    .replace(/"/g, closing)
    .replace(/(^|[\s([“„«»])'(?=[^'\n]*\S'(?!\p{L}))/gmu, '$1‘')
    .replace(/'/g, '’')
    .replace(/--/g, '—')
    .replace(/\.\.\./g, dots);
}

/** Greedy filling of lines of at most `width` characters. */
function wrap(paragraph, width) {
  const lines = [];
  let line = '';
  for (const word of paragraph.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.join('\n');
}

function writePiece(paragraphs, random) {
  const straight = random() < straightShare;
  const habit = habits[random() < 0.6 ? 0 : Math.floor(random() * habits.length)];
  const wrapped = random() < wrappedShare;
  const width = 55 + Math.floor(random() * 24);
  const gap = !wrapped && random() < denseShare ? '\n' : '\n\n';
  const spell = (paragraph) => (straight ? straighten(paragraph) : curl(paragraph, habit, random));
  return paragraphs.map((paragraph) => (wrapped ? wrap(spell(paragraph), width) : spell(paragraph))).join(gap) + gap;
}

function countCharacters(text) {
  const counts = new Map();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return counts;
}

const works = read(source).split('\n\n\n').map(unify);
if (works.length !== listed) {
  end(`works.tsv lists ${listed} works in this language, but ${source} has ${works.length}. Make it with gather.mjs.`);
}

const counts = countCharacters(works.join('\n'));
const isKnown = (text) => [...text].every((character) => counts.get(character) >= fewestOccurrences);
const random = randomFrom(seed);
let dropped = 0;
const pieces = [];
for (const work of works.slice(0, -2)) {
  let piece = [];
  let length = 0;
  for (const paragraph of work.split(/\n+/)) {
    if (paragraph === '') continue;
    if (!isKnown(paragraph)) {
      dropped += paragraph.length;
      continue;
    }
    piece.push(paragraph);
    length += paragraph.length;
    if (length < pieceLength) continue;
    pieces.push(writePiece(piece, random));
    piece = [];
    length = 0;
  }
  if (piece.length > 0) pieces.push(writePiece(piece, random));
}

/** A held-out novel as its edition has it, without the paragraphs that no model of this alphabet can read. */
const heldOut = (work) => work.split('\n').filter(isKnown).join('\n').trim() + '\n';
const tuning = heldOut(works.at(-2));
const report = heldOut(works.at(-1));
const trained = pieces.join('');
// The trainer holds out the end of its text.
const watched = tuning.slice(0, watchedLength);
fs.mkdirSync(out, { recursive: true });
fs.writeFileSync(path.join(out, `${language}.train.txt`), trained + watched);
fs.writeFileSync(path.join(out, `${language}.tuning.txt`), tuning);
fs.writeFileSync(path.join(out, `${language}.report.txt`), report);
const summary = {
  language,
  works: works.length - 2,
  trainedCharacters: trained.length,
  watchedCharacters: watched.length,
  heldOutFraction: watched.length / (trained.length + watched.length),
  droppedCharacters: dropped,
  alphabet: countCharacters(trained + watched).size,
};
fs.writeFileSync(path.join(out, `${language}.json`), `${JSON.stringify(summary, null, 2)}\n`);
process.stdout.write(`${JSON.stringify(summary)}\n`);
