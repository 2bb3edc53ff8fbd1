/** `inkling score`: how well a model knows a file, in nats, bits a character and perplexity. */
import { modelFileOf } from '../bases/shippedBases';
import { readTextFile } from '../corpus/readTextFile';
import { scoreText } from '../generation/score';
import { withBackend } from './backendOption';
import { readLanguageModel } from '../model/modelFile';
import { output } from './output';
import { commonOptions, parse, UsageError } from './usage';

const options = { ...commonOptions, windows: { type: 'string' } } as const;

/** Stretches of the text that are read side by side; few, so that each is long beside the context read before it. */
const rows = 32;
const windowRows = 128;

export async function scoreCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, options);
  const [modelFile, textFile] = positionals;
  if (positionals.length !== 2) throw new UsageError('Name a model and a text: inkling score <model> <file>.');
  const windows = values.windows === undefined ? undefined : readWindows(values.windows);
  await withBackend(values, async (backend) => {
    const text = await readTextFile(textFile);
    const { spec, parameters, vocabulary, config } = await readLanguageModel(modelFileOf(modelFile));
    const lastStep = windows !== undefined || config.objective.kind === 'last-step';
    const steps = Math.max(windows?.length ?? 1, config.objective.steps);
    const network = await backend.createNetwork(spec, parameters, { batch: lastStep ? windowRows : rows, steps });
    const score = await scoreText({ network, vocabulary, config }, text, { windows });
    network.dispose();
    if (values.json) output.json(score);
    else {
      output.line(
        `${score.lossNats.toFixed(4)} nats, ${score.bitsPerCharacter.toFixed(4)} bits a character, ` +
          `perplexity ${score.perplexity.toFixed(3)} over ${score.characters} characters`,
      );
    }
  });
}

function readWindows(text: string): { length: number; stride: number } {
  const [, length, stride] = /^(\d{1,6}),(\d{1,6})$/.exec(text) ?? [];
  if (!length || Number(length) < 1 || Number(stride) < 1) {
    throw new UsageError(`--windows takes LENGTH,STRIDE, as in 60,3, not "${text}".`);
  }
  return { length: Number(length), stride: Number(stride) };
}
