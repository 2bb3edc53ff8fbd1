/** Entry of the sampler thread: a backend of its own, on this one thread, so that samples never queue behind training. */
import { createBackend } from './backends';
import { serveThread } from './services/threadServer';
import { samplerService, type SamplerMethods } from './services/samplerService';

serveThread<SamplerMethods>(samplerService(() => createBackend('wasm', { threads: 1 })));
