/**
 * The classifier's training loop: epochs over groups of texts, Adam, a constant or cosine rate, the best epoch by macro
 * F1 of the validation part. The result depends only on its arguments and the seed.
 */
import { variantCells, type ClassifierEpochEvent, type ClassifierSettings } from '../../common/classifierProtocol';
import { InklingError, unlessCancelled } from '../../common/errors';
import { sentence } from '../../common/l10n';
import { updateDefaults, type Backend, type Network, type Update } from '../backends/backend';
import { initialiseParameters } from '../model/initialisation';
import { outputSize, type NetworkSpec } from '../model/networkSpec';
import { Random } from '../random';
import { dropWords, paddedGroups, raggedGroups, textBatch, type TextGroup } from './batches';
import type { EncodedTexts } from './encoder';
import { classificationReport } from './metrics';

export interface TrainingTask {
  settings: ClassifierSettings;
  /** Class names, for the report. */
  classes: string[];
  /** Index of the positive class, for two classes; otherwise null. */
  positive: number | null;
  encoded: EncodedTexts;
  /** Numbers in an input vector. */
  inputSize: number;
  /** Class id of each encoded text. */
  labels: ArrayLike<number>;
  /** Indices of the texts to train on. */
  train: Int32Array;
  /** Indices of the texts for the curves; with `choose`, they decide the best epoch. */
  validation: Int32Array;
  choose: boolean;
}

export interface TrainedNetwork {
  spec: NetworkSpec;
  /** The whole block, including the embedding. */
  parameters: Float32Array;
  history: ClassifierEpochEvent[];
  /** Whether `finish` ended it before its last epoch. */
  finishedEarly: boolean;
}

/** How to end a training: `cancel` throws, `finish` keeps what was learned so far. */
export interface TrainingSignals {
  cancel?: AbortSignal;
  finish?: AbortSignal;
}

/** The network specified by the settings; its input is a table of `rows` vectors. */
export function classifierSpec(
  settings: ClassifierSettings,
  classes: number,
  rows: number,
  inputSize: number,
): NetworkSpec {
  const { cell, bidirectional } = variantCells[settings.variant];
  const { units, dropout } = settings;
  return {
    cell,
    input: { kind: 'embedding', vocabulary: rows, dimensions: inputSize, trainable: settings.vectors !== 'frozen' },
    layers: Array.from({ length: settings.layers }, () => ({
      units,
      dropout,
      ...(bidirectional && { bidirectional }),
    })),
    output: classes === 2 ? { kind: 'sigmoid' } : { kind: 'softmax', classes },
  };
}

