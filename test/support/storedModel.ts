/** Models in the form in which files store them, complete and consistent; each test changes what it tests. */
import type { TrainingConfig } from '../../src/common/trainingConfig';
import { Vocabulary } from '../../src/engine/corpus/vocabulary';
import type { StoredLanguageModel, StoredModel } from '../../src/engine/model/modelFile';
import type { NetworkSpec } from '../../src/engine/model/networkSpec';
import { networkSpecOf } from '../../src/engine/model/networkSpecOf';
import { Random } from '../../src/engine/random';
import { randomParameters } from './numeric';
import { lstm, smallConfig } from './trainingConfig';

const seed = 11;

const provenance = {
  engineVersion: '0.1.0',
  created: '2026-01-02T03:04:05.678Z',
  seed,
  files: ['a.txt', 'b.md'],
  textHash: '00ff',
};
const results = {
  steps: 3,
  epochs: 1,
  seconds: 0.5,
  trainLoss: 2.5,
  heldOutLoss: null,
  heldOutBitsPerCharacter: null,
};

/** A language model of these characters with random weights. */
export function languageModelOf(
  characters: readonly string[],
  network: TrainingConfig['network'] = lstm(4),
): StoredLanguageModel {
  const config = smallConfig({ network });
  const vocabulary = Vocabulary.ofTokens('character', characters);
  const spec = networkSpecOf(config, vocabulary.size);
  return {
    kind: 'language-model',
    title: 'Überschrift “quoted” \u{1F996}',
    spec,
    vocabulary,
    config,
    history: [{ event: 'checkpoint', step: 3, path: 'a' }],
    provenance,
    results,
    parameters: randomParameters(new Random(seed), spec),
    extraTensors: {},
  };
}

/** Any network with random weights, as a classifier's, which may have any form. */
export function networkFileOf(spec: NetworkSpec, random = new Random(seed)): StoredModel {
  return {
    kind: 'classifier',
    title: 'a network',
    spec,
    provenance,
    results,
    details: { labels: ['ham', 'spam'], threshold: 0.5 },
    parameters: randomParameters(random, spec),
    extraTensors: {},
  };
}
