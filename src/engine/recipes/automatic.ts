/**
 * The automatic configuration: chooses the network, the batch, the steps and the learning rate from the size of the
 * text, the speed of this machine and the available minutes. Every choice comes with its reason.
 *
 * The constants were found by training LSTMs of 64 to 448 units on texts of 10 kB to 1.1 MB for the number of
 * characters that two cores process in one to three minutes. Three findings matter most. The time is spent best if each
 * parameter sees about three to eight characters (Hoffmann et al. 2022 find about twenty for transformers). Small
 * batches and a learning rate ten times the usual one, decayed by a cosine, matter as much, because there are only a
 * few thousand updates. And a network with more parameters than the text has characters is fine as long as dropout
 * grows with the number of passes.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Plan } from '../../common/engineProtocol';
import type { Reason } from '../../common/reasons';
import type { NetworkConfig, ObjectiveConfig, TextConfig, TrainingConfig } from '../../common/trainingConfig';
import { validateConfig } from '../../common/trainingConfigRules';
import { createStepper } from '../backends';
import type { Compute } from '../backends/backend';
import { buildCorpus, type Corpus } from '../corpus/corpus';
import { planBatches } from '../corpus/planBatches';
import type { NamedText } from '../corpus/readTextFile';
import { describeNetwork } from '../model/modelSummary';
import { parameterCount } from '../model/networkSpec';
import { beginningOfProse, charactersToChoose, chooseBase } from '../bases/chooseBase';
import { openBase, type OpenBase } from '../bases/shippedBases';
import type { Vocabulary } from '../corpus/vocabulary';
import { canRemember } from '../memory/modelMemory';
import { extendVocabulary } from '../training/extendModel';
import { networkShape } from '../training/resume';
import { networkSpecOf } from '../model/networkSpecOf';
import { measureSpeed, speedFrom, type Speed } from './speedProbe';

export interface AutomaticRequest {
  texts: readonly NamedText[];
  compute: Compute;
  /** Undefined if the settings bound the run by steps or epochs: then nothing depends on the speed of this machine. */
  minutes?: number;
  seed?: number;
  /**
   * The base model that the run starts from, which determines the network: the one of a language, or with `auto` the
   * one that fits the texts, if any does and these settings leave its network as it is. Default: none.
   */
  base?: string;
  /** Settings that the user has overridden. */
  adjust?: (config: TrainingConfig) => TrainingConfig;
}

export interface AutomaticChoice {
  config: TrainingConfig;
  /** Why. */
  reasons: Reason[];
  /** Undefined if the run is bounded by steps or epochs. */
  expectedSeconds?: number;
}

/** The properties of a text that the choice depends on. */
export interface TextFacts {
  /** Training targets per pass. */
  trainTargets: number;
  heldOutTargets: number;
  vocabulary: number;
}

/** More held-out text does not improve the measurement. */
const enoughHeldOut = 200_000;
/** Fewer held-out characters are not meaningful. */
const fewestHeldOut = 50;
/** How many times samples are written during a run, to show its progress; all of them take well under a second. */
const sampledTimes = 12;
/** An evaluation only runs forward; its cost as a share of a training step. */
export const evaluationShare = 1 / 3;

const widths = [32, 48, 64, 96, 128, 160, 192, 256, 320, 384, 448, 512, 640, 768, 1024];
/**
 * Characters that each parameter should see. On novels in five languages, for as many operations as a minute allows and
 * with a memory, 320 units with 2.9 characters each were better than 256 with 6.4, 192 with 16, and 384 with 1.5; for
 * three minutes, 384 with 4.4 were better than 448 with 2.6.
 */
const charactersPerParameter = 2.8;
/** Parameters per character of the text that can still be trained, with dropout. */
const parametersPerCharacter = 12;
/** Passes over the text after which even dropout no longer helps. */
const mostPasses = 40;
/**
 * The same for a run that starts from a base; then its peak learning rate and the largest share that warms up. Measured
 * on excerpts of 5 kB to 1 MB of novels in five languages and of political speeches: 1, 2, 3 and 6 passes at 0.0005 to
 * 0.004, by the loss of the best blend with the base (`training/blend.ts`) and the memory (bench/RESULTS.md). Three
 * passes are the best; 0.001 is better than 0.002 for fourteen of fifteen texts of 100 kB and more, by 0.001 to 0.005
 * nats, and 0.0005 hardly differs from it. Dropout of 0.2 and 0.4 costs 0.001 to 0.01 everywhere, because the blend
 * already guards against memorising.
 */
