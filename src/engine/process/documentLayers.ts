/**
 * How a model predicts at a position in an open document: with its memory of the document and, under that, of the texts
 * beside it.
 */
import type { BesideRequest, BesideResult, DocumentPlace } from '../../common/engineProtocol';
import { noToken } from '../backends/backend';
import { normaliseText } from '../corpus/normaliseText';
import { DocumentPredictor, predicting, type Predicting } from '../generation/documentPredictor';
import type { LanguageModel } from '../generation/languageModel';
import type { Predictor } from '../generation/predictor';
import { probabilityOf } from '../generation/sampler';
import { openMemory, type ModelMemory } from '../memory/modelMemory';
import { TextsLayer } from '../memory/textsLayer';
import { TimeSlice, type Precedence } from '../timeSlice';
import type { KnownTexts } from './knownTexts';
import type { OpenDocuments } from './openDocuments';

/** The number of documents whose layers a model keeps; the least recently used one is dropped. */
const mostDocuments = 4;

interface DocumentLayer {
  document: DocumentPredictor;
  beside: TextsLayer | undefined;
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
    const { model, documents, layers, urgent } = this;
    if (!place || !hasMemory(model)) return this.plain;
    const text = documents.text(place.id);
    if (text === undefined) return this.plain;
    const beside = this.layerBeside(model.memory, place);
    let found = layers.get(place.id);
    if (found?.beside !== beside) found = undefined;
    found ??= { document: new DocumentPredictor(model, beside?.layer, urgent), beside };
    layers.delete(place.id);
    layers.set(place.id, found);
    for (const oldest of layers.keys()) if (layers.size > mostDocuments) layers.delete(oldest);
    return found.document.at(text, place.cursor);
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
    const beside = this.newLayer(memory);
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
    const layer = this.beside.get(beside) ?? this.newLayer(memory);
    this.beside.set(beside, layer);
    void layer.follow(texts, id);
    return layer;
  }

  private newLayer(memory: ModelMemory): TextsLayer {
    const { vocabulary, config } = this.model;
    return new TextsLayer(openMemory(memory, vocabulary), vocabulary, config.text);
  }
}

function hasMemory(model: LanguageModel): model is LanguageModel & { memory: ModelMemory } {
  return model.memory !== undefined;
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
