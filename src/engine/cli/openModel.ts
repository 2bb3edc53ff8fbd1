/** Reads a language model from its file. */
import { InklingError } from '../../common/errors';
import type { TrainingConfig } from '../../common/trainingConfig';
import { Vocabulary, type VocabularyJson } from '../corpus/vocabulary';
import { readModelFile } from '../model/modelFile';
import type { NetworkSpec } from '../model/networkSpec';

export interface OpenedModel {
  spec: NetworkSpec;
  parameters: Float32Array;
  vocabulary: Vocabulary;
  config: TrainingConfig;
}

/** Throws `incompatibleModel` for a classifier, and what `readModelFile` throws. */
export async function openModel(file: string): Promise<OpenedModel> {
  const { kind, config, spec, parameters, vocabulary } = await readModelFile(file);
  if (kind !== 'language-model' || !config) {
    throw new InklingError(
      'incompatibleModel',
      `${file} is a classifier: use "inkling classify", or a language model.`,
    );
  }
  return { spec, parameters, vocabulary: Vocabulary.fromJSON(vocabulary as VocabularyJson), config };
}
