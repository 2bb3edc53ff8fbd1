/** The door of this room: what other rooms may use of it, beside the types of backend.ts. */
import type { NewStepper } from './backend';
import { createWasmStepper } from './wasm/wasmStepper';

export { withCompute } from './compute';
export { createBackend, defaultBackend } from './createBackend';
export { gpuMethods } from './gpuMethods';

/** What writes with a network's weights, whichever backend trained them. */
export const createStepper: NewStepper = (spec, parameters) => createWasmStepper(spec, parameters);
