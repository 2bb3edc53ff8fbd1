// Builds the addon of @tensorflow/tfjs-node from the package's own sources against the TensorFlow C library inside the
// Python wheel `tensorflow-cpu`, so that the TensorFlow backend is tested against the real thing (.cache/tensorflow). Linux
// x64; needs npm, pip, unzip, g++ and Node's headers.
//   node scripts/tensorflow-cpu.mjs
//
// Since version 2.12 the wheel has the C API in libtensorflow_cc.so.2 (TFE_… too) and in libtensorflow_framework.so.2, and
// the headers in tensorflow/include; the addon compiles against them unchanged.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const folder = path.join(root, '.cache', 'tensorflow');
const versions = { package: '4.22.0', wheel: '2.12.1', wheelPython: '3.11', napi: 8 };
const run = (program, ...args) => execFileSync(program, args, { cwd: folder, stdio: 'inherit' });

const own = path.join(folder, 'node_modules', '@tensorflow', 'tfjs-node');
const addon = path.join(own, 'lib', `napi-v${versions.napi}`, 'tfjs_binding.node');
if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('The wheel is taken for Linux x64 only.');
if (!fs.existsSync(addon)) build();
console.log(`tensorflow ${versions.wheel} behind ${path.relative(root, addon)}`);

function build() {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  run('npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', `@tensorflow/tfjs-node@${versions.package}`);

  const pip = ['download', '--no-deps', '--only-binary=:all:', '--platform', 'manylinux_2_17_x86_64'];
  run('pip', ...pip, '--python-version', versions.wheelPython, '-d', 'wheel', `tensorflow-cpu==${versions.wheel}`);
  const wheel = fs.readdirSync(path.join(folder, 'wheel')).find((name) => name.endsWith('.whl'));
  const wanted = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
  for (const part of ['c', 'core/platform', 'tsl/platform', 'tsl/c']) wanted.push(`include/tensorflow/${part}/*`);
  run('unzip', '-q', '-o', path.join('wheel', wheel), ...wanted.map((name) => `tensorflow/${name}`), '-d', 'wheel');

  const library = path.join(folder, 'wheel', 'tensorflow');
  const headers = nodeHeaders();
  fs.mkdirSync(path.dirname(addon), { recursive: true });
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => path.join(own, 'binding', name));
  const includes = [headers, path.join(library, 'include'), own].map((include) => `-I${include}`);
  const links = ['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2', `-Wl,-rpath,${library}`];
  const flags = ['-O2', '-shared', '-fPIC', '-std=c++17', '-w', `-DNAPI_VERSION=${versions.napi}`];
  run('g++', ...flags, ...includes, ...sources, '-o', addon, `-L${library}`, ...links);
  fs.rmSync(path.join(folder, 'wheel', wheel));
}

/** The folder with node_api.h: beside this Node, or where npm was told that Node's sources are. */
function nodeHeaders() {
  const prefix = path.dirname(path.dirname(process.execPath));
  const candidates = [prefix, process.env.npm_config_nodedir, '/usr', '/usr/local'].filter(Boolean);
  const found = candidates
    .map((candidate) => path.join(candidate, 'include', 'node'))
    .find((include) => fs.existsSync(path.join(include, 'node_api.h')));
  if (!found) throw new Error('node_api.h was not found; install the development files of Node.');
  return found;
}