const mostPassesFromBase = 3;
const rateFromBase = 0.001;
const warmupFromBase = 1 / 8;

/** With more tokens than this, an embedding is the smaller input. */
const largestOneHot = 512;
/** Typical of two laptop cores. */
const typicalSpeed = speedFrom([{ units: 256, rate: 100e9 }]);
const warmupSteps = 30;

/**
 * The share of outputs to drop if a text is read this many times. Tried: 0 to 0.5 at 2 to 34 passes over texts of 150
 * kB to 1.1 MB.
 */
function dropoutFor(passes: number): number {
  if (passes < 2) return 0;
  if (passes < 3) return 0.1;
  if (passes < 6) return 0.2;
  return passes < 25 ? 0.4 : 0.5;
}

/**
 * Adam's rate at the peak of the cosine. It is high because the run is short and the cosine reduces it to almost
 * nothing; wider networks and longer runs need less. (256 units, Nietzsche: 0.024 ends at 1.352, 0.014 at 1.370, 0.009
 * at 1.386; 384 units, Tiny Shakespeare: 0.013 at 1.484, 0.008 at 1.463.)
 */
function learningRateFor(units: number, steps: number): number {
  const narrowing = (256 / units) ** (units > 256 ? 2 : 1.2);
  const rate = 0.028 * narrowing * Math.max(1, steps / 3000) ** -0.3;
  return Number(Math.min(0.04, rate).toPrecision(2));
}

/** The steps of a job, its possible batches, the fewest updates that an epoch should have, and its epochs unless given. */
const jobSteps = 128;
const jobBatches = [8, 16, 32, 64, 128];
const fewestUpdates = 200;
const jobEpochs = 10;

/** The time it takes to learn the training part into a memory, and to read the held-out part with it. */
function memorySeconds({ trainTargets, heldOutTargets }: TextFacts): number {
  return 1.5e-6 * trainTargets + 4e-5 * heldOutTargets;
}

/** The settings that are the same for every text and time. */
const defaults: TrainingConfig = {
  recipe: 'automatic',
  seed: 1,
  text: {
    unit: 'character',
    lowercase: false,
    normalization: 'nfc',
    examples: 'text',
    heldOut: { kind: 'tail', fraction: 0.1 },
  },
  network: {
    cell: 'lstm',
    input: { kind: 'one-hot' },
    layers: [{ units: 256, dropout: 0 }],
    initialisation: { kind: 'keras' },
  },
  objective: { kind: 'every-step', steps: 64, stride: 1, reduction: 'mean', carryState: true, shuffle: false },
  batch: 8,
  optimiser: { kind: 'adam', learningRate: 0.03, clipNorm: 5 },
  schedule: { kind: 'cosine', warmupSteps, finalFraction: 0.02 },
  budget: { maxSeconds: 60 },
  evaluation: { every: 'epoch', maximumTargets: 20_000 },
  // Until it is known whether any text is held out.
  keep: 'last',
  samples: { every: 'epoch', temperatures: [0.5, 0.8], length: 200, prompt: { kind: 'none' }, count: 1 },
};

/** Measures and chooses, in about two seconds, which are part of the minutes. */
export async function chooseAutomatically(
  request: AutomaticRequest,
): Promise<AutomaticChoice & { base?: OpenBase; corpus: Corpus }> {
  const { texts, compute, minutes, seed = defaults.seed, adjust = (config): TrainingConfig => config } = request;
  const began = performance.now();
  const { base, reason } = await startingBase(request.base, texts, adjust);
  const batch = minutes === undefined ? defaults.batch : batchFor(compute.threads);
  const { corpus, draft } = buildAutomaticCorpus(
    texts,
    (config) => adjust({ ...config, ...(base && { base: base.language }), seed, batch }),
    base?.model.vocabulary,
  );
  const facts = factsOf(corpus, draft);
  if (minutes === undefined) {
    const choice = chooseForSteps(draft, facts, base);
    return { ...choice, config: adjust(choice.config), reasons: [...reason, ...choice.reasons], base, corpus };
  }
  const speed = await measureSpeed(compute, corpus.vocabulary.size, draft.batch);
  const spent = (performance.now() - began) / 1000;
  const choice = chooseConfig(draft, facts, speed, Math.max(minutes * 60 - spent, minutes * 30), base);
  // The given minutes are for the whole command.
  const config = { ...adjust(choice.config), budget: choice.config.budget };
  return { ...choice, config, reasons: [...reason, ...choice.reasons], base, corpus };
}

