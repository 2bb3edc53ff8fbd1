/** Sums of losses over batches, as plain JSON. In nats. */
export interface LossSums {
  lossSum: number;
  targets: number;
  correct: number;
}

export const noLoss = (): LossSums => ({ lossSum: 0, targets: 0, correct: 0 });

export function addLoss(sums: LossSums, more: LossSums): void {
  sums.lossSum += more.lossSum;
  sums.targets += more.targets;
  sums.correct += more.correct;
}

/** Mean loss per target; null if there were none. */
export function meanLoss(sums: LossSums): number | null {
  return sums.targets === 0 ? null : sums.lossSum / sums.targets;
}

/** Share of targets whose most likely token was correct; null if there were none. */
export function accuracyOf(sums: LossSums): number | null {
  return sums.targets === 0 ? null : sums.correct / sums.targets;
}
