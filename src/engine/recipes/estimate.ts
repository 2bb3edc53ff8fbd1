/** Estimates the network and the duration of a run with given settings, by running a few steps on the text itself. */
import type { Estimate } from '../../common/engineProtocol';
import { asInklingError } from '../../common/errors';
import type { TrainingConfig } from '../../common/trainingConfig';
import { validateConfig } from '../../common/trainingConfigRules';
import type { Compute } from '../backends/backend';
import type { BatchPlan } from '../corpus/batchPlan';
import { trainingBatches } from '../corpus/batchSource';
import { buildCorpus, type Corpus } from '../corpus/corpus';
import { planBatches } from '../corpus/planBatches';
import type { NamedText } from '../corpus/readTextFile';
import { initialiseParameters } from '../model/initialisation';
import { describeNetwork } from '../model/modelSummary';
import { networkSpecOf } from '../model/networkSpecOf';
import { updateOf } from '../training/updateOf';
import { evaluationShare } from './automatic';
import { secondsPerStep } from './speedProbe';
import { kindNotice } from './textKind';

/** For each of the settings, after one warm-up step. */
const measureMs = 150;

/**
 * Estimates one after the other and reports each to `onEstimate`, with the reason if a text does not fit the settings.
 * Settings with the same text options are processed together, so that a long text is encoded once for them and only one
 * encoding is held at a time.
 */
export async function estimateRuns(
  texts: readonly NamedText[],
  compute: Compute,
  configs: readonly TrainingConfig[],
  onEstimate: (index: number, estimate: Estimate) => void,
): Promise<void> {
  const alike = new Map<string, number[]>();
  configs.forEach(({ text }, index) => {
    const key = JSON.stringify(text);
    alike.set(key, [...(alike.get(key) ?? []), index]);
  });
  for (const indices of alike.values()) {
    let corpus: Corpus | undefined;
    for (const index of indices) {
      try {
        const config = validateConfig(configs[index]);
        corpus ??= buildCorpus(texts, config.text);
        const notice = texts.map((text) => kindNotice(text, config)).find((sentence) => sentence !== undefined);
        onEstimate(index, {
          ...(await estimateRun(corpus, compute, config)),
          ...(notice === undefined ? {} : { notice }),
        });
      } catch (error) {
        onEstimate(index, { problem: asInklingError(error).told });
      }
    }
  }
}

async function estimateRun(
  corpus: Corpus,
  compute: Compute,
  config: TrainingConfig,
): Promise<{ network: string; seconds: number }> {
  const plan = planBatches(corpus, config);
  const { stepsPerEpoch } = plan;
  const { epochs = Infinity, maxSteps = Infinity, maxSeconds = Infinity } = config.budget;
  const steps = Math.min(maxSteps, epochs * stepsPerEpoch);
  const stepSeconds = await stepTime(corpus, plan, compute, config);
  const { every, maximumTargets } = config.evaluation;
  const evaluations = every === 'epoch' ? steps / stepsPerEpoch : steps / every;
  const evaluated = evaluations * Math.min(plan.heldOutTargets, maximumTargets) + plan.heldOutTargets;
  const training = steps * stepSeconds;
  const evaluating = (evaluated * evaluationShare * stepSeconds * stepsPerEpoch) / plan.trainTargets;
  return {
    network: describeNetwork(networkSpecOf(config, corpus.vocabulary.size)),
    seconds: Math.min(maxSeconds, training + evaluating),
  };
}

async function stepTime(corpus: Corpus, plan: BatchPlan, compute: Compute, config: TrainingConfig): Promise<number> {
  const spec = networkSpecOf(config, corpus.vocabulary.size);
  const parameters = await initialiseParameters(spec, config.network.initialisation, config.seed);
  const network = await compute.createNetwork(spec, parameters, plan.limits);
  const batches = trainingBatches(plan, config.seed);
  const { learningRate } = config.optimiser;
  try {
    return await secondsPerStep(measureMs, (step) => {
      const { batch, tokens } = batches.next();
      return network.trainStep(batch, updateOf(config, { learningRate, targets: tokens, step }));
    });
  } finally {
    network.dispose();
  }
}
