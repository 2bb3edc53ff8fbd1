/**
 * How a model predicts, in general and in a document that is being written. If it has a memory, a layer with the
 * document's own text is added to that, and the mixture adapts to the document: it learns from what is typed, and that
 * of a base, which was fitted to novels, is fitted to the document once this is long enough.
 */
import { commonStart } from '../../common/commonEnds';
import { noToken } from '../backends/backend';
import { fitToText, fittingCharacters } from '../memory/fitToText';
import type { Layer } from '../memory/memory';
import { Mixture, type MixtureTables } from '../memory/mixture';
import { isEmpty, openMemory, type ModelMemory } from '../memory/modelMemory';
import { TextLayer } from '../memory/textLayer';
import type { Precedence } from '../timeSlice';
import { createPredictor, type PredictorUse } from './createPredictor';
import { encodeText, type LanguageModel } from './languageModel';
import { networkPredictor, type Predictor } from './predictor';
import { prime } from './prime';
import { StateCache } from './stateCache';

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

/** The fewest UTF-16 units before the cursor that the mixture is fitted to. */
const fewestToFit = 2000;

/** More UTF-16 units than this that appear at once were not typed. */
const mostTyped = 100;
/** The number of UTF-16 units before the cursor that are read to predict what was typed. */
const typingContext = 2000;

export function predicting(model: LanguageModel, learned: readonly Layer[] = [], mixture?: Mixture): Predicting {
  const contexts = (use: PredictorUse): KeptContexts => {
    const predictor = createPredictor(model, { ...use, learned, mixture });
    return { predictor, cache: new StateCache(predictor.reach) };
  };
  const writing = contexts({ avoidsCopying: true });
  const { text, objective } = model.config;
  const windows = objective.kind === 'last-step' && text.examples === 'text';
  return { writing, typing: windows || model.memory ? contexts({ context: 'carried' }) : writing };
}

/** A document, and how a model with a memory predicts in it. */
export class DocumentPredictor {
  private readonly text: TextLayer;
  private mixture: Mixture;
  private current: Predicting;
  /** What stood before the cursor when the document was last followed. */
  private before = '';
  /** To how many UTF-16 units of it the mixture is fitted, or about to be. */
  private fitted = 0;
  /** Resolves when the mixture is fitted, if it is about to be. */
  fitting = Promise.resolve();

  constructor(
    private readonly model: LanguageModel & { memory: ModelMemory },
    /** What is known beside the document. */
    private readonly beside?: Layer,
    /** The mixture is fitted to the document once it is over. */
    private readonly urgent?: Precedence,
  ) {
    const { memory, vocabulary, config } = model;
    this.text = new TextLayer(openMemory(memory, vocabulary), vocabulary, config.text);
    [this.mixture, this.current] = this.mixed(memory.tables);
  }

  /** How the model predicts at a UTF-16 offset of the document, whose text is now `text`. */
  async at(text: string, cursor: number): Promise<Predicting> {
    const last = this.before;
    this.before = text.slice(0, cursor);
    const typed = this.before.length - last.length;
    const goesOn = typed > 0 && typed <= mostTyped && commonStart(last, this.before) === last.length;
    if (goesOn) await this.learnTyped(this.before, typed);
    await this.text.update(text, Math.min(cursor, text.length));
    // Again each time the text has doubled, until there is as much as is read.
    const { fitted } = this;
    if (isEmpty(this.model.memory) && fitted < fittingCharacters && cursor >= Math.max(fewestToFit, 2 * fitted)) {
      this.fitted = cursor;
      this.fitting = this.fit(text.slice(0, cursor));
    }
    return this.current;
  }

  /**
   * The mixture learns from the last `typed` UTF-16 units before the cursor, which the layer does not know yet. Only that
   * of a model of characters does: the last word before the cursor may be the beginning of one.
   */
  private async learnTyped(before: string, typed: number): Promise<void> {
    const { model, mixture } = this;
    const { predictor, cache } = this.current.typing;
    const { ids } = encodeText(model, before.slice(-typingContext));
    const first = ids.length - encodeText(model, before.slice(-typed)).ids.length;
    if (model.vocabulary.unit !== 'character' || first < 2) return;
    const { context, logits } = await prime(model, predictor, ids.subarray(0, first - 1), cache);
    for (let next = first; next < ids.length; next++) {
      predictor.step(ids.subarray(next - 1, next), context, logits);
      // The offer that is wanted next begins there.
      cache.store(ids, next, context);
      if (ids[next] !== noToken) mixture.learn(ids[next]);
    }
  }

  /** Fits the mixture to the end of a text. Until that is done, the model predicts as before. */
  private async fit(text: string): Promise<void> {
    const { memory, vocabulary, config } = this.model;
    const network = networkPredictor(this.model, 'carried');
    const tables = await fitToText(network, memory, vocabulary, config.text, text, this.urgent);
    [this.mixture, this.current] = this.mixed(tables);
  }

  private mixed(tables: MixtureTables): [Mixture, Predicting] {
    const mixture = new Mixture(this.model.vocabulary.size, tables);
    const layers = this.beside ? [this.beside, this.text.layer] : [this.text.layer];
    return [mixture, predicting(this.model, layers, mixture)];
  }
}
