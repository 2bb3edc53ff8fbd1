/**
 * What of a classifier gives its verdicts, the network, the linear model or both: each is trained on a part of the training
 * texts and asked about the rest, and that decides (mixing.ts). Of few texts a part set aside says too little; there every
 * text is asked about once, by what was trained on the others (cross-validation).
 */
import type {
  CandidateScores,
  ClassifierEpochEvent,
  ClassifierSettings,
  Mix,
  ModelPart,
} from '../../common/classifierProtocol';
import { parameterCount } from '../model/networkSpec';
import { Random } from '../random';
import { sideOf, withoutEmbedding } from './classifier';
import { Encoder, encodeTexts, type EncodedTexts } from './encoder';
import { crossFit, Evidence } from './evidence';
import { countTexts, LinearModel } from './linearModel';
import { compareMixes, fitMixes, mixScores, networkAlone, type PartScores } from './mixing';
import { classifierSpec, trainNetwork } from './networkTraining';
import { NetworkScorer, type NetworkPart } from './networkScorer';
import { foldExamples, splitExamples, type Split } from './split';
import type { Token } from './tokens';
import type { ClassifierTask } from './trainClassifier';

const evidenceFolds = 5;
/** Words that evidence and baselines know, at most, unless the task says otherwise. */
export const defaultWordLimit = 20000;
/** Below so many training texts the choice is made by cross-validation. */
const fewTexts = 500;
const choiceFolds = 5;

/** The task with its texts read. */
export interface Material extends ClassifierTask {
  texts: string[];
  tokens: Token[][];
  /** Class id of each text. */
  labels: Int32Array;
  positive: number | null;
}

export interface Choice {
  mix: Mix;
  /** Undefined for a network alone, which nothing stands beside. */
  kept?: ModelPart;
  mixes: Partial<Record<ModelPart, Mix>>;
  candidates: CandidateScores[];
  /** The texts that the choice was made by; empty where nothing was to be chosen. */
  members: Int32Array;
  /** Their mixed logits, where each was asked of what was trained on the others. */
  scores?: number[][];
  /** Else: what was trained on the other texts. */
  validated?: NetworkPart & { linear?: LinearModel };
  /** The network of the choice, where one was trained. */
  network?: Fitted;
}

interface Fitted {
  part: NetworkPart;
  history: ClassifierEpochEvent[];
  bestEpoch: number;
  finishedEarly: boolean;
}

/** Settings for `texts` training texts: batches small enough and epochs enough for the least number of updates. */
export function withEnoughUpdates(settings: ClassifierSettings, texts: number): ClassifierSettings {
  if (settings.leastUpdates === 0) return settings;
  const batch = Math.min(settings.batch, Math.max(8, 2 ** Math.floor(Math.log2(texts / 8))));
  const epochs = Math.max(settings.epochs, Math.ceil(settings.leastUpdates / Math.ceil(texts / batch)));
  return { ...settings, batch, epochs: Math.min(1000, epochs) };
}

/** Trains on parts of `train` and decides what is kept. Throws as `trainNetwork`. */
export async function chooseParts(material: Material, train: Int32Array): Promise<Choice> {
  const { settings } = material;
  if (settings.model !== 'network' && train.length < fewTexts) return chooseByFolds(material, train);
  const { fitting, validation } = validationSplit(material, train);
  const nothing = { mix: networkAlone, mixes: {}, candidates: [], members: validation };
  if (validation.length === 0) return nothing;
  const network =
    settings.model === 'linear'
      ? undefined
      : await fitNetwork(material, { members: fitting, epochs: settings.epochs, watched: validation, choose: true });
  if (settings.model === 'network') return { ...nothing, network, validated: network!.part };
  const linear = fitLinear(material, fitting);
  const scores = {
    ...(network && { network: await networkScores(material, network.part, validation) }),
    linear: linear.scoresOf(countTexts(pick(material.texts, validation))),
  };
  const decision = decideOn(material, validation, scores);
  const part = network?.part ?? (await untrained(material, train)).part;
  return { ...decision, members: validation, network, validated: { ...part, linear } };
}

