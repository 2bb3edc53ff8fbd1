// The vector type of the SIMD build: four float32 lanes. See lanes.scalar.ts and lanes.relaxed.ts for its twins; the
// build puts one of the three in the place of "./lanes" (esbuild.js).

export type vec = v128;
export type mask = v128;
/** Bytes of one vector; a panel row of 16 numbers holds 64 / BYTES of them. */
// @ts-ignore: decorator
@inline export const BYTES: usize = 16;

// @ts-ignore: decorator
@inline export function load(p: usize): vec { return v128.load(p); }
/** The vector after the one at p: V8 combines operations on such neighbours into wider ones. */
// @ts-ignore: decorator
@inline export function loadNext(p: usize): vec { return v128.load(p, 16); }
// @ts-ignore: decorator
@inline export function store(p: usize, a: vec): void { v128.store(p, a); }
// @ts-ignore: decorator
@inline export function storeNext(p: usize, a: vec): void { v128.store(p, a, 16); }
// @ts-ignore: decorator
@inline export function splat(x: f32): vec { return f32x4.splat(x); }
// @ts-ignore: decorator
@inline export function loadSplat(p: usize): vec { return v128.load32_splat(p); }
// @ts-ignore: decorator
@inline export function add(a: vec, b: vec): vec { return f32x4.add(a, b); }
// @ts-ignore: decorator
@inline export function sub(a: vec, b: vec): vec { return f32x4.sub(a, b); }
// @ts-ignore: decorator
@inline export function mul(a: vec, b: vec): vec { return f32x4.mul(a, b); }
// @ts-ignore: decorator
@inline export function div(a: vec, b: vec): vec { return f32x4.div(a, b); }
// @ts-ignore: decorator
@inline export function sqrt(a: vec): vec { return f32x4.sqrt(a); }
// @ts-ignore: decorator
@inline export function min(a: vec, b: vec): vec { return f32x4.pmin(a, b); }
// @ts-ignore: decorator
@inline export function max(a: vec, b: vec): vec { return f32x4.pmax(a, b); }
/** a · b + c, rounded twice. */
// @ts-ignore: decorator
@inline export function madd(a: vec, b: vec, c: vec): vec { return f32x4.add(f32x4.mul(a, b), c); }
/** 2ⁿ for whole n in [-126, 127], given as 1.5·2²³ + n: its lowest bits become the exponent. */
// @ts-ignore: decorator
@inline export function powerOfTwo(shifted: vec): vec { return i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(0x3f800000)); }
// @ts-ignore: decorator
@inline export function greater(a: vec, b: vec): mask { return f32x4.gt(a, b); }
/** a where the mask is set, else 0. */
// @ts-ignore: decorator
@inline export function keep(m: mask, a: vec): vec { return v128.and(m, a); }
// @ts-ignore: decorator
@inline export function sumLanes(a: vec): f32 {
  return (f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 1)) + (f32x4.extract_lane(a, 2) + f32x4.extract_lane(a, 3));
}
// @ts-ignore: decorator
@inline export function maxLanes(a: vec): f32 {
  const x = f32x4.extract_lane(a, 0), y = f32x4.extract_lane(a, 1);
  const z = f32x4.extract_lane(a, 2), w = f32x4.extract_lane(a, 3);
  const s: f32 = x > y ? x : y, t: f32 = z > w ? z : w;
  return s > t ? s : t;
}
