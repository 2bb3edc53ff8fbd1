/**
 * Chooses what produces the verdicts of a classifier, the network, the linear model or both: each is trained on a part
 * of the training texts and tested on the rest, and the results decide (mixing.ts). If there are few texts, a single
 * part is too small for that; then every text is tested once by models trained on the others (cross-validation).
 */
import type {
  CandidateScores,
  ClassifierEpochEvent,
  ClassifierSettings,
  LearningCurve,
  Mix,
  ModelPart,
} from '../../common/classifierProtocol';
import { InklingError } from '../../common/errors';
import { initialiseParameters } from '../model/initialisation';
import { parameterCount } from '../model/networkSpec';
import { Random } from '../random';
import { sideOf, withoutEmbedding } from './classifier';
import type { ClassifierTask } from './classifierTask';
import { Encoder, encodeTexts, type EncodedTexts } from './encoder';
import { crossFit, Evidence } from './evidence';
import { LinearModel } from './linearModel';
import { learningCurve } from './learningCurve';
import { classificationReport, likeliest } from './metrics';
import { compareMixes, mixesOf, mixScores, networkAlone, scaleOf, type PartScores } from './mixing';
import { classifierSpec, trainNetwork } from './networkTraining';
import { NetworkScorer, type NetworkPart } from './networkScorer';
import { worstOf, type Piece, type Score } from './passages';
import { foldExamples, splitExamples, type Split } from './split';
import type { CountedText } from './textFeatures';
import type { Token } from './tokens';

const evidenceFolds = 5;
/** The maximum number of words for evidence and baselines, unless the task says otherwise. */
export const defaultWordLimit = 20000;
/** With fewer training texts than this, the choice is made by cross-validation. */
const fewTexts = 500;
const choiceFolds = 5;
/** Of many texts, this number of folds is enough for the smaller points of the learning curve. */
const curveFolds = 2;
/** With this macro F1 a linear model leaves too little room for a network to be worth its time. */
const goodAlone = 0.97;

/** The task with its texts read. */
export interface Material extends ClassifierTask {
  texts: string[];
  tokens: Token[][];
  /** Each text as a whole and its passages, if long texts are read passage by passage. */
  pieces: [Piece, ...Piece[]][];
  /** Class id of each text. */
  labels: Int32Array;
  positive: number | null;
  /** What the linear model starts from. */
  from?: LinearModel;
}

export interface PartChoice {
  mix: Mix;
  /** Undefined for a network alone. */
  kept?: ModelPart;
  mixes: Partial<Record<ModelPart, Mix>>;
  candidates: CandidateScores[];
  /**
   * The texts for the decision, with scores of models that were not trained on them; empty if nothing was set aside.
   */
  members: Int32Array;
  scores: Score[];
  /** The network of the choice, if one was trained. */
  network?: Fitted;
  /** Absent for a network alone. */
  learningCurve?: LearningCurve;
  start?: Start;
}

/** The model that the linear one starts from, and the macro F1 with and without it. */
interface Start {
  from: LinearModel;
  macroF1: number;
  without: number;
}

/** The scores of the parts for texts that they were not trained on. */
interface HeldOutScores {
  /** Indices of the texts. */
  members: number[];
  /** Of all pieces of these texts, in order. */
  scores: PartScores;
}

interface Fitted {
  part: NetworkPart;
  history: ClassifierEpochEvent[];
  bestEpoch: number;
  finishedEarly: boolean;
}

/** Settings for `texts` training texts: batches small enough and enough epochs for the minimum number of updates. */
export function withEnoughUpdates(settings: ClassifierSettings, texts: number): ClassifierSettings {
  if (settings.leastUpdates === 0) return settings;
  const batch = Math.min(settings.batch, Math.max(8, 2 ** Math.floor(Math.log2(texts / 8))));
  const epochs = Math.max(settings.epochs, Math.ceil(settings.leastUpdates / Math.ceil(texts / batch)));
  return { ...settings, batch, epochs: Math.min(1000, epochs) };
}

