/** The tarball of `npm pack`: that the command in it finds everything it needs in a folder that is not a checkout. */
import * as assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { repositoryRoot } from '../../../support/shared';
import { madeText } from '../training/support';

describe('The package of the command line', function () {
  this.timeout(300_000);
  this.slow(10_000);
  let folder: string;
  const npm = (args: string[], cwd: string): string =>
    execFileSync('npm', args, { cwd, encoding: 'utf8', shell: process.platform === 'win32', stdio: 'pipe' });
  const inkling = (args: string[], input = ''): string =>
    execFileSync(process.execPath, ['node_modules/inkling/dist/cli.js', ...args], {
      cwd: folder,
      encoding: 'utf8',
      input,
      stdio: 'pipe',
    });

  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-packed-'));
    // The tests' own build is packed; another build now would replace it while other tests use it.
    npm(['pack', '--ignore-scripts', '--pack-destination', folder], repositoryRoot);
    await fs.writeFile(path.join(folder, 'package.json'), '{"private":true}');
    const [tarball] = (await fs.readdir(folder)).filter((name) => name.endsWith('.tgz'));
    npm(['install', '--offline', `./${tarball}`], folder);
    await fs.writeFile(path.join(folder, 'made.txt'), madeText(3000));
  });
  after(() => fs.rm(folder, { recursive: true }));

  it('has the command, and neither sources nor tests', async () => {
    const installed = path.join(folder, 'node_modules/inkling');
    assert.deepEqual((await fs.readdir(installed)).sort(), [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'media',
      'package.json',
    ]);
    const commands = await fs.readdir(path.join(folder, 'node_modules/.bin'));
    assert.ok(commands.includes('inkling'));
  });

  it('trains on threads and samples', () => {
    const recipe = ['--recipe', 'nietzsche', '--objective', 'every-step'];
    const out = inkling(['train', 'made.txt', ...recipe, '--max-steps', '3', '--threads', '2']);
    assert.match(out, /made\.inkling\.safetensors: 3 steps/);
    const [{ text }] = JSON.parse(inkling(['sample', 'made.inkling.safetensors', '--length', '5', '--json'])) as {
      text: string;
    }[];
    assert.ok(text.length <= 5);
  });

  it('checks a message with the shipped model', () => {
    assert.match(inkling(['classify', 'spam', '-'], 'WINNER!! Claim your free prize now, call 09061701461'), /^Spam: /);
  });
});
