/** A model that can be asked what comes next: a network to step, its vocabulary, its settings and its memory. */
import { InklingError } from '../../common/errors';
import { sentence } from '../../common/l10n';
import type { TrainingConfig } from '../../common/trainingConfig';
import { normaliseText } from '../corpus/normaliseText';
import type { NetworkSpec } from '../model/networkSpec';
import { paddingId, unknownWordId, type Vocabulary } from '../corpus/vocabulary';
import { memoryOf } from '../memory/memoryFile';
import type { ModelMemory } from '../memory/modelMemory';
import type { StoredLanguageModel } from '../model/modelFile';
import type { LeastProbability } from '../../common/engineProtocol';
import { noToken, type NewStepper, type Stepper } from '../backends/backend';

/** How a model turns text into tokens. */
export interface ModelText {
  vocabulary: Vocabulary;
  config: Pick<TrainingConfig, 'text' | 'objective'>;
}

export interface LanguageModel extends ModelText {
  stepper: Stepper;
  /** The memory beside the network, if it has one. */
  memory?: ModelMemory;
  /** How sure its offers have to be, if that was measured. */
  leastProbability?: LeastProbability;
}

/** Prepares a stored model for predicting. Throws what `memoryOf` throws. */
export function openModel(stored: StoredLanguageModel, newStepper: NewStepper): LanguageModel {
  const { spec, parameters, vocabulary, config, leastProbability } = stored;
  return { stepper: newStepper(spec, parameters), vocabulary, config, memory: memoryOf(stored), leastProbability };
}

interface EncodedText {
  ids: Uint16Array;
  /** The distinct tokens of the text that are unknown to the model, in order of appearance. */
  unknown: string[];
}

/**
 * Encodes a text like the model's training text, with `noToken` for a character without an id. For a model of line
 * prefixes, which has never seen more than a line, only the last line.
 */
export function encodeText(model: ModelText, text: string): EncodedText {
  const whole = normaliseText(text, model.config.text);
  const normal = model.config.text.examples === 'line-prefixes' ? whole.slice(whole.lastIndexOf('\n') + 1) : whole;
  const ids = model.vocabulary.encode(normal);
  const { unknownId } = model.vocabulary;
  const unknown = new Set<string>();
  if (ids.includes(unknownId))
    model.vocabulary.split(normal).forEach((token, i) => ids[i] === unknownId && unknown.add(token));
  return { ids, unknown: [...unknown] };
}

/**
 * The id before a text, which also pads a prompt shorter than a window: padding for prefixes of lines, a space if the
 * recipe says so, otherwise no token.
 */
export function paddingToken(model: ModelText): number {
  if (model.config.text.examples === 'line-prefixes') return paddingId;
  if (model.config.objective.padding === 'space') return model.vocabulary.idOf(' ');
  return noToken;
}

/** Ids that may never be generated: padding and the unknown word of a word vocabulary. */
export function silentTokens(vocabulary: Vocabulary): number[] {
  return vocabulary.unit === 'word' ? [paddingId, unknownWordId] : [];
}

/** The id of the character that ends a line, for a model whose examples are lines; otherwise undefined. */
export function lineEnd(model: ModelText): number | undefined {
  if (model.config.text.examples !== 'lines') return undefined;
  const id = model.vocabulary.idOf('\n');
  return id === noToken ? undefined : id;
}

/** Throws `incompatibleModel` unless a network predicts the tokens of a vocabulary. */
export function checkPredictsTokens({ output }: NetworkSpec, vocabulary: Vocabulary): void {
  if (output.kind !== 'softmax' || output.classes !== vocabulary.size) {
    throw new InklingError(
      'incompatibleModel',
      sentence('This model does not predict the tokens of its vocabulary; choose a language model, not a classifier.'),
    );
  }
}