/** The base that a run starts from, and why it is this one, or none, if that was a choice. */
async function startingBase(
  asked: string | undefined,
  texts: readonly NamedText[],
  adjust: (config: TrainingConfig) => TrainingConfig,
): Promise<{ base?: OpenBase; reason: Reason[] }> {
  if (asked === undefined || asked === 'none') return { reason: [] };
  if (asked !== 'auto') return { base: await openBase(asked), reason: [] };
  const choice = await chooseBase(beginningOf(texts), createStepper);
  if (!choice) return { reason: [] };
  const { base, loss } = choice;
  if (!base) return { reason: [{ kind: 'no-base-fits', loss }] };
  if (!suits(base, adjust)) return { reason: [{ kind: 'settings-without-base', language: base.language }] };
  return { base, reason: [{ kind: 'base-fits', language: base.language, loss }] };
}

/** The beginnings of the texts, together long enough to choose a base by. */
function beginningOf(texts: readonly NamedText[]): string {
  const length = Math.ceil(charactersToChoose / texts.length);
  return texts.map(({ text }) => beginningOfProse(text, length)).join('\n');
}

/** Whether the user's settings leave the network and the text as the base has them. */
function suits({ model: { config } }: OpenBase, adjust: (config: TrainingConfig) => TrainingConfig): boolean {
  const asked = adjust({ ...defaults, network: config.network });
  const { unit, lowercase, normalization } = config.text;
  return (
    asked.objective.kind === 'every-step' &&
    asked.text.examples === 'text' &&
    isDeepStrictEqual(networkShape(asked.network), networkShape(config.network)) &&
    asked.text.unit === unit &&
    asked.text.lowercase === lowercase &&
    asked.text.normalization === normalization
  );
}

/** Few rows allow many updates, and four keep a thread busy. */
function batchFor(threads: number): number {
  return threads <= 2 ? defaults.batch : threads <= 4 ? 2 * defaults.batch : 4 * defaults.batch;
}

/** What each of several budgets would buy; the text is read and the machine measured once. */
export async function planBudgets(
  texts: AutomaticRequest['texts'],
  compute: Compute,
  minutes: readonly number[],
  askedBase?: string,
): Promise<Plan[]> {
  const batch = batchFor(compute.threads);
  const { base, reason } = await startingBase(askedBase, texts, (config) => config);
  const { corpus, draft } = buildAutomaticCorpus(
    texts,
    (config) => ({ ...config, ...(base && { base: base.language }), batch }),
    base?.model.vocabulary,
  );
  const speed = await measureSpeed(compute, corpus.vocabulary.size, draft.batch);
  const facts = factsOf(corpus, draft);
  return minutes.map((budget) => {
    const choice = chooseConfig(draft, facts, speed, budget * 60, base);
    const spec = networkSpecOf(choice.config, corpus.vocabulary.size);
    const reasons = [...reason, ...choice.reasons];
    const network = { parameters: parameterCount(spec), summary: describeNetwork(spec), base: base?.language };
    return { minutes: budget, ...network, ...choice, reasons };
  });
}

/** The corpus with the automatic text settings, unless the user has overridden them. */
function buildAutomaticCorpus(
  texts: AutomaticRequest['texts'],
  adjust: (config: TrainingConfig) => TrainingConfig,
  known?: Vocabulary,
): { corpus: Corpus; draft: TrainingConfig } {
  const length = texts.reduce((sum, { text }) => sum + text.length, 0);
  const draft = draftFor(length, adjust);
  return { corpus: buildCorpus(texts, draft.text, known && extendVocabulary(known, texts, draft.text)), draft };
}

