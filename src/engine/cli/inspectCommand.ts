/** `inkling inspect`: what is in a model file. */
import { readModelMetadata } from '../model/modelFile';
import { summariseModel } from '../model/modelSummary';
import { count, duration } from './progressPrinter';
import { commonOptions, parse, UsageError } from './usage';

export async function inspectCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, commonOptions);
  if (positionals.length !== 1) throw new UsageError('Name one model file: inkling inspect <model>.');
  const summary = summariseModel(positionals[0], await readModelMetadata(positionals[0]));
  if (values.json) {
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return;
  }
  const { trainLoss, heldOutLoss, heldOutBitsPerCharacter, config } = summary;
  const nats = (loss: number | null): string => (loss === null ? 'not measured' : `${loss.toFixed(4)} nats`);
  const bits = heldOutBitsPerCharacter === null ? '' : ` (${heldOutBitsPerCharacter.toFixed(3)} bits a character)`;
  const rows: [string, string][] = [
    ['title', summary.title],
    ['kind', summary.kind],
    ['recipe', summary.recipe],
    ['network', summary.network],
    ['parameters', String(summary.parameters)],
    ['vocabulary', `${summary.vocabulary} ${summary.unit}s`],
    ['texts', summary.sources.join(', ')],
    ['created', summary.created],
    ['seed', String(summary.seed)],
    ['trained', `${count(summary.steps)} steps in ${duration(summary.seconds)}`],
    ['training loss', nats(trainLoss)],
    ['held-out loss', nats(heldOutLoss) + bits],
    ['file', `${(summary.bytes / 1e6).toFixed(2)} MB`],
  ];
  for (const [name, value] of rows) process.stdout.write(`${name.padEnd(14)} ${value}\n`);
  if (config) process.stdout.write(`${JSON.stringify(config, null, 2)}\n`);
}
