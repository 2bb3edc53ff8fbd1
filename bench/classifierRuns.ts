/**
 * The engine's side of `npm run bench:classifier`: each call does one kind of run and prints one JSON object per line.
 *   classifierRuns.js variants|lengths|check|export|peers|attacks <JSON>
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { classifierVariants, type ClassifierSettings, type ClassifierVariant } from '../src/common/classifierProtocol';
import { createWasmBackend } from '../src/engine/backends/wasm/wasmBackend';
import { Classifier, decide, probabilitiesOf } from '../src/engine/classification/classifier';
import { Encoder, encodeTexts } from '../src/engine/classification/encoder';
import {
  joinLabelledData,
  parseLabelledText,
  readLabelledData,
  type LabelledData,
} from '../src/engine/classification/labelledData';
import { classificationReport } from '../src/engine/classification/metrics';
import { trainNetwork } from '../src/engine/classification/networkTraining';
import { defaultClassifierSettings, recipeClassifierSettings } from '../src/engine/classification/settings';
import { detectorToStartFrom } from '../src/engine/classification/shippedStart';
import { splitExamples, type Split } from '../src/engine/classification/split';
import { tokenize } from '../src/engine/classification/tokens';
import { evaluateClassifier, trainClassifier } from '../src/engine/classification/trainClassifier';
import { tableSource, vectorsFor, type VectorSource } from '../src/engine/classification/vectorSource';
import { decodeWordTable } from '../src/engine/classification/wordTable';
import { Random } from '../src/engine/random';
import { attacked } from './attacks';

interface Job {
  data: string;
  threads: number;
  seeds: number[];
  variants?: ClassifierVariant[];
  /** The recipe's settings instead of the default ones. */
  asRecipe?: boolean;
  settings?: Partial<ClassifierSettings>;
  /** Instead of the shipped table of word vectors. */
  table?: string;
  /** The output of `export` and `peers`. */
  file?: string;
  /** Of `peers`: a folder of comments (CONTENT, CLASS; one CSV a video), and one of texts (one file an author). */
  comments?: string;
  authors?: string;
}

const [what, json] = process.argv.slice(2);
const job = JSON.parse(json) as Job;
const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

async function main(): Promise<void> {
  const data = await readLabelledData(job.data, 'refuse');
  const runs: Record<string, () => Promise<void>> = {
    variants: () => variants(data),
    lengths: () => lengths(data),
    check: () => check(data),
    export: () => exportForPeers(data),
    peers: () => besidePeers(data),
    attacks: () => underAttack(data),
  };
  await runs[what]();
}

function settingsOf(variant: ClassifierVariant, seed: number): ClassifierSettings {
  const base = job.asRecipe ? recipeClassifierSettings(variant, seed) : { ...defaultClassifierSettings, variant, seed };
  return { ...base, ...job.settings };
}

async function vectorSource(data: LabelledData): Promise<VectorSource> {
  if (!job.table) return vectorsFor(settingsOf('gru', 1), data);
  const { vectors, sha256 } = decodeWordTable(fs.readFileSync(job.table), job.table);
  return { kind: 'table', sha256, vectors };
}

/** Figures of the held-out part, once without and once with the texts that also occur in the training part. */
async function variants(data: LabelledData): Promise<void> {
  const backend = await createWasmBackend({ threads: job.threads });
  const vectors = await vectorSource(data);
  const texts = data.examples.map((example) => example.text);
  const labels = data.examples.map((example) => data.classes.indexOf(example.label));
  for (const variant of job.variants ?? classifierVariants) {
    for (const seed of job.seeds) {
      const settings = settingsOf(variant, seed);
      const before = process.cpuUsage();
      const model = await trainClassifier({ data, settings, vectors, backend });
      const processorSeconds = process.cpuUsage(before).user / 1e6;
      const classifier = new Classifier(backend, model);
      const whole = splitExamples(texts, labels, settings.heldOutFraction, seed, 'keep').heldOut;
      const logits = await classifier.logits(Array.from(whole, (i) => tokenize(texts[i])));
      classifier.dispose();
      const withDuplicates = classificationReport(
        Array.from(whole, (i) => labels[i]),
        logits.map((row) => decide(model.record, probabilitiesOf(model, row))),
        data.classes,
      );
      const { report, baselines, seconds, duplicatesRemoved, history } = model.record;
      // Seconds of the first fit, with the measurement after each epoch, without tokens, baselines and report.
      const trainSeconds = history.at(-1)?.seconds ?? 0;
      print({
        variant,
        seed,
        seconds,
        trainSeconds,
        processorSeconds,
        report,
        withDuplicates,
        baselines,
        duplicatesRemoved,
      });
    }
  }
  await backend.dispose();
}

