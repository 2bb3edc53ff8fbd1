/** The network that the settings of a run describe, for a vocabulary of `vocabulary` tokens. */
import type { NetworkConfig, TrainingConfig } from '../../common/trainingConfig';
import type { InputSpec, NetworkSpec } from './networkSpec';

export function networkSpecOf(config: Pick<TrainingConfig, 'network'>, vocabulary: number): NetworkSpec {
  const { cell, input, layers } = config.network;
  return {
    cell,
    input: inputSpecOf(input, vocabulary),
    layers: layers.map(({ units, dropout }) => ({ units, dropout })),
    output: { kind: 'softmax', classes: vocabulary },
  };
}

function inputSpecOf(input: NetworkConfig['input'], vocabulary: number): InputSpec {
  switch (input.kind) {
    case 'one-hot':
      return { kind: 'one-hot', vocabulary };
    case 'embedding':
      return { kind: 'embedding', vocabulary, dimensions: input.dimensions, trainable: true };
    case 'scalar':
      return { kind: 'scalar', scale: 1 / vocabulary };
  }
}
