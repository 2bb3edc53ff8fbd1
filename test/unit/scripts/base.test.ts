/** The scripts that make a base model, from a collection in miniature: what they write, and how they end. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { readWordList } from '../../../src/engine/bases/wordList';
import { readModelMetadata } from '../../../src/engine/model/modelFile';
import { repositoryRoot } from '../../support/shared';

const works = 67;

describe('the scripts that make a base model', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-base-'));
  const file = (name: string): string => path.join(folder, name);
  after(() => fs.rmSync(folder, { recursive: true }));

  function run(program: string, ...args: string[]): { status: number | null; output: string } {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [path.join(repositoryRoot, program), ...args.map((arg) => arg.replace('FOLDER', folder))],
      { encoding: 'utf8' },
    );
    return { status, output: stdout + stderr };
  }
  const script = (name: string, ...args: string[]): ReturnType<typeof run> => run(`scripts/base/${name}.mjs`, ...args);

  before(() => {
    const work = 'Era la casa grande e bella.\n\nNessuno vi abitava da molti anni.';
    const last = `Nessuno tornava. Era nato ${'qui '.repeat(20)}e vi restava.`;
    const texts = [...Array<string>(works - 2).fill(work), ...Array<string>(2).fill(last)];
    fs.writeFileSync(file('it.txt'), texts.join('\n\n\n'));
    fs.writeFileSync(file('copy.txt'), 'Allora vide che era la casa grande e bella; nessuno vi abitava.');
    const { status, output } = script('prepare', 'it', 'FOLDER/it.txt', 'FOLDER');
    assert.equal(status, 0, output);
  });

  it('never train on the last two works, nor list their words', async () => {
    const { trainedCharacters } = JSON.parse(fs.readFileSync(file('it.json'), 'utf8')) as {
      trainedCharacters: number;
    };
    const text = fs.readFileSync(file('it.train.txt'), 'utf8');
    assert.ok(text.indexOf('tornava') >= trainedCharacters);
    assert.equal(script('words', 'it', 'FOLDER', 'FOLDER/it.words.br').status, 0);
    const words = (await readWordList('it', folder)).map(({ word }) => word);
    assert.ok(words.includes('casa'), words.join(' '));
    assert.ok(!words.includes('qui'), 'a word of a held-out work is listed');
  });

  it('find a passage of the training text in another text, whatever its punctuation', () => {
    const { output } = script('overlap', 'it', 'FOLDER', 'FOLDER/copy.txt');
    assert.match(output, /^copy\.txt: \d+ of \d+ runs, in 1 passages\n {2}" ?era la casa grande e bella/);
  });

  it('continue a model that was stopped, and begin anew only without one', async () => {
    const model = file('it.safetensors');
    const small = ['--set', 'network.layers.0.units=8', '--set', 'batch=4', '--base', 'none', '--memory', 'off'];
    const begun = ['FOLDER/it.train.txt', '--out', 'FOLDER/it.safetensors', '--epochs', '1', ...small];
    const first = run('dist/cli.js', 'train', ...begun);
    assert.equal(first.status, 0, first.output);
    const before = await readModelMetadata(model);
    const { status, output } = script('train', 'it', 'FOLDER', '--threads', '1');
    // The epoch is over, so there is nothing left to do; a new run would replace the model.
    assert.equal(status, 1, output);
    assert.match(output, /^inkling: .*\n$/);
    assert.equal((await readModelMetadata(model)).provenance.created, before.provenance.created);
  });

  it('say in one sentence what is missing', () => {
    for (const [name, args, sentence] of [
      ['prepare', ['xx', 'FOLDER/it.txt', 'FOLDER'], /^works\.tsv lists no works for "xx"\. Choose one of .*\bit\.\n$/],
      ['prepare', ['it', 'FOLDER/none.txt', 'FOLDER'], /none\.txt is missing\. Make it with .*gather\.mjs\.\n$/],
      ['prepare', ['it', 'FOLDER/copy.txt', 'FOLDER'], /^works\.tsv lists 67 works .* has 1\. .*\n$/],
      ['gather', ['it', 'FOLDER', 'FOLDER'], /^\S+ is missing\. .*check out commit 100a4851 of the collection\.\n$/],
      ['train', ['de', 'FOLDER'], /de\.json is missing\. Make it with .*prepare\.mjs\.\n$/],
      ['train', ['it', 'FOLDER', '--job', 'long'], /^--job takes a number of minutes, not "long"\.\n$/],
      ['train', ['it', 'FOLDER', '--minutes', '3'], /^usage: /],
      ['words', ['de', 'FOLDER', 'FOLDER/de.words.br'], /de\.json is missing\. .*\n$/],
      ['overlap', ['it', 'FOLDER', 'FOLDER/none.txt'], /none\.txt is missing\. .*\n$/],
      ['build', ['de', 'FOLDER', 'FOLDER'], /de\.json is missing\. .*\n$/],
    ] as const) {
      const { status, output } = script(name, ...args);
      assert.equal(status, 1, output);
      assert.match(output, sentence);
    }
  });
});