/** Trains on parts of `train` and decides what is kept. Throws like `trainNetwork`. */
export async function chooseParts(given: Material, train: Int32Array): Promise<PartChoice> {
  if (given.settings.model === 'network') return chooseEpoch(given, train);
  const folds = foldsOf(given, train);
  const alone = await crossValidateLinear(given, folds);
  const mayStart = given.shipped && train.length < fewTexts;
  const started = mayStart ? await crossValidateStarted(given, folds, alone, given.shipped!) : undefined;
  const linear = started?.tested ?? alone;
  const material = { ...given, from: started?.start.from };
  const choice = await chooseMix(material, train, folds, linear);
  return { ...choice, start: started?.start };
}

async function chooseMix(
  material: Material,
  train: Int32Array,
  folds: readonly Split[],
  linear: HeldOutScores,
): Promise<PartChoice> {
  const learningCurve = curveOf(material, folds, linear);
  if (!mayNeedNetwork(material, linear)) {
    const decision = decideOn(material, linear, linear);
    return { ...decision, ...scoresOf(material, linear, decision.mix), learningCurve };
  }
  const { decisive, network } =
    train.length < fewTexts ? await crossValidateNetwork(material, folds, linear) : await validateBoth(material, train);
  const decision = decideOn(material, decisive, linear);
  const basis = decision.kept === 'linear' ? linear : decisive;
  return { ...decision, ...scoresOf(material, basis, decision.mix), network, learningCurve };
}

/** A network alone: the validation part chooses its best epoch. */
async function chooseEpoch(material: Material, train: Int32Array): Promise<PartChoice> {
  const none: PartChoice = { mix: networkAlone, mixes: {}, candidates: [], members: new Int32Array(0), scores: [] };
  const { fitting, validation } = validationSplit(material, train);
  if (validation.length === 0) return none;
  const network = await fitWatched(material, fitting, validation);
  const decisive = {
    members: [...validation],
    scores: { network: await networkScores(material, network.part, validation) },
  };
  return { ...none, ...scoresOf(material, decisive, networkAlone), network };
}

/**
 * Whether to train a network beside the linear model, which takes many times as long: if it was requested, or if the
 * linear model makes enough errors.
 */
function mayNeedNetwork(material: Material, linear: HeldOutScores): boolean {
  const { model } = material.settings;
  return model === 'auto' ? macroF1(material, linear) < goodAlone : model !== 'linear';
}

/** Of the linear model on whole texts that it was not trained on. */
function macroF1(material: Material, { members, scores }: HeldOutScores): number {
  const { labels, positive } = material;
  const pieces = piecesFor(material, members);
  const rows = scores.linear!.filter((_, i) => !pieces[i].passage);
  const predicted = rows.map((row) => (row.length === 1 ? Number(row[0] > 0) : likeliest(row)));
  const truth = members.map((i) => sideOf(labels[i], positive));
  return classificationReport(truth, predicted, sidesOf(material)).macro.f1 ?? 0;
}

/** The names of the classes as the linear model numbers them (`sideOf`). */
function sidesOf({ positive, data: { classes } }: Material): string[] {
  return positive === null ? classes : [classes[1 - positive], classes[positive]];
}

function foldsOf({ texts, labels, settings }: Material, train: Int32Array): Split[] {
  return foldExamples(pick(texts, train), pick(labels, train), choiceFolds, settings.seed + 1).map((fold) => ({
    ...fold,
    train: fold.train.map((k) => train[k]),
    heldOut: fold.heldOut.map((k) => train[k]),
  }));
}

/** The scores of the linear model for each text when trained on the other folds. */
async function crossValidateLinear(material: Material, folds: readonly Split[]): Promise<HeldOutScores> {
  const tested = { members: [] as number[], scores: { linear: [] as number[][] } };
  for (const { train, heldOut } of folds) {
    await yieldUnlessCancelled(material);
    tested.members.push(...heldOut);
    tested.scores.linear.push(...linearScores(material, fitLinear(material, train), heldOut));
  }
  return tested;
}

/** The same for a linear model that starts from `from`; undefined if that is worse than `alone`. */
async function crossValidateStarted(
  material: Material,
  folds: readonly Split[],
  alone: HeldOutScores,
  from: LinearModel,
): Promise<{ tested: HeldOutScores; start: Start } | undefined> {
  const started = { ...material, from };
  const tested = await crossValidateLinear(started, folds);
  const start = { from, macroF1: macroF1(started, tested), without: macroF1(material, alone) };
  return start.macroF1 >= start.without ? { tested, start } : undefined;
}

