/** Paths of the built files that the engine loads at run time (kernels, thread entries). */
import * as fs from 'node:fs';
import * as path from 'node:path';

let found: string | undefined;

/** The `dist` folder: this bundle's own, or, for a bundle elsewhere in the checkout (tests, benchmarks), the nearest. */
export function distFolder(): string {
  if (found) return found;
  for (let folder = __dirname, i = 0; i < 8; folder = path.dirname(folder), i++) {
    for (const candidate of [folder, path.join(folder, 'dist')]) {
      if (fs.existsSync(path.join(candidate, 'kernels', 'scalar.wasm'))) return (found = candidate);
    }
  }
  throw new Error(`The built engine was not found above ${__dirname}; run "npm run build".`);
}
