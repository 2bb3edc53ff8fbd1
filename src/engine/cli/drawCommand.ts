/** `inkling draw`: the network of a model as a picture, folded, unrolled over a text, or the inside of its cell. */
import * as fs from 'node:fs/promises';
import { InklingError } from '../../common/errors';
import { drawingViews, drawNetwork, drawnTokens, type DrawnTokens } from '../../common/networkDrawing';
import { modelFileOf } from '../bases/shippedBases';
import { tokensOf } from '../generation/tokensOf';
import { drawnNetwork } from '../model/drawnNetwork';
import { readModelMetadata, type ModelFileSummary } from '../model/modelFile';
import { output } from './output';
import { choiceOption, commonOptions, parse, UsageError, valued } from './usage';

const options = { ...commonOptions, ...valued('view', 'prompt', 'out') };

const examplePrompt = 'The clown car sped into the arena';

export async function drawCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, options);
  if (positionals.length !== 1) throw new UsageError('Name one model file: inkling draw <model> --out network.svg.');
  const view = choiceOption('view', values.view, drawingViews) ?? 'unrolled';
  const metadata = await readModelMetadata(modelFileOf(positionals[0]));
  const everyStep = metadata.kind === 'language-model' && metadata.config.objective.kind === 'every-step';
  const svg = drawNetwork(
    drawnNetwork(metadata.spec, everyStep),
    view,
    drawn(metadata, values.prompt ?? examplePrompt),
  );
  if (values.out === undefined) {
    output.raw(`${svg}\n`);
    return;
  }
  try {
    // An existing file may be of any kind.
    await fs.writeFile(values.out, svg, { flag: 'wx' });
  } catch (error) {
    throw new InklingError(
      'invalidInput',
      `${values.out} was not written (${error instanceof Error ? error.message : String(error)}). Name a new file in a folder that exists.`,
      { cause: error },
    );
  }
}

/** A language model predicts the next token after each one; a classifier only the label of the whole. */
function drawn(metadata: ModelFileSummary, text: string): DrawnTokens {
  if (metadata.kind === 'classifier') return { inputs: text.split(/\s+/), targets: [] };
  return drawnTokens(tokensOf(metadata, text).map(({ token }) => token));
}
