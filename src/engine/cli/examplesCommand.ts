/** `inkling examples`: the training examples that a recipe makes from a text, one at a time. */
import * as path from 'node:path';
import { setPath, validateConfig } from '../../common/trainingConfigRules';
import { buildCorpus } from '../corpus/corpus';
import { examplesOf, type Example } from '../corpus/examples';
import { readProse } from '../corpus/readTextFile';
import { inputSize, type NetworkSpec } from '../model/networkSpec';
import { networkSpecOf } from '../model/networkSpecOf';
import { recipeFor } from '../recipes/recipes';
import { output, say } from './output';
import {
  choiceOption,
  commonOptions,
  numberOption,
  parse,
  repeatable,
  settingsOption,
  UsageError,
  valued,
} from './usage';

const options = { ...commonOptions, ...valued('encoding', 'recipe', 'objective', 'at'), ...repeatable('set') };

export async function examplesCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, options);
  const [file] = positionals;
  if (positionals.length !== 1 || values.recipe === undefined) {
    throw new UsageError('Name a text and a recipe: inkling examples <file> --recipe nietzsche.');
  }
  const objective = choiceOption('objective', values.objective, ['every-step', 'last-step']);
  const at = numberOption('at', values.at, { low: 0, whole: true }) ?? 0;
  let config = recipeFor(values.recipe, objective);
  for (const [setting, value] of settingsOption(values.set)) config = setPath(config, setting, value);
  validateConfig(config);
  const text = await readProse(file, path.basename(file), values);
  text.notices?.forEach(say);
  const corpus = buildCorpus([text], config.text);
  const examples = examplesOf(corpus, config);
  const example = examples.at(at);
  const { count, stepsPerEpoch } = examples;
  const spec = networkSpecOf(config, corpus.vocabulary.size);
  const { inputText, targetText, inputIds, targetIds, shape } = example;
  if (values.json) {
    output.json({ inputText, targetText, inputIds, targetIds, shape, entering: enters(spec), count, stepsPerEpoch });
    return;
  }
  output.line(`${text.name} under ${config.recipe}: ${count} examples, ${stepsPerEpoch} steps per epoch`);
  const ids = (list: Example['inputIds']): string => list.map((id) => id ?? 'none').join(' ');
  for (const [name, value] of [
    ['example', String(at)],
    ['input', JSON.stringify(inputText)],
    ['target', JSON.stringify(targetText)],
    ['input ids', ids(inputIds)],
    ['target ids', ids(targetIds)],
    ['shape', `[${shape.join(', ')}]: ${shape[0]} ${shape[0] === 1 ? 'example' : 'examples'} of ${shape[1]} steps`],
    ['entering', enters(spec)],
  ]) {
    output.line(`${name.padEnd(10)} ${value}`);
  }
}

/** The input of the network at each step. */
function enters(spec: NetworkSpec): string {
  const size = inputSize(spec);
  switch (spec.input.kind) {
    case 'one-hot':
      return `one-hot: ${size} numbers per step, all 0 except the one at the index`;
    case 'embedding':
      return `embedding: ${size} numbers per step, learned for each of ${spec.input.vocabulary} indices`;
    case 'scalar':
      return `one number per step: index × ${spec.input.scale.toPrecision(6)}`;
  }
}
