/** The output shape of a layer as text. */

/** `[B, T, 128]`: null stands for the size of the batch in the first place, and for the steps after it. */
export function layerShape(outputShape: readonly (number | null)[]): string {
  return `[${outputShape.map((size, i) => size ?? (i === 0 ? 'B' : 'T')).join(', ')}]`;
}
