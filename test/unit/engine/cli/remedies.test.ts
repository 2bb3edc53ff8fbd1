/** What the error messages tell people to do: each remedy is tried, and the command must then succeed. */
import * as assert from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { runCommand } from '../../../support/command';
import { repositoryRoot } from '../../../support/shared';
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
  'genres.tsv': labelled('', (label, text) => `${label === 'spam' ? 'poetry' : 'prose'}\t${text}`),
  'topics.csv': labelled('topic,words', (label, text) => `${label},${text}`),
  'topics.jsonl': labelled('', (topic, words) => JSON.stringify({ topic, words })),
  'pipes.csv': labelled('label|text', (label, text) => `${label}|${text}`),
  'semicolons.csv': labelled('label;text', (label, text) => `${label};${text}`),
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
    /Continue it with --resume killed\.checkpoint, add --overwrite/,
    ['--resume', 'killed.checkpoint', '--max-steps', '4'],
  ],
  [
    ['train', 'novel.txt', ...nietzsche, '--out', 'my run'],
    /Continue it with --resume ['"]my run\.checkpoint['"], add/,
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
    /name one such as utf-8, windows-1252/,
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
    /or, on the command line, say which they are with --label-column and --text-column/,
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
  [
    ['train-classifier', 'broken.csv', ...classifier],
    /skip bad rows \(--bad-rows skip, or inkling\.classifier\.badRows in VS Code\)/,
    ['--bad-rows', 'skip'],
  ],
  [
    ['train-classifier', 'mail.tsv', ...classifier, '--positive', 'Spam!'],
    /labels: ham, spam\./,
    ['--positive', 'spam'],
  ],
  [['train-classifier', 'mail.tsv', ...classifier, '--threshold', 'best'], /takes max-f1, /, ['--threshold', 'max-f1']],
  [
    ['evaluate', 'labels', 'topics.csv'],
    /names no label and text column/,
    ['--label-column', '1', '--text-column', '2'],
  ],
  [
    ['evaluate', 'labels', 'genres.tsv'],
    /which of its labels means spam \(--positive LABEL\)/,
    ['--positive', 'poetry'],
  ],
];

/** Remedies that leave something out, or give another file or value. */
const replacements: [failing: string[], message: RegExp, following: string[]][] = [
  [
    ['train', 'novel.txt', ...nietzsche, '--base', 'en'],
    /omit --base or --recipe/,
    ['train', 'novel.txt', ...nietzsche],
  ],
  [
    ['train', 'novel.txt', '--resume', 'model', '--recipe', 'alice', '--max-steps', '4', '--out', 'again'],
    /omit --recipe/,
    ['train', 'novel.txt', '--resume', 'model', '--max-steps', '4', '--out', 'again'],
  ],
  [
    ['train', 'novel.txt', '--resume', 'model', '--objective', 'last-step', '--max-steps', '4', '--out', 'again'],
    /omit --objective, or start a new model without --resume/,
    ['train', 'novel.txt', ...nietzsche, '--out', 'anew'],
  ],
  [
    ['train', 'novel.txt', '--resume', 'model', '--max-steps', '4', ...set('network.cell=gru'), '--out', 'again'],
    /leave the settings under "network" as they are/,
    ['train', 'novel.txt', '--resume', 'model', '--max-steps', '4', '--out', 'again'],
  ],
  [
    ['train', 'names.txt', '--recipe', 'dinosaur-names', '--objective', 'last-step', '--max-steps', '1'],
    /omit --objective/,
    ['train', 'names.txt', '--recipe', 'dinosaur-names', '--max-steps', '1'],
  ],
  [
    ['train-classifier', 'mail.tsv', ...classifier, '--folds', '2'],
    /omit --folds or --out/,
    ['train-classifier', 'mail.tsv', ...classifier.slice(0, -3), '--folds', '2'],
  ],
  [
    ['train-classifier', 'mail.tsv', ...classifier, '--vector-file', 'own.vec'],
    /omit the vector file/,
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
  // Commands that are incomplete, or ask for too much
  [['sample'], /Name one model file: inkling sample <model>/, ['sample', 'model', '--length', '3']],
  [['next'], /Name one model file: inkling next <model> --prompt/, ['next', 'model', '--prompt', 'the']],
  [['inspect'], /Name one model file: inkling inspect <model>/, ['inspect', 'model']],
  [['tokens'], /inkling tokens <model> \["text"\]/, ['tokens', 'model', 'the']],
  [['step', 'model'], /inkling step <model> <file> --at 0/, ['step', 'model', 'novel.txt', '--at', '0']],
  [['draw'], /inkling draw <model> --out network\.svg/, ['draw', 'model', '--out', 'network.svg']],
  [['draw', 'model', '--out', 'novel.txt'], /Name a new file in a folder/, ['draw', 'model', '--out', 'drawn.svg']],
  [['score', 'model'], /inkling score <model> <file>/, ['score', 'model', 'short.txt']],
  [['recipes', 'nietzsche'], /inkling recipes takes no names/, ['recipes']],
  [['examples'], /inkling examples <file> --recipe nietzsche/, ['examples', 'novel.txt', '--recipe', 'nietzsche']],
  [['train'], /Name a text file to train on: inkling train/, ['train', 'novel.txt', ...nietzsche, '--out', 'named']],
  [
    ['train', 'novel.txt', './novel.txt', ...nietzsche, '--out', 'named'],
    /is named twice\. Name each text once/,
    ['train', 'novel.txt', ...nietzsche, '--out', 'named'],
  ],
  [
    ['train-classifier', 'pipes.csv', ...classifier],
    /has one column only.*Put a tab, a comma or a semicolon between/,
    ['train-classifier', 'semicolons.csv', ...classifier],
  ],
  [['evaluate', 'labels'], /inkling evaluate <model> <file>/, ['evaluate', 'labels', 'mail.tsv']],
  [['classify'], /"spam", the built-in one/, ['classify', 'spam', 'short.txt']],
  [['train-classifier'], /inkling train-classifier <file>/, ['train-classifier', 'mail.tsv', ...classifier]],
  [
    ['train', 'novel.txt', ...nietzsche, '--more-epochs', '1'],
    /continues a model: name it with --resume/,
    ['train', 'novel.txt', '--resume', 'model', '--more-epochs', '1', '--threads', '1', '--out', 'longer'],
  ],
  [
    ['train', 'novel.txt', ...nietzsche, '--epochs', '1'],
    /Give one of --minutes, --max-seconds, --epochs, --more-epochs and --max-steps/,
    ['train', 'novel.txt', ...nietzsche, '--out', 'one-limit'],
  ],
  ...['--weights', '--base'].map((option): [string[], RegExp, string[]] => [
    ['train', 'novel.txt', '--resume', 'model', option, 'none', '--max-steps', '4', '--out', 'one-start'],
    /give one of --weights, --base and --resume/,
    ['train', 'novel.txt', '--resume', 'model', '--max-steps', '4', '--out', 'one-start'],
  ]),
  [
    ['train', 'novel.txt', ...tiny, '--objective', 'last-step', '--out', 'last'],
    /For last-step training, name a recipe with --recipe/,
    ['train', 'novel.txt', ...tiny, '--objective', 'last-step', '--out', 'last', '--recipe', 'nietzsche'],
  ],
  [
    ['score', 'model', 'short.txt', '--windows', '20,3', '--online'],
    /Give --windows or --online/,
    ['score', 'model', 'short.txt', '--windows', '20,3'],
  ],
  [
    ['sample', 'model', '--length', '3', '--length', '4', '--temperature', '0.5'],
    /Give one --length for all temperatures/,
    ['sample', 'model', '--length', '3', '--temperature', '0.5'],
  ],
  [
    ['keystrokes', 'model'],
    /inkling keystrokes <model> <file>/,
    ['keystrokes', 'model', 'short.txt', '--mode', 'network'],
  ],
  [['sample', '.'], /is a folder\. Name the model file in it/, ['sample', 'model', '--length', '3']],
  [['smaple', 'model'], /There is no command "smaple"; there are: .*sample/, ['sample', 'model', '--length', '3']],
  [['sample', 'gone', '--length', '3'], /There is no model file gone/, ['sample', 'model', '--length', '3']],
  [['sample', 'base:xx'], /There is no base model "base:xx"\. Choose one of/, ['sample', 'base:en', '--length', '3']],
  [['sample', 'labels', '--length', '3'], /use it to classify/, ['classify', 'labels', 'short.txt']],
  // Shipped models
  ...['classify', 'evaluate'].map((command): [string[], RegExp, string[]] => [
    [command, 'base:en', 'mail.tsv'],
    /en\.safetensors is a language model; choose a classifier, or use it with "inkling sample"/,
    ['sample', 'base:en', '--length', '3'],
  ]),
  ...['--resume', '--weights'].map((option): [string[], RegExp, string[]] => [
    ['train', 'novel.txt', '--threads', '1', '--max-steps', '1', '--out', 'from-base', option, 'base:en'],
    /takes a file\. To start from .*base:en, use --base en\./,
    ['train', 'novel.txt', '--threads', '1', '--max-steps', '1', '--out', 'from-base', '--base', 'base:en'],
  ]),
  [
    ['train', 'novel.txt', ...nietzsche, '--out', 'base:en'],
    /"base:en" names a model that comes with Inkling\. Name another file with --out/,
    ['train', 'novel.txt', ...nietzsche, '--out', 'not-base'],
  ],
  [
    ['job', 'novel.txt', '--out', 'base-job', '--weights', 'base:en'],
    /A job does not start from a base model\. Omit --weights, or name a safetensors file\./,
    ['job', 'novel.txt', '--out', 'base-job'],
  ],
];

/** Parts of the messages whose remedy no row tries, and why. */
const notTried: [why: string, parts: string[]][] = [
  [
    'a row above tries it; the message is known here only without its values',
    [
      'There is no base model "…". Choose one of …',
      'There is no base model for "…". Choose one of …',
      'has no label column "…"; its columns are …',
      'Choose a longer text, or set ….',
      'No example is labelled "…"; labels: …',
      'This classifier knows the labels …',
      'There is no command "…"; there are: …',
      'holds a run that was not finished',
      "The model's tokens are …s",
      'Fewer than two examples were found',
      'Save it as UTF-8, or name its encoding',
      'There is no recipe "…"; there are: …',
      'The recipe … is trained … only',
      'There is no model file …',
    ],
  ],
  [
    'outside the program: a file, a disk, a device or an installation to be seen to',
    [
      'The … kernels do not run on Node',
      'could not be read (…)',
      'is not a regular file',
      'cannot be read. Change its permissions',
      'Check its disk, or choose another',
      'install the extension again',
      'Install Inkling again',
      'it is truncated: fetch it again',
      'is larger than 512 MB: split it',
      'too large to guess its encoding',
      'Update Inkling to use it',
      'Use another copy',
      'use another copy',
      'Use a backup',
      'begins as UTF-16 but has an odd number of bytes',
    ],
  ],
  [
    'another text or file, of which every other row holds one',
    [
      'a classifier needs examples of at least two classes',
      'at most 1,000 can be told apart',
      'trains a classifier: run "…"',
      'add at least … more of it',
      'it needs one for each label',
      'it holds no labelled text',
      'correct it, or save it as CSV or JSON Lines',
      'expected a word and … numbers',
      "choose a file of the texts' language",
      'Choose a text of at least a few thousand characters',
      'Choose a text (.txt, .md, …)',
      'Save it as plain text (.txt) first',
      'fewer than 2 tokens',
      'hold out a share of the text',
      'train a new model on these lines',
      'nothing that the model can predict',
      'Ask for words of its text',
      'The text is empty',
      'because none is installed. Name a model file',
      'Add examples, allow a larger share',
      'safetensors file of another program',
      'does not hold the weights of this network',
      'choose a language model, not a classifier',
      'is a language model; choose a classifier',
      'the tokens of a language model can be shown',
    ],
  ],
  [
    'a damaged or older model: to be trained again, as every row that trains does',
    [
      'Train it again',
      'train it again',
      'Train the model again',
      'Train a new model',
      'start a new run',
      'Choose an earlier checkpoint or train again',
    ],
  ],
  [
    'a job on another machine, which has its own tests, or a GPU',
    [
      'Name one job',
      'inkling job <files…>',
      'Name a new folder for the job',
      'Give one of --epochs, --max-steps and --max-seconds',
      'add --backend webgpu',
    ],
  ],
  [
    'another value, whose bounds the message names',
    [
      'The number of threads must be',
      'This network would need',
      'of memory could not be allocated',
      'is … from … to …, not …',
      'is one of …, not …',
      'choose the variant',
      'set "validationFraction" above 0',
      'The value of a threshold must be',
      'choose a lower learning rate',
      'with a lower learning rate',
      'train fewer steps',
      'takes a …number …',
      '--… is one of …, not',
      '--set takes path=value',
      'There is no example …',
      'give a smaller --from',
      'Ask for 1 to … samples',
      'Ask for 1 to … alternatives',
      'Give one prompt for all samples',
      'a length and a stride of 1 or more',
      'A window has at most',
      '--out takes the name of a file',
      'Run "inkling help"',
      'Name one command: inkling help train',
      'use --mode network',
      'score it without --online',
    ],
  ],
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

  it('is tried above, unless its message is listed here', () => {
    const tried = all
      .map(([, message]) => message.source.replaceAll('\\', ''))
      .flatMap((text) => text.split(/\.\*|S\+/));
    const isTried = (text: string): boolean => tried.some((part) => part.length >= 9 && text.includes(part));
    const exempt = (text: string): boolean => notTried.some(([, parts]) => parts.some((part) => text.includes(part)));
    const messages = errorMessages();
    assert.ok(messages.length > 100, 'the messages were not found');
    assert.deepEqual(
      messages.filter(({ text }) => !isTried(text) && !exempt(text)).map(({ file, text }) => `${file}: ${text}`),
      [],
    );
    const stale = notTried
      .flatMap(([, parts]) => parts)
      .filter((part) => !messages.some(({ text }) => text.includes(part)));
    assert.deepEqual(stale, [], 'these messages no longer exist');
  });
});

/** The messages of all errors of the engine, with "…" for what is filled in; messages made elsewhere are left out. */
function errorMessages(): { file: string; text: string }[] {
  const root = path.join(repositoryRoot, 'src/engine');
  // The GPU backends have their own tests, on machines with a GPU; the threads and jobs of the engine, inside VS Code.
  const elsewhere = /^(backends.(webgpu|tensorflow|gpuReport)|process|exchange)/;
  const names = (readdirSync(root, { recursive: true }) as string[])
    .map((name) => name.replaceAll(path.sep, '/'))
    .filter((name) => name.endsWith('.ts') && !elsewhere.test(name))
    .sort();
  return names.flatMap((file) => {
    const source = readFileSync(path.join(root, file), 'utf8');
    return [...source.matchAll(/new (?:InklingError|UsageError)\(([^]*?)\);?\n/g)].flatMap(([, args]) => {
      const literals = args.match(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? [];
      const text = literals
        .map((literal) => literal.slice(1, -1).replace(/\$\{[^}]*\}|\{\d\}/g, '…'))
        .filter((literal) => literal.includes(' '))
        .join('');
      const hasRemedy = !/^\s*'(internal|cancelled|protocol)'/.test(args);
      return /^[….\s]*$/.test(text) || !hasRemedy ? [] : [{ file, text }];
    });
  });
}
