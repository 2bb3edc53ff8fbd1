// The "vector" type of the scalar build: one float32. The build puts one of lanes.simd.ts, lanes.relaxed.ts and this
// file in the place of "./lanes" (esbuild.js), so that every kernel is written once.

export type vec = f32;
export type mask = bool;
/** Bytes of one vector. */
// @ts-ignore: decorator
@inline export const BYTES: usize = 4;

// @ts-ignore: decorator
@inline export function load(p: usize): vec { return f32.load(p); }
/** The vector after the one at p: V8 combines operations on such neighbours into wider ones. */
// @ts-ignore: decorator
@inline export function loadNext(p: usize): vec { return f32.load(p, 4); }
// @ts-ignore: decorator
@inline export function store(p: usize, a: vec): void { f32.store(p, a); }
// @ts-ignore: decorator
@inline export function storeNext(p: usize, a: vec): void { f32.store(p, a, 4); }
// @ts-ignore: decorator
@inline export function splat(x: f32): vec { return x; }
// @ts-ignore: decorator
@inline export function loadSplat(p: usize): vec { return f32.load(p); }
// @ts-ignore: decorator
@inline export function add(a: vec, b: vec): vec { return a + b; }
// @ts-ignore: decorator
@inline export function sub(a: vec, b: vec): vec { return a - b; }
// @ts-ignore: decorator
@inline export function mul(a: vec, b: vec): vec { return a * b; }
// @ts-ignore: decorator
@inline export function div(a: vec, b: vec): vec { return a / b; }
// @ts-ignore: decorator
@inline export function sqrt(a: vec): vec { return f32.sqrt(a); }
// @ts-ignore: decorator
@inline export function min(a: vec, b: vec): vec { return b < a ? b : a; }
// @ts-ignore: decorator
@inline export function max(a: vec, b: vec): vec { return a < b ? b : a; }
/** a · b + c, rounded twice. */
// @ts-ignore: decorator
@inline export function madd(a: vec, b: vec, c: vec): vec { return a * b + c; }
/** 2ⁿ for whole n in [-126, 127], given as 1.5·2²³ + n: its lowest bits become the exponent. */
// @ts-ignore: decorator
@inline export function powerOfTwo(shifted: vec): vec { return reinterpret<f32>((reinterpret<i32>(shifted) << 23) + 0x3f800000); }
// @ts-ignore: decorator
@inline export function greater(a: vec, b: vec): mask { return a > b; }
/** a where the mask is set, else 0. */
// @ts-ignore: decorator
@inline export function keep(m: mask, a: vec): vec { return m ? a : 0; }
// @ts-ignore: decorator
@inline export function sumLanes(a: vec): f32 { return a; }
// @ts-ignore: decorator
@inline export function maxLanes(a: vec): f32 { return a; }
