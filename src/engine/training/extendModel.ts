/**
 * A trained network for a larger vocabulary: the old weights stay, and every new character gets the mean of the known
 * ones. As an input it then acts like an average character; as an output its logit is the mean logit, far below those
 * of likely characters, so that the loss on known text hardly moves.
 */
import type { TextConfig } from '../../common/trainingConfig';
import { normalisedPieces } from '../corpus/normaliseText';
import type { Vocabulary } from '../corpus/vocabulary';
import { parameterCount, parameterLayout, type NetworkSpec, type TensorSpec } from '../model/networkSpec';

/** `vocabulary` with the unknown characters of these texts appended. */
export function extendVocabulary(
  vocabulary: Vocabulary,
  texts: readonly { text: string }[],
  config: TextConfig,
): Vocabulary {
  return texts.reduce((known, { text }) => known.extendBy(normalisedPieces(text, config)), vocabulary);
}

/** The same network with `vocabulary` tokens as inputs and outputs. A scalar input keeps its scale. */
export function extendSpec(spec: NetworkSpec, vocabulary: number): NetworkSpec {
  const input = spec.input.kind === 'scalar' ? spec.input : { ...spec.input, vocabulary };
  return { ...spec, input, output: { kind: 'softmax', classes: vocabulary } };
}

/**
 * A parameter block of `from` in the layout of `to`, which has at least as many tokens. New entries are the `mean` of
 * the known ones (weights), or `zero` (an optimiser's slots).
 */
export function extendParameters(
  from: NetworkSpec,
  to: NetworkSpec,
  parameters: Float32Array,
  fill: 'mean' | 'zero',
): Float32Array {
  const extended = new Float32Array(parameterCount(to));
  const layout = parameterLayout(to);
  parameterLayout(from).forEach((tensor, i) => {
    const old = parameters.subarray(tensor.offset, tensor.offset + tensor.size);
    const target = extended.subarray(layout[i].offset, layout[i].offset + layout[i].size);
    extendTensor(old, tensor, target, layout[i], fill);
  });
  return extended;
}

/** Tensors grow by rows (embedding, output) or by columns (one-hot input weights); all others are only moved. */
function extendTensor(
  old: Float32Array,
  from: TensorSpec,
  target: Float32Array,
  to: TensorSpec,
  fill: 'mean' | 'zero',
): void {
  const [rows, columns = 1] = from.shape;
  const [newRows, newColumns = 1] = to.shape;
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let column = 0; column < columns; column++) {
      const value = old[row * columns + column];
      target[row * newColumns + column] = value;
      sum += value;
    }
    if (fill === 'mean') target.fill(sum / columns, row * newColumns + columns, (row + 1) * newColumns);
  }
  if (fill === 'zero' || newRows === rows) return;
  for (let column = 0; column < newColumns; column++) {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += target[row * newColumns + column];
    for (let row = rows; row < newRows; row++) target[row * newColumns + column] = sum / rows;
  }
}
