/** The stepper of the wasm kernels: one time step of a network at a time, on the calling thread, with its own memory. */
import { checkNetworkSpec, outputSize, stateSize, type NetworkSpec } from '../../model/networkSpec';
import type { Stepper } from '../backend';
import { checkParameters, checkStep, checkSteps } from '../checkBatch';
import { stepCell } from './cells';
import type { Kernels } from './kernels';
import { Arena, copyStates, placeWeights, writeWeights, type StatePlace, type Weights } from './layout';
import { chooseKernels, createMemory, instantiate, type KernelName } from './runtime';

/** The number of rows that are stepped together, a multiple of six (kernels/matrix.ts); more rows take several turns. */
const mostRows = 96;

/** Throws as `NewStepper` does, and `backendUnavailable` if the requested kernel does not run here. */
export function createWasmStepper(spec: NetworkSpec, parameters: Float32Array, kernel?: KernelName): Stepper {
  checkNetworkSpec(spec);
  checkSteps(spec);
  return new WasmStepper(spec, parameters, chooseKernels(kernel).module);
}

/** The matrices of one step of a layer besides the weights, [mostRows] each. */
interface LayerStep {
  before: StatePlace;
  after: StatePlace;
  gates: number;
  /** GRU: the recurrent part; otherwise `gates`. */
  recurrentGates: number;
  /** LSTM: tanh c. */
  squashed: number;
}

interface StepPlaces {
  layers: LayerStep[];
  /** The inputs, unless they are one-hot. */
  input: number;
  tokens: number;
  logits: number;
  /** States or logits on their way in or out. */
  flat: number;
}

class WasmStepper implements Stepper {
  private readonly weights: Weights;
  private readonly places: StepPlaces;
  private readonly kernels: Kernels;
  private readonly floats: Float32Array;
  private readonly ids: Uint16Array;

  constructor(
    readonly spec: NetworkSpec,
    parameters: Float32Array,
    module: WebAssembly.Module,
  ) {
    const arena = new Arena();
    this.weights = placeWeights(spec, arena);
    this.places = placeStep(this.weights, arena);
    const memory = createMemory(arena.end);
    this.kernels = instantiate(module, memory);
    this.floats = new Float32Array(memory.buffer);
    this.ids = new Uint16Array(memory.buffer);
    this.writeParameters(parameters);
  }

  writeParameters(parameters: Float32Array): void {
    checkParameters(this.spec, parameters);
    writeWeights(this.weights, this.floats, parameters);
  }

  step(tokens: Uint16Array, states: Float32Array, logits: Float32Array): void {
    checkStep(this.spec, tokens, states, logits);
    const S = stateSize(this.spec);
    const V = outputSize(this.spec);
    for (let from = 0; from < tokens.length; from += mostRows) {
      const to = Math.min(from + mostRows, tokens.length);
      this.stepRows(tokens.subarray(from, to), states.subarray(from * S, to * S), logits.subarray(from * V, to * V));
    }
  }

  private stepRows(tokens: Uint16Array, states: Float32Array, logits: Float32Array): void {
    const { weights: w, places, kernels: k, spec, floats } = this;
    const rows = tokens.length;
    const flat = places.flat / 4;
    this.ids.set(tokens, places.tokens / 2);
    floats.set(states, flat);
    const statesOf = (which: 'before' | 'after'): StatePlace[] => places.layers.map((layer) => layer[which]);
    copyStates(k, spec, places.flat, statesOf('before'), rows, 'in');
    const stride = rows * 64;
    places.layers.forEach((_, l) => this.stepLayer(l, rows));
    const top = places.layers[places.layers.length - 1].after.h;
    const { outputPanels } = w.layers[w.layers.length - 1];
    const bias = w.outputBias.weights;
    k.multiply(places.logits, stride, top, stride, w.output.weights, rows, outputPanels, w.classPanels, bias);
    copyStates(k, spec, places.flat, statesOf('after'), rows, 'out');
    states.set(floats.subarray(flat, flat + states.length));
    const V = outputSize(spec);
    k.copyRows(places.flat, V * 4, places.logits, rows, V, 0);
    logits.set(floats.subarray(flat, flat + logits.length));
  }

  private stepLayer(l: number, rows: number): void {
    const { weights: w, places, kernels: k, spec } = this;
    const [d] = w.layers[l].directions;
    const { before, after, gates, recurrentGates, squashed } = places.layers[l];
    const { gatePanels } = d;
    const stride = rows * 64;
    if (l === 0 && spec.input.kind === 'one-hot') {
      const { weights, rows: tableRows } = d.input;
      k.gatherRows(gates, stride, weights, tableRows, d.inputBias.weights, places.tokens, rows, gatePanels);
    } else {
      const x = l === 0 ? places.input : places.layers[l - 1].after.h;
      const panels = l === 0 ? w.inputPanels : w.layers[l - 1].outputPanels;
      if (l === 0) this.prepareInput(rows);
      k.multiply(gates, stride, x, stride, d.input.weights, rows, panels, gatePanels, d.inputBias.weights);
    }
    stepCell(k, spec.cell, d, {
      rows,
      stride,
      unitPanels: d.unitPanels,
      gates,
      recurrentGates,
      hOld: before.h,
      h: after.h,
      cOld: before.c,
      c: after.c,
      squashed,
    });
  }

  /** Writes the inputs of layer 0, for embeddings and scalars. */
  private prepareInput(rows: number): void {
    const { weights: w, places, kernels: k, spec } = this;
    if (w.embedding) {
      k.gatherVectors(places.input, rows * 64, w.embedding.weights, places.tokens, rows, w.inputPanels);
    } else if (spec.input.kind === 'scalar') k.scalarRows(places.input, places.tokens, spec.input.scale, rows);
  }
}

function placeStep({ spec, layers, inputPanels, classPanels }: Weights, arena: Arena): StepPlaces {
  const panels = (count: number): number => arena.takePanels(mostRows, count);
  const lstm = spec.cell === 'lstm';
  return {
    layers: layers.map(({ directions: [{ unitPanels, gatePanels }] }) => {
      const gates = panels(gatePanels);
      const state = (): StatePlace => ({ h: panels(unitPanels), c: lstm ? panels(unitPanels) : 0 });
      return {
        before: state(),
        after: state(),
        gates,
        recurrentGates: spec.cell === 'gru' ? panels(gatePanels) : gates,
        squashed: lstm ? panels(unitPanels) : 0,
      };
    }),
    input: panels(inputPanels),
    tokens: arena.take(mostRows * 2),
    logits: panels(classPanels),
    flat: arena.take(mostRows * Math.max(stateSize(spec), outputSize(spec)) * 4),
  };
}
