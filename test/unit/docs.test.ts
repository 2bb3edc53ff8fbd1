/** ARCHITECTURE.md and CONTRIBUTING.md name only files that exist, and ARCHITECTURE.md names every room. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';

const read = (file: string): string => fs.readFileSync(file, 'utf8');

/** All files of the checkout that pages may name, with forward slashes. */
const files = ['src', 'test', 'bench', 'scripts', 'media', 'docs'].flatMap((folder) =>
  fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name).replaceAll('\\', '/')),
);

describe('The pages for developers', () => {
  for (const page of ['ARCHITECTURE.md', 'CONTRIBUTING.md']) {
    it(`${page} names only files that exist`, () => {
      const named = [...read(page).matchAll(/`([\w./-]+\.(?:ts|mjs|py|json|md))`/g)].map(([, name]) => name);
      assert.ok(named.length > 5);
      const exists = (name: string): boolean =>
        fs.existsSync(name) || files.some((file) => file === name || file.endsWith(`/${name}`));
      assert.deepEqual(
        named.filter((name) => !exists(name)),
        [],
      );
    });
  }

  it('ARCHITECTURE.md names every room', () => {
    const rooms = /^```\n(src\/[\s\S]*?)^```/m.exec(read('ARCHITECTURE.md'))?.[1] ?? '';
    for (const parent of ['src', 'src/engine', 'src/engine/backends', 'src/extension', 'src/webview']) {
      const folders = fs.readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory());
      for (const { name } of folders) assert.match(rooms, new RegExp(`\\b${name}\\b`), `${parent}/${name}`);
    }
  });
});
