/**
 * Model files altered by chance or on purpose: a seeded generator, and every way of reading them. A file is altered in
 * its bytes, or in what its header means; the second kind has matching checksums, as anyone who alters a file on
 * purpose would ensure.
 */
import * as assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { InklingError } from '../../src/common/errors';
import { createStepper } from '../../src/engine/backends';
import type { Backend } from '../../src/engine/backends/backend';
import { Classifier } from '../../src/engine/classification/classifier';
import { loadClassifier } from '../../src/engine/classification/classifierFile';
import { describeModel } from '../../src/engine/cli/inspectCommand';
import { generate } from '../../src/engine/generation/generator';
import { openModel } from '../../src/engine/generation/languageModel';
import { SurpriseMap } from '../../src/engine/generation/surprise';
import { readModelFile, readModelMetadata, type StoredLanguageModel } from '../../src/engine/model/modelFile';
import { summariseModel } from '../../src/engine/model/modelSummary';
import type { Random } from '../../src/engine/random';
import { openFileRun } from '../../src/engine/training/fileRun';
import { between, pick } from './numeric';

interface Parts {
  header: Record<string, unknown> & { __metadata__: Record<string, string> };
  data: Buffer;
}

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** One altered copy of a model file, and what was done to it. */
export function mutateModel(whole: Buffer, random: Random): { bytes: Buffer; what: string } {
  const byBytes = random.integer(5) === 0;
  if (byBytes) return alterBytes(Buffer.from(whole), random);
  const parts = partsOf(whole);
  const what = Array.from({ length: between(random, 1, 2) }, () => pick(random, alterations)(parts, random)).join('; ');
  return { bytes: sealed(parts), what };
}

/**
 * Reads a file in every way, and uses what was read: as a list shows it, as a sampler, a spam check and a resumed run
 * take it. Returns why it was refused; undefined if it could be used. Fails for any error but one of the closed set.
 */
export async function useModel(file: string, backend: Backend, text: string): Promise<InklingError | undefined> {
  try {
    const metadata = await readModelMetadata(file);
    checkSummary(summariseModel(file, metadata));
    checkDescription(describeModel(file, metadata).lines);
    const model = await readModelFile(file);
    if (model.kind === 'classifier') {
      const classifier = new Classifier(backend, await loadClassifier(file));
      const { probability, naiveBayes, contributions } = await classifier.classify('cash for me', { explain: true });
      classifier.dispose();
      for (const p of [probability, naiveBayes.probability]) assert.ok(p >= 0 && p <= 1, `a probability of ${p}`);
      assert.ok(contributions.every(({ contribution }) => Number.isFinite(contribution)));
    } else {
      const written = openModel(model, createStepper);
      const streams = [{ temperature: 1, length: 5, seed: 1 }];
      const { texts } = await generate(written, { prompt: text.slice(0, 9), streams });
      assert.equal(typeof texts[0], 'string');
      const { meanBits } = await new SurpriseMap(written).update(text.slice(0, 50), 0);
      assert.ok(meanBits >= 0, `a surprise of ${meanBits}`);
      await trainFurther(model, backend, file, text);
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof InklingError) || error.code === 'internal') throw error;
    return error;
  }
}

/** Some steps more of the run of `model`, or of a new one if it cannot be continued. */
async function trainFurther(model: StoredLanguageModel, backend: Backend, file: string, text: string): Promise<void> {
  const run = await openFileRun({
    texts: [{ name: 'a.txt', text }],
    config: { ...model.config, budget: { maxSteps: 2 } },
    compute: backend,
    modelPath: `${file}.further`,
    resume: { model, notices: [] },
    further: true,
    onEvent: () => {},
  });
  await run.run();
}

/** A list of models shows these. */
function checkSummary(summary: ReturnType<typeof summariseModel>): void {
  const { title, created, network, sources, seconds, steps, parameters } = summary;
  assert.deepEqual([typeof title, typeof network], ['string', 'string']);
  assert.ok(sources.every((source) => typeof source === 'string'));
  assert.ok(!Number.isNaN(new Date(created).getTime()));
  assert.ok([seconds, steps, parameters].every((figure) => figure >= 0));
  for (const event of summary.history ?? []) {
    if (event.event === 'progress') assert.ok(event.fraction >= 0 && event.fraction <= 1);
  }
}

