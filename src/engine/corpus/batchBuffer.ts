/** The arrays of one batch, reused for the next: a batch is consumed before the next is requested. */
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

  /** Starts a batch of this shape, with `input` everywhere and no targets. */
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

  /** Makes the token at `position` the input of row `row` at step `step`. */
  setInput(step: number, row: number, position: number): void {
    const id = this.ids[position];
    this.inputs[step * this.rows + row] = id === this.unknown ? noToken : id;
  }

  /** Makes the token at `position` the target of row `row` at step `step`; a token without an id adds no loss. */
  setTarget(step: number, row: number, position: number): void {
    const id = this.ids[position];
    this.targets[step * this.rows + row] = id === this.unknown ? noTarget : id;
  }

  /**
   * Every-step prediction of the tokens [start, end) in a row, from step 0 on: each input is the preceding token.
   * `fresh`: nothing precedes the first token, which is predicted from `noToken`.
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

/** Targets that contribute to the loss. */
export function countTargets(batch: Batch): number {
  let count = 0;
  for (const target of batch.targets) if (target !== noTarget) count++;
  return count;
}