/** `tested` with the scores of the network, too, and the network of the first fold. */
async function crossValidateNetwork(
  material: Material,
  folds: readonly Split[],
  tested: HeldOutScores,
): Promise<{ decisive: HeldOutScores; network?: Fitted }> {
  const network: number[][] = [];
  let first: Fitted | undefined;
  for (const { train: members, heldOut } of folds) {
    await yieldUnlessCancelled(material);
    // If training is ended early, what is known by then is used.
    if (material.finish?.aborted) return { decisive: tested, network: first };
    const watched = first ? new Int32Array(0) : heldOut;
    const fitted = await fitNetwork(material, { members, epochs: material.settings.epochs, watched, choose: false });
    first ??= fitted;
    network.push(...(await networkScores(material, fitted.part, heldOut)));
  }
  return { decisive: { ...tested, scores: { ...tested.scores, network } }, network: first };
}

/** Both parts, trained on the same texts and tested on the validation part. */
async function validateBoth(
  material: Material,
  train: Int32Array,
): Promise<{ decisive: HeldOutScores; network: Fitted }> {
  const { fitting, validation } = validationSplit(material, train);
  const network = await fitWatched(material, fitting, validation);
  const scores = {
    network: await networkScores(material, network.part, validation),
    linear: linearScores(material, fitLinear(material, fitting), validation),
  };
  return { decisive: { members: [...validation], scores }, network };
}

/** Lets the event loop turn, which may deliver a cancellation. Throws `cancelled` if it did. */
async function yieldUnlessCancelled({ signal }: Material): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  if (signal?.aborted) throw new InklingError('cancelled', 'Training was stopped.');
}

/** Chooses by the scores in `decisive`; the linear model is scaled by all texts in `linear`. Passages are not used. */
function decideOn(
  material: Material,
  decisive: HeldOutScores,
  linear: HeldOutScores,
): Pick<PartChoice, 'mix' | 'kept' | 'mixes' | 'candidates'> {
  const { settings, labels, positive } = material;
  const sides = ({ members }: HeldOutScores): number[] => members.map((i) => sideOf(labels[i], positive));
  const whole = ({ members, scores }: HeldOutScores): PartScores => {
    const pieces = piecesFor(material, members);
    const of = (rows: number[][] | undefined): number[][] | undefined => rows?.filter((_, i) => !pieces[i].passage);
    return { network: of(scores.network), linear: of(scores.linear) };
  };
  const mixes = mixesOf(
    scaleOf(sides(decisive), whole(decisive).network),
    scaleOf(sides(linear), whole(linear).linear),
  );
  const { kept: best, candidates } = compareMixes(mixes, sides(decisive), whole(decisive), sidesOf(material));
  const kept = settings.model !== 'auto' && settings.model in mixes ? settings.model : best;
  return { mix: mixes[kept]!, kept, mixes, candidates };
}

function scoresOf(
  { pieces }: Material,
  { members, scores }: HeldOutScores,
  mix: Mix,
): Pick<PartChoice, 'members' | 'scores'> {
  const count = (scores.network ?? scores.linear)!.length;
  const logits = Array.from({ length: count }, (_, i) => mixScores(mix, scores.network?.[i], scores.linear?.[i]));
  return { members: Int32Array.from(members), scores: worstOf(pick(pieces, members), logits) };
}

function piecesFor({ pieces }: Material, members: ArrayLike<number>): Piece[] {
  return pick(pieces, members).flat();
}

/**
 * Trained on parts of some folds and tested on the texts left out; the last point is that of `linear`. Only whole
 * texts are measured, so the other points leave passages out, which would take most of their time.
 */
function curveOf(material: Material, folds: readonly Split[], linear: HeldOutScores): LearningCurve {
  const random = new Random(material.settings.seed, 61);
  const all = Math.min(...folds.map(({ train }) => train.length));
  const parts = folds.slice(0, all < fewTexts ? choiceFolds : curveFolds).map(({ train, heldOut }) => {
    const fitting = train.slice();
    random.shuffle(fitting);
    return { fitting, members: [...heldOut] };
  });
  const whole: Material = { ...material, pieces: material.pieces.map(([text]) => [text]) };
  return learningCurve(all, (count) => {
    if (count === all) return macroF1(material, linear);
    const tested = { members: [] as number[], scores: { linear: [] as number[][] } };
    for (const { fitting, members } of parts) {
      tested.members.push(...members);
      tested.scores.linear.push(...linearScores(whole, fitLinear(whole, fitting.slice(0, count)), members));
    }
    return macroF1(whole, tested);
  });
}