/** The settings that decide what a text of about `length` characters is cut into, with everything else as a default. */
export function draftFor(length: number, adjust: (config: TrainingConfig) => TrainingConfig): TrainingConfig {
  const fraction = Math.min(0.1, enoughHeldOut / length);
  const heldOut: TextConfig['heldOut'] =
    length * fraction < fewestHeldOut ? { kind: 'none', fraction: 0 } : { kind: 'tail', fraction };
  const text = { ...defaults.text, heldOut };
  const objective = objectiveFor(adjust({ ...defaults, text }).text);
  const asked = adjust({ ...defaults, text, objective });
  return validateConfig({ ...asked, memory: asked.memory ?? (canRemember(asked) ? 'on' : 'off') });
}

function objectiveFor({ examples }: TextConfig): ObjectiveConfig {
  switch (examples) {
    case 'text':
      return defaults.objective;
    case 'lines':
      return { ...defaults.objective, steps: 256, carryState: false, shuffle: true };
    case 'line-prefixes':
      return { ...defaults.objective, kind: 'last-step', steps: 16, carryState: false, shuffle: true };
  }
}

function factsOf(corpus: Corpus, config: TrainingConfig): TextFacts {
  const { trainTargets, heldOutTargets } = planBatches(corpus, config);
  return { trainTargets, heldOutTargets, vocabulary: corpus.vocabulary.size };
}

/**
 * The choice for a run that is bounded by steps or epochs. It depends only on the text, and so does the learning rate
 * of each step: the same seed gives the same model on every machine, even if the run is split in two.
 */
function chooseForSteps(draft: TrainingConfig, facts: TextFacts, base?: OpenBase): AutomaticChoice {
  const { config, reasons } = chooseConfig(draft, facts, typicalSpeed, 60, base);
  const schedule: TrainingConfig['schedule'] =
    facts.heldOutTargets > 0
      ? { kind: 'plateau', warmupSteps, factor: 0.5, patience: 2, minimum: 1e-4 }
      : { kind: 'constant', warmupSteps };
  return {
    config: { ...config, schedule, budget: draft.budget },
    // A base determines the network, whatever bounds the run.
    reasons: base ? reasons.filter(({ kind }) => kind === 'starts-from-base') : [{ kind: 'bounded-by-steps' }],
  };
}

/**
 * The choice for a run on other machines, whose speed is unknown: as wide a network as the text can train in the
 * epochs of the budget (ten unless given), and batches that keep a graphics card busy.
 */
export function chooseForJob(draft: TrainingConfig, facts: TextFacts): AutomaticChoice {
  const { trainTargets, heldOutTargets, vocabulary } = facts;
  const { epochs, maxSteps } = draft.budget;
  const steps = jobSteps;
  const batch = jobBatches.findLast((rows) => rows * steps * fewestUpdates <= trainTargets) ?? jobBatches[0];
  const budget = epochs === undefined && maxSteps === undefined ? { epochs: jobEpochs } : draft.budget;
  const updates = Math.min(maxSteps ?? Infinity, ((epochs ?? jobEpochs) * trainTargets) / (batch * steps));
  const passes = (updates * batch * steps) / trainTargets;
  const input: NetworkConfig['input'] =
    vocabulary > largestOneHot ? { kind: 'embedding', dimensions: 64 } : { kind: 'one-hot' };
  const networkOf = (units: number): NetworkConfig => ({
    ...defaults.network,
    input,
    layers: [{ units, dropout: dropoutFor(passes) }],
  });
  const parametersOf = (units: number): number =>
    parameterCount(networkSpecOf({ network: networkOf(units) }, vocabulary));
  const units =
    widths.findLast(
      (width) =>
        parametersOf(width) * charactersPerParameter <= passes * trainTargets &&
        parametersOf(width) <= parametersPerCharacter * trainTargets,
    ) ?? widths[0];
  const every = Math.max(1, Math.round(updates / 20));
  const config: TrainingConfig = {
    ...draft,
    network: networkOf(units),
    objective: { ...draft.objective, steps },
    batch,
    optimiser: { ...defaults.optimiser, learningRate: Math.min(0.004, Number((2 / units).toPrecision(2))) },
    schedule: { kind: 'cosine', warmupSteps: Math.min(300, Math.ceil(updates / 10)), finalFraction: 0.02 },
    budget,
    evaluation: { every, maximumTargets: 100_000 },
    keep: heldOutTargets > 0 ? 'best-held-out' : 'last',
    samples: { ...defaults.samples, every },
  };
  const parameters = parametersOf(units);
  const charactersEach = Math.round((passes * trainTargets) / parameters);
  return { config, reasons: [{ kind: 'parameters-for-passes', parameters, charactersEach, passes }] };
}

