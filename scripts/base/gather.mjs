/**
 * Makes the plain text of the novels that a base model is trained on from a checkout of its collection.
 *
 *   node scripts/base/gather.mjs LANGUAGE COLLECTION OUT
 *
 * COLLECTION is a checkout of COST-ELTeC's ELTeC-eng, -deu, -fra, -spa or -ita at the commit named below; works.tsv beside
 * this script lists the works (language, file in level1, author, title, year, characters, SHA-256 of the file, separated by
 * tabs). Writes OUT/LANGUAGE.txt in the order of the list: a paragraph a line, a blank line between paragraphs, three line feeds
 * between works, which is what prepare.mjs reads. Notes, page numbers, title pages and appendices are left out.
 */
import { Parser } from 'htmlparser2';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { end, need, worksOf } from './works.mjs';

const commits = { en: '3db3b673', de: 'd1eed488', fr: '83f0a43f', es: '83e2a22d', it: '100a4851' };
const [language, collection, out] = process.argv.slice(2);
if (!out || !commits[language]) {
  process.stderr.write(`usage: node scripts/base/gather.mjs ${Object.keys(commits).join('|')} COLLECTION OUT\n`);
  process.exit(2);
}

/** Inline elements, which may occur within a line. Everything else begins a new line. */
const inline = new Set([
  'hi',
  'emph',
  'foreign',
  'title',
  'date',
  'gap',
  'corr',
  'pb',
  'milestone',
  'name',
  'quote',
  'term',
]);
const verse = 'l';
const leftOut = new Set(['note', 'ref', 'teiHeader', 'front', 'back']);

/** The paragraphs of the body of a TEI document. */
function paragraphsOf(xml) {
  const paragraphs = [];
  let isInBody = false;
  let hidden = 0;
  let line = '';
  /** Whether the last paragraph was a line of verse, which the next one joins. */
  let afterVerse = false;
  const endLine = (isVerse) => {
    const text = line
      .normalize('NFC')
      .replace(/\u00ad/g, '')
      .replace(/\s+/g, ' ')
      .trim();
    line = '';
    if (text === '') return;
    if (isVerse && afterVerse) paragraphs.push(`${paragraphs.pop()}\n${text}`);
    else paragraphs.push(text);
    afterVerse = isVerse;
  };
  const parser = new Parser(
    {
      onopentag(name) {
        if (name === 'body') isInBody = true;
        if (leftOut.has(name)) hidden++;
        else if (!inline.has(name)) {
          endLine(false);
          if (name !== verse) afterVerse = false;
        }
      },
      onclosetag(name) {
        if (leftOut.has(name)) hidden--;
        else if (!inline.has(name)) endLine(name === verse);
        if (name === 'body') isInBody = false;
      },
      ontext(text) {
        if (isInBody && hidden === 0) line += text;
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  parser.end(xml);
  return paragraphs;
}

const checkout = `check out commit ${commits[language]} of the collection.`;
const texts = worksOf(language).map(({ file, sha256 }) => {
  const tei = path.join(collection, 'level1', file);
  need(tei, `COLLECTION must be the collection of this language: ${checkout}`);
  const source = fs.readFileSync(tei);
  const found = createHash('sha256').update(source).digest('hex');
  if (found !== sha256) {
    end(`${file} is not the file that the base was made from: ${checkout}`);
  }
  return paragraphsOf(source.toString('utf8')).join('\n\n');
});
fs.mkdirSync(out, { recursive: true });
const text = texts.join('\n\n\n');
fs.writeFileSync(path.join(out, `${language}.txt`), text);
process.stdout.write(`${texts.length} works, ${text.length} characters\n`);