/** Seconds of training alone, the same settings padded and ragged. */
async function lengths(data: LabelledData): Promise<void> {
  const backend = await createWasmBackend({ threads: job.threads });
  const { vectors } = await tableSource();
  const encoder = new Encoder(vectors);
  const encoded = encodeTexts(
    data.examples.map((example) => tokenize(example.text)),
    [encoder],
  );
  const labels = data.examples.map((example) => data.classes.indexOf(example.label));
  const split = trainAndHeldOut(data, job.seeds[0]);
  for (const variant of job.variants ?? classifierVariants) {
    for (const mode of ['padded', 'ragged'] as const) {
      const settings: ClassifierSettings = { ...settingsOf(variant, job.seeds[0]), lengths: mode };
      const started = performance.now();
      const before = process.cpuUsage();
      await trainNetwork(backend, {
        settings,
        classes: data.classes,
        positive: 1,
        encoded,
        inputSize: encoder.size,
        labels,
        train: split.train,
        validation: new Int32Array(0),
        choose: false,
      });
      const { user } = process.cpuUsage(before);
      const seconds = (performance.now() - started) / 1000;
      // On a busy machine, processor time is more meaningful than elapsed time.
      print({ variant, mode, epochs: settings.epochs, seconds, processorSeconds: user / 1e6 });
    }
  }
  await backend.dispose();
}

/** Milliseconds for the verdict on a text of 200 words, and for the verdict with every word explained. */
async function check(data: LabelledData): Promise<void> {
  const backend = await createWasmBackend({ threads: job.threads });
  const vectors = await vectorSource(data);
  for (const variant of job.variants ?? classifierVariants) {
    const settings = settingsOf(variant, job.seeds[0]);
    const model = await trainClassifier({ data, settings: { ...settings, epochs: 1 }, vectors, backend });
    const classifier = new Classifier(backend, model);
    const words = data.examples.flatMap((example) => example.text.split(/\s+/));
    const times = { verdict: [] as number[], explained: [] as number[] };
    for (let i = 0; i < 24; i++) {
      const text = words.slice(i * 200, i * 200 + 200).join(' ');
      for (const explain of [false, true]) {
        const started = performance.now();
        await classifier.classify(text, { explain });
        // The first checks warm up.
        if (i >= 4) times[explain ? 'explained' : 'verdict'].push(performance.now() - started);
      }
    }
    classifier.dispose();
    print({ variant, verdictMs: median(times.verdict), explainedMs: median(times.explained) });
  }
  await backend.dispose();
}

/** The recall of spam that was held out, as it is and hidden in each way, by the default classifier. */
async function underAttack(data: LabelledData): Promise<void> {
  const backend = await createWasmBackend({ threads: job.threads });
  for (const seed of job.seeds) {
    const settings: ClassifierSettings = { ...defaultClassifierSettings, seed, ...job.settings };
    const split = trainAndHeldOut(data, seed);
    const vectors = await vectorsFor(settings, data);
    const classifier = new Classifier(backend, await trainClassifier({ data, settings, vectors, backend, split }));
    const of = (label: string): LabelledData['examples'] =>
      Array.from(split.heldOut, (i) => data.examples[i]).filter((example) => example.label === label);
    const [spam, ham] = [of('spam'), of('ham')];
    for (const [attack, examples] of [['none', spam] as const, ...attacked(spam, ham)]) {
      const { report } = await evaluateClassifier(classifier, { ...data, examples: [...examples] });
      print({ attack, seed, recall: report.perClass.spam.recall });
    }
    classifier.dispose();
  }
  await backend.dispose();
}

/** One row of the table of peers is the mean over its tasks. */
interface PeerTask {
  row: string;
  seed: number;
  data: LabelledData;
  train: Int32Array;
  heldOut: Int32Array;
}