/** The network of the finished classifier: if it is kept, one trained on the whole training part. */
export async function lastNetwork(material: Material, split: Split, choice: PartChoice): Promise<Fitted> {
  const { settings, finish } = material;
  const chosen = choice.network;
  if (choice.kept === 'linear') return untrained(material);
  if (chosen && finish?.aborted) return chosen;
  // The results of the choice are applied to a network that is trained on the whole training part.
  const epochs = chosen && settings.patience !== undefined ? chosen.bestEpoch : settings.epochs;
  const watched = chosen ? new Int32Array(0) : split.heldOut;
  const last = await fitNetwork(material, { members: split.train, epochs, watched, choose: false });
  // A network fully trained on most of the training part is better than one that was cut off.
  return chosen && last.finishedEarly ? chosen : last;
}

/** An unused network, because a classifier's file has to contain one. */
async function untrained(task: ClassifierTask): Promise<Fitted> {
  const encoder = emptyEncoder(task);
  const spec = classifierSpec(task.settings, task.data.classes.length, 1, encoder.size);
  const parameters = await initialiseParameters(spec, { kind: 'keras' }, task.settings.seed);
  const part = { spec, parameters: withoutEmbedding(spec, parameters), encoder };
  return { part, history: [], bestEpoch: 0, finishedEarly: false };
}

/**
 * The linear model of `members`. Every passage of a text that is not spam is not spam either, so of each such text the
 * passage that the model finds most suspicious is learned, too, if it is within the margin or beyond it.
 */
export function fitLinear(material: Material, members: Int32Array): LinearModel {
  const { settings, data, pieces, labels, positive, from, linearOptions } = material;
  const sides = Array.from(members, (i) => sideOf(labels[i], positive));
  const rows = pick(pieces, members).map(([whole]) => whole.counted);
  const suspicious = (model: LinearModel): CountedText[] =>
    pick(pieces, members).flatMap(([, ...passages], i) => {
      if (sides[i] === 1 || passages.length === 0) return [];
      const counted = passages.map((passage) => passage.counted);
      const scores = model.scoresOf(counted).map(([score]) => score);
      const worst = Math.max(...scores);
      return worst > -1 ? [counted[scores.indexOf(worst)]] : [];
    });
  return LinearModel.fitRows(rows, sides, data.classes.length, {
    ...linearOptions,
    seed: settings.seed,
    from,
    further: suspicious,
  });
}

function linearScores(material: Material, linear: LinearModel, members: ArrayLike<number>): number[][] {
  return linear.scoresOf(piecesFor(material, members).map(({ counted }) => counted));
}

/** A network trained on `fitting` at its best epoch on `validation`. */
function fitWatched(material: Material, fitting: Int32Array, validation: Int32Array): Promise<Fitted> {
  const { epochs } = material.settings;
  return fitNetwork(material, { members: fitting, epochs, watched: validation, choose: true });
}

async function networkScores(material: Material, part: NetworkPart, members: ArrayLike<number>): Promise<number[][]> {
  const scorer = new NetworkScorer(material.backend, part, material.settings);
  try {
    return await scorer.logits(piecesFor(material, members).map(({ tokens }) => tokens));
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
export function recurrentParameters(task: ClassifierTask): number {
  const { size } = emptyEncoder(task);
  return parameterCount(classifierSpec(task.settings, task.data.classes.length, 1, size)) - size;
}

/** An encoder with input vectors of the right size, and no evidence yet. */
function emptyEncoder({ settings, vectors: { vectors }, data }: ClassifierTask): Encoder {
  return new Encoder(vectors, usesEvidence(settings) ? Evidence.count([], [], data.classes.length) : undefined);
}

function learnedVectors(encoded: EncodedTexts, parameters: Float32Array, size: number): Map<string, Float32Array> {
  return new Map(encoded.keys.map((key, row) => [key, parameters.slice(row * size, (row + 1) * size)]));
}
