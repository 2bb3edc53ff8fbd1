/**
 * How a model predicts, in general and at a position in an open document. If the model has a memory, a layer with the
 * document's own text is added to it, which is updated on demand, and under it one with the texts beside the document.
 * The mixture of a base was fitted to novels; once a document is long enough, it is fitted to that.
 */
import type { BesideRequest, BesideResult, DocumentPlace } from '../../common/engineProtocol';
import type { TextConfig } from '../../common/trainingConfig';
import { noToken } from '../backends/backend';
import { normaliseText } from '../corpus/normaliseText';
import type { Vocabulary } from '../corpus/vocabulary';
import { createPredictor, type PredictorUse } from '../generation/createPredictor';
import type { LanguageModel } from '../generation/languageModel';
import { networkPredictor, type Predictor } from '../generation/predictor';
import { probabilityOf } from '../generation/sampler';
import { StateCache } from '../generation/stateCache';
import { fitToText, fittingCharacters } from '../memory/fitToText';
import type { MixtureTables } from '../memory/mixture';
import { isEmpty, openMemory, type ModelMemory } from '../memory/modelMemory';
import type { Layer, Memory } from '../memory/memory';
import { TextLayer } from '../memory/textLayer';
import { TextsLayer } from '../memory/textsLayer';
import { TimeSlice, type Precedence } from '../timeSlice';
import type { KnownTexts } from './knownTexts';
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
/** The fewest UTF-16 units before the cursor that the mixture is fitted to. */
const fewestToFit = 2000;

export function predicting(model: LanguageModel, learned: readonly Layer[] = [], tables?: MixtureTables): Predicting {
  const contexts = (use: PredictorUse): KeptContexts => {
    const predictor = createPredictor(model, { ...use, learned, tables });
    return { predictor, cache: new StateCache(predictor.reach) };
  };
  const writing = contexts({ avoidsCopying: true });
  const { text, objective } = model.config;
  const windows = objective.kind === 'last-step' && text.examples === 'text';
  return { writing, typing: windows || model.memory ? contexts({ context: 'carried' }) : writing };
}

interface DocumentLayer {
  text: TextLayer;
  beside: TextsLayer | undefined;
  predicting: Predicting;
  /** To how many UTF-16 units of it the mixture is fitted, or about to be. */
  fitted: number;
}

export class DocumentLayers {
  /** By the document's id, least recently used first. */
  private readonly layers = new Map<string, DocumentLayer>();
  /** By the collection. They are shared by its documents and hold the texts beside the one that was used last. */
  private readonly beside = new Map<string, TextsLayer>();

  constructor(
    private readonly model: LanguageModel,
    private readonly plain: Predicting,
    private readonly documents: OpenDocuments,
    private readonly known: KnownTexts,
    /** The mixture is fitted to a document once it is over. */
    private readonly urgent?: Precedence,
  ) {}

  async at(place?: DocumentPlace): Promise<Predicting> {
    const { memory } = this.model;
    if (!place || !memory) return this.plain;
    const text = this.documents.text(place.id);
    if (text === undefined) return this.plain;
    const beside = this.layerBeside(memory, place);
    let found = this.layers.get(place.id);
    if (found?.beside !== beside) found = undefined;
    if (!found) {
      const layer = this.newLayer(memory, TextLayer);
      found = { text: layer, beside, predicting: predicting(this.model, layersOf(layer, beside)), fitted: 0 };
    }
    this.layers.delete(place.id);
    this.layers.set(place.id, found);
    for (const oldest of this.layers.keys()) if (this.layers.size > mostDocuments) this.layers.delete(oldest);
    await found.text.update(text, Math.min(place.cursor, text.length));
    // Again each time the text has doubled, until there is as much as is read.
    const { fitted } = found;
    if (isEmpty(memory) && fitted < fittingCharacters && place.cursor >= Math.max(fewestToFit, 2 * fitted)) {
      found.fitted = place.cursor;
      void this.fit(found, memory, text.slice(0, place.cursor));
    }
    return found.predicting;
  }

  /** Fits the mixture to the text before the cursor. Until that is done, the document is predicted with the model's. */
  private async fit(document: DocumentLayer, memory: ModelMemory, text: string): Promise<void> {
    const { model } = this;
    const network = networkPredictor(model, 'carried');
    const tables = await fitToText(network, memory, model.vocabulary, model.config.text, text, this.urgent);
    document.predicting = predicting(model, layersOf(document.text, document.beside), tables);
  }

  forget(document: string): void {
    this.layers.delete(document);
  }

  async measureBeside(
    { text, collection, except }: Omit<BesideRequest, 'modelPath'>,
    signal?: AbortSignal,
  ): Promise<BesideResult> {
    const { memory } = this.model;
    const texts = this.known.texts(collection);
    if (!memory || !texts) return null;
    const beside = this.newLayer(memory, TextsLayer);
    await beside.follow(texts, except);
    const without = await bitsPerCharacter(this.model, this.plain.typing.predictor, text, signal);
    const { typing } = predicting(this.model, [beside.layer]);
    return Number.isNaN(without)
      ? null
      : { without, with: await bitsPerCharacter(this.model, typing.predictor, text, signal) };
  }

  /** The layer of the texts beside a document, which may still be learning them; that is not awaited. */
  private layerBeside(memory: ModelMemory, { id, beside }: DocumentPlace): TextsLayer | undefined {
    for (const collection of this.beside.keys()) if (!this.known.texts(collection)) this.beside.delete(collection);
    const texts = beside === undefined ? undefined : this.known.texts(beside);
    if (beside === undefined || !texts) return undefined;
    const layer = this.beside.get(beside) ?? this.newLayer(memory, TextsLayer);
    this.beside.set(beside, layer);
    void layer.follow(texts, id);
    return layer;
  }

  private newLayer<L>(
    memory: ModelMemory,
    Kind: new (memory: Memory, vocabulary: Vocabulary, config: TextConfig) => L,
  ): L {
    const { vocabulary, config } = this.model;
    return new Kind(openMemory(memory, vocabulary), vocabulary, config.text);
  }
}

function layersOf(text: TextLayer, beside: TextsLayer | undefined): Layer[] {
  return beside ? [beside.layer, text.layer] : [text.layer];
}

/** NaN if the model knows no character of the text but the first. */
async function bitsPerCharacter(
  { vocabulary, config }: LanguageModel,
  predictor: Predictor,
  text: string,
  signal?: AbortSignal,
): Promise<number> {
  const { classes } = predictor;
  const ids = vocabulary.encode(normaliseText(text, config.text));
  const context = predictor.start();
  const logits = new Float32Array(classes);
  const slice = new TimeSlice(signal);
  let bits = 0;
  let characters = 0;
  for (let i = 0; i < ids.length; i++) {
    if (i > 0 && ids[i] !== noToken) {
      bits -= Math.log2(probabilityOf(ids[i], logits, 0, classes));
      characters += vocabulary.tokenText(ids[i]).length;
    }
    predictor.step(ids.subarray(i, i + 1), context, logits);
    if (slice.isOver) await slice.renew();
  }
  return bits / characters;
}
