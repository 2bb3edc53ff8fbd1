/**
 * What a run that starts from a base keeps of its training: the blend of the base's weights and the trained ones that,
 * together with the memory, predicts the held-out text best. Training on a short text makes a network sure of what it
 * read and worse at everything else, so weights part of the way from the base often predict better than the trained
 * ones (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"). If no blend is better than the base by more
 * than the error of the measurement, the base's weights stay, and only the memory knows the text.
 */
import { sentence, type Sentence } from '../../common/l10n';
import type { Network } from '../backends/backend';
import type { Reading } from '../memory/reading';

/** The shares of the way from the base to the trained weights. */
const shares = [1, 0.75, 0.5, 0.25];

export interface Blend {
  /** The share of the way from the base that is kept; 0 if the base's weights stay. */
  share: number;
  parameters: Float32Array;
  /** Nats per held-out token with the memory, static: of the base, of the trained weights and of what is kept. */
  losses: { base: number; trained: number; kept: number };
  /** The standard error of the difference between the base and the best blend. */
  error: number;
}

/**
 * `read` reads held-out text with the network's current weights. If it returns undefined, so does this function. Leaves
 * the network with unspecified weights.
 */
export async function bestBlend(
  network: Network,
  base: Float32Array,
  trained: Float32Array,
  read: () => Promise<Reading | undefined>,
): Promise<Blend | undefined> {
  const readWith = async (parameters: Float32Array): Promise<Reading | undefined> => {
    await network.writeParameters(parameters);
    return read();
  };
  const ofBase = await readWith(base);
  if (!ofBase) return undefined;
  const tried: { share: number; parameters: Float32Array; reading: Reading }[] = [];
  for (const share of shares) {
    const parameters = share === 1 ? trained : blend(base, trained, share);
    const reading = await readWith(parameters);
    if (!reading) return undefined;
    tried.push({ share, parameters, reading });
  }
  const best = tried.reduce((least, next) => (next.reading.static < least.reading.static ? next : least));
  const error = errorOfDifference(ofBase, best.reading);
  const lossOf = ({ static: nats, targets }: Reading): number => nats / targets;
  const isBetter = lossOf(best.reading) < lossOf(ofBase) - error;
  const kept = isBetter ? best : { share: 0, parameters: base, reading: ofBase };
  return {
    share: kept.share,
    parameters: kept.parameters,
    losses: { base: lossOf(ofBase), trained: lossOf(tried[0].reading), kept: lossOf(kept.reading) },
    error,
  };
}

/** What the run keeps of its training, and why. */
export function describeBlend({ share, losses }: Blend): Sentence {
  // A base is a model of characters.
  const bits = (nats: number): number => Number((nats / Math.LN2).toFixed(3));
  if (share === 1) {
    return sentence(
      'All of the training is kept. Bits per character of held-out text, with the memory: {0}; with the weights of the base model: {1}.',
      bits(losses.kept),
      bits(losses.base),
    );
  }
  if (share > 0) {
    return sentence(
      'The weights that are kept lie {0}% of the way from the base model to the trained ones. Bits per character of held-out text, with the memory: {1}; with the weights of the base model: {2}; with the trained ones: {3}.',
      Math.round(100 * share),
      bits(losses.kept),
      bits(losses.base),
      bits(losses.trained),
    );
  }
  return sentence(
    'The weights of the base model are kept, because training did not improve on them by more than chance; the memory knows the text. Bits per character of held-out text, with the memory: {0}; with the trained weights: {1}.',
    bits(losses.kept),
    bits(losses.trained),
  );
}

/** The standard error of the mean difference per token, from the differences of the stretches that both read. */
function errorOfDifference(a: Reading, b: Reading): number {
  const differences = a.stretches.map((nats, i) => nats - b.stretches[i]);
  const count = differences.length;
  if (count < 2) return Infinity;
  const mean = differences.reduce((sum, each) => sum + each, 0) / count;
  const variance = differences.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (count - 1);
  return Math.sqrt(variance * count) / a.targets;
}

function blend(base: Float32Array, trained: Float32Array, share: number): Float32Array {
  return trained.map((value, i) => base[i] + share * (value - base[i]));
}
