/** What given settings would train on a text, and for how long: measured by a few steps of them on the text itself. */
import type { Estimate } from '../../common/engineProtocol';
import { asInklingError } from '../../common/errors';
import type { TrainingConfig } from '../../common/trainingConfig';
import type { Backend } from '../backends/backend';
import { createBatches, heldOutTargets, networkLimits, trainTargets } from '../corpus/batches';
import { buildCorpus, type Corpus } from '../corpus/corpus';
import { initialiseParameters } from '../model/initialisation';
import { describeNetwork } from '../model/modelSummary';
import { networkSpecOf } from '../training/networkSpecOf';
import { updateOf } from '../training/updateOf';
import { evaluationShare } from './automatic';

/** After one step that warms up. */
const measureMs = 150;

/** One after the other, each told to `onEstimate` as it is known; a text that does not fit some settings says why. */
export async function estimateRuns(
  texts: readonly { name: string; text: string }[],
  backend: Backend,
  configs: readonly TrainingConfig[],
  onEstimate: (index: number, estimate: Estimate) => void,
): Promise<void> {
  for (const [index, config] of configs.entries()) {
    onEstimate(
      index,
      await estimateRun(texts, backend, config).catch((error) => ({ problem: asInklingError(error).message })),
    );
  }
}

async function estimateRun(
  texts: readonly { name: string; text: string }[],
  backend: Backend,
  config: TrainingConfig,
): Promise<Estimate> {
  const corpus = buildCorpus(texts, config.text);
  const { stepsPerEpoch } = createBatches(corpus, config, config.seed);
  const { epochs = Infinity, maxSteps = Infinity, maxSeconds = Infinity } = config.budget;
  const steps = Math.min(maxSteps, epochs * stepsPerEpoch);
  const stepSeconds = await secondsPerStep(corpus, backend, config);
  const targets = trainTargets(corpus, config);
  const { every, maximumTargets } = config.evaluation;
  const evaluations = every === 'epoch' ? steps / stepsPerEpoch : steps / every;
  const heldOut = heldOutTargets(corpus, config);
  const evaluated = evaluations * Math.min(heldOut, maximumTargets) + heldOut;
  const training = steps * stepSeconds;
  const evaluating = (evaluated * evaluationShare * stepSeconds * stepsPerEpoch) / targets;
  return {
    network: describeNetwork(networkSpecOf(config, corpus.vocabulary.size)),
    seconds: Math.min(maxSeconds, training + evaluating),
  };
}

async function secondsPerStep(corpus: Corpus, backend: Backend, config: TrainingConfig): Promise<number> {
  const spec = networkSpecOf(config, corpus.vocabulary.size);
  const batches = createBatches(corpus, config, config.seed);
  const parameters = initialiseParameters(spec, config.network.initialisation, config.seed);
  const network = await backend.createNetwork(spec, parameters, { ...networkLimits(corpus, config), streams: 1 });
  const { learningRate } = config.optimiser;
  try {
    let began = 0;
    let elapsedMs = 0;
    let step = 0;
    for (; step < 2 || elapsedMs < measureMs; step++) {
      if (step === 1) began = performance.now();
      const { batch, tokens } = batches.next();
      await network.trainStep(batch, updateOf(config, { learningRate, targets: tokens, step }));
      elapsedMs = performance.now() - began;
    }
    return elapsedMs / 1000 / (step - 1);
  } finally {
    network.dispose();
  }
}
