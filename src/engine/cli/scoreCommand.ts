/** `inkling score`: how well a model predicts a file, in nats, bits per character and perplexity. */
import { modelFileOf } from '../bases/shippedBases';
import { readTextFile } from '../corpus/readTextFile';
import { scoreText, type ScoreResult } from '../generation/score';
import { memoryOf } from '../memory/memoryFile';
import { withBackend } from './backendOption';
import { readLanguageModel } from '../model/modelFile';
import { neverSeen, output, say } from './output';
import { commonOptions, parse, switches, UsageError, valued } from './usage';

const options = { ...commonOptions, ...valued('encoding', 'windows'), ...switches('online') };

/** Spans of the text that are read in parallel; few, so that each is long compared with the context read before it. */
const rows = 32;
const windowRows = 128;

export async function scoreCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, options);
  const [modelFile, textFile] = positionals;
  if (positionals.length !== 2) throw new UsageError('Name a model and a text: inkling score <model> <file>.');
  const windows = values.windows === undefined ? undefined : readWindows(values.windows);
  if (windows && values.online) throw new UsageError('Give --windows or --online: windows are read independently.');
  await withBackend(values, async (backend) => {
    const { text, notices } = await readTextFile(textFile, textFile, values);
    notices.forEach(say);
    const stored = await readLanguageModel(modelFileOf(modelFile));
    const { spec, parameters, vocabulary, config } = stored;
    const lastStep = windows !== undefined || config.objective.kind === 'last-step';
    const steps = Math.max(windows?.length ?? 1, config.objective.steps);
    const network = await backend.createNetwork(spec, parameters, { batch: lastStep ? windowRows : rows, steps });
    const model = { network, vocabulary, config, memory: memoryOf(stored) };
    const score = await scoreText(model, text, { windows, online: values.online });
    network.dispose();
    if (score.unknownCharacters > 0) say(aboutUnknown(score, vocabulary.unit));
    const { lossNats, networkLossNats, onlineLossNats, bitsPerCharacter, perplexity, characters } = score;
    const { unknownCharacters } = score;
    if (values.json) {
      output.json({
        ...{ lossNats, networkLossNats, onlineLossNats, bitsPerCharacter },
        ...{ perplexity, characters, unknownCharacters },
      });
    } else output.line(describeScore(score));
  });
}

function describeScore(score: ScoreResult): string {
  const { lossNats, networkLossNats, onlineLossNats, bitsPerCharacter, perplexity, characters } = score;
  const figures =
    `${lossNats.toFixed(4)} nats, ${bitsPerCharacter.toFixed(4)} bits per character, ` +
    `perplexity ${perplexity.toFixed(3)} over ${characters} characters`;
  if (networkLossNats === undefined) return figures;
  const online =
    onlineLossNats === undefined ? '' : `\nonline   ${onlineLossNats.toFixed(4)} nats (learns from what it has read)`;
  return `static   ${figures} (network alone ${networkLossNats.toFixed(4)} nats)${online}`;
}

/** From this share of unknown characters on, the figures say little about the text as a whole. */
const comparableShare = 0.01;

function aboutUnknown(score: ScoreResult, unit: 'character' | 'word'): string {
  const { unknown, unknownCharacters, textCharacters } = score;
  const counted =
    unit === 'character'
      ? `${unknownCharacters} of ${textCharacters} characters are left out of the figures`
      : `words of ${unknownCharacters} of ${textCharacters} characters are scored as one unknown word`;
  const warning =
    unknownCharacters >= comparableShare * textCharacters
      ? '. These figures cannot be compared with those of a model that knows them'
      : '';
  return `${neverSeen(unknown)}: ${counted}${warning}.`;
}

function readWindows(text: string): { length: number; stride: number } {
  const [, length, stride] = /^(\d{1,6}),(\d{1,6})$/.exec(text) ?? [];
  if (!length || Number(length) < 1 || Number(stride) < 1) {
    throw new UsageError(`--windows takes LENGTH,STRIDE, as in 60,3, not "${text}".`);
  }
  return { length: Number(length), stride: Number(stride) };
}
