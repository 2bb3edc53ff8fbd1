/** What the error messages tell people to do: each remedy is tried, and the command must then succeed. */
import * as assert from 'node:assert';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { runCommand } from '../../../support/command';
import { madeText } from '../training/support';

const tiny = ['--set', 'network.layers.0.units=8', '--set', 'batch=4', '--threads', '1', '--max-steps', '1'];
const nietzsche = [...tiny, '--recipe', 'nietzsche', '--objective', 'every-step', '--set', 'objective.steps=8'];
const classifier = [
  '--vectors',
  'learned',
  '--epochs',
  '1',
  '--units',
  '4',
  '--threads',
  '1',
  '--out',
  'trained',
  '--overwrite',
];
const set = (...settings: string[]): string[] => settings.flatMap((setting) => ['--set', setting]);

const labelled = (header: string, row: (label: string, text: string, i: number) => string): string =>
  [header, ...Array.from({ length: 60 }, (_, i) => (i % 2 ? row('spam', `win ${i}`, i) : row('ham', `lunch ${i}`, i)))]
    .filter((line) => line !== '')
    .join('\n');

const files: Record<string, string> = {
  'novel.txt': madeText(3000),
  'other.txt': madeText(3000, 2),
  'short.txt': madeText(40),
  // Names, one word a line.
  'names.txt': Array.from({ length: 80 }, (_, i) => 'abcdefgh'[i % 8].repeat(1 + (i % 5))).join('\n'),
  'mail.tsv': labelled('', (label, text) => `${label}\t${text}`),
  'topics.csv': labelled('topic,words', (label, text) => `${label},${text}`),
  'topics.jsonl': labelled('', (topic, words) => JSON.stringify({ topic, words })),
  'ids.csv': labelled('label,topic,text', (label, text, i) => `id${i},${label},${text}`),
  'broken.csv': labelled('label,text', (label, text, i) => (i === 7 ? label : `${label},${text}`)),
};

