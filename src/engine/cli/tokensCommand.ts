/** `inkling tokens`: how a model reads a text, token by token; without a text, all tokens of its vocabulary. */
import { modelFileOf } from '../bases/shippedBases';
import { tokensOf } from '../generation/tokensOf';
import { readModelMetadata } from '../model/modelFile';
import { output } from './output';
import { commonOptions, parse, UsageError } from './usage';
import { InklingError } from '../../common/errors';

export async function tokensCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, commonOptions);
  const [file, text] = positionals;
  if (positionals.length < 1 || positionals.length > 2) {
    throw new UsageError('Name a model, and a text in quotation marks: inkling tokens <model> ["text"].');
  }
  const metadata = await readModelMetadata(modelFileOf(file));
  if (metadata.kind !== 'language-model') {
    throw new InklingError(
      'incompatibleModel',
      `${file} is a classifier; the tokens of a language model can be shown.`,
    );
  }
  const tokens = tokensOf(metadata, text);
  if (values.json) {
    output.json({ tokens });
    return;
  }
  const { vocabulary } = metadata;
  const width = Math.max(5, ...tokens.map(({ token }) => JSON.stringify(token).length));
  const row = (...[token, index, back, verdict]: string[]): string =>
    `${token.padEnd(width)}  ${index.padStart(6)}  ${back.padEnd(width)}  ${verdict}`.trimEnd();
  output.line(row('token', 'index', 'back', ''));
  for (const { token, id, known, count } of tokens) {
    const back = id === null ? '' : JSON.stringify(vocabulary.tokenText(id));
    const verdict = text === undefined ? (count === undefined ? '' : `${count} times`) : known ? 'OK' : 'unknown';
    output.line(row(JSON.stringify(token), id === null ? 'none' : String(id), back, verdict));
  }
}
