/** Phase 2: the thread's own panels of every weight gradient, summed over all rows and steps of the batch. */
import { clearEmbeddingGradient } from './embeddings';
import type { JobPart } from './job';
import type { DirectionPlace, MatrixPlace, VectorPlace } from './layout';

/** The number of rows that `weightGradient` processes between two calls of `proceed`: four of its own blocks. */
const gradientRows = 768;

/** A matrix of `panels` panels per step, from step `first` on. */
interface Steps {
  at: number;
  panels: number;
  first: number;
}

/** Sums this thread's panels of all weight gradients, and sets its rows of an embedding's gradient to 0. */
export function sumGradients(part: JobPart): void {
  const { layout } = part;
  for (const { directions } of layout.layers) for (const d of directions) new Sums(part, d.gatePanels).direction(d);
  new Sums(part, layout.classPanels).outputs();
  if (layout.embedding?.trainable) clearEmbeddingGradient(part);
}

/** Panels [begin, end) of the gradients that belong to `panels` panels of columns. */
class Sums {
  private readonly begin: number;
  private readonly end: number;
  private readonly stride: number;

  constructor(
    private readonly part: JobPart,
    panels: number,
  ) {
    [this.begin, this.end] = part.share(panels);
    this.stride = part.job.batch * 64;
  }

  direction(d: DirectionPlace): void {
    if (this.begin === this.end) return;
    const { layout } = this.part;
    const gates: Steps = { at: d.gates, panels: d.gatePanels, first: 0 };
    const recurrentGates: Steps = { ...gates, at: d.recurrentGates };
    this.matrix(d.recurrent, { at: d.h, panels: d.unitPanels, first: 0 }, recurrentGates);
    if (d.layer > 0) this.matrix(d.input, this.outputsOf(d.layer - 1), gates);
    else if (layout.spec.input.kind === 'scalar') {
      this.matrix(d.input, { at: d.denseInput, panels: layout.inputPanels, first: 0 }, gates);
    } else this.tokens(d);
    this.vector(d.inputBias, gates);
    if (d.recurrentBias) this.vector(d.recurrentBias, recurrentGates);
  }

  outputs(): void {
    if (this.begin === this.end) return;
    const { layout, job } = this.part;
    const logits: Steps = { at: layout.logits, panels: layout.classPanels, first: job.firstLossStep };
    const top = { ...this.outputsOf(layout.layers.length - 1), first: job.firstLossStep };
    this.matrix(layout.output, top, logits);
    this.vector(layout.outputBias, logits);
  }

  /** The output of a layer, step by step. */
  private outputsOf(layer: number): Steps {
    const { output, outputPanels, directions } = this.part.layout.layers[layer];
    // h of step t is in slot t + 1.
    const at = output || directions[0].h + outputPanels * this.stride;
    return { at, panels: outputPanels, first: 0 };
  }

  private step({ at, panels }: Steps, t: number): number {
    return at + t * panels * this.stride;
  }

  /** Σ xᵀ·g over rows and steps. */
  private matrix(place: MatrixPlace, x: Steps, g: Steps): void {
    const { part, stride, begin, end } = this;
    const { batch, steps } = part.job;
    this.clear(place.gradients, place.rows);
    const piece = Math.max(1, Math.floor(gradientRows / batch));
    for (let t = g.first; t < steps; t += piece) {
      part.proceed();
      part.k.weightGradient(
        place.gradients,
        this.step(x, t),
        stride,
        x.panels * stride,
        this.step(g, t),
        stride,
        g.panels * stride,
        batch,
        Math.min(piece, steps - t),
        x.panels,
        begin,
        end,
      );
    }
  }

  /** Σ g over rows and steps. */
  private vector(place: VectorPlace, g: Steps): void {
    const { part, stride, begin, end } = this;
    const { batch, steps } = part.job;
    this.clear(place.gradients, 1);
    const from = this.step(g, g.first);
    part.k.sumRows(place.gradients, from, stride, g.panels * stride, batch, steps - g.first, begin, end);
  }

  /**
   * The gradient of input weights whose rows are selected by tokens, summed by token. With embeddings, it is summed in a
   * table of the occurring tokens, which is then multiplied by their vectors.
   */
  private tokens(d: DirectionPlace): void {
    const { part, stride, begin, end } = this;
    const { k, layout, job } = part;
    const { occurring } = layout;
    this.clear(d.input.gradients, d.input.rows);
    const rows = occurring ? job.occurring : d.input.rows;
    const table = occurring ? d.dProjected : d.input.gradients;
    if (occurring) this.clear(table, rows);
    const tokens = d.reverse ? layout.reversedTokens : layout.tokens;
    for (let t = 0; t < job.steps; t++) {
      const g = d.gates + t * d.gatePanels * stride;
      k.scatterRows(table, rows, g, stride, tokens + t * job.batch * 2, job.batch, begin, end);
    }
    if (!occurring || rows === 0) return;
    const { inputPanels } = layout;
    const bytes = rows * 64;
    k.weightGradient(d.input.gradients, occurring.vectors, bytes, 0, table, bytes, 0, rows, 1, inputPanels, begin, end);
  }

  /** Sets this thread's panels of a matrix of `rows` rows to zero. */
  private clear(matrix: number, rows: number): void {
    const { part, begin, end } = this;
    part.k.clear(matrix + begin * rows * 64, 0, (end - begin) * rows, 1);
  }
}