/** The command that fails, the remedy in its message, and the command that follows it. */
const remedies: [failing: string[], message: RegExp, following: string[]][] = [
  // Settings that do not go together
  [
    ['train', 'names.txt', ...tiny, '--recipe', 'shakespeare-words-rnn'],
    /For running text set text\.examples=text and text\.maximumExamples=none\./,
    [...set('text.examples=text', 'text.maximumExamples=none')],
  ],
  [
    ['train', 'novel.txt', ...nietzsche, ...set('earlyStopping.patience=3')],
    /set text\.heldOut\.kind=tail and text\.heldOut\.fraction=0\.1, or earlyStopping=none\./,
    set('text.heldOut.kind=tail', 'text.heldOut.fraction=0.1'),
  ],
  [
    ['train', 'novel.txt', ...nietzsche, ...set('schedule.kind=plateau')],
    /, or schedule\.kind=cosine\./,
    set('schedule.kind=cosine'),
  ],
  [
    ['train', 'novel.txt', ...tiny, '--recipe', 'nietzsche', ...set('text.examples=line-prefixes')],
    /set text\.unit=word, or text\.examples=lines and objective\.kind=every-step\./,
    set('text.examples=lines', 'objective.kind=every-step'),
  ],
  [['train', 'short.txt', ...tiny, '--recipe', 'nietzsche'], /or set objective\.steps=39\./, set('objective.steps=39')],
  // Models and runs
  [
    ['train', 'other.txt', ...nietzsche, '--out', 'model'],
    /Add --overwrite to replace it, or name another file with --out\./,
    ['--out', 'another'],
  ],
  [['train', 'other.txt', ...nietzsche, '--out', 'replaced'], /Add --overwrite to replace it/, ['--overwrite']],
  [
    ['train', 'novel.txt', ...nietzsche, '--out', 'killed'],
    /Go on with it with --resume killed\.checkpoint, add --overwrite/,
    ['--resume', 'killed.checkpoint', '--max-steps', '4'],
  ],
  [
    ['train', 'novel.txt', ...nietzsche, '--out', 'my run'],
    /Go on with it with --resume ['"]my run\.checkpoint['"], add/,
    ['--resume', 'my run.checkpoint', '--max-steps', '4'],
  ],
  [
    ['train', 'novel.txt', '--resume', 'model', '--threads', '1', '--max-steps', '2', '--out', 'more'],
    /already been trained for 2 steps.*: give it more steps/,
    ['--max-steps', '4'],
  ],
  [
    [
      'train',
      'novel.txt',
      '--resume',
      'model',
      '--threads',
      '1',
      '--max-steps',
      '4',
      '--out',
      'w',
      '--set',
      'text.unit=word',
    ],
    /set text\.unit=character\./,
    set('text.unit=character'),
  ],
  [['train', 'novel.txt', ...nietzsche, '--out', 'novel.txt'], /Name another file with --out/, ['--out', 'not-novel']],
  [
    ['train', 'novel.txt', ...tiny, '--base', 'klingon'],
    /There is no base model for "klingon"\. Choose one of .*none\./,
    ['--base', 'none'],
  ],
  [['train', 'novel.txt', ...nietzsche, '--recipe', 'nietzche'], /there are: nietzsche/, ['--recipe', 'nietzsche']],
  [
    ['train', 'novel.txt', ...nietzsche, '--encoding', 'ascii-8'],
    /name one like utf-8, windows-1252/,
    ['--encoding', 'windows-1252'],
  ],
  // Writing and scoring
  [
    ['score', 'model', 'short.txt', '--windows', '60,1'],
    /Choose a longer text or a shorter window/,
    ['--windows', '30,1'],
  ],
  [['score', 'model', 'short.txt', '--windows', '60'], /LENGTH,STRIDE, as in 60,3/, ['--windows', '20,3']],
  // Labelled texts
  [
    ['train-classifier', 'topics.csv', ...classifier],
    /or say which they are with --label-column and --text-column/,
    ['--label-column', 'topic', '--text-column', 'words'],
  ],
  [
    ['train-classifier', 'topics.jsonl', ...classifier],
    /name the fields with --label-column and --text-column/,
    ['--label-column', 'topic', '--text-column', 'words'],
  ],
  [
    ['train-classifier', 'ids.csv', ...classifier],
    /Name the right one with --label-column/,
    ['--label-column', 'topic'],
  ],
  [
    ['train-classifier', 'mail.tsv', ...classifier, '--label-column', 'label'],
    /no label column "label"; its columns are 1, 2\./,
    ['--label-column', '1', '--text-column', '2'],
  ],
  [['train-classifier', 'broken.csv', ...classifier], /skip bad rows \(--bad-rows skip\)/, ['--bad-rows', 'skip']],
  [
    ['train-classifier', 'mail.tsv', ...classifier, '--positive', 'Spam!'],
    /labels: ham, spam\./,
    ['--positive', 'spam'],
  ],
  [['train-classifier', 'mail.tsv', ...classifier, '--threshold', 'best'], /takes max-f1, /, ['--threshold', 'max-f1']],
];

/** Remedies that leave something out, or give another file or value. */
const replacements: [failing: string[], message: RegExp, following: string[]][] = [
  [
    ['train', 'novel.txt', ...nietzsche, '--base', 'en'],
    /leave out --base or --recipe/,
    ['train', 'novel.txt', ...nietzsche],
  ],
  [
    ['train', 'novel.txt', '--resume', 'model', '--recipe', 'alice', '--max-steps', '4', '--out', 'again'],
    /leave --recipe out/,
    ['train', 'novel.txt', '--resume', 'model', '--max-steps', '4', '--out', 'again'],
  ],
  [
    ['train', 'novel.txt', '--resume', 'model', '--objective', 'last-step', '--max-steps', '4', '--out', 'again'],
    /leave --objective out, or start a new model without --resume/,
    ['train', 'novel.txt', ...nietzsche, '--out', 'anew'],
  ],
  [
    ['train', 'novel.txt', '--resume', 'model', '--max-steps', '4', ...set('network.cell=gru'), '--out', 'again'],
    /leave the settings under "network" as they are/,
    ['train', 'novel.txt', '--resume', 'model', '--max-steps', '4', '--out', 'again'],
  ],
  [
    ['train', 'names.txt', '--recipe', 'dinosaur-names', '--objective', 'last-step', '--max-steps', '1'],
    /leave --objective out/,
    ['train', 'names.txt', '--recipe', 'dinosaur-names', '--max-steps', '1'],
  ],
  [
    ['train-classifier', 'mail.tsv', ...classifier, '--folds', '2'],
    /leave out --folds, or --out/,
    ['train-classifier', 'mail.tsv', ...classifier.slice(0, -3), '--folds', '2'],
  ],
  [
    ['train-classifier', 'mail.tsv', ...classifier, '--vector-file', 'own.vec'],
    /leave the vector file out/,
    ['train-classifier', 'mail.tsv', ...classifier],
  ],
  [
    ['train-classifier', 'novel.txt', ...classifier],
    /Write a label, a tab and the text in each line/,
    ['train-classifier', 'mail.tsv', ...classifier],
  ],
  [
    ['sample', 'model', '--seed', '1', '--must-contain', 'ab', '--must-contain', 'ba', '--length', '3'],
    /no room for all these words: ask for a longer one/,
    ['sample', 'model', '--seed', '1', '--must-contain', 'ab', '--must-contain', 'ba', '--length', '60'],
  ],
  [['classify', 'model', 'short.txt'], /or use it with "inkling sample"/, ['sample', 'model', '--length', '3']],
  [['sample', 'labels', '--length', '3'], /use it to classify/, ['classify', 'labels', 'short.txt']],
];

describe('The remedy that an error names', function () {
  this.slow(6000);
  let folder: string;

  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-remedies-'));
    for (const [name, content] of Object.entries(files)) await fs.writeFile(path.join(folder, name), content);
    await succeeds(['train', 'novel.txt', ...nietzsche, '--max-steps', '2', '--out', 'model']);
    await succeeds(['train-classifier', 'mail.tsv', ...classifier, '--out', 'labels']);
    for (const copy of ['replaced', 'killed.checkpoint', 'my run.checkpoint']) {
      await fs.copyFile(path.join(folder, 'model'), path.join(folder, copy));
    }
  });
  after(() => fs.rm(folder, { recursive: true }));

  async function succeeds(args: string[]): Promise<void> {
    const { code, err } = await runCommand(folder, [...args, '--json']);
    assert.equal(code, 0, `inkling ${args.join(' ')}: ${err}`);
  }

  const all = [
    // An option that is given again replaces the one before.
    ...remedies.map(([failing, message, more]) => [failing, message, [...failing, ...more]] as const),
    ...replacements,
  ];
  for (const [failing, message, following] of all) {
    it(String(message), async () => {
      const { code, err } = await runCommand(folder, [...failing, '--json']);
      assert.ok(code === 1 || code === 2, `inkling ${failing.join(' ')} succeeded`);
      assert.match(err, message);
      assert.match(err, /^inkling: [^\n]+\n$/);
      await succeeds([...following]);
    });
  }
});
