/** `inkling inspect`: shows the contents of a model file. */
import { formatFigure } from '../../common/confusionReport';
import type { ClassifierRecord } from '../../common/classifierProtocol';
import type { ModelSummary } from '../../common/engineProtocol';
import { modelFileOf } from '../bases/shippedBases';
import { recordOf } from '../classification/classifierFile';
import { describeShape, layerContext, layersOf, type LayerRow } from '../model/layers';
import { readModelFile, readModelMetadata, type ModelFileSummary } from '../model/modelFile';
import { accuraciesOf, summariseModel } from '../model/modelSummary';
import { output } from './output';
import { duration } from './progressPrinter';
import { commonOptions, parse, UsageError } from './usage';

export async function inspectCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, commonOptions);
  if (positionals.length !== 1) throw new UsageError('Name one model file: inkling inspect <model>.');
  const file = modelFileOf(positionals[0]);
  const metadata = await readModelMetadata(file);
  // The header alone would not reveal altered weights.
  await readModelFile(file);
  const about = describeModel(file, metadata);
  if (values.json) output.json(about.json);
  else for (const line of about.lines) output.line(line);
}

/** What is printed about the model file `file`: for people, and as JSON. Throws `corruptModel`. */
export function describeModel(file: string, metadata: ModelFileSummary): { lines: string[]; json: object } {
  const summary = summariseModel(file, metadata);
  const record = metadata.kind === 'classifier' ? recordOf(metadata) : undefined;
  const layers = layersOf(
    metadata.spec,
    // The texts of a classifier differ in their steps.
    metadata.kind === 'classifier' ? { everyStep: false } : layerContext(metadata.config),
  );
  const rows = record ? classifierRows(summary, record) : languageModelRows(summary);
  const settings = record?.settings ?? summary.config;
  return {
    lines: [
      // A line break in a title or label would look like a row of its own.
      ...rows
        .map((row) => row.map((text) => text.replace(/\s*[\r\n]\s*/g, ' ')))
        .map(([name, value]) => `${name.padEnd(14)} ${value}`),
      ...layerTable(layers),
      ...(settings ? [JSON.stringify(settings, null, 2)] : []),
    ],
    json: { ...summary, layers, ...accuracies(summary), ...(record && { classifier: aboutClassifier(record) }) },
  };
}

/** The kind of each layer, its output in words, and its number of parameters. */
function layerTable(layers: LayerRow[]): string[] {
  const rows = [
    ['layer', 'output shape', 'parameters'],
    ...layers.map(({ kind, outputShape, parameters }) => [kind, describeShape(outputShape), String(parameters)]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map(([kind, shape, parameters]) =>
    [kind.padEnd(widths[0]), shape.padEnd(widths[1]), parameters.padStart(widths[2])].join('  '),
  );
}

/** What `inspect --json` adds for a language model whose run is recorded. */
function accuracies({ history }: ModelSummary): object {
  if (!history) return {};
  const { train, heldOut } = accuraciesOf(history);
  return { trainAccuracy: train, heldOutAccuracy: heldOut };
}

type Row = [name: string, value: string];

const size = ({ bytes }: ModelSummary): string => `${(bytes / 1e6).toFixed(2)} MB`;

function languageModelRows(summary: ModelSummary): Row[] {
  const { trainLoss, heldOutLoss, heldOutBitsPerCharacter, steps, seconds, history = [] } = summary;
  const { train, heldOut } = accuraciesOf(history);
  const perStep = (1000 * seconds) / steps;
  const accuracy = (share: number | null): string => (share === null ? '' : `, accuracy ${share.toFixed(4)}`);
  const nats = (loss: number | null): string => (loss === null ? 'not measured' : `${loss.toFixed(4)} nats`);
  const bits = heldOutBitsPerCharacter === null ? '' : ` (${heldOutBitsPerCharacter.toFixed(3)} bits per character)`;
  return [
    ['title', summary.title],
    ['kind', summary.kind],
    ['recipe', summary.recipe],
    ['network', summary.network],
    ['base', summary.config?.base ?? 'none'],
    ['parameters', String(summary.parameters)],
    ['vocabulary', `${summary.vocabulary} ${summary.unit}s`],
    ['texts', summary.sources.join(', ')],
    ['created', summary.created],
    ['seed', String(summary.seed)],
    ['trained', `${steps} steps in ${duration(seconds)}${steps > 0 ? `, ${perStep.toFixed(1)} ms per step` : ''}`],
    ['training loss', nats(trainLoss) + accuracy(train)],
    ['held-out loss', nats(heldOutLoss) + bits + accuracy(heldOut)],
    ...memoryRows(summary),
    ['file', size(summary)],
  ];
}

/** What the memory adds to the network, on the held-out text. */
function memoryRows({ heldOutLoss, heldOutNetworkLoss, heldOutOnlineLoss, unit }: ModelSummary): Row[] {
  if (heldOutLoss === null || heldOutNetworkLoss === undefined) return [];
  const online = heldOutOnlineLoss === undefined ? '' : `, learning while it reads ${heldOutOnlineLoss.toFixed(4)}`;
  const alone = `network ${heldOutNetworkLoss.toFixed(4)}`;
  return [['memory', `${alone}, with memory ${heldOutLoss.toFixed(4)}${online} nats per ${unit}`]];
}

function classifierRows(summary: ModelSummary, record: ClassifierRecord): Row[] {
  const { classes, positive, threshold, report, baselines, history } = record;
  const decides =
    positive === null || threshold === null ? [] : [`${classes[positive]} from ${threshold.toFixed(4)} on`];
  return [
    ['title', summary.title],
    ['kind', summary.kind],
    ['network', summary.network],
    ['parameters', String(summary.parameters)],
    ['labels', classes.join(', ')],
    ...decides.map((value): Row => ['threshold', value]),
    ['texts', summary.sources.join(', ')],
    ['created', summary.created],
    ['seed', String(summary.seed)],
    ['trained', `${history.length} epochs in ${duration(summary.seconds)}, on ${record.trainExamples} examples`],
    ['held out', `${record.heldOutExamples} examples`],
    [
      'accuracy',
      `${formatFigure(report.accuracy, 4)} (always the most frequent label: ${formatFigure(baselines.majority.accuracy, 4)})`,
    ],
    [
      'macro F1',
      `${formatFigure(report.macro.f1, 4)} (naive Bayes: ${formatFigure(baselines.naiveBayes.macro.f1, 4)})`,
    ],
    ...classes.map((name): Row => [`F1 ${name}`, formatFigure(report.perClass[name].f1, 4)]),
    ['file', size(summary)],
  ];
}

/** A classifier and its quality: its record without the long lists. */
function aboutClassifier(record: ClassifierRecord): object {
  const { settings, classes, positive, threshold, report, baselines, trainExamples, heldOutExamples } = record;
  return { settings, classes, positive, threshold, trainExamples, heldOutExamples, report, baselines };
}
