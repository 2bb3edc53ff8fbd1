/** `inkling sample`: continues one or more prompts at one or more temperatures, all as one batch. */
import { formatPercent } from '../../common/formats';
import { modelFileOf } from '../bases/shippedBases';
import { randomInt } from 'node:crypto';
import * as path from 'node:path';
import type { CopyReport, SamplingOptions } from '../../common/engineProtocol';
import { createStepper } from '../backends';
import { readProse, type NamedText } from '../corpus/readTextFile';
import { openModel } from '../generation/languageModel';
import { copyIndexOf } from '../generation/memorisation';
import { generateContaining } from '../generation/mustContain';
import { readLanguageModel } from '../model/modelFile';
import { output, say, sayUnknown } from './output';
import { commonOptions, numberOption, parse, repeatable, UsageError, valued } from './usage';

const options = {
  ...commonOptions,
  ...valued('top-k', 'top-p', 'min-p', 'repetition-penalty', 'seed'),
  ...repeatable('prompt', 'temperature', 'length', 'stop', 'must-contain', 'against'),
};

export async function sampleCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, options);
  if (positionals.length !== 1) throw new UsageError('Name one model file: inkling sample <model>.');
  const temperatures = (values.temperature ?? ['0.8']).map((text) =>
    numberOption('temperature', text, { low: 0, high: 100 })!,
  );
  const chosenSeed = numberOption('seed', values.seed, { low: 0, high: 2 ** 32 - 1, whole: true });
  const seed = chosenSeed ?? randomInt(2 ** 32);
  const shared: Omit<SamplingOptions, 'temperature' | 'seed' | 'length'> = {
    topK: numberOption('top-k', values['top-k'], { low: 1, whole: true }),
    topP: numberOption('top-p', values['top-p'], { low: 0, high: 1 }),
    minP: numberOption('min-p', values['min-p'], { low: 0, high: 1 }),
    repetitionPenalty: numberOption('repetition-penalty', values['repetition-penalty'], { low: 0.01, high: 100 }),
    stop: values.stop,
    mustContain: values['must-contain'],
  };
  const lengths = (values.length ?? ['400']).map((text) =>
    numberOption('length', text, { low: 1, high: 1e7, whole: true })!,
  );
  if (lengths.length > 1 && lengths.length !== temperatures.length) {
    throw new UsageError('Give one --length for all temperatures, or one for each --temperature.');
  }
  const prompts = (values.prompt ?? ['']).flatMap((text) => temperatures.map(() => text));
  // Every prompt gets the same random numbers, so that differences are due to the prompt.
  const streams = prompts.map((_, i): SamplingOptions => {
    const t = i % temperatures.length;
    const length = lengths.length === 1 ? lengths[0] : lengths[t];
    return { ...shared, temperature: temperatures[t], length, seed: (seed + t) >>> 0 };
  });

  const model = openModel(await readLanguageModel(modelFileOf(positionals[0])), createStepper);
  const copies = values.against && copyIndexOf(await readTexts(values.against), model);
  const live = !values.json && streams.length === 1;
  if (live) output.text(prompts[0]);
  const { texts, unknown } = await generateContaining(
    model,
    { prompt: prompts, streams },
    { onDelta: live ? (delta): void => output.text(delta.text) : undefined },
  );
  const samples = texts.map((text, i) => {
    const { temperature } = streams[i];
    return { temperature, prompt: prompts[i], text, ...copies?.report(text) };
  });
  if (values.json) output.json(samples);
  else {
    for (const { temperature, prompt, text, ...report } of samples) {
      if (live) output.text('\n');
      else output.text(`── temperature ${temperature} ──\n${prompt}${text}\n`);
      if (copies) for (const line of describeCopies(text, report)) output.line(line);
      if (!live) output.text('\n');
    }
  }
  sayUnknown(unknown);
  if (chosenSeed === undefined && !values.json) say(`To get the same text again, add --seed ${seed}.`);
}

function readTexts(files: string[]): Promise<NamedText[]> {
  return Promise.all(files.map((file) => readProse(file, path.basename(file))));
}

/** The parts of a sample that occur in the texts that it is compared with. */
function describeCopies(text: string, { runs = [], novelShare, realWordShare }: Partial<CopyReport>): string[] {
  const percent = (share: number): string => formatPercent(100 * share, 1);
  const shares = [
    ...(realWordShare === undefined ? [] : [`${percent(realWordShare)} real words`]),
    ...(novelShare === undefined ? [] : [`${percent(novelShare)} new sequences of 8 characters`]),
    runs.length === 0 ? 'nothing copied' : `${runs.length} copied:`,
  ];
  const shown = runs.map(({ start, end, source, sourceOffset }) => {
    return `  ${JSON.stringify(text.slice(start, end))} is in ${source} at ${sourceOffset}`;
  });
  return [`  (${shares.join(' · ')})`, ...shown];
}
