/**
 * The batch as the shaders see it: one buffer of 32-bit words that is written once per step. It begins with this header
 * (which changes from step to step), followed by sections whose offsets are in `dims`.
 */
export const header = {
  dropoutKey: 0,
  lossScale: 1,
  learningRate: 2,
  beta1: 3,
  beta2: 4,
  rho: 5,
  epsilon: 6,
  clipValue: 7,
  clipNorm: 8,
  /** Adam's corrections 1 / (1 - βᵗ). */
  mScale: 9,
  vScale: 10,
  /** 1: recurrent states come from the last carried batch. */
  carry: 11,
  /** Segments of positions with the same token, forward and reversed (tokens.ts). */
  segments: 12,
  reversedSegments: 13,
  weightDecay: 14,
} as const;

export const headerWords = 16;

/** A header word as WGSL. */
export const headerFloat = (name: keyof typeof header): string => `bitcast<f32>(batch[${header[name]}])`;
export const headerWord = (name: keyof typeof header): string => `batch[${header[name]}]`;

/** `noToken` as the shaders see it. */
export const wgslNoToken = '0xffffu';

/** WGSL of `dropoutKeep` (backend.ts); `threshold` is round(rate · 2²⁴). */
export const dropoutKeepCode = /* wgsl */ `
fn dropout_keep(key: u32, layer: u32, step: u32, row: u32, unit: u32, threshold: u32) -> bool {
  var x = (unit * 0x9e3779b1u) ^ ((row + 1u) * 0x85ebca77u) ^ ((step + 1u) * 0xc2b2ae3du);
  x = x ^ ((layer + 1u) * 0x27d4eb2fu) ^ key;
  x = (x ^ (x >> 16u)) * 0x7feb352du;
  x = (x ^ (x >> 15u)) * 0x846ca68bu;
  x = x ^ (x >> 16u);
  return (x >> 8u) >= threshold;
}
`;