/** Trains; `onEpoch` is called after each epoch. Throws `cancelled` soon after `cancel` is aborted. */
export async function trainNetwork(
  backend: Backend,
  task: TrainingTask,
  onEpoch: (event: ClassifierEpochEvent) => void = () => {},
  { cancel, finish }: TrainingSignals = {},
): Promise<TrainedNetwork> {
  const { settings, encoded, train, validation } = task;
  const { direction } = settings;
  const spec = classifierSpec(settings, task.classes.length, encoded.rows, task.inputSize);
  const initial = await initialiseParameters(spec, { kind: 'keras' }, settings.seed);
  initial.set(encoded.table);
  const lengths = encoded.sequences.map((ids) => ids.length);
  const longest = Math.min(settings.maximumTokens, Math.max(1, ...lengths));
  const limits = {
    batch: settings.batch,
    steps: settings.lengths === 'padded' ? settings.maximumTokens : longest,
  };
  const network = await backend.createNetwork(spec, initial, limits);
  try {
    const random = new Random(settings.seed, 31);
    const targets = targetsOf(task.labels, task.positive);
    const weights = settings.classWeights === 'balanced' ? balancedWeights(task) : undefined;
    const groupsOf = (members: Int32Array): TextGroup[] =>
      settings.lengths === 'padded'
        ? paddedGroups(members, settings.batch, settings.maximumTokens, random)
        : raggedGroups(members, lengths, settings.batch, longest, random);
    const history: ClassifierEpochEvent[] = [];
    let best = { f1: -1, loss: Infinity, parameters: initial, epoch: 0 };
    const started = performance.now();
    let step = 0;
    let finishedEarly = false;
    const isInterrupted = (): boolean => cancel?.aborted || finish?.aborted || false;
    training: for (let epoch = 1; epoch <= settings.epochs; epoch++) {
      const groups = groupsOf(train);
      let loss = 0;
      let correct = 0;
      for (const [g, group] of groups.entries()) {
        const batch = textBatch(encoded.sequences, group.members, group.steps, targets, { weights, direction });
        dropWords(batch, settings.wordDropout, random);
        const progress = (epoch - 1 + g / groups.length) / settings.epochs;
        const update = updateOf(settings, progress, step++);
        const result = await unlessCancelled(network.trainStep(batch, update, isInterrupted));
        loss += result?.lossSum ?? 0;
        correct += result?.correct ?? 0;
        finishedEarly = finish?.aborted ?? false;
        if (cancel?.aborted) throw new InklingError('cancelled', 'Training was stopped.');
        if (finishedEarly) break training;
        // Yields every few steps, so that the thread can handle other events.
        if (step % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      if (!Number.isFinite(loss)) {
        throw new InklingError(
          'invalidInput',
          sentence('Training diverged (the loss is not a number); choose a lower learning rate.'),
        );
      }
      if (validation.length === 0) continue;
      const measured = await measure(network, task, groupsOf(validation), targets);
      const better = measured.macroF1 > best.f1 || (measured.macroF1 === best.f1 && measured.loss < best.loss);
      const event: ClassifierEpochEvent = {
        event: 'epoch',
        epoch,
        seconds: (performance.now() - started) / 1000,
        trainLoss: loss / train.length,
        trainAccuracy: correct / train.length,
        validationLoss: measured.loss,
        validationAccuracy: measured.accuracy,
        validationMacroF1: measured.macroF1,
        best: better,
      };
      history.push(event);
      onEpoch(event);
      if (better) {
        const parameters = task.choose ? await network.readParameters() : best.parameters;
        best = { f1: measured.macroF1, loss: measured.loss, parameters, epoch };
      }
      if (task.choose && settings.patience !== undefined && epoch - best.epoch >= settings.patience) break;
    }
    const parameters = task.choose ? best.parameters : await network.readParameters();
    return { spec, parameters, history, finishedEarly };
  } finally {
    network.dispose();
  }
}

function updateOf(settings: ClassifierSettings, progress: number, step: number): Update {
  const falling = settings.schedule === 'cosine' ? 0.02 + 0.98 * 0.5 * (1 + Math.cos(Math.PI * progress)) : 1;
  return {
    ...updateDefaults,
    kind: 'adam',
    learningRate: settings.learningRate * falling,
    clipNorm: 1,
    weightDecay: settings.weightDecay,
    // A short group is weighted by its rows, so that every text has the same weight.
    lossScale: 1 / settings.batch,
    dropoutKey: Math.imul(settings.seed + 1, 0x9e3779b1) ^ Math.imul(step + 1, 0x85ebca6b),
  };
}

/** Targets in the form of the network's output: class ids, or 1 for the positive class. */
function targetsOf(labels: ArrayLike<number>, positive: number | null): Int32Array {
  return Int32Array.from(labels, (label) => (positive === null ? label : label === positive ? 1 : 0));
}

/** N / (classes · examples of the class), by text. */
function balancedWeights({ labels, train, classes }: TrainingTask): Float32Array {
  const counts = new Array<number>(classes.length).fill(0);
  for (const i of train) counts[labels[i]]++;
  return Float32Array.from(labels, (label) => train.length / (classes.length * Math.max(1, counts[label])));
}

/** Measures `groups`, which contain at least one text. */
async function measure(
  network: Network,
  task: TrainingTask,
  groups: TextGroup[],
  targets: Int32Array,
): Promise<{ loss: number; accuracy: number; macroF1: number }> {
  const outputs = outputSize(network.spec);
  const truth: number[] = [];
  const predicted: number[] = [];
  let loss = 0;
  for (const group of groups) {
    const { direction } = task.settings;
    const batch = textBatch(task.encoded.sequences, group.members, group.steps, targets, { direction });
    const result = await network.evaluate(batch, { logits: true });
    loss += result.lossSum;
    group.members.forEach((member, b) => {
      const at = ((batch.lengths![b] - 1) * batch.batch + b) * outputs;
      const logits = result.logits!.subarray(at, at + outputs);
      truth.push(task.labels[member]);
      predicted.push(
        task.positive === null
          ? logits.indexOf(Math.max(...logits))
          : logits[0] > 0
            ? task.positive
            : 1 - task.positive,
      );
    });
  }
  const report = classificationReport(truth, predicted, task.classes);
  return { loss: loss / truth.length, accuracy: report.accuracy!, macroF1: report.macro.f1! };
}
