/** The figures of a run or a classifier as CSV (RFC 4180, losses in nats). */
import type { ClassifierEpochEvent } from '../../common/classifierProtocol';
import type { RunHistory } from '../../common/runHistory';

const header = [
  'kind',
  'step',
  'epoch',
  'seconds',
  'train_loss',
  'train_loss_minimum',
  'train_loss_maximum',
  'train_accuracy',
  'held_out_loss',
  'held_out_bits_per_character',
  'held_out_accuracy',
  'best',
  'learning_rate',
  'characters_per_second',
  'gradient_norm',
  'clipped_gradient_norm',
];

type Cell = string | number | boolean | null | undefined;

export function historyToCsv(history: RunHistory): string {
  const rows: { step: number; cells: Cell[] }[] = [
    ...history.progress.map((p) => ({
      step: p.step,
      cells: [
        'progress',
        p.step,
        p.epoch,
        p.seconds,
        p.loss,
        p.minimum,
        p.maximum,
        p.accuracy,
        undefined,
        undefined,
        undefined,
        undefined,
        p.learningRate,
        p.charactersPerSecond,
        p.gradientNorm,
        p.clippedNorm,
      ],
    })),
    ...history.evaluations.map((e) => ({
      step: e.step,
      cells: [
        'evaluation',
        e.step,
        e.epoch,
        e.seconds,
        e.trainLoss,
        undefined,
        undefined,
        e.trainAccuracy,
        e.heldOutLoss,
        e.heldOutBitsPerCharacter,
        e.heldOutAccuracy,
        e.best,
        e.learningRate,
        undefined,
        undefined,
        undefined,
      ],
    })),
  ];
  rows.sort((a, b) => a.step - b.step);
  return table(
    header,
    rows.map(({ cells }) => cells),
  );
}

/** The epochs of a classifier; losses per text. */
export function epochsToCsv(history: readonly ClassifierEpochEvent[]): string {
  const columns: [string, (event: ClassifierEpochEvent) => Cell][] = [
    ['epoch', (event) => event.epoch],
    ['seconds', (event) => event.seconds],
    ['train_loss', (event) => event.trainLoss],
    ['train_accuracy', (event) => event.trainAccuracy],
    ['validation_loss', (event) => event.validationLoss],
    ['validation_accuracy', (event) => event.validationAccuracy],
    ['validation_macro_f1', (event) => event.validationMacroF1],
    ['best', (event) => event.best],
  ];
  return table(
    columns.map(([name]) => name),
    history.map((event) => columns.map(([, cell]) => cell(event))),
  );
}

function table(head: string[], rows: Cell[][]): string {
  return [head, ...rows.map((row) => row.map((cell) => cell ?? '')), ['']].map((row) => row.join(',')).join('\r\n');
}