async function chooseByFolds(material: Material, train: Int32Array): Promise<Choice> {
  const { settings, texts, labels, finish } = material;
  const folds = foldExamples(pick(texts, train), pick(labels, train), choiceFolds, settings.seed + 1);
  const members: number[] = [];
  const scores: Required<PartScores> = { network: [], linear: [] };
  let network: Fitted | undefined;
  let isWhole = settings.model !== 'linear';
  for (const fold of folds) {
    const fitting = fold.train.map((k) => train[k]);
    const asked = fold.heldOut.map((k) => train[k]);
    members.push(...asked);
    scores.linear.push(...fitLinear(material, fitting).scoresOf(countTexts(pick(texts, asked))));
    if (!isWhole) continue;
    const watched = network ? new Int32Array(0) : asked;
    const fitted = await fitNetwork(material, { members: fitting, epochs: settings.epochs, watched, choose: false });
    network ??= fitted;
    scores.network.push(...(await networkScores(material, fitted.part, asked)));
    // Whoever ends the training early gets what is known by then.
    if (finish?.aborted) isWhole = false;
  }
  const asked = Int32Array.from(members);
  const complete = scores.network.length === members.length ? scores : { linear: scores.linear };
  const decision = decideOn(material, asked, complete);
  const mixed = members.map((_, i) =>
    mixScores(decision.mix, complete === scores ? scores.network[i] : undefined, scores.linear[i]),
  );
  return { ...decision, members: asked, scores: mixed, network };
}

function decideOn(
  { settings, labels, positive, data }: Material,
  members: Int32Array,
  scores: PartScores,
): Pick<Choice, 'mix' | 'kept' | 'mixes' | 'candidates'> {
  const truth = Array.from(members, (i) => sideOf(labels[i], positive));
  const classes = positive === null ? data.classes : [data.classes[1 - positive], data.classes[positive]];
  const mixes = fitMixes(truth, scores);
  const { kept: best, candidates } = compareMixes(mixes, truth, scores, classes);
  const kept = settings.model !== 'auto' && settings.model in mixes ? settings.model : best;
  return { mix: mixes[kept]!, kept, mixes, candidates };
}

/** The network of the finished classifier: where it is kept, one that learned from all of the training part. */
export async function lastNetwork(material: Material, split: Split, choice: Choice): Promise<Fitted> {
  const { settings, finish } = material;
  const chosen = choice.network;
  if (choice.kept === 'linear') return chosen ?? untrained(material, split.train);
  if (chosen && finish?.aborted) return chosen;
  // What the choice has shown is used on a network that learns from all of the training part.
  const epochs = chosen && settings.patience !== undefined ? chosen.bestEpoch : settings.epochs;
  const watched = chosen ? new Int32Array(0) : split.heldOut;
  const last = await fitNetwork(material, { members: split.train, epochs, watched, choose: false });
  // A network that has learned all it could from most of the training part beats one that was cut off.
  return chosen && last.finishedEarly ? chosen : last;
}

/** A network that no verdict asks: a classifier's file has room for one. */
function untrained(material: Material, members: Int32Array): Promise<Fitted> {
  return fitNetwork(material, { members, epochs: 0, watched: new Int32Array(0), choose: false });
}

export function fitLinear({ settings, data, texts, labels, positive }: Material, members: Int32Array): LinearModel {
  const sides = Array.from(members, (i) => sideOf(labels[i], positive));
  return LinearModel.fit(pick(texts, members), sides, data.classes.length, { seed: settings.seed });
}

async function networkScores(
  { backend, settings, tokens }: Material,
  part: NetworkPart,
  members: Int32Array,
): Promise<number[][]> {
  const scorer = new NetworkScorer(backend, part, settings.maximumTokens);
  try {
    return await scorer.logits(pick(tokens, members));
  } finally {
    scorer.dispose();
  }
}

