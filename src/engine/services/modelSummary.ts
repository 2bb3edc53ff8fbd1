/** What is shown of a model file without loading its weights. */
import type { ModelSummary } from '../../common/engineProtocol';
import { readModelMetadata, type ModelFileSummary } from '../model/modelFile';
import type { NetworkSpec } from '../model/networkSpec';
import type { VocabularyJson } from '../corpus/vocabulary';

/** Throws `invalidInput`, `corruptModel` or `incompatibleModel` as `readModelMetadata` does. */
export async function summariseModel(path: string): Promise<ModelSummary> {
  return summaryOf(path, await readModelMetadata(path));
}

function summaryOf(path: string, file: ModelFileSummary): ModelSummary {
  const { provenance, results, config } = file;
  return {
    path,
    title: file.title,
    created: provenance.created,
    bytes: file.bytes,
    kind: file.kind,
    recipe: config?.recipe ?? file.kind,
    network: networkName(file.spec),
    parameters: file.parameterCount,
    vocabulary: (file.vocabulary as Partial<VocabularyJson> | null)?.tokens?.length ?? 0,
    unit: config?.text.unit ?? 'word',
    sources: provenance.files,
    seed: provenance.seed,
    steps: results.steps,
    seconds: results.seconds,
    trainLoss: results.trainLoss,
    heldOutLoss: results.heldOutLoss,
    heldOutBitsPerCharacter: results.heldOutBitsPerCharacter,
    config,
    history: file.history,
  };
}

/** "LSTM 2 × 256", "GRU 64 both ways", "RNN 150 + 100". */
export function networkName({ cell, layers }: Pick<NetworkSpec, 'cell' | 'layers'>): string {
  const units = layers.map((layer) => layer.units);
  const sizes = units.every((n) => n === units[0]) ? `${units.length} × ${units[0]}` : units.join(' + ');
  return `${cell.toUpperCase()} ${sizes}${layers[0].bidirectional ? ' both ways' : ''}`;
}
