// Writes src/engine/memory/defaultTables.ts: what a mixture starts from, the mean of the tables that were fitted with models.
//   node scripts/mixture-tables.mjs MODEL…
// The present ones: Moby Dick, and pieces of a German (350 kB), a French (150 kB) and an Italian novel (50 kB), trained for
// about a minute each. Texts that figures are reported on may not be among them.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { bundle } from './bundle.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const target = path.join(root, 'src/engine/memory/defaultTables.ts');
const files = process.argv.slice(2);
if (files.length === 0) throw new Error('Name the models: node scripts/mixture-tables.mjs MODEL…');
const { readLanguageModel, memoryOf } = await bundle('src/engine/memory/index.ts');