function pick<T>(items: ArrayLike<T>, members: ArrayLike<number>): T[] {
  return Array.from(members, (i) => items[i]);
}

function usesEvidence(settings: ClassifierSettings): boolean {
  return settings.evidence && settings.vectors === 'frozen';
}

function validationSplit(
  { texts, labels, settings }: Material,
  train: Int32Array,
): { fitting: Int32Array; validation: Int32Array } {
  if (settings.validationFraction === 0) return { fitting: train, validation: new Int32Array(0) };
  const inner = splitExamples(pick(texts, train), pick(labels, train), settings.validationFraction, settings.seed + 1);
  return { fitting: inner.train.map((k) => train[k]), validation: inner.heldOut.map((k) => train[k]) };
}

interface FitPart {
  /** Texts to learn from. */
  members: Int32Array;
  epochs: number;
  /** Texts to measure after each epoch; with `choose` the best epoch by them is kept. */
  watched: Int32Array;
  choose: boolean;
}

/** Encodes the texts and trains one network on `members`. */
async function fitNetwork(material: Material, part: FitPart): Promise<Fitted> {
  const { settings, backend, data, onEvent, signal: cancel, finish, labels, positive } = material;
  const { vectors } = material.vectors;
  const { members } = part;
  // The network learns from the beginning of a long text, so only that gives evidence.
  const tokens = material.tokens.map((text) => text.slice(0, settings.maximumTokens));
  const classes = data.classes.length;
  let encoders = [new Encoder(vectors)];
  const encoderOf = new Uint8Array(tokens.length);
  if (usesEvidence(settings)) {
    // Training texts take their evidence from the other folds, all others from every training text.
    const random = new Random(settings.seed, 41);
    const foldOf = Uint8Array.from(members, () => random.integer(evidenceFolds));
    const folds = crossFit(pick(tokens, members), pick(labels, members), classes, foldOf, evidenceFolds);
    const whole = Evidence.count(
      pick(tokens, members),
      pick(labels, members),
      classes,
      material.wordLimit ?? defaultWordLimit,
    );
    encoders = [...folds, whole].map((evidence) => new Encoder(vectors, evidence));
    encoderOf.fill(evidenceFolds);
    members.forEach((member, k) => (encoderOf[member] = foldOf[k]));
  }
  const encoder = encoders[encoders.length - 1];
  const encoded = encodeTexts(tokens, encoders, encoderOf);
  const trained = await trainNetwork(
    backend,
    {
      settings: { ...settings, epochs: part.epochs },
      classes: data.classes,
      positive,
      encoded,
      inputSize: encoder.size,
      labels,
      train: members,
      validation: part.watched,
      choose: part.choose,
    },
    part.watched.length > 0 ? onEvent : undefined,
    { cancel, finish },
  );
  const learned = settings.vectors === 'frozen' ? undefined : learnedVectors(encoded, trained.parameters, encoder.size);
  return {
    part: {
      spec: trained.spec,
      parameters: withoutEmbedding(trained.spec, trained.parameters),
      encoder: new Encoder(vectors, encoder.evidence, learned),
    },
    history: trained.history,
    bestEpoch: trained.history.findLast((event) => event.best)?.epoch ?? part.epochs,
    finishedEarly: trained.finishedEarly,
  };
}

/** Numbers that are trained beside the word vectors. */
export function recurrentParameters({ settings, vectors: { vectors }, data }: ClassifierTask): number {
  const evidence = usesEvidence(settings) ? Evidence.count([], [], data.classes.length) : undefined;
  const { size } = new Encoder(vectors, evidence);
  return parameterCount(classifierSpec(settings, data.classes.length, 1, size)) - size;
}

function learnedVectors(encoded: EncodedTexts, parameters: Float32Array, size: number): Map<string, Float32Array> {
  return new Map(encoded.keys.map((key, row) => [key, parameters.slice(row * size, (row + 1) * size)]));
}
