/** The arguments of the command line, and the errors for wrong ones. */
import { parseArgs, type ParseArgsConfig } from 'node:util';

/** Wrong usage: one line, exit code 2. */
export class UsageError extends Error {}

const usages = `inkling: train a small recurrent language model on a text, and write with it

  inkling train <files…> [--recipe ID] [--objective every-step|last-step]
      [--minutes M | --max-seconds S | --epochs N | --more-epochs N | --max-steps N] [--seed N] [--threads N]
      [--out FILE] [--overwrite] [--resume FILE | --base auto|none|LANGUAGE | --weights FILE] [--memory on|off]
      [--set path=value]… [--title TEXT] [--json]
  inkling job <files…> --out FOLDER [--recipe ID] [--objective every-step] [--epochs N | --max-steps N | --max-seconds S]
      [--seed N] [--weights FILE] [--memory on|off] [--set path=value]… [--title TEXT] [--json]
  inkling attach FOLDER|ray://HOST[:PORT][/JOB] [--stop] [--out FILE] [--overwrite] [--json]
  inkling sample <model> [--prompt S]… [--temperature T]… [--length N]… [--top-k N] [--top-p P] [--min-p P]
      [--repetition-penalty R] [--stop S]… [--must-contain WORD]… [--against FILE]… [--seed N] [--json]
  inkling score <model> <file> [--windows LENGTH,STRIDE | --online] [--json]
  inkling keystrokes <model> <file> [--from 0.9] [--characters N] [--eagerness shy|balanced|bold]
      [--mode network|memory|both|online] [--json]
  inkling next <model> [--prompt S] [--temperature T]… [--top-k N] [--top-p P] [--min-p P] [--all] [--json]
  inkling tokens <model> [text] [--json]
  inkling examples <file> --recipe ID [--at N] [--objective every-step|last-step] [--set path=value]… [--json]
  inkling step <model> <file> [--at N] [--json]
  inkling draw <model> [--view folded|unrolled|errors|sampling|cell] [--prompt S] [--out FILE.svg]
  inkling inspect <model> [--json]
  inkling recipes [--json]
  inkling help [COMMAND|settings]
  inkling classify <model> [file|-] [--explain] [--json]
  inkling train-classifier <file…> [--model auto|network|linear|average] [--variant rnn|birnn|lstm|bilstm|gru|bigru]
      [--recipe sms-spam] [--seed N] [--epochs N] [--batch N] [--units N] [--layers N] [--direction forwards|backwards]
      [--dropout P] [--weight-decay R] [--learning-rate R] [--patience N] [--duplicates remove|keep] [--start auto|none]
      [--lengths ragged|padded] [--max-tokens N] [--vectors frozen|tuned|learned] [--vector-file FILE]
      [--evidence on|off] [--class-weights none|balanced] [--calibration none|temperature|platt|isotonic]
      [--threshold max-f1|lost:0.3%|P] [--positive LABEL] [--held-out P] [--validation P] [--folds K]
      [--label-column NAME] [--text-column NAME] [--bad-rows refuse|skip] [--out FILE] [--overwrite]
      [--title TEXT] [--json]
  inkling evaluate <model> <file…> [--label-column NAME] [--text-column NAME] [--positive LABEL]
      [--bad-rows refuse|skip] [--json]
`;

/** Notes on the usage: the commands concerned (none: all), and their lines. */
const notes: readonly [commands: readonly string[], text: string][] = [
  [
    [],
    `All take --backend auto|wasm|tensorflow|webgpu|reference and --verbose; with --backend webgpu also --half, which stores
activations in 16 bits. With auto, the default, train measures which is the fastest and the others use wasm; sample always
writes on the CPU. GPU packages are looked for in the folder that INKLING_MODULES names.`,
  ],
  [
    ['train'],
    `Without --recipe, train configures itself for the time given (--minutes, default 1). Every setting of a run can be
changed with --set; "inkling help settings" lists them.
Ctrl-C stops a training run and keeps what it learned; a second one skips the last evaluation. --resume continues exactly
where it stopped: --epochs then counts from the start of the run, --more-epochs from there. --out replaces a
model of the same text; one of another text, or the checkpoint of an unfinished run, only with --overwrite.
--weights starts from the tensors of a safetensors file that has the names and shapes of the model file.`,
  ],
  [
    ['job'],
    `A job is a folder with everything that PyTorch needs to train a model on another machine: copy it there, then
"pip install -r requirements.txt" and "python train.py" in it. Without --recipe, the network is as wide as the text can
train in the epochs given (10 by default). A text over 64 MB must be UTF-8, unless --encoding names another.`,
  ],
  [
    ['attach'],
    `attach follows a job from its folder, or through the dashboard of the Ray cluster that runs it (port 8265, the latest
job unless one is named; RAY_AUTH_TOKEN is the token of a cluster that needs one), and finishes its model. Ctrl-C
detaches; --stop ends the job and keeps its model. --verbose also shows the other lines of its log.`,
  ],
  [
    ['sample'],
    `Several prompts are continued with the same random numbers; give one --length for all temperatures, or one for each.
--against compares what is written with texts: the share of real words, and what is copied (of names: whole lines).
--repetition-penalty R looks at the last 64 tokens and multiplies the logarithm of each one's probability by R (p becomes
p to the power of R): above 1 it discourages repeats. Other programs divide logits instead; their values do not carry over.`,
  ],
  [
    ['train-classifier'],
    `With two labels, one of them spam, and fewer than 500 texts to learn from, the linear model starts from the detector
that comes with Inkling if cross-validation says that this is better; --start none never does. That detector was trained on
the SMS Spam Collection, among others: with --start auto, few labels of that collection look better than they are.`,
  ],
  [
    ['train', 'job', 'score', 'keystrokes', 'examples', 'step', 'classify', 'train-classifier', 'evaluate'],
    `If a text is not UTF-8, --encoding NAME names its encoding, such as windows-1251 or shift_jis; without it, it is guessed.`,
  ],
];