/** What is printed about a model contains no undefined or meaningless value. */
function checkDescription(lines: string[]): void {
  const odd = lines.filter((line) => /\b(undefined|NaN|Infinity|null)\b|\[object/.test(line.replace(/"[^"]*"/g, '')));
  assert.deepEqual(odd, []);
}

function alterBytes(bytes: Buffer, random: Random): { bytes: Buffer; what: string } {
  const at = random.integer(bytes.length);
  switch (random.integer(5)) {
    case 0:
      for (let i = 0; i < 3; i++) bytes[random.integer(bytes.length)] ^= 1 << random.integer(8);
      return { bytes, what: 'bits turned over' };
    case 1:
      return { bytes: bytes.subarray(0, at), what: `cut off at ${at}` };
    case 2:
      return { bytes: Buffer.concat([bytes, bytes.subarray(at)]), what: 'its end twice' };
    case 3:
      return { bytes: bytes.fill(0, at, Math.min(bytes.length, at + 100)), what: `zeros at ${at}` };
    default:
      bytes.writeBigUInt64LE(BigInt(random.uint32()) * BigInt(random.integer(9)));
      return { bytes, what: 'another length of the header' };
  }
}

/** Values that no field, or another field, has. */
const oddValues = (random: Random): unknown =>
  pick<unknown>(random, [
    null,
    true,
    0,
    -1,
    -1e9,
    0.5,
    1e9,
    1e308,
    2 ** 53,
    '',
    'x',
    '__proto__',
    'constructor',
    '../../etc/passwd',
    '\u0000\u001b[31m',
    'x'.repeat(5000),
    [],
    {},
    [[]],
    ['x', 'x'],
    [null],
    { kind: 'lstm' },
    { kind: '__proto__' },
    Array.from({ length: 2000 }, (_, i) => i),
  ]);

const alterations: ((parts: Parts, random: Random) => string)[] = [
  alterField,
  alterField,
  alterField,
  alterField,
  function dropMetadata({ header }, random) {
    const key = pick(random, Object.keys(header.__metadata__));
    delete header.__metadata__[key];
    return `without ${key}`;
  },
  function spoilMetadata({ header }, random) {
    const key = pick(random, Object.keys(header.__metadata__));
    const value = pick(random, ['', '{', 'null', '[]', '"x"', '1', '{"a":', '9'.repeat(400)]);
    header.__metadata__[key] = value;
    return `${key} = ${value}`;
  },
  function exchangeMetadata({ header }, random) {
    const [a, b] = [pick(random, Object.keys(header.__metadata__)), pick(random, Object.keys(header.__metadata__))];
    [header.__metadata__[a], header.__metadata__[b]] = [header.__metadata__[b], header.__metadata__[a]];
    return `${a} and ${b} exchanged`;
  },
  function alterEntry({ header, data }, random) {
    const { name, entry } = pickEntry(header, random);
    const field = pick(random, ['dtype', 'shape', 'data_offsets'] as const);
    const sizes = [0, 1, -4, 4, 1e9, 2 ** 53, data.length, data.length + 4];
    if (field === 'dtype') entry.dtype = pick(random, ['F32', 'I8', 'U8', 'U16', 'U32', 'F64', 'BF16', '']);
    else entry[field] = Array.from({ length: between(random, 0, 3) }, () => pick(random, sizes)) as [number, number];
    return `${name}.${field} = ${JSON.stringify(entry[field])}`;
  },
  function overlapEntries({ header }, random) {
    const { entry } = pickEntry(header, random);
    const count = pick(random, [1, 2000]);
    for (let i = 0; i < count; i++) header[`extra.${i}`] = structuredClone(entry);
    return `${count} more tensors on the same bytes`;
  },
  function renameEntry({ header }, random) {
    const { name, entry } = pickEntry(header, random);
    delete header[name];
    const other = pick(random, ['x', '', '__proto__', `${name}.scale`, 'optimiser.0', 'best.parameters']);
    Object.defineProperty(header, other, { value: entry, enumerable: true, configurable: true });
    return `${name} is named ${other}`;
  },
  function exchangeEntries({ header }, random) {
    const [a, b] = [pickEntry(header, random), pickEntry(header, random)];
    [a.entry.shape, b.entry.shape] = [b.entry.shape, a.entry.shape];
    [a.entry.data_offsets, b.entry.data_offsets] = [b.entry.data_offsets, a.entry.data_offsets];
    return `${a.name} and ${b.name} exchanged`;
  },
  function alterWeights({ data }, random) {
    const value = pick(random, [NaN, Infinity, -Infinity, 1e38, -1e38]);
    for (let i = 0; i < 3; i++) data.writeFloatLE(value, 4 * random.integer(data.length / 4));
    return `weights of ${value}`;
  },
];

/** Puts something odd into a random place of one of the JSON values. */
function alterField({ header }: Parts, random: Random): string {
  const keys = Object.keys(header.__metadata__).filter((key) => /^[[{"\d]/.test(header.__metadata__[key]));
  const key = pick(random, keys);
  let root: unknown;
  try {
    root = JSON.parse(header.__metadata__[key]);
  } catch {
    return 'nothing'; // a checksum, or spoilt already
  }
  const holder = { [key]: root };
  let target: Record<string, unknown> = holder;
  let name = key;
  const path = [key];
  while (typeof target[name] === 'object' && target[name] !== null && random.integer(8) > 0) {
    const below = target[name] as Record<string, unknown>;
    const names = Object.keys(below);
    if (names.length === 0) break;
    target = below;
    name = pick(random, names);
    path.push(name);
  }
  const value = oddValues(random);
  const isDropped = random.integer(6) === 0 && target !== holder;
  if (isDropped) delete target[name];
  else target[name] = value;
  header.__metadata__[key] = JSON.stringify(holder[key]);
  return `${path.join('.')} ${isDropped ? 'dropped' : `= ${JSON.stringify(value).slice(0, 40)}`}`;
}

function pickEntry(header: Parts['header'], random: Random): { name: string; entry: Entry } {
  const name = pick(
    random,
    Object.keys(header).filter((key) => key !== '__metadata__'),
  );
  return { name, entry: header[name] as Entry };
}

function partsOf(whole: Buffer): Parts {
  const end = 8 + Number(whole.readBigUInt64LE());
  const header = JSON.parse(whole.toString('utf8', 8, end)) as Parts['header'];
  return { header, data: Buffer.from(whole.subarray(end)) };
}

/** The file with the checksums of its new content, as `modelFile.ts` defines them. */
function sealed({ header, data }: Parts): Buffer {
  const { __metadata__: metadata, ...entries } = header;
  const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
  if ('inkling.checksum' in metadata) metadata['inkling.checksum'] = sha256(data);
  const names = (object: object): string[] => Object.keys(object).sort();
  const strings = names(metadata).filter((key) => key !== 'inkling.headerChecksum');
  const places = names(entries).map((name) => {
    const { dtype, shape, data_offsets: offsets } = entries[name] as Entry;
    return [name, [dtype, shape, offsets]];
  });
  metadata['inkling.headerChecksum'] = sha256(JSON.stringify([strings.map((key) => [key, metadata[key]]), places]));
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

/** Writes one altered copy after another to `file` and uses it; counts those that were refused and those that were read. */
export async function tortureModels(
  models: readonly Buffer[],
  options: { rounds: number; random: Random; file: string; backend: Backend; text: string },
): Promise<{ read: number; refused: number }> {
  const { rounds, random, file, backend, text } = options;
  const counts = { read: 0, refused: 0 };
  for (let round = 0; round < rounds; round++) {
    const { bytes, what } = mutateModel(pick(random, models), random);
    await fs.writeFile(file, bytes);
    const refusal = await useModel(file, backend, text).catch((error: unknown) => {
      throw new Error(`round ${round}, ${what}: ${error instanceof Error ? error.stack : String(error)}`);
    });
    counts[refusal ? 'refused' : 'read']++;
  }
  return counts;
}
