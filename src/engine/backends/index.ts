/** Picks and creates a backend by name. */
import { InklingError } from '../../common/errors';
import type { BackendChoice } from '../../common/engineProtocol';
import type { Backend } from './backend';
import { createReferenceBackend } from './reference/referenceBackend';
import { createWasmBackend } from './wasm/wasmBackend';

/** `auto` is the wasm backend. Throws `backendUnavailable` for a backend that is not to be had. */
export async function createBackend(choice: BackendChoice, options: { threads?: number } = {}): Promise<Backend> {
  switch (choice) {
    case 'auto':
    case 'wasm':
      return createWasmBackend(options);
    case 'reference':
      return createReferenceBackend();
    case 'tensorflow':
    case 'webgpu':
      throw new InklingError('backendUnavailable', `The ${choice} backend is not installed; use --backend wasm.`);
  }
}
