// AssemblyScript: the maximum rate of multiply-adds with registers alone, as a yardstick for the kernels. Twenty-four
// sums of four numbers; V8 may join neighbours into twelve of eight.
export function peak(rounds: i32, p: usize): void {
  const x = v128.load32_splat(p);
  let a0 = v128.load(p, 64),
    b0 = v128.load(p, 80);
  let a1 = v128.load(p, 96),
    b1 = v128.load(p, 112);
  let a2 = v128.load(p, 128),
    b2 = v128.load(p, 144);
  let a3 = v128.load(p, 160),
    b3 = v128.load(p, 176);
  let a4 = v128.load(p, 192),
    b4 = v128.load(p, 208);
  let a5 = v128.load(p, 224),
    b5 = v128.load(p, 240);
  let a6 = v128.load(p, 256),
    b6 = v128.load(p, 272);
  let a7 = v128.load(p, 288),
    b7 = v128.load(p, 304);
  let a8 = v128.load(p, 320),
    b8 = v128.load(p, 336);
  let a9 = v128.load(p, 352),
    b9 = v128.load(p, 368);
  let a10 = v128.load(p, 384),
    b10 = v128.load(p, 400);
  let a11 = v128.load(p, 416),
    b11 = v128.load(p, 432);
  for (let i = 0; i < rounds; i++) {
    a0 = v128.relaxed_madd<f32>(a0, x, a0);
    b0 = v128.relaxed_madd<f32>(b0, x, b0);
    a1 = v128.relaxed_madd<f32>(a1, x, a1);
    b1 = v128.relaxed_madd<f32>(b1, x, b1);
    a2 = v128.relaxed_madd<f32>(a2, x, a2);
    b2 = v128.relaxed_madd<f32>(b2, x, b2);
    a3 = v128.relaxed_madd<f32>(a3, x, a3);
    b3 = v128.relaxed_madd<f32>(b3, x, b3);
    a4 = v128.relaxed_madd<f32>(a4, x, a4);
    b4 = v128.relaxed_madd<f32>(b4, x, b4);
    a5 = v128.relaxed_madd<f32>(a5, x, a5);
    b5 = v128.relaxed_madd<f32>(b5, x, b5);
    a6 = v128.relaxed_madd<f32>(a6, x, a6);
    b6 = v128.relaxed_madd<f32>(b6, x, b6);
    a7 = v128.relaxed_madd<f32>(a7, x, a7);
    b7 = v128.relaxed_madd<f32>(b7, x, b7);
    a8 = v128.relaxed_madd<f32>(a8, x, a8);
    b8 = v128.relaxed_madd<f32>(b8, x, b8);
    a9 = v128.relaxed_madd<f32>(a9, x, a9);
    b9 = v128.relaxed_madd<f32>(b9, x, b9);
    a10 = v128.relaxed_madd<f32>(a10, x, a10);
    b10 = v128.relaxed_madd<f32>(b10, x, b10);
    a11 = v128.relaxed_madd<f32>(a11, x, a11);
    b11 = v128.relaxed_madd<f32>(b11, x, b11);
  }
  v128.store(p, a0, 64);
  v128.store(p, b0, 80);
  v128.store(p, a1, 96);
  v128.store(p, b1, 112);
  v128.store(p, a2, 128);
  v128.store(p, b2, 144);
  v128.store(p, a3, 160);
  v128.store(p, b3, 176);
  v128.store(p, a4, 192);
  v128.store(p, b4, 208);
  v128.store(p, a5, 224);
  v128.store(p, b5, 240);
  v128.store(p, a6, 256);
  v128.store(p, b6, 272);
  v128.store(p, a7, 288);
  v128.store(p, b7, 304);
  v128.store(p, a8, 320);
  v128.store(p, b8, 336);
  v128.store(p, a9, 352);
  v128.store(p, b9, 368);
  v128.store(p, a10, 384);
  v128.store(p, b10, 400);
  v128.store(p, a11, 416);
  v128.store(p, b11, 432);
}
