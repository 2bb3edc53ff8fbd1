/** `inkling next`: what a model could write after a prompt, and how likely each token is at several temperatures. */
import { formatPercent } from '../../common/formats';
import { modelFileOf } from '../bases/shippedBases';
import { createStepper } from '../backends';
import { nextTokens, type NextToken, type NextTokens } from '../generation/nextTokens';
import { openModel } from '../generation/languageModel';
import { createPredictor } from '../generation/createPredictor';
import { readLanguageModel } from '../model/modelFile';
import { output, sayUnknown } from './output';
import { commonOptions, numberOption, parse, repeatable, switches, UsageError, valued } from './usage';

const options = {
  ...commonOptions,
  ...valued('prompt', 'top-k', 'top-p', 'min-p'),
  ...repeatable('temperature'),
  ...switches('all'),
};

/** Tokens shown of each distribution without --all. */
const shownTokens = 10;

export async function nextCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, options);
  if (positionals.length !== 1) throw new UsageError('Name one model file: inkling next <model> --prompt "…".');
  const temperatures = (values.temperature ?? ['1']).map((text) =>
    numberOption('temperature', text, { low: 0, high: 100 })!,
  );
  const cuts = {
    topK: numberOption('top-k', values['top-k'], { low: 1, whole: true }),
    topP: numberOption('top-p', values['top-p'], { low: 0, high: 1 }),
    minP: numberOption('min-p', values['min-p'], { low: 0, high: 1 }),
  };
  const model = openModel(await readLanguageModel(modelFileOf(positionals[0])), createStepper);
  const prompt = values.prompt ?? '';
  const predictor = createPredictor(model, { avoidsCopying: true });
  const { distributions, unknown } = await nextTokens(model, predictor, prompt, temperatures, cuts);
  const count = values.all ? Infinity : shownTokens;
  if (values.json) {
    for (const { tokens, ...rest } of distributions) output.json({ ...rest, tokens: tokens.slice(0, count) });
  } else {
    output.line(`after ${JSON.stringify(prompt)}, q = p^(1/T) / Σ p^(1/T):`);
    for (const line of table(distributions, count)) output.line(line);
  }
  sayUnknown(unknown);
}

/** One column for each temperature; the order of the tokens is the same at all of them. */
function table(distributions: NextTokens[], count: number): string[] {
  const { tokens } = distributions[0];
  const rows = Math.min(count, tokens.length);
  const rest = (all: NextToken[]): number => all.slice(rows).reduce((sum, { probability }) => sum + probability, 0);
  const lines = [
    ['', ...distributions.map(({ temperature }) => `T ${temperature}`)],
    ...tokens
      .slice(0, rows)
      .map(({ token }, row) => [JSON.stringify(token), ...distributions.map((d) => cell(d.tokens[row]))]),
    ...(rows < tokens.length
      ? [[`${tokens.length - rows} others`, ...distributions.map((d) => percent(rest(d.tokens)))]]
      : []),
    ['entropy', ...distributions.map(({ entropyNats }) => `${entropyNats.toFixed(3)} nats`)],
  ];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => [...line[column]].length)));
  return lines.map((line) =>
    line.map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]))).join('  '),
  );
}

const percent = (probability: number): string => formatPercent(100 * probability, 2);

const cell = ({ probability, cut }: NextToken): string =>
  cut === undefined ? percent(probability) : `cut (${percent(cut)})`;
