/** The public interface of this room: what other rooms may use besides backend.ts. */
import type { NewStepper } from './backend';
import { createWasmStepper } from './wasm/wasmStepper';

export { withCompute } from './compute';
export { createBackend, defaultBackend } from './createBackend';
export { gpuMethods } from './gpuMethods';

/** The stepper for writing, whichever backend trained the weights. */
export const createStepper: NewStepper = (spec, parameters) => createWasmStepper(spec, parameters);
