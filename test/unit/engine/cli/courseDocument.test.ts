/** Every command of docs/course.md runs, in the order of that page, on made-up texts of the right kinds. */
import * as assert from 'node:assert';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { Random } from '../../../../src/engine/random';
import { runCommand, type Outcome } from '../../../support/command';
import { repositoryRoot } from '../../../support/shared';
import { madeText } from '../training/support';

/** A shell command's words; only double quotes are used there. */
const wordsOf = (command: string): string[] =>
  [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);

const budgets = ['--epochs', '--minutes', '--max-steps'];

/** The same command with so little training that it takes a second. */
function shortened([command, ...words]: string[]): string[] {
  if (command !== 'train' && command !== 'train-classifier') return [command, ...words];
  const kept = words.filter((word, i) => !budgets.includes(word) && !budgets.includes(words[i - 1]));
  if (command === 'train-classifier') return [command, ...kept, '--epochs', '1', '--threads', '1'];
  const steps = kept.includes('--more-epochs') ? [] : ['--max-steps', '2'];
  return [command, ...kept, ...steps, '--set', 'samples.length=5', '--threads', '1'];
}

/** Lines like names, verses, and labelled messages. */
function made(count: number, line: (random: Random) => string): string {
  const random = new Random(5);
  return Array.from({ length: count }, () => line(random)).join('\n');
}
const word = (random: Random): string =>
  Array.from({ length: 2 + random.integer(4) }, () => ['sa', 'ro', 'ti', 'no', 'le', 'mu'][random.integer(6)]).join('');
const sentence = (random: Random): string => Array.from({ length: 7 }, () => word(random)).join(' ');

describe('docs/course.md', function () {
  this.slow(60_000);
  this.timeout(600_000);
  let folder: string;
  let page: string;

  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-course-'));
    page = await fs.readFile(path.join(repositoryRoot, 'docs/course.md'), 'utf8');
    const verses = made(120, (random) => `To be or not to ${sentence(random)},`);
    const texts: Record<string, string> = {
      'nietzsche.txt': madeText(4000),
      'leopardi.txt': verses,
      'dinos.txt': made(60, (random) => `${word(random)}saurus`),
      'sonnets.txt': verses.slice(0, 2500),
      'tinyshakespeare.txt': verses,
      'wonderland.txt': madeText(2500, 3),
      SMSSpamCollection: made(120, (random) =>
        random.integer(3) ? `ham\tsee you at ${sentence(random)}` : `spam\tfree prize, call ${sentence(random)}`,
      ),
    };
    for (const [name, text] of Object.entries(texts)) await fs.writeFile(path.join(folder, name), text);
  });
  after(() => fs.rm(folder, { recursive: true }));

  it('contains only commands that run and leave the files that they name', async () => {
    const commands = [...page.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block]) => block.trim().split('\n'));
    assert.ok(commands.length > 30, `${commands.length} commands`);
    for (const command of commands) {
      const [npx, program, ...words] = wordsOf(command);
      assert.deepEqual([npx, program], ['npx', 'inkling'], command);
      const { code, err }: Outcome = await runCommand(folder, shortened(words));
      assert.equal(code, 0, `${command}\n${err}`);
      const out = words[words.indexOf('--out') + 1];
      if (words.includes('--out')) assert.ok((await fs.stat(path.join(folder, out))).size > 0, command);
    }
  });

  it('names every recipe, and is named by the README', async () => {
    const { out } = await runCommand(folder, ['recipes', '--json']);
    for (const { id } of JSON.parse(out) as { id: string }[]) {
      const name = id.startsWith('shakespeare-words') ? 'shakespeare-words' : id;
      assert.ok(page.includes(name), id);
    }
    assert.match(await fs.readFile(path.join(repositoryRoot, 'README.md'), 'utf8'), /\(docs\/course\.md\)/);
  });
});
