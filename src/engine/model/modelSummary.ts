/** What is shown about a model file without loading its weights. */
import type { ModelSummary } from '../../common/engineProtocol';
import type { TrainEvent } from '../../common/trainEvents';
import type { ModelFileSummary } from './modelFile';
import { inputSize, type NetworkSpec } from './networkSpec';

/** `path` is the path of the file; `file` is what `readModelMetadata` returned for it. */
export function summariseModel(path: string, file: ModelFileSummary): ModelSummary {
  const { provenance, results, spec } = file;
  const { config, history } = file.kind === 'language-model' ? file : {};
  return {
    path,
    title: file.title,
    created: provenance.created,
    bytes: file.bytes,
    kind: file.kind,
    recipe: config?.recipe ?? 'classifier',
    network: describeNetwork(spec),
    parameters: file.parameterCount,
    vocabulary: spec.input.kind === 'scalar' ? outputClasses(spec) : spec.input.vocabulary,
    unit: config?.text.unit ?? 'word',
    sources: provenance.files,
    seed: provenance.seed,
    steps: results.steps,
    seconds: results.seconds,
    trainLoss: results.trainLoss,
    heldOutLoss: results.heldOutLoss,
    heldOutBitsPerCharacter: results.heldOutBitsPerCharacter,
    heldOutNetworkLoss: results.heldOutNetworkLoss,
    heldOutOnlineLoss: results.heldOutOnlineLoss,
    config,
    history,
  };
}

/**
 * The shares of correct predictions at the end of a run: on the training text in the last epoch, and on the held-out
 * text. Null if they were not measured.
 */
export function accuraciesOf(history: readonly TrainEvent[]): { train: number | null; heldOut: number | null } {
  const epoch = history.findLast((event) => event.event === 'epoch');
  const done = history.findLast((event) => event.event === 'done');
  return { train: epoch?.trainAccuracy ?? null, heldOut: done?.heldOutAccuracy ?? null };
}

/** "LSTM 2 × 256", "embedding 100 → LSTM 150 + 100". */
export function describeNetwork(spec: NetworkSpec): string {
  const units = spec.layers.map((layer) => layer.units);
  const same = units.every((n) => n === units[0]);
  const size = same ? `${units.length} × ${units[0]}` : units.join(' + ');
  const input = spec.input.kind === 'embedding' ? `embedding ${inputSize(spec)} → ` : '';
  return `${input}${spec.layers[0].bidirectional ? 'bidirectional ' : ''}${spec.cell.toUpperCase()} ${size}`;
}

function outputClasses(spec: NetworkSpec): number {
  return spec.output.kind === 'softmax' ? spec.output.classes : 2;
}
