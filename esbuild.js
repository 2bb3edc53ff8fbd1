// Builds everything: the extension, the engine with its threads and command line, the page, the kernels, and the tests.
//   node esbuild.js            what a user runs (dist/)
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
const exists = (file) => fs.existsSync(path.join(root, file));

/**
 * The builds of the kernels that the engine chooses from when it starts: name → features switched on. The kernels
 * import "./lanes"; each build reads lanes.<name>.ts in its place, so that every kernel is written once.
 */
const kernelBuilds = { scalar: [], simd: ['simd'], relaxed: ['simd', 'relaxed-simd'] };

/** Compiles src/engine/kernels to dist/kernels/*.wasm unless nothing changed. */
async function buildKernels() {
  const source = path.join(root, 'src/engine/kernels');
  const out = path.join(root, 'dist/kernels');
  const files = fs
    .readdirSync(source)
    .filter((name) => name.endsWith('.ts'))
    .sort();
  const hash = crypto.createHash('sha256').update(JSON.stringify(kernelBuilds)).update(fs.readFileSync(__filename));
  for (const name of files) hash.update(name).update(fs.readFileSync(path.join(source, name)));
  const key = hash.digest('hex');
  const stamp = path.join(out, 'stamp');
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === key) return;
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
    );
    for (const feature of ['threads', ...features]) args.push('--enable', feature);
    if (features.length === 0) args.push('--disable', 'simd');
    const readFile = (file, base) => {
      const full = path.resolve(base, file.replace(/(^|\/)lanes\.ts$/, `$1lanes.${name}.ts`));
      return fs.existsSync(full) ? fs.readFileSync(full, 'utf8') : null;
    };
    const relative = args.map((arg) => (path.isAbsolute(arg) ? path.relative(root, arg) : arg));
    const { error, stderr } = await asc.main([...relative, '--baseDir', root], { readFile });
    const text = stderr.toString();
    if (error || /ERROR|WARNING/.test(text)) throw new Error(`kernels (${name}): ${text || error}`);
  }
  fs.writeFileSync(stamp, key);
}

const node = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  sourcemap: 'linked',
  logLevel: 'warning',
  legalComments: 'none',
};

function bundles() {
  const entries = {
    extension: 'src/extension/extension.ts',
    engine: 'src/engine/process/main.ts',
    engineThread: 'src/engine/process/threadMain.ts',
    kernelThread: 'src/engine/backends/wasm/kernelThread.ts',
  };
  const present = Object.fromEntries(Object.entries(entries).filter(([, file]) => exists(file)));
  const list = [];
  if (Object.keys(present).length)
    list.push({ ...node, minify: !watch, entryPoints: present, outdir: 'dist', external: ['vscode'] });
  if (exists('src/engine/cli.ts')) {
    list.push({
      ...node,
      minify: !watch,
      entryPoints: { cli: 'src/engine/cli.ts' },
      outdir: 'dist',
      banner: { js: '#!/usr/bin/env node' },
    });
  }
  if (exists('src/webview/main.ts')) {
    list.push({
      bundle: true,
      minify: !watch,
      platform: 'browser',
      format: 'iife',
      target: 'es2022',
      sourcemap: 'linked',
      logLevel: 'warning',
      legalComments: 'none',
      entryPoints: { webview: 'src/webview/main.ts' },
      outdir: 'dist',
      loader: { '.svg': 'text' },
    });
  }
  if (withTests) {
    const tests = ['unit', 'integration'].flatMap((suite) =>
      find(path.join('test', suite)).filter((f) => /\.test\.ts$|\/index\.ts$/.test(f)),
    );
    list.push({
      ...node,
      minify: false,
      entryPoints: tests,
      outbase: 'test',
      outdir: 'out/test',
      external: ['vscode', 'mocha', 'playwright-core', '@stdlib/*'],
    });
  }
  return list;
}

/** All files below a folder, relative to the root. */
function find(folder) {
  if (!exists(folder)) return [];
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    return entry.isDirectory() ? find(name) : [name];
  });
}

(async () => {
  process.chdir(root);
  if (exists('src/engine/kernels/index.ts')) await buildKernels();
  if (watch) for (const options of bundles()) await (await context(options)).watch();
  else await Promise.all(bundles().map((options) => build(options)));
  if (exists('dist/cli.js')) fs.chmodSync('dist/cli.js', 0o755);
})().catch((error) => {
  console.error(error.message ?? error);
  process.exit(1);
});
