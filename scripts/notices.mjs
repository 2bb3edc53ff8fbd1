// The licences of all third-party parts of dist/: the packages that esbuild found while bundling, and the tables of
// data in src/.
import fs from 'node:fs';
import path from 'node:path';

/** Data that is part of the sources, which esbuild cannot know of. */
const data = [
  {
    name: 'Unicode confusables.txt (UTS #39)',
    license: 'Unicode-3.0',
    text: fs.readFileSync(new URL('unicode-license.txt', import.meta.url), 'utf8'),
  },
];

/**
 * @param {{ outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }> }[]} metafiles of esbuild
 * @returns {string[]} the folders of the packages that are in dist/ at least in part, as the metafiles name them
 */
export function bundledPackages(metafiles) {
  const folders = new Set();
  for (const { outputs } of metafiles) {
    for (const [output, { inputs }] of Object.entries(outputs)) {
      if (!output.startsWith('dist/')) continue;
      for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
        const folder = /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(input)?.[0];
        if (folder && bytesInOutput > 0) folders.add(folder);
      }
    }
  }
  return [...folders].sort();
}

/**
 * The text of the notices, one for each bundled package and each table of data. Throws for a package without a licence.
 * `root`: the folder that the paths in the metafiles are relative to.
 */
export function noticesOf(metafiles, root = process.cwd()) {
  const packages = bundledPackages(metafiles).map((folder) => packageNotice(path.join(root, folder)));
  const parts = [...packages, ...data].map(
    ({ name, version, license, text }) =>
      `${name}${version ? ` ${version}` : ''}\nLicence: ${license}\n\n${text.replace(/\r\n/g, '\n').trim()}\n`,
  );
  const line = `\n${'-'.repeat(80)}\n\n`;
  return `Inkling contains the following works of others, under the licences given with each.\n${line}${parts.join(line)}`;
}

function packageNotice(folder) {
  const { name, version, license, author } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const files = fs.readdirSync(folder).filter((file) => /^(licen[cs]e|copying)/i.test(file));
  if (files.length > 0) {
    const text = files.map((file) => fs.readFileSync(path.join(folder, file), 'utf8')).join('\n');
    return { name, version, license, text };
  }
  const holder = typeof author === 'string' ? author : author?.name;
  if (license !== 'MIT' || !holder) throw new Error(`${name} is bundled, but says nothing of its licence.`);
  return { name, version, license, text: mit(holder) };
}

/** For packages that name the licence in their manifest only. */
const mit = (holder) => `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
