/**
 * The engine's side of bench/writing.mjs, JSON lines:
 *   type MODE MODEL TRAIN TEST CHARACTERS EAGERNESS   a writer types TEST behind TRAIN, helped by MODE
 *   write MODEL TRAIN TEST                            samples: the shares of copied characters and of real words (those
 *                                                     of the text and of the base's word list)
 */
import * as fs from 'node:fs';
import type { Eagerness } from '../src/common/engineProtocol';
import { createStepper } from '../src/engine/backends';
import { readWordList } from '../src/engine/bases/wordList';
import { generate } from '../src/engine/generation/generator';
import { openModel } from '../src/engine/generation/languageModel';
import { CopyIndex } from '../src/engine/generation/memorisation';
import { readLanguageModel } from '../src/engine/model/modelFile';
import { askedPrecision, fewestCharacters, usualDistance } from '../src/engine/offers/eagerness';
import { keystrokeReport, typeWithOffers, type PredictingMode } from '../src/engine/offers/keystrokes';
import { replay, type Offering } from '../src/engine/offers/replay';

/** Characters of a sample. */
const sampleLength = 6000;
const word = /[\p{L}\p{M}]+/gu;

async function type(
  mode: string,
  modelFile: string,
  train: string,
  test: string,
  characters: number,
  eagerness: Eagerness,
) {
  const text = train + test;
  const to = Math.min(text.length, train.length + characters);
  if (mode === 'frequent words')
    return keystrokeReport(await replay(text, train.length, to, frequentWords(train, eagerness)));
  const model = openModel(await readLanguageModel(modelFile), createStepper);
  return typeWithOffers(model, text, train.length, to, eagerness, mode as PredictingMode);
}

/**
 * A baseline: the most frequent word of the text that begins like the one at the cursor, if that is frequent enough.
 */
function frequentWords(text: string, eagerness: Eagerness): Offering {
  const counts = new Map<string, number>();
  for (const [found] of text.matchAll(word)) counts.set(found, (counts.get(found) ?? 0) + 1);
  const best = new Map<string, { word: string; count: number; all: number }>();
  for (const [found, count] of counts) {
    for (let length = 1; length <= found.length; length++) {
      const prefix = found.slice(0, length);
      const known = best.get(prefix);
      if (!known) best.set(prefix, { word: found, count, all: count });
      else {
        known.all += count;
        if (count > known.count) Object.assign(known, { word: found, count });
      }
    }
  }
  const least = askedPrecision[eagerness] - usualDistance;
  return (before) => {
    const begun = /[\p{L}\p{M}]+$/u.exec(before.slice(-40))?.[0] ?? '';
    const found = best.get(begun);
    if (!found || found.count < least * found.all) return undefined;
    const rest = found.word.slice(begun.length);
    return rest.length >= fewestCharacters(rest) ? rest : undefined;
  };
}

async function write(modelFile: string, train: string, test: string) {
  const stored = await readLanguageModel(modelFile);
  const model = openModel(stored, createStepper);
  const index = new CopyIndex([{ name: 'train', text: train }]);
  const words = new Set((train + test).toLowerCase().match(word));
  const { base } = stored.config;
  if (base !== undefined) for (const listed of await readWordList(base)) words.add(listed.word.toLowerCase());
  const temperatures = [0.5, 0.8, 1];
  const streams = temperatures.map((temperature, seed) => ({ temperature, seed, length: sampleLength }));
  const figures = [];
  for (const memory of [undefined, model.memory]) {
    const { texts } = await generate({ ...model, memory }, { prompt: train.slice(0, 100), streams });
    for (const [i, text] of texts.entries()) {
      const copied = index.report(text).runs.reduce((sum, { start, end }) => sum + end - start, 0);
      const written = text.toLowerCase().match(word) ?? [];
      const real = written.filter((each) => words.has(each)).length;
      figures.push({
        ...{ memory: memory ? 'with' : 'without', temperature: temperatures[i] },
        ...{ copied: copied / text.length, realWords: real / written.length },
      });
    }
  }
  return figures;
}

const read = (file: string): string => fs.readFileSync(file, 'utf8');
const [, , what, ...args] = process.argv;
const result =
  what === 'type'
    ? type(args[0], args[1], read(args[2]), read(args[3]), Number(args[4]), args[5] as Eagerness)
    : write(args[0], read(args[1]), read(args[2]));
void result.then((value) => process.stdout.write(`${JSON.stringify(value)}\n`));
