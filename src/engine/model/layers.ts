/** A network as a table of layers, from input to output: the output of each and its number of parameters. */
import type { TrainingConfig } from '../../common/trainingConfig';
import {
  inputSize,
  layerOutputSize,
  outputSize,
  parameterLayout,
  type NetworkSpec,
  type TensorSpec,
} from './networkSpec';

export interface LayerRow {
  /** `one-hot`, `embedding`, `scalar`, `lstm`, `gru`, `rnn`, `bidirectional lstm`, `dropout`, `softmax`, … */
  kind: string;
  /**
   * [batch size, steps, numbers], or [batch size, numbers] if only the last step is passed on. Null where any number is
   * possible.
   */
  outputShape: (number | null)[];
  /** The number of its parameters. */
  parameters: number;
}

/** How a network is used: the steps of an example (undefined if they differ), and whether it predicts at every step. */
interface LayerContext {
  steps?: number;
  everyStep: boolean;
}

/** How a run with these settings uses a network. */
export function layerContext({ objective, text }: TrainingConfig): LayerContext {
  return {
    everyStep: objective.kind === 'every-step',
    steps: text.examples === 'lines' ? undefined : objective.steps,
  };
}

/** The layers of a network in order; their parameters add up to `parameterCount(spec)`. */
export function layersOf(spec: NetworkSpec, { steps, everyStep }: LayerContext): LayerRow[] {
  const tensors = parameterLayout(spec);
  const parametersOf = (isOwn: (tensor: TensorSpec) => boolean): number =>
    tensors.filter(isOwn).reduce((sum, { size }) => sum + size, 0);
  const sequence = (numbers: number): (number | null)[] => [null, steps ?? null, numbers];
  const result: LayerRow[] = [
    {
      kind: spec.input.kind,
      outputShape: sequence(inputSize(spec)),
      parameters: parametersOf(({ role }) => role === 'embedding'),
    },
  ];
  spec.layers.forEach((layer, l) => {
    const isLast = l === spec.layers.length - 1;
    const numbers = layerOutputSize(layer);
    const outputShape = isLast && !everyStep ? [null, numbers] : sequence(numbers);
    result.push({
      kind: `${layer.bidirectional ? 'bidirectional ' : ''}${spec.cell}`,
      outputShape,
      parameters: parametersOf(({ role, layer: own }) => own === l && role !== 'embedding'),
    });
    if (layer.dropout > 0) result.push({ kind: 'dropout', outputShape, parameters: 0 });
  });
  const classes = outputSize(spec);
  result.push({
    kind: spec.output.kind,
    outputShape: everyStep ? sequence(classes) : [null, classes],
    parameters: parametersOf(({ role }) => role === 'outputWeights' || role === 'outputBias'),
  });
  return result;
}

/** "batch × 60 steps × 128 numbers". */
export function describeShape(shape: LayerRow['outputShape']): string {
  const steps = shape.length === 3 ? [`${shape[1] ?? 'any number of'} steps`] : [];
  const numbers = shape.at(-1);
  return ['batch', ...steps, `${numbers} ${numbers === 1 ? 'number' : 'numbers'}`].join(' × ');
}
