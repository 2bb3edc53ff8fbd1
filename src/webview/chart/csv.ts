/** A run's figures as CSV (RFC 4180, losses in nats a token). */
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

export function historyToCsv(history: RunHistory): string {
  type Cell = string | number | boolean | null | undefined;
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
  const lines = rows.map(({ cells }) => cells.map((cell) => cell ?? '').join(','));
  return [header.join(','), ...lines, ''].join('\r\n');
}