export const help = `${usages}
${notes.map(([, text]) => text).join('\n')}
"inkling help COMMAND" shows one command.
`;

/** The usage of one command and the notes on it; undefined if there is no such command. */
export function helpFor(command: string): string | undefined {
  const lines = usages.split('\n');
  const first = lines.findIndex((line) => new RegExp(`^ {2}inkling ${command}( |$)`).test(line));
  if (first < 0) return undefined;
  const after = lines.findIndex((line, i) => i > first && !line.startsWith('      '));
  const own = notes.filter(([commands]) => commands.length === 0 || commands.includes(command));
  return `${lines.slice(first, after).join('\n')}\n\n${own.map(([, text]) => text).join('\n')}\n`;
}

/** `text` without line breaks and the white space around them: an error is one line. */
export function oneLine(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');
}

type Options = NonNullable<ParseArgsConfig['options']>;

/** Makes a table of options that are all alike. */
const optionsLike =
  <const O extends Options[string]>(option: O) =>
  <N extends string>(...names: N[]): Record<N, O> =>
    Object.fromEntries(names.map((name) => [name, option])) as Record<N, O>;

/** Options with a value. */
export const valued = optionsLike({ type: 'string' });
/** Options with a value that may be given more than once. */
export const repeatable = optionsLike({ type: 'string', multiple: true });
export const switches = optionsLike({ type: 'boolean' });

/** Options of every command. */
export const commonOptions = { ...valued('backend', 'threads'), ...switches('verbose', 'json', 'half') };

type Parsed<O extends Options> = ReturnType<typeof parseArgs<{ args: string[]; options: O; allowPositionals: true }>>;

/** Parses a command's arguments. Throws `UsageError` for unknown options. */
export function parse<O extends Options>(args: string[], options: O): Parsed<O> {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message.split('. ')[0] : String(error);
    throw new UsageError(`${message.replace(/\.$/, '')}. Run "inkling help".`);
  }
}

/** The number of an option. Throws `UsageError` if it is not a number or outside [low, high]. */
export function numberOption(
  name: string,
  text: string | undefined,
  { low, high = Infinity, whole = false }: { low: number; high?: number; whole?: boolean },
): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? NaN : Number(text);
  if (Number.isFinite(value) && value >= low && value <= high && (!whole || Number.isInteger(value))) return value;
  const bounds = high === Infinity ? `from ${low}` : `from ${low} to ${high}`;
  throw new UsageError(`--${name} takes a ${whole ? 'whole ' : ''}number ${bounds}, not "${text}".`);
}

/** An option with a fixed set of values. */
export function choiceOption<W extends string>(
  name: string,
  text: string | undefined,
  words: readonly W[],
): W | undefined {
  if (text === undefined) return undefined;
  const word = words.find((candidate) => candidate === text);
  if (word === undefined) throw new UsageError(`--${name} is one of ${words.join(', ')}, not "${text}".`);
  return word;
}

/** The values of --set: paths of settings with their values. */
export function settingsOption(settings: string[] = []): [path: string, value: string][] {
  return settings.map((setting) => {
    const at = setting.indexOf('=');
    if (at < 1) throw new UsageError(`--set takes path=value, as in network.layers.0.units=256, not "${setting}".`);
    return [setting.slice(0, at), setting.slice(at + 1)];
  });
}
