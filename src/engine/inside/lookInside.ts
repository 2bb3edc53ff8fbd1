/** The network of a run and what it reads, for the Studio: layers, one example, tokens. */
import type { Inside, InsideRequest } from '../../common/engineProtocol';
import { drawnTokens } from '../../common/networkDrawing';
import { buildCorpus, countTokens } from '../corpus/corpus';
import { examplesOf } from '../corpus/examples';
import type { NamedText } from '../corpus/readTextFile';
import { tokensOf } from '../generation/tokensOf';
import { drawnNetwork } from '../model/drawnNetwork';
import { layerContext, layersOf } from '../model/layers';
import { readModelMetadata } from '../model/modelFile';
import { networkSpecOf } from '../model/networkSpecOf';

/** The most tokens that are listed. */
const mostTokens = 1000;

/** Throws what `buildCorpus` and `planBatches` throw. */
export async function lookInside(texts: readonly NamedText[], request: InsideRequest): Promise<Inside> {
  const { config, modelPath, text } = request;
  const model = modelPath === undefined ? undefined : await readModelMetadata(modelPath).catch(() => undefined);
  const known = model?.kind === 'language-model' ? model.vocabulary : undefined;
  const corpus = buildCorpus(texts, config.text, known);
  const { vocabulary } = corpus;
  const spec = networkSpecOf(config, vocabulary.size);
  const examples = examplesOf(corpus, config);
  const at = Math.min(request.at, examples.count - 1);
  const { inputText, targetText, inputIds, targetIds, shape } = examples.at(at);
  const nameOf = (id: number | null): string => (id === null ? '' : vocabulary.tokenText(id));
  return {
    network: drawnNetwork(spec, config.objective.kind === 'every-step'),
    layers: layersOf(spec, layerContext(config)),
    examples: examples.count,
    stepsPerEpoch: examples.stepsPerEpoch,
    example: { at, inputText, targetText, inputIds, targetIds, shape },
    drawn: drawnTokens([...inputIds.slice(0, 11).map(nameOf), ...targetIds.slice(-1).map(nameOf)]),
    tokens: tokensOf({ vocabulary, config, tokenCounts: countTokens(corpus) }, text === '' ? undefined : text)
      .slice(0, mostTokens)
      .map((entry) => ({ ...entry, back: nameOf(entry.id) })),
  };
}
