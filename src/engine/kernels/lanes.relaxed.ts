// The vector type of the relaxed-SIMD build: that of the SIMD build, but with fused multiply-add. The build puts one of
// lanes.scalar.ts, lanes.simd.ts and this file in the place of "./lanes" (esbuild.js).
export {
  vec, mask, BYTES, load, loadNext, store, storeNext, splat, loadSplat, add, sub, mul, div, sqrt, min, max, powerOfTwo, greater, keep,
  sumLanes, maxLanes,
} from './lanes.simd';

/** a · b + c, rounded once if the processor supports it, otherwise twice. */
// @ts-ignore: decorator
@inline export function madd(a: v128, b: v128, c: v128): v128 { return v128.relaxed_madd<f32>(a, b, c); }
