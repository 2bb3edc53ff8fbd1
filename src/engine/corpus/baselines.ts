/**
 * How well compressors and a Markov model predict the same held-out text: what a network has to beat. Compressors are
 * online, that is, they also learn from the held-out text as they read it; the Markov model is static.
 *
 * A compressor's figure is what the held-out text adds to the training text before it: 8 · (bytes(train + heldOut) -
 * bytes(train)) / characters. gzip looks back 32 kB only, brotli 16 MB; so gzip sees only the end of the training text.
 * That is a limit of gzip, not an error of the measurement.
 */
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { TextBaselines } from '../../common/engineProtocol';
import { InklingError } from '../../common/errors';
import { sentence } from '../../common/l10n';
import type { TextConfig } from '../../common/trainingConfig';
import { noToken } from '../backends/backend';
import { buildCorpus, type Corpus, type Span, unknownIn } from './corpus';
import { TimeSlice } from '../timeSlice';
import { MarkovModel } from './markov';
import { Ppm } from './ppm';
import type { NamedText } from './readTextFile';
import { heldOutSpans, trainSpans } from './spans';

/** For a very long text, only the end of the training part and the beginning of the held-out part are measured. */
const mostTrainTokens = 2_000_000;
const mostHeldOutTokens = 400_000;

/** Brotli's highest quality takes seconds per megabyte. */
const bestBrotliBytes = 1 << 21;

/**
 * Bits per character on the held-out tail of these texts, as `config` normalises and splits them (per character for
 * words too); `scoreByBase` adds that of a shipped base. Throws `invalidInput` where nothing is held out.
 */
export async function measureBaselines(
  texts: readonly NamedText[],
  config: Pick<TextConfig, 'lowercase' | 'normalization' | 'heldOut'>,
  scoreByBase?: (heldOutText: string) => Promise<TextBaselines['base']>,
): Promise<TextBaselines> {
  const heldOut = { ...config.heldOut, kind: 'tail' } as const;
  const corpus = buildCorpus(texts, { ...config, heldOut, unit: 'character', examples: 'text' });
  const trainIds = joined(corpus, endOf(trainSpans(corpus), mostTrainTokens));
  const heldOutIds = joined(corpus, beginningOf(heldOutSpans(corpus), mostHeldOutTokens));
  if (heldOutIds.length === 0) {
    throw new InklingError(
      'invalidInput',
      sentence('Nothing is held out to measure on: hold out a share of the text, or choose a longer text.'),
    );
  }
  const train = Buffer.from(corpus.vocabulary.decode(trainIds));
  const rest = Buffer.from(corpus.vocabulary.decode(heldOutIds));
  const symbols = symbolsOf(trainIds, heldOutIds, corpus.vocabulary.size);
  const alphabet = corpus.vocabulary.size + 1;
  const [gzipBytes, brotliBytes, ppm, markov] = await Promise.all([
    addedBytes(gzipBest, train, rest),
    addedBytes(brotliAt(train.length + rest.length <= bestBrotliBytes ? 11 : 9), train, rest),
    ppmBits(symbols, trainIds.length, alphabet),
    bestMarkov(symbols, trainIds.length, alphabet),
  ]);
  const characters = heldOutIds.length;
  return {
    heldOutCharacters: characters,
    gzip: (8 * gzipBytes) / characters,
    brotli: (8 * brotliBytes) / characters,
    ppm: ppm / characters,
    markov,
    base: await scoreByBase?.(rest.toString()),
  };
}

/** The last `most` tokens of spans. */
function endOf(spans: readonly Span[], most: number): Span[] {
  const taken: Span[] = [];
  for (const { start, end } of spans.toReversed()) {
    taken.unshift({ start: Math.max(start, end - most), end });
    most -= end - taken[0].start;
  }
  return taken;
}

/** The first `most` tokens of spans. */
function beginningOf(spans: readonly Span[], most: number): Span[] {
  return spans.map(({ start, end }) => {
    const span = { start, end: Math.min(end, start + most) };
    most -= span.end - start;
    return span;
  });
}

/** The tokens of spans, one after the other. */
function joined(corpus: Corpus, spans: readonly Span[]): Uint16Array {
  const unknown = unknownIn(corpus.ids);
  const ids = new Uint16Array(spans.reduce((sum, { start, end }) => sum + end - start, 0));
  let at = 0;
  for (const { start, end } of spans) {
    for (let i = start; i < end; i++) ids[at++] = corpus.ids[i] === unknown ? noToken : corpus.ids[i];
  }
  return ids;
}

async function addedBytes(
  compressedLength: (bytes: Buffer) => Promise<number>,
  train: Buffer,
  rest: Buffer,
): Promise<number> {
  const [both, alone] = await Promise.all([compressedLength(Buffer.concat([train, rest])), compressedLength(train)]);
  return both - alone;
}

async function gzipBest(bytes: Buffer): Promise<number> {
  return (await promisify(gzip)(bytes, { level: 9 })).length;
}

function brotliAt(quality: number): (bytes: Buffer) => Promise<number> {
  return async (bytes) => {
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    };
    return (await promisify(brotliCompress)(bytes, { params })).length;
  };
}

/** The training text and the held-out text, one after the other. All characters without an id are one more symbol. */
function symbolsOf(train: Uint16Array, heldOut: Uint16Array, vocabulary: number): Uint32Array {
  const symbols = new Uint32Array(train.length + heldOut.length);
  symbols.set(train);
  symbols.set(heldOut, train.length);
  for (let i = 0; i < symbols.length; i++) if (symbols[i] === noToken) symbols[i] = vocabulary;
  return symbols;
}

/** The bits of the symbols from `start` on. */
async function ppmBits(symbols: Uint32Array, start: number, alphabet: number): Promise<number> {
  const model = new Ppm(alphabet);
  const slice = new TimeSlice();
  let bits = 0;
  for (let i = 0; i < symbols.length; i++) {
    const own = model.next(symbols, i);
    if (i >= start) bits += own;
    if (i % 256 === 0 && slice.isOver) await slice.renew();
  }
  return bits;
}

/**
 * The order is chosen on the last tenth of the training text, with a model of the rest; it is then measured on the
 * held-out text, which begins at `start`.
 */
async function bestMarkov(
  symbols: Uint32Array,
  start: number,
  alphabet: number,
): Promise<{ order: number; bitsPerCharacter: number }> {
  const trained = symbols.subarray(0, start);
  const most = start - Math.ceil(start / 10);
  const trial = await MarkovModel.train(trained.subarray(0, most), alphabet);
  const trialBits = await trial.bitsPerSymbol(trained, most);
  const order = trialBits.indexOf(Math.min(...trialBits));
  const model = await MarkovModel.train(trained, alphabet);
  return { order, bitsPerCharacter: (await model.bitsPerSymbol(symbols, start))[order] };
}
