/** The parts of a network that its drawing shows. */
import type { DrawnNetwork } from '../../common/networkDrawing';
import { inputSize, outputSize, type NetworkSpec } from './networkSpec';

export function drawnNetwork(spec: NetworkSpec, everyStep: boolean): DrawnNetwork {
  return {
    cell: spec.cell,
    input: { name: spec.input.kind, size: inputSize(spec) },
    output: { name: spec.output.kind, size: outputSize(spec) },
    layers: spec.layers,
    everyStep,
  };
}
