/**
 * Makes the shipped files of a trained base model: the model with its matrices in eight bits, its word list, and the
 * card that says what it was trained on and how well it predicts.
 *
 *   node scripts/base/build.mjs LANGUAGE FOLDER OUT
 *
 * FOLDER has the output of prepare.mjs and train.mjs. Writes OUT/LANGUAGE.safetensors, OUT/LANGUAGE.words.br and
 * OUT/LANGUAGE.md. Needs a build (`npm run build`).
 */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { load, root } from '../bundle.mjs';
import { end, need, worksOf } from './works.mjs';

const [language, folder, out] = process.argv.slice(2);
if (!out) {
  process.stderr.write('usage: node scripts/base/build.mjs LANGUAGE FOLDER OUT\n');
  process.exit(2);
}

const works = worksOf(language);
const at = (ending) => path.join(folder, `${language}.${ending}`);
need(at('json'), 'Make it with scripts/base/prepare.mjs.');
need(at('safetensors'), 'Make it with scripts/base/train.mjs.');

const names = { en: 'English', de: 'German', fr: 'French', es: 'Spanish', it: 'Italian' };
const collections = { en: 'eng', de: 'deu', fr: 'fra', es: 'spa', it: 'ita' };
const name = names[language];
const maximumBytes = 1_500_000;
/** Characters of a held-out novel that are scored, and that a reader's memory beside the network is fitted to. */
const scoredLength = 200_000;
const readLength = 120_000;

/**
 * Marks that writers of a language use and its collection does not have, each with the mark in its place there, whose
 * weights it gets: the editions print »…« where most people type „…“.
 */
const twins = { de: { '„': '»', '“': '«', '—': '–' }, es: { '–': '—' } }[language] ?? {};

const shipped = path.join(out, `${language}.safetensors`);
const {
  modelFile,
  languageModel,
  predictor,
  createPredictor,
  remember,
  memoryFile,
  calibration,
  backends,
  extendModel,
  networkSpec,
} = await load({
  modelFile: 'src/engine/model/modelFile.ts',
  languageModel: 'src/engine/generation/languageModel.ts',
  predictor: 'src/engine/generation/predictor.ts',
  createPredictor: 'src/engine/generation/createPredictor.ts',
  remember: 'src/engine/memory/remember.ts',
  memoryFile: 'src/engine/memory/memoryFile.ts',
  calibration: 'src/engine/offers/calibration.ts',
  backends: 'src/engine/backends/index.ts',
  extendModel: 'src/engine/training/extendModel.ts',
  networkSpec: 'src/engine/model/networkSpec.ts',
});
const cli = path.join(root, 'dist/cli.js');
const prepared = JSON.parse(fs.readFileSync(at('json'), 'utf8'));
const trainedWorks = works.slice(0, -2);
const [tuning, report] = works.slice(-2);

const of = ({ author, title, year }) => `${author}, *${title}* (${year})`;
const attribution =
  'European Literary Text Collection (ELTeC), COST Action Distant Reading for European Literary History (CA16204), ' +
  'eds. L. Burnard (eng), and the editors of each collection; CC BY 4.0';

fs.mkdirSync(out, { recursive: true });
const trained = withTwins(await modelFile.readModelFile(at('safetensors')));
const model = languageModel.openModel({ ...trained, memory: undefined }, backends.createStepper);
const tuningText = fs.readFileSync(at('tuning.txt'), 'utf8');
const read = model.vocabulary.encode(tuningText.slice(0, readLength));
const network = predictor.networkPredictor(model, 'carried');
const fitted = remember.emptyMemoryFitted(network, model.vocabulary, read);
// How sure its offers have to be, beside a document of the length of what was read: on the text after that.
const reader = { ...model, memory: { ...remember.rememberTokens(read, model.vocabulary), tables: fitted.tables } };
const typed = tuningText.slice(readLength, 2 * readLength);
const leastProbability = await calibration.calibrateOffers(reader, createPredictor.createPredictor(reader), typed);
const { memory, tensors } = memoryFile.storeMemory(fitted);
await modelFile.writeModelFile(shipped, {
  ...trained,
  checkpoint: undefined,
  memory,
  extraTensors: tensors,
  leastProbability,
  title: name,
  history: [],
  provenance: { ...trained.provenance, files: trainedWorks.map((work) => of(work).replaceAll('*', '')) },
  precision: 'int8',
});
const bytes = fs.statSync(shipped).size;
if (bytes > maximumBytes) end(`${shipped} has ${bytes} bytes, more than ${maximumBytes}. Train a smaller network.`);

/** The model with the twins among its characters. */
function withTwins(model) {
  const added = Object.entries(twins).filter(([mark]) => !model.vocabulary.tokens.includes(mark));
  const vocabulary = model.vocabulary.extendBy([added.map(([mark]) => mark).join('')]);
  const spec = extendModel.extendSpec(model.spec, vocabulary.size);
  const parameters = extendModel.extendParameters(model.spec, spec, model.parameters, 'mean');
  for (const { offset, shape } of networkSpec.parameterLayout(spec)) {
    const [rows, columns = 1] = shape;
    for (const [mark, twin] of added) {
      const [to, from] = [...vocabulary.encode(mark + twin)];
      if (rows === vocabulary.size) {
        const row = offset + from * columns;
        parameters.copyWithin(offset + to * columns, row, row + columns);
      } else if (columns === vocabulary.size) {
        for (let row = 0; row < rows; row++) {
          parameters[offset + row * columns + to] = parameters[offset + row * columns + from];
        }
      }
    }
  }
  const tokenCounts = model.tokenCounts && [...model.tokenCounts, ...added.map(() => 0)];
  return { ...model, vocabulary, spec, parameters, tokenCounts };
}

