// The sample text of the package, dist/samples/moby-dick.txt: the opening of Moby Dick, which stays out of the repository.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDataset } from './datasets.mjs';

const folder = fileURLToPath(new URL('../dist/samples', import.meta.url));
const maximumCharacters = 150_000;

/** Whole paragraphs from the first chapter on, as many as fit. */
export function opening(chapters) {
  const paragraphs = chapters
    .filter(({ chapter }) => chapter >= 1)
    .sort((a, b) => a.chapter - b.chapter)
    .flatMap(({ chapter, title, text }) => [
      `CHAPTER ${chapter}. ${title}`,
      ...text
        .replace(/\r\n?/g, '\n')
        .trim()
        .split(/\n{2,}/),
    ]);
  let length = 0;
  const fits = paragraphs.filter((paragraph) => (length += paragraph.length + 2) <= maximumCharacters);
  return `${fits.join('\n\n')}\n`;
}

/** Writes the text unless it exists. */
export function makeSampleText() {
  const file = path.join(folder, 'moby-dick.txt');
  if (fs.existsSync(file)) return;
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(file, opening(readDataset('moby-dick')));
}
