/** The output shape of a layer as text. */

/** `[B, T, 128]`: a null in first place stands for the size of the batch, any other for the steps. */
export function layerShape(outputShape: readonly (number | null)[]): string {
  return `[${outputShape.map((size, i) => size ?? (i === 0 ? 'B' : 'T')).join(', ')}]`;
}
