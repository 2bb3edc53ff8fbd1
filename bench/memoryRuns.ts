/**
 * The engine's side of bench/memory.mjs: the cost of the memory of `TEXT`, repeated a number of times; JSON. Seconds
 * are processor time, which other programs disturb least.
 */
import * as fs from 'node:fs';
import { Vocabulary } from '../src/engine/corpus/vocabulary';
import { placeNumbers } from '../src/engine/memory/contexts';
import { Layer } from '../src/engine/memory/memory';
import { storeMemory } from '../src/engine/memory/memoryFile';
import { Mixture } from '../src/engine/memory/mixture';
import { openMemory } from '../src/engine/memory/modelMemory';
import { rememberTokens } from '../src/engine/memory/remember';

/** Distributions that are timed, after as many that are not. */
const asked = 20_000;

function seconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const megabytes = (bytes: number): number => bytes / 1e6;

function cost(text: string, repetitions: number) {
  const vocabulary = Vocabulary.build('character', [text]);
  const once = vocabulary.encode(text);
  const tokens = new Uint16Array(once.length * repetitions);
  for (let i = 0; i < repetitions; i++) {
    // Each repetition differs: every n-th character is unchanged, the others are shifted by the number of the
    // repetition.
    for (let j = 0; j < once.length; j++) {
      tokens[i * once.length + j] = j % 7 === 0 ? (once[j] + i) % vocabulary.size : once[j];
    }
  }
  let memory = rememberTokens(tokens.subarray(0, 10_000), vocabulary);
  const learning = seconds(() => (memory = rememberTokens(tokens, vocabulary)));
  const { letters, words } = memory.base;
  const held = [...letters, ...words].reduce(
    (sum, { contexts, starts, entries }) => sum + contexts.byteLength + starts.byteLength + entries.byteLength,
    0,
  );
  const stored = Object.values(storeMemory(memory).tensors).reduce((sum, { byteLength }) => sum + byteLength, 0);
  const open = openMemory(memory, vocabulary).under([new Layer()]);
  const mixture = new Mixture(vocabulary.size, memory.tables);
  const place = new Float32Array(placeNumbers);
  const logits = new Float32Array(vocabulary.size);
  const ask = (from: number): void => {
    for (let i = from; i < from + asked; i++) {
      open.contexts.advance(place, 0, tokens[i]);
      open.predict(place, 0);
      logits.fill(0);
      mixture.mix(logits, 0, open);
    }
  };
  open.contexts.start(place, 0);
  ask(0);
  const asking = seconds(() => ask(asked));
  return {
    characters: tokens.length,
    symbols: vocabulary.size,
    learnSeconds: learning,
    heldMegabytes: megabytes(held),
    storedBytesPerCharacter: stored / tokens.length,
    distributionMicroseconds: (1e6 * asking) / asked,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  };
}

const [, , file, repetitions] = process.argv;
process.stdout.write(JSON.stringify(cost(fs.readFileSync(file, 'utf8'), Number(repetitions))));
