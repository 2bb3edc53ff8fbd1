/**
 * How a model predicts, in general and at a position in an open document. If the model has a memory, a layer with the
 * document's own text is added to it, which is updated on demand.
 */
import type { DocumentPlace } from '../../common/engineProtocol';
import { createPredictor, type PredictorUse } from '../generation/createPredictor';
import type { LanguageModel } from '../generation/languageModel';
import type { Predictor } from '../generation/predictor';
import { StateCache } from '../generation/stateCache';
import { openMemory } from '../memory/modelMemory';
import type { Layer } from '../memory/memory';
import { TextLayer } from '../memory/textLayer';
import type { OpenDocuments } from './openDocuments';

export interface KeptContexts {
  predictor: Predictor;
  cache: StateCache;
}

export interface Predicting {
  /** For samples: exactly as in training. */
  writing: KeptContexts;
  /** For requests at every keystroke; the same as `writing` unless the model was trained on windows or has a memory. */
  typing: KeptContexts;
}

/** The number of documents whose layers a model keeps; the least recently used one is dropped. */
const mostDocuments = 4;

export function predicting(model: LanguageModel, learned: readonly Layer[] = []): Predicting {
  const contexts = (use: PredictorUse): KeptContexts => {
    const predictor = createPredictor(model, { ...use, learned });
    return { predictor, cache: new StateCache(predictor.reach) };
  };
  const writing = contexts({ avoidsCopying: true });
  const { text, objective } = model.config;
  const windows = objective.kind === 'last-step' && text.examples === 'text';
  return { writing, typing: windows || model.memory ? contexts({ context: 'carried' }) : writing };
}

export class DocumentLayers {
  /** By the document's id, least recently used first. */
  private readonly layers = new Map<string, { text: TextLayer; predicting: Predicting }>();

  constructor(
    private readonly model: LanguageModel,
    private readonly plain: Predicting,
    private readonly documents: OpenDocuments,
  ) {}

  async at(place?: DocumentPlace): Promise<Predicting> {
    const { memory, vocabulary, config } = this.model;
    if (!place || !memory) return this.plain;
    const text = this.documents.text(place.id);
    if (text === undefined) return this.plain;
    let found = this.layers.get(place.id);
    if (!found) {
      const layer = new TextLayer(openMemory(memory, vocabulary), vocabulary, config.text);
      found = { text: layer, predicting: predicting(this.model, [layer.layer]) };
    }
    this.layers.delete(place.id);
    this.layers.set(place.id, found);
    for (const oldest of this.layers.keys()) if (this.layers.size > mostDocuments) this.layers.delete(oldest);
    await found.text.update(text, Math.min(place.cursor, text.length));
    return found.predicting;
  }

  forget(document: string): void {
    this.layers.delete(document);
  }
}