/** The choice itself, for `seconds` of training; the text settings and the seed are taken from `draft`. */
export function chooseConfig(
  draft: TrainingConfig,
  facts: TextFacts,
  speed: Speed,
  seconds: number,
  base?: OpenBase,
): AutomaticChoice & { expectedSeconds: number } {
  const reasons: Reason[] = [];
  const { vocabulary } = facts;
  const input: NetworkConfig['input'] =
    vocabulary > largestOneHot ? { kind: 'embedding', dimensions: 64 } : { kind: 'one-hot' };
  const start = base?.model.config.network ?? { ...defaults.network, input };
  const networkOf = (units: number, dropout: number): NetworkConfig => ({ ...start, layers: [{ units, dropout }] });
  const parametersOf = (units: number): number =>
    parameterCount(networkSpecOf({ network: networkOf(units, 0) }, vocabulary));
  // The evaluation at the end is part of the minutes.
  const trainSeconds = (units: number): number => {
    const final = facts.heldOutTargets * evaluationShare * speed.secondsPerTarget([{ units }], vocabulary);
    const remembering = draft.memory === 'on' ? memorySeconds(facts) : 0;
    return Math.max(seconds - final - remembering, seconds / 2);
  };
  const targetsIn = (units: number): number => trainSeconds(units) / speed.secondsPerTarget([{ units }], vocabulary);

  // The widest network whose parameters are worth their time and can be trained on the text.
  const fits = (units: number): boolean => {
    const parameters = parametersOf(units);
    return (
      targetsIn(units) >= charactersPerParameter * parameters &&
      parameters <= parametersPerCharacter * facts.trainTargets
    );
  };
  const units = base ? start.layers[0].units : (widths.findLast(fits) ?? widths[0]);
  const possible = targetsIn(units);
  const most = base ? mostPassesFromBase : mostPasses;
  const passes = Math.min(possible / facts.trainTargets, most);
  const dropout = base ? 0 : dropoutFor(passes);
  const cutShort = possible / facts.trainTargets > most;
  const expectedSeconds = cutShort ? (seconds * most * facts.trainTargets) / possible : seconds;
  const steps = (passes * facts.trainTargets) / (draft.batch * defaults.objective.steps);
  const learningRate = base ? rateFromBase : learningRateFor(units, steps);
  const warmup = base ? Math.max(1, Math.min(warmupSteps, Math.round(steps * warmupFromBase))) : warmupSteps;
  const evaluations = Math.max(1, Math.min(20, Math.floor(steps / 100)));
  const every = Math.max(1, Math.round(steps / evaluations));

  if (base) {
    const novels = base.model.provenance.files.length;
    reasons.push({ kind: 'starts-from-base', language: base.language, novels, units });
  } else {
    const parameters = parametersOf(units);
    const charactersEach = Math.round((passes * facts.trainTargets) / parameters);
    reasons.push({ kind: 'parameters-for-time', parameters, charactersEach });
  }
  if (dropout > 0) reasons.push({ kind: 'dropout', passes: Math.round(passes), dropout });
  if (cutShort) reasons.push({ kind: 'ends-early', passes: most });

  const config: TrainingConfig = {
    ...draft,
    network: networkOf(units, dropout),
    optimiser: { ...defaults.optimiser, learningRate },
    schedule: { ...draft.schedule, warmupSteps: warmup },
    budget: cutShort ? { epochs: most } : { maxSeconds: Number(trainSeconds(units).toPrecision(4)) },
    evaluation: { ...defaults.evaluation, every },
    keep: facts.heldOutTargets > 0 ? 'best-held-out' : 'last',
    samples: { ...defaults.samples, every: Math.max(1, Math.floor(steps / sampledTimes)) },
  };
  return { config, reasons, expectedSeconds };
}
