/** `inkling sample`: writes on from a prompt, at one temperature or at several as one batch. */
import { modelFileOf } from '../bases/shippedBases';
import { randomInt } from 'node:crypto';
import type { SamplingOptions } from '../../common/engineProtocol';
import { createStepper } from '../backends';
import { openModel } from '../generation/languageModel';
import { generateContaining } from '../generation/mustContain';
import { readLanguageModel } from '../model/modelFile';
import { output, say, sayUnknown } from './output';
import { commonOptions, numberOption, parse, UsageError } from './usage';

const options = {
  ...commonOptions,
  prompt: { type: 'string' },
  temperature: { type: 'string', multiple: true },
  length: { type: 'string' },
  'top-k': { type: 'string' },
  'top-p': { type: 'string' },
  'min-p': { type: 'string' },
  'repetition-penalty': { type: 'string' },
  stop: { type: 'string', multiple: true },
  'must-contain': { type: 'string', multiple: true },
  seed: { type: 'string' },
} as const;

export async function sampleCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, options);
  if (positionals.length !== 1) throw new UsageError('Name one model file: inkling sample <model>.');
  const temperatures = (values.temperature ?? ['0.8']).map((text) =>
    numberOption('temperature', text, { low: 0, high: 100 })!,
  );
  const chosenSeed = numberOption('seed', values.seed, { low: 0, high: 2 ** 32 - 1, whole: true });
  const seed = chosenSeed ?? randomInt(2 ** 32);
  const shared: Omit<SamplingOptions, 'temperature' | 'seed'> = {
    length: numberOption('length', values.length, { low: 1, high: 1e7, whole: true }) ?? 400,
    topK: numberOption('top-k', values['top-k'], { low: 1, whole: true }),
    topP: numberOption('top-p', values['top-p'], { low: 0, high: 1 }),
    minP: numberOption('min-p', values['min-p'], { low: 0, high: 1 }),
    repetitionPenalty: numberOption('repetition-penalty', values['repetition-penalty'], { low: 0.01, high: 100 }),
    stop: values.stop,
    mustContain: values['must-contain'],
  };
  const streams = temperatures.map((temperature, i) => ({ ...shared, temperature, seed: (seed + i) >>> 0 }));
  const prompt = values.prompt ?? '';

  const model = openModel(await readLanguageModel(modelFileOf(positionals[0])), createStepper);
  const live = !values.json && streams.length === 1;
  if (live) output.text(prompt);
  const { texts, unknown } = await generateContaining(
    model,
    { prompt, streams },
    { onDelta: live ? (delta): void => output.text(delta.text) : undefined },
  );
  if (values.json) {
    const samples = texts.map((text, i) => ({ temperature: temperatures[i], prompt, text }));
    output.json(samples);
  } else if (live) output.text('\n');
  else texts.forEach((text, i) => output.text(`── temperature ${temperatures[i]} ──\n${prompt}${text}\n\n`));
  sayUnknown(unknown);
  if (chosenSeed === undefined && !values.json) say(`the same again with --seed ${seed}`);
}
