/** `inkling keystrokes`: how many keys a model's offers save a writer of a text. */
import { modelFileOf } from '../bases/shippedBases';
import { InklingError } from '../../common/errors';
import { createStepper } from '../backends';
import { normaliseText } from '../corpus/normaliseText';
import { readTextFile } from '../corpus/readTextFile';
import { encodeText, openModel } from '../generation/languageModel';
import { canRemember } from '../memory/modelMemory';
import { readLanguageModel } from '../model/modelFile';
import { predictingModes, typeWithOffers, type KeystrokeReport } from '../offers/keystrokes';
import { output, say, sayUnknown } from './output';
import { choiceOption, commonOptions, numberOption, parse, UsageError, valued } from './usage';

const options = { ...commonOptions, ...valued('encoding', 'from', 'characters', 'eagerness', 'mode') };

export async function keystrokesCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, options);
  const [modelFile, textFile] = positionals;
  if (positionals.length !== 2) throw new UsageError('Name a model and a text: inkling keystrokes <model> <file>.');
  const from = numberOption('from', values.from, { low: 0, high: 1 }) ?? 0.9;
  const characters = numberOption('characters', values.characters, { low: 1, whole: true }) ?? Infinity;
  const eagerness = choiceOption('eagerness', values.eagerness, ['shy', 'balanced', 'bold']) ?? 'balanced';

  const model = openModel(await readLanguageModel(modelFileOf(modelFile)), createStepper);
  const usual = canRemember(model.config) ? 'online' : 'network';
  const mode = choiceOption('mode', values.mode, predictingModes) ?? usual;
  const read = await readTextFile(textFile, textFile, values);
  read.notices.forEach(say);
  const text = normaliseText(read.text, { lowercase: false, normalization: 'none' });
  const start = beginningOf(text, Math.floor(text.length * from));
  const end = Math.min(text.length, start + characters);
  if (text === '')
    throw new InklingError(
      'invalidInput',
      `${textFile} is empty: there is nothing to type. Choose a text of at least a few thousand characters.`,
    );
  if (end - start < 1) {
    throw new InklingError('invalidInput', `There is nothing after ${from} of ${textFile}; give a smaller --from.`);
  }
  sayUnknown(encodeText(model, text.slice(start, end)).unknown);
  const typed = await typeWithOffers(model, text, start, end, eagerness, mode);
  const report = { ...typed, eagerness, mode };
  if (values.json) output.json(report);
  else output.text(describeReport(report));
}

/** Not between the two halves of a code point. */
function beginningOf(text: string, at: number): number {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00 ? at + 1 : at;
}

function describeReport(report: KeystrokeReport & { eagerness: string; mode: string }): string {
  const { plusMinus } = report;
  /** A text of fewer than two blocks has no spread. */
  const figure = (value: number, spread: number, digits: number): string =>
    Number.isNaN(spread) ? value.toFixed(digits) : `${value.toFixed(digits)} ± ${spread.toFixed(digits)}`;
  const share = (value: number, spread: number): string =>
    Number.isNaN(value) ? 'not measured' : `${figure(100 * value, 100 * spread, 1)}%`;
  const rate = (value: number, spread: number): string => figure(value, spread, 2);
  return (
    `${report.eagerness}, ${report.mode}, ${report.characters} characters\n` +
    `keys saved          ${share(report.saved, plusMinus.saved)}\n` +
    `offers right        ${share(report.precision, plusMinus.precision)} of ${report.offers}\n` +
    `offers              ${rate(report.offersPer100, plusMinus.offersPer100)} per 100 characters\n` +
    `wrong offers        ${rate(report.wrongPer100, plusMinus.wrongPer100)} per 100 characters\n` +
    report.exactMatch
      .map((value, i) => `first ${i + 1} word${i === 0 ? ' ' : 's'} right ${share(value, plusMinus.exactMatch[i])}\n`)
      .join('') +
    `key to offer        ${report.p50Ms.toFixed(1)} ms (median), ${figure(report.p95Ms, plusMinus.p95Ms, 1)} ms (95th percentile)\n`
  );
}