/** Nats per character over the beginning of a held-out novel. */
function score(file, kind) {
  const text = path.join(folder, `${language}.${kind}.scored.txt`);
  fs.writeFileSync(text, fs.readFileSync(at(`${kind}.txt`), 'utf8').slice(0, scoredLength));
  const answer = execFileSync(process.execPath, [cli, 'score', file, text, '--json'], { encoding: 'utf8' });
  fs.rmSync(text);
  return JSON.parse(answer).lossNats;
}

const unrounded = at('float32.safetensors');
await modelFile.writeModelFile(unrounded, { ...trained, checkpoint: undefined, history: [] });
const figures = Object.fromEntries(
  ['tuning', 'report'].map((kind) => [kind, { float32: score(unrounded, kind), int8: score(shipped, kind) }]),
);
fs.rmSync(unrounded);

execFileSync(
  process.execPath,
  [path.join(root, 'scripts/base/words.mjs'), language, folder, path.join(out, `${language}.words.br`)],
  { stdio: 'inherit' },
);

const nats = (value) => value.toFixed(4);
const { spec } = trained;
/** The runs that made it: an earlier one, if this one continued from its weights, and this one. */
const runs = fs.existsSync(at('first.safetensors'))
  ? [await modelFile.readModelFile(at('first.safetensors')), trained]
  : [trained];
const count = (value) => value.toLocaleString('en-GB');
const twinRow =
  Object.keys(twins).length > 0
    ? `| not in the texts | ${Object.entries(twins)
        .map(([mark, twin]) => `${mark} (has the weights of ${twin})`)
        .join(', ')} |\n`
    : '';
const isJob = trained.history.at(-1)?.backend === 'pytorch';
const training = runs
  .map(
    ({ results, config }) =>
      `${results.epochs} ${results.epochs === 1 ? 'epoch' : 'epochs'} in ${count(results.steps)} updates of ${config.batch} × ${config.objective.steps} with Adam, ${config.optimiser.learningRate} falling along a cosine`,
  )
  .join(', then ');
const commands = isJob
  ? [
      `node scripts/base/train.mjs ${language} FOLDER --job MINUTES`,
      ...(runs.length > 1
        ? [
            `node scripts/base/train.mjs ${language} FOLDER --job MINUTES --weights FOLDER/${language}.first.safetensors`,
          ]
        : []),
    ]
  : [`node scripts/base/train.mjs ${language} FOLDER`];
const card = `# The ${name} base model

Written by \`scripts/base/build.mjs\` on ${new Date().toISOString().slice(0, 10)}.

| what | |
|---|---|
| file | \`${language}.safetensors\`, ${(bytes / 1e6).toFixed(2)} MB, matrices in eight bits |
| network | LSTM of ${spec.layers[0].units} units, ${spec.output.classes} characters |
| training | ${count(prepared.trainedCharacters)} characters: ${training}${isJob ? '; by PyTorch on one graphics card' : ''}; seed ${trained.config.seed} |
${twinRow}| texts | ${trainedWorks.length} novels, listed below; straight or typographic quotation marks, wrapped lines or one line a paragraph, drawn at random for every two pages |
| licence | the model: MIT, like the program. The novels are in the public domain; their edition is CC BY 4.0 |
| attribution | ${attribution}; collection ELTeC-${collections[language]} |
| word list | \`${language}.words.br\`, from the same texts |

## How well it predicts

Nats per character over the first ${scoredLength.toLocaleString('en-GB')} characters of two novels that it never read, each character predicted from those before it
(static, no memory of the text).

| novel | float32 | as shipped |
|---|--:|--:|
| ${of(tuning)}: constants were chosen on this one | ${nats(figures.tuning.float32)} | ${nats(figures.tuning.int8)} |
| ${of(report)}: nothing was chosen on this one | ${nats(figures.report.float32)} | ${nats(figures.report.int8)} |

## Reproducing it

This needs a checkout of the collection (scripts/base/gather.mjs names the commit, scripts/base/works.tsv the files). The
weights differ a little from machine to machine, and gather.mjs breaks about 2 lines in 1,000, most of them verse,
differently from the text that was used.

\`\`\`
node scripts/base/gather.mjs ${language} COLLECTION FOLDER
node scripts/base/prepare.mjs ${language} FOLDER/${language}.txt FOLDER
${commands.join('\n')}
node scripts/base/build.mjs ${language} FOLDER media/base
\`\`\`

## The novels

${trainedWorks.map((work) => `- ${of(work)}`).join('\n')}
`;
fs.writeFileSync(path.join(out, `${language}.md`), card);
process.stdout.write(`${JSON.stringify({ language, bytes, ...figures })}\n`);
