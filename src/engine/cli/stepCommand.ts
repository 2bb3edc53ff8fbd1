/** `inkling step`: one training step of a model in detail: its loss, its gradients, the resulting state. */
import * as path from 'node:path';
import { createStepper } from '../backends';
import { formatPercent } from '../../common/formats';
import { modelFileOf } from '../bases/shippedBases';
import { buildCorpus } from '../corpus/corpus';
import { examplesOf } from '../corpus/examples';
import { readProse } from '../corpus/readTextFile';
import { examineStep, withoutDropout } from '../inside/oneStep';
import { readLanguageModel } from '../model/modelFile';
import { withBackend } from './backendOption';
import { output, say } from './output';
import { commonOptions, numberOption, parse, UsageError, valued } from './usage';

const options = { ...commonOptions, ...valued('encoding', 'at') };

/** Numbers of the hidden state shown without --json. */
const shownUnits = 8;

export async function stepCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, options);
  const [modelFile, file] = positionals;
  if (positionals.length !== 2) throw new UsageError('Name a model and a text: inkling step <model> <file> --at 0.');
  const at = numberOption('at', values.at, { low: 0, whole: true }) ?? 0;
  const model = await readLanguageModel(modelFileOf(modelFile));
  const { spec, parameters, vocabulary, config } = model;
  const text = await readProse(file, path.basename(file), values);
  text.notices?.forEach(say);
  const example = examplesOf(buildCorpus([text], config.text, vocabulary), config).at(at);
  const stepper = createStepper(withoutDropout(spec), parameters);
  const step = await withBackend(values, (backend) =>
    examineStep(model, example.batch, backend.createNetwork, stepper),
  );
  if (values.json) {
    output.json(step);
    return;
  }
  const { reduction } = config.objective;
  const { clipValue, clipNorm } = config.optimiser;
  output.line(`example ${at}: ${JSON.stringify(example.inputText)} → ${JSON.stringify(example.targetText)}`);
  output.line(`loss ${step.lossNats.toFixed(6)} nats (${reduction} over ${example.targetIds.length} targets)`);
  const rows = Object.entries(step.gradients).map(([name, { norm, largest, clippedShare }]) => [
    name,
    norm.toPrecision(6),
    largest.toPrecision(6),
    clipValue === undefined ? '' : formatPercent(100 * clippedShare, 2),
  ]);
  const lines = [['gradient of', 'norm', 'largest', clipValue === undefined ? '' : `beyond ±${clipValue}`], ...rows];
  const width = Math.max(...lines.map(([name]) => name.length));
  for (const [name, ...figures] of lines) {
    output.line([name.padEnd(width), ...figures.map((figure) => figure.padStart(12))].join('').trimEnd());
  }
  const clipped =
    clipValue === undefined && clipNorm === undefined ? '' : `, ${step.clippedNorm.toPrecision(6)} clipped`;
  output.line(`gradient norm ${step.norm.toPrecision(6)}${clipped}`);
  const { hidden } = step;
  const shown = hidden.slice(0, shownUnits).map((value) => value.toFixed(4));
  output.line(
    `hidden state after the last step, ${hidden.length} units: ${shown.join(' ')}${hidden.length > shown.length ? ' …' : ''}`,
  );
}
