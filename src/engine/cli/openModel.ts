/** A model file as a network that can be sampled and scored. */
import { InklingError } from '../../common/errors';
import type { Backend, NetworkLimits } from '../backends/backend';
import { Vocabulary, type VocabularyJson } from '../corpus/vocabulary';
import type { LanguageModel } from '../generation/languageModel';
import { readModelFile, type StoredModel } from '../model/modelFile';

export async function openModel(
  file: string,
  backend: Backend,
  limits: (model: StoredModel) => NetworkLimits,
): Promise<LanguageModel> {
  const model = await readModelFile(file);
  const { config } = model;
  if (model.kind !== 'language-model' || !config) {
    throw new InklingError(
      'incompatibleModel',
      `${file} is a classifier: use "inkling classify", or a language model.`,
    );
  }
  const network = await backend.createNetwork(model.spec, model.parameters, limits(model));
  return { network, vocabulary: Vocabulary.fromJSON(model.vocabulary as VocabularyJson), config };
}