/** The default classifier on every task; then all tasks as texts, for the peers, in `file`. */
async function besidePeers(messages: LabelledData): Promise<void> {
  const tasks = await peerTasks(messages);
  const content = tasks.map(({ row, seed, data, train, heldOut }) => {
    const pick = (members: Int32Array, of: 'text' | 'label'): string[] => [...members].map((i) => data.examples[i][of]);
    return {
      row,
      seed,
      train: { texts: pick(train, 'text'), labels: pick(train, 'label') },
      heldOut: { texts: pick(heldOut, 'text'), labels: pick(heldOut, 'label') },
    };
  });
  fs.writeFileSync(job.file!, JSON.stringify(content));
  const backend = await createWasmBackend({ threads: job.threads });
  for (const { row, seed, data, train, heldOut } of tasks) {
    const settings: ClassifierSettings = { ...defaultClassifierSettings, seed, ...job.settings };
    const before = process.cpuUsage();
    const model = await trainClassifier({
      data,
      settings,
      vectors: await vectorsFor(settings, data),
      backend,
      split: { train, heldOut, duplicatesRemoved: 0 },
      // The shipped detector has read the other messages.
      ...(row.startsWith('comments') && { shipped: await detectorToStartFrom(settings, data) }),
    });
    const { user, system } = process.cpuUsage(before);
    const { kept, candidates = [], report, seconds } = model.record;
    const parts = Object.fromEntries(candidates.map((candidate) => [candidate.part, candidate.report!.macro.f1]));
    print({ row, seed, kept, macroF1: report.macro.f1, parts, seconds, processorSeconds: (user + system) / 1e6 });
  }
  await backend.dispose();
}

async function peerTasks(messages: LabelledData): Promise<PeerTask[]> {
  const tasks: PeerTask[] = [];
  for (const seed of [1, 2, 3]) {
    const { train, heldOut } = trainAndHeldOut(messages, seed);
    tasks.push({ row: 'SMS', seed, data: messages, train, heldOut });
    for (const count of [50, 100, 200]) {
      tasks.push({
        row: `SMS, ${count} labels`,
        seed,
        data: messages,
        train: draw(messages, train, count, seed),
        heldOut,
      });
    }
  }
  if (job.comments !== undefined) {
    const files = fs.readdirSync(job.comments).filter((name) => name.endsWith('.csv'));
    const parts = files.map((name) => {
      const content = fs.readFileSync(path.join(job.comments!, name), 'utf8');
      return parseLabelledText(content, name, 'skip', { label: 'CLASS', text: 'CONTENT', spam: '1' });
    });
    const data = joinLabelledData(parts);
    const all = Int32Array.from(data.examples, (_, i) => i);
    for (const name of files) {
      const isHeldOut = (i: number): boolean => data.examples[i].source === name;
      const [heldOut, train] = [all.filter(isHeldOut), all.filter((i) => !isHeldOut(i))];
      tasks.push({ row: 'comments, one video left out', seed: 1, data, train, heldOut });
    }
    for (const count of [20, 50, 100]) {
      for (const seed of [1, 2, 3]) {
        const train = draw(data, all, count, seed);
        const heldOut = all.filter((i) => !train.includes(i));
        tasks.push({ row: `comments, ${count} labels`, seed, data, train, heldOut });
      }
    }
  }
  if (job.authors !== undefined) {
    const data = await readLabelledData(job.authors, 'skip');
    const { train, heldOut } = trainAndHeldOut(data, 1);
    tasks.push({ row: `authors, ${data.classes.length} classes`, seed: 1, data, train, heldOut });
  }
  return tasks;
}

/** `count` of `members` at random, at least four of each class. */
function draw(data: LabelledData, members: Int32Array, count: number, seed: number): Int32Array {
  const random = new Random(seed, 71);
  for (;;) {
    const order = members.slice();
    random.shuffle(order);
    const drawn = order.slice(0, count);
    const ofClass = (label: string): number => drawn.filter((i) => data.examples[i].label === label).length;
    if (data.classes.every((label) => ofClass(label) >= 4)) return drawn;
  }
}

/** The encoded texts, split and table, so that a peer can do the same work. Row 0 is padding, as Keras masks it. */
async function exportForPeers(data: LabelledData): Promise<void> {
  const { vectors } = await vectorSource(data);
  const encoder = new Encoder(vectors);
  const encoded = encodeTexts(
    data.examples.map((example) => tokenize(example.text)),
    [encoder],
  );
  const table = Array.from({ length: encoded.rows }, (_, row) =>
    Array.from(encoded.table.subarray(row * encoder.size, (row + 1) * encoder.size)),
  );
  const split = trainAndHeldOut(data, job.seeds[0]);
  const content = {
    sequences: encoded.sequences.map((ids) => Array.from(ids, (id) => id + 1)),
    table: [new Array(encoder.size).fill(0), ...table],
    labels: data.examples.map((example) => data.classes.indexOf(example.label)),
    train: Array.from(split.train),
    heldOut: Array.from(split.heldOut),
  };
  fs.writeFileSync(job.file!, JSON.stringify(content));
}

function trainAndHeldOut(data: LabelledData, seed: number): Split {
  return splitExamples(
    data.examples.map((example) => example.text),
    data.examples.map((example) => data.classes.indexOf(example.label)),
    0.2,
    seed,
  );
}

void main();
