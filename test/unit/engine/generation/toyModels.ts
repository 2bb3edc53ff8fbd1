/** Small language models for tests: one with random weights, and one that knows a text by heart. */
import type { TrainingConfig } from '../../../../src/common/trainingConfig';
import type { Stepper } from '../../../../src/engine/backends/backend';
import {
  createReferenceBackend,
  createReferenceStepper,
} from '../../../../src/engine/backends/reference/referenceBackend';
import { Vocabulary } from '../../../../src/engine/corpus/vocabulary';
import type { LanguageModel } from '../../../../src/engine/generation/languageModel';
import type { ScoringModel } from '../../../../src/engine/generation/score';
import { parameterCount, type NetworkSpec } from '../../../../src/engine/model/networkSpec';
import { Random } from '../../../../src/engine/random';

export const plainText: TrainingConfig['text'] = {
  unit: 'character',
  lowercase: false,
  normalization: 'none',
  examples: 'text',
  heldOut: { kind: 'none', fraction: 0 },
};

export const everyStep: TrainingConfig['objective'] = {
  kind: 'every-step',
  steps: 16,
  stride: 1,
  reduction: 'mean',
  carryState: true,
  shuffle: false,
};

export const lastStep = (steps: number): TrainingConfig['objective'] => ({
  ...everyStep,
  kind: 'last-step',
  steps,
  carryState: false,
});

export const alphabet = '\n abcdefghijklmnopqrstuvwxyz.';

interface Changes {
  seed?: number;
  text?: Partial<TrainingConfig['text']>;
  objective?: TrainingConfig['objective'];
  vocabulary?: Vocabulary;
  cell?: NetworkSpec['cell'];
  steps?: number;
}

/** A network with random weights, large enough for its predictions to be uneven. */
export async function drawnModel(
  changes: Changes = {},
): Promise<LanguageModel & ScoringModel & { parameters: Float32Array }> {
  const vocabulary = changes.vocabulary ?? Vocabulary.build('character', [alphabet]);
  const spec: NetworkSpec = {
    cell: changes.cell ?? 'lstm',
    input: { kind: 'one-hot', vocabulary: vocabulary.size },
    layers: [{ units: 8, dropout: 0 }],
    output: { kind: 'softmax', classes: vocabulary.size },
  };
  const random = new Random(changes.seed ?? 1);
  const parameters = Float32Array.from({ length: parameterCount(spec) }, () => 0.8 * random.normal());
  const limits = { batch: 8, steps: changes.steps ?? 32 };
  const stepper = createReferenceStepper(spec, parameters);
  const network = await createReferenceBackend().createNetwork(spec, parameters, limits);
  const text = { ...plainText, ...changes.text };
  return { stepper, network, parameters, vocabulary, config: { text, objective: changes.objective ?? everyStep } };
}

/**
 * A model that knows a text by heart: after the last ten tokens in the order of the text, it expects the one that
 * follows there, with a logit of `sureness` above all others. Its state is those ten tokens. Counts its steps.
 */
export function learnedModel(
  text: string,
  { sureness = 8, unit = 'character' as 'character' | 'word', changes = {} as Partial<TrainingConfig['text']> } = {},
): LanguageModel & { steps: () => number } {
  const vocabulary = Vocabulary.build(unit, [text]);
  const ids = [...vocabulary.encode(text)];
  const memory = 10;
  let steps = 0;
  const stepper: Stepper = {
    spec: {
      cell: 'rnn',
      input: { kind: 'one-hot', vocabulary: vocabulary.size },
      layers: [{ units: memory, dropout: 0 }],
      output: { kind: 'softmax', classes: vocabulary.size },
    },
    step(tokens, states, logits) {
      steps++;
      logits.fill(0);
      tokens.forEach((token, row) => {
        const state = states.subarray(row * memory, (row + 1) * memory);
        state.copyWithin(0, 1);
        // 0 stands for nothing read yet.
        state[memory - 1] = token + 1;
        const next = expected([...state]);
        if (next !== undefined) logits[row * vocabulary.size + next] = sureness;
      });
    },
    writeParameters: () => {
      throw new Error('not in this test');
    },
  };
  /** The token that follows the longest suffix of `state` that occurs in the text. */
  const expected = (state: number[]): number | undefined => {
    for (let n = memory; n > 0; n--) {
      const wanted = state.slice(memory - n).map((token) => token - 1);
      const at = ids.findIndex((_, i) => wanted.every((token, k) => ids[i + k] === token));
      if (at >= 0 && at + n < ids.length) return ids[at + n];
    }
    return undefined;
  };
  return {
    stepper,
    vocabulary,
    config: { text: { ...plainText, unit, ...changes }, objective: everyStep },
    steps: () => steps,
  };
}

/** The logits [V] after one more token; advances the state. */
export function stepOnce({ stepper, vocabulary }: LanguageModel, token: number, state: Float32Array): Float32Array {
  const logits = new Float32Array(vocabulary.size);
  stepper.step(Uint16Array.of(token), state, logits);
  return logits;
}
