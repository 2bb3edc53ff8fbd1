/** The arrays of one batch, used again for the next: a batch is consumed before another is asked for. */
import { type Batch, noTarget, noToken } from '../backends/backend';
import { type TokenIds, unknownIn } from './corpus';

export class BatchBuffer {
  private readonly inputs: Uint16Array;
  private readonly targets: Int32Array;
  private readonly unknown: number;
  private rows = 0;

  /** Room for `batch` rows of `steps` steps of tokens from `ids`. */
  constructor(
    private readonly ids: TokenIds,
    batch: number,
    steps: number,
  ) {
    this.inputs = new Uint16Array(batch * steps);
    this.targets = new Int32Array(batch * steps);
    this.unknown = unknownIn(ids);
  }

  /** Begins a batch of this shape: `input` everywhere and no target. */
  begin(batch: number, steps: number, state: Batch['state'], input: number = noToken): Batch {
    this.rows = batch;
    const size = batch * steps;
    return {
      batch,
      steps,
      inputs: this.inputs.subarray(0, size).fill(input),
      targets: this.targets.subarray(0, size).fill(noTarget),
      state,
    };
  }

  /** The token at `position` enters row `row` at step `step`. */
  setInput(step: number, row: number, position: number): void {
    const id = this.ids[position];
    this.inputs[step * this.rows + row] = id === this.unknown ? noToken : id;
  }

  /** Row `row` is to predict the token at `position` at step `step`; a token without an id asks for no loss. */
  setTarget(step: number, row: number, position: number): void {
    const id = this.ids[position];
    this.targets[step * this.rows + row] = id === this.unknown ? noTarget : id;
  }

  /**
   * Every-step prediction of the tokens [start, end) in a row, from step 0 on: the input is always the token before.
   * `fresh`: nothing stands before the first, it is predicted from `noToken`.
   */
  predict(row: number, start: number, end: number, fresh: boolean): void {
    const { ids, unknown, rows, inputs, targets } = this;
    let previous = fresh || ids[start - 1] === unknown ? noToken : ids[start - 1];
    for (let position = start, at = row; position < end; position++, at += rows) {
      const id = ids[position];
      inputs[at] = previous;
      targets[at] = id === unknown ? noTarget : id;
      previous = id === unknown ? noToken : id;
    }
  }
}

/** Targets that ask for a loss. */
export function countTargets(batch: Batch): number {
  let count = 0;
  for (const target of batch.targets) if (target !== noTarget) count++;
  return count;
}
