/** The package of the extension: its ZIP file, its description, and the address of the repository in it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { repositoryRoot, script } from '../../support/shared';

interface Entry {
  name: string;
  data: Buffer;
}
interface Vsix {
  zip(entries: Entry[]): { file: Buffer; packed: { name: string; bytes: number }[] };
  vsixEntries(manifest: object, strings: Record<string, string>, files: Entry[]): Entry[];
  repositoryFields(remote: string): { repository?: { url: string }; bugs?: { url: string }; homepage?: string };
  tooLarge(packed: { name: string; bytes: number }[], maximumBytes: number): string | undefined;
}

const read = (name: string): string => fs.readFileSync(path.join(repositoryRoot, name), 'utf8');
const entry = (name: string, text: string): Entry => ({ name, data: Buffer.from(text) });

/** Reads a ZIP file by its directory, as programs that unpack one do. */
function unzip(file: Buffer): { name: string; data: Buffer; checksum: number }[] {
  const end = file.length - 22;
  assert.equal(file.readUInt32LE(end), 0x06054b50);
  let at = file.readUInt32LE(end + 16);
  const found = Array.from({ length: file.readUInt16LE(end + 10) }, () => {
    assert.equal(file.readUInt32LE(at), 0x02014b50);
    const [packed, size] = [file.readUInt32LE(at + 20), file.readUInt32LE(at + 24)];
    const nameLength = file.readUInt16LE(at + 28);
    const local = file.readUInt32LE(at + 42);
    const name = file.toString('utf8', at + 46, at + 46 + nameLength);
    const checksum = file.readUInt32LE(at + 16);
    at += 46 + nameLength + file.readUInt16LE(at + 30) + file.readUInt16LE(at + 32);
    assert.equal(file.readUInt32LE(local), 0x04034b50);
    const body = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
    const data = inflateRawSync(file.subarray(body, body + packed));
    assert.equal(data.length, size);
    return { name, data, checksum };
  });
  assert.equal(at, end, 'the directory ends where the file does');
  return found;
}

describe('VSIX', () => {
  let vsix: Vsix;
  before(async () => {
    vsix = await script<Vsix>('vsix.mjs');
  });

  it('is a ZIP file with every entry, the same bytes each time', () => {
    const entries = [entry('a.txt', '123456789'), entry('ö/empty', ''), entry('b', 'x'.repeat(100_000))];
    const { file, packed } = vsix.zip(entries);
    const found = unzip(file);
    assert.deepEqual(
      found.map(({ name, data }) => ({ name, data })),
      entries,
    );
    // The check value of CRC-32, and that of nothing.
    assert.equal(found[0].checksum, 0xcbf43926);
    assert.equal(found[1].checksum, 0);
    assert.deepEqual(
      packed.map(({ name }) => name),
      entries.map(({ name }) => name),
    );
    assert.ok(packed[2].bytes < 1000);
    const hash = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
    assert.equal(hash(vsix.zip(entries).file), hash(file));
  });

  it('is unpacked by Python if available', function () {
    const { file } = vsix.zip([entry('a.txt', 'one'), entry('folder/ö.txt', 'two'.repeat(1000))]);
    const program = `import io, sys, zipfile
z = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))
assert z.testzip() is None
sys.stdout.buffer.write('|'.join(z.namelist()).encode('utf8'))`;
    const run = spawnSync('python3', ['-c', program], { input: file });
    if (run.error) this.skip();
    assert.equal(run.stdout.toString('utf8'), 'a.txt|folder/ö.txt', run.stderr.toString());
  });

  it('describes the extension, with its strings in English and special characters escaped', () => {
    const manifest = {
      ...(JSON.parse(read('package.json')) as object),
      ...vsix.repositoryFields('git@host.org:a/b.git'),
    };
    const strings = {
      ...(JSON.parse(read('package.nls.json')) as Record<string, string>),
      displayName: 'Ink & <ling>',
    };
    const files = ['README.md', 'CHANGELOG.md', 'LICENSE.txt', 'dist/x.wasm'].map((name) => entry(name, 'text'));
    const entries = vsix.vsixEntries(manifest, strings, files);
    const textOf = (name: string): string => entries.find((found) => found.name === name)!.data.toString();
    const description = textOf('extension.vsixmanifest');
    assert.match(description, /<DisplayName>Ink &amp; &lt;ling&gt;<\/DisplayName>/);
    assert.match(description, /Links\.Source" Value="https:\/\/host\.org\/a\/b\.git"/);
    assert.doesNotMatch(description, /%|undefined/);
    for (const [, file] of description.matchAll(/ Path="([^"]+)"/g)) {
      assert.ok(file === 'extension/media/icon.png' || entries.some(({ name }) => name === file), file);
    }
    const types = textOf('[Content_Types].xml');
    for (const { name } of entries) {
      if (name !== '[Content_Types].xml') assert.ok(types.includes(`"${path.extname(name)}"`), name);
    }
    assert.throws(() => vsix.vsixEntries(manifest, strings, files.slice(1)), /no extension\/README\.md/);
  });

  it('takes the addresses of the repository from the git remote, without names and passwords, or leaves them out', () => {
    const remotes = [
      'https://host.org/owner/name.git\n',
      'https://host.org/owner/name',
      'https://user:secret@host.org/owner/name.git',
      'git@host.org:owner/name.git',
      'ssh://git@host.org:2222/owner/name.git',
    ];
    for (const remote of remotes) {
      const { repository, bugs, homepage } = vsix.repositoryFields(remote);
      assert.equal(repository?.url, 'https://host.org/owner/name.git', remote);
      assert.equal(bugs?.url, 'https://host.org/owner/name/issues');
      assert.equal(homepage, 'https://host.org/owner/name#readme');
    }
    for (const remote of ['', '/home/me/name.git', '../name', 'file:///home/me/name', 'C:\\name']) {
      assert.deepEqual(vsix.repositoryFields(remote), {}, remote);
    }
  });

  it('says what is large in a package that is too large', () => {
    const packed = [
      { name: 'small', bytes: 10 },
      { name: 'grown', bytes: 2_000_000 },
      { name: 'middle', bytes: 500_000 },
    ];
    assert.equal(vsix.tooLarge(packed, 3_000_000), undefined);
    const problem = vsix.tooLarge(packed, 2_500_000) ?? '';
    assert.match(problem, /2\.50 MB, more than 2\.5 MB/);
    assert.ok(problem.indexOf('2.00 MB  grown') < problem.indexOf('0.50 MB  middle'));
    assert.ok(problem.includes('2.00 MB  grown'));
  });
});
