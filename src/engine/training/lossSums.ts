/** Sums over batches, as plain JSON. */
export interface LossSums {
  /** In nats. */
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

/** The mean loss in nats per target; null if there were none. */
export function meanLoss(sums: LossSums): number | null {
  return sums.targets === 0 ? null : sums.lossSum / sums.targets;
}

/** The share of targets that were predicted correctly; null if there were none. */
export function accuracyOf(sums: LossSums): number | null {
  return sums.targets === 0 ? null : sums.correct / sums.targets;
}
