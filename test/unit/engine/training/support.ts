/** Small runs for the tests of this room: a made-up text, and a trainer that keeps its events. */
import type { TrainEvent } from '../../../../src/common/trainEvents';
import type { TrainingConfig } from '../../../../src/common/trainingConfig';
import type { Backend } from '../../../../src/engine/backends/backend';
import { createReferenceBackend } from '../../../../src/engine/backends/reference/referenceBackend';
import { buildCorpus } from '../../../../src/engine/corpus/corpus';
import { planBatches } from '../../../../src/engine/corpus/planBatches';
import { initialiseParameters } from '../../../../src/engine/model/initialisation';
import { Random } from '../../../../src/engine/random';
import { networkSpecOf } from '../../../../src/engine/model/networkSpecOf';
import { Trainer, type TrainedRun, type TrainerOptions } from '../../../../src/engine/training/trainer';

/** Sentences of few words in an order that the seed determines: regular enough to be learned in a few steps. */
export function madeText(characters: number, seed = 1): string {
  const words = ['the', 'sea', 'was', 'calm', 'and', 'a', 'ship', 'went', 'by', 'slowly', 'under', 'sail'];
  const random = new Random(seed);
  let text = '';
  while (text.length < characters) text += words[random.integer(words.length)] + (random.integer(9) ? ' ' : '.\n');
  return text.slice(0, characters);
}

export interface Watched extends TrainedRun {
  events: TrainEvent[];
}

/** Trains `config` on `text` with the reference backend; `watch` sees every event as it comes. */
export async function train(
  config: TrainingConfig,
  text: string,
  { backend = createReferenceBackend(), ...options }: Partial<TrainerOptions> & { backend?: Backend } = {},
  watch: (event: TrainEvent, trainer: Trainer) => void = () => {},
): Promise<Watched> {
  const events: TrainEvent[] = [];
  const corpus = buildCorpus([{ name: 'made.txt', text }], config.text);
  const plan = planBatches(corpus, config);
  const spec = networkSpecOf(config, corpus.vocabulary.size);
  const parameters =
    options.state?.parameters ?? (await initialiseParameters(spec, config.network.initialisation, config.seed));
  const trainer: Trainer = new Trainer({
    config,
    corpus,
    plan,
    network: await backend.createNetwork(spec, parameters, plan.limits),
    modelPath: 'unused',
    onEvent: (event) => {
      events.push(event);
      watch(event, trainer);
    },
    ...options,
  });
  return { ...(await trainer.run()), events };
}

/** Events of one kind. */
export function of<K extends TrainEvent['event']>(events: TrainEvent[], kind: K): Extract<TrainEvent, { event: K }>[] {
  return events.filter((event): event is Extract<TrainEvent, { event: K }> => event.event === kind);
}
