// Builds everything: the extension, the engine with its threads and command line, the page, the kernels, and the tests.
//   node esbuild.js            what a user runs (dist/), with the notices of the packages in it
//   node esbuild.js --tests    also the unit and integration suites (out/)
//   node esbuild.js --watch    rebuild on change
'use strict';
const { build, context } = require('esbuild');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const root = __dirname;
const withTests = process.argv.includes('--tests');
const watch = process.argv.includes('--watch');

/**
 * The builds of the kernels that the engine chooses from when it starts: name → features switched on. The kernels
 * import "./lanes"; each build reads lanes.<name>.ts in its place, so that every kernel is written once.
 */
const kernelBuilds = { scalar: [], simd: ['simd'], relaxed: ['simd', 'relaxed-simd'] };

/** What TypeScript knows of the kernels: written by the build, from their source. */
const kernelTypes = path.join(root, 'src/engine/backends/wasm/kernels.ts');

/** Compiles src/engine/kernels to dist/kernels/*.wasm, and their types, unless nothing changed. */
async function buildKernels() {
  const source = path.join(root, 'src/engine/kernels');
  const out = path.join(root, 'dist/kernels');
  const files = fs
    .readdirSync(source)
    .filter((name) => name.endsWith('.ts'))
    .sort();
  const key = () => {
    const hash = crypto.createHash('sha256').update(JSON.stringify(kernelBuilds));
    for (const file of [__filename, kernelTypes, ...files.map((name) => path.join(source, name))]) {
      hash.update(path.basename(file)).update(fs.readFileSync(file));
    }
    return hash.digest('hex');
  };
  const stamp = path.join(out, 'stamp');
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === key()) return;
  fs.mkdirSync(out, { recursive: true });
  const asc = await import('assemblyscript/asc');
  for (const [name, features] of Object.entries(kernelBuilds)) {
    const args = [path.join(source, 'index.ts'), '--outFile', path.join(out, `${name}.wasm`)];
    args.push(
      '-O3',
      '--noAssert',
      '--runtime',
      'stub',
      '--importMemory',
      '--sharedMemory',
      '--maximumMemory',
      '65536',
      '--memoryBase',
      '64',
      '--bindings',
      'raw',
    );
    for (const feature of ['threads', ...features]) args.push('--enable', feature);
    if (features.length === 0) args.push('--disable', 'simd');
    const readFile = (file, base) => {
      const full = path.resolve(base, file.replace(/(^|\/)lanes\.ts$/, `$1lanes.${name}.ts`));
      return fs.existsSync(full) ? fs.readFileSync(full, 'utf8') : null;
    };
    const relative = args.map((arg) => (path.isAbsolute(arg) ? path.relative(root, arg) : arg));
    const writeFile = (file, contents) => {
      if (file.endsWith('.wasm')) fs.writeFileSync(path.join(root, file), contents);
      if (file.endsWith('.d.ts')) writeKernelTypes(contents);
    };
    const { error, stderr } = await asc.main([...relative, '--baseDir', root], { readFile, writeFile });
    const text = stderr.toString();
    if (error || /ERROR|WARNING/.test(text)) throw new Error(`kernels (${name}): ${text || error}`);
  }
  fs.writeFileSync(stamp, key());
}

/** `declarations`: what the AssemblyScript compiler says of the kernels' exports. */
function writeKernelTypes(declarations) {
  const functions = [...declarations.matchAll(/export function (.+;)/g)].map(([, signature]) => `  ${signature}`);
  const text = `// Written by esbuild.js from src/engine/kernels, which say what each does. Pointers and strides are byte counts.
export interface Kernels {
${functions.join('\n')}
}
`;
  if (fs.readFileSync(kernelTypes, 'utf8') !== text) fs.writeFileSync(kernelTypes, text);
}

const node = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  sourcemap: 'linked',
  logLevel: 'warning',
  legalComments: 'none',
  metafile: true,
  loader: { '.py': 'text' },
};

function bundles() {
  const entries = {
    extension: 'src/extension/extension.ts',
    engine: 'src/engine/process/main.ts',
    engineThread: 'src/engine/process/threadMain.ts',
    kernelThread: 'src/engine/backends/wasm/kernelThread.ts',
  };
  const minify = !watch;
  const list = [
    { ...node, minify, entryPoints: entries, outdir: 'dist', external: ['vscode'] },
    {
      ...node,
      minify,
      entryPoints: { cli: 'src/engine/cli.ts' },
      outdir: 'dist',
      banner: { js: '#!/usr/bin/env node' },
    },
    {
      bundle: true,
      minify,
      platform: 'browser',
      format: 'iife',
      target: 'es2022',
      sourcemap: 'linked',
      logLevel: 'warning',
      legalComments: 'none',
      metafile: true,
      entryPoints: { webview: 'src/webview/main.ts' },
      outdir: 'dist',
      loader: { '.svg': 'text' },
    },
  ];
  if (withTests) {
    const tests = ['unit', 'integration', 'torture'].flatMap((suite) =>
      find(path.join('test', suite)).filter((f) => /\.test\.ts$|[\\/](index|main|rounds|victim)\.ts$/.test(f)),
    );
    list.push({
      ...node,
      minify: false,
      entryPoints: tests,
      outbase: 'test',
      outdir: 'out/test',
      external: ['vscode', 'mocha', 'playwright-core'],
    });
  }
  return list;
}

/** All files below a folder, relative to the root. */
function find(folder) {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    return entry.isDirectory() ? find(name) : [name];
  });
}

(async () => {
  process.chdir(root);
  await buildKernels();
  if (watch) {
    for (const options of bundles()) await (await context(options)).watch();
    return;
  }
  const built = await Promise.all(bundles().map((options) => build(options)));
  fs.chmodSync('dist/cli.js', 0o755);
  const { noticesOf } = await import('./scripts/notices.mjs');
  fs.writeFileSync('dist/ThirdPartyNotices.txt', noticesOf(built.map(({ metafile }) => metafile)));
})().catch((error) => {
  console.error(error.message ?? error);
  process.exit(1);
});
