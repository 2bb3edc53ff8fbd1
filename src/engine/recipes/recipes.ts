/**
 * The named configurations: seven teaching systems of recurrent language modelling, each exactly as published, with the
 * figures it must reproduce, and an every-step variant of each character recipe.
 */
import { classifierVariants } from '../../common/classifierProtocol';
import { InklingError } from '../../common/errors';
import type { LayerConfig, ObjectiveKind, TrainingConfig } from '../../common/trainingConfig';

/** A published figure of a recipe, in nats. */
export interface PublishedFigure {
  measure: 'trainLoss' | 'smoothedLoss' | 'heldOutLoss';
  /** After how many epochs, or after how many steps. */
  at: { epoch: number } | { step: number };
  value: number;
}

export interface Recipe {
  id: string;
  title: string;
  description: string;
  /** The name of the text of the published figures. */
  text: string;
  published: PublishedFigure[];
  config: TrainingConfig;
  /** The objectives it can be trained with; the first is the original one. */
  objectives: ObjectiveKind[];
}

const afterEpochs = (...values: number[]): PublishedFigure[] =>
  values.map((value, i) => ({ measure: 'trainLoss', at: { epoch: i + 1 }, value }));

/** The common settings of the windowed character recipes. Keras shuffles the windows in every epoch. */
function windowRecipe(
  recipe: string,
  steps: number,
  stride: number,
  layers: LayerConfig[],
  rest: Pick<TrainingConfig, 'batch' | 'optimiser' | 'budget' | 'samples'> & {
    lowercase?: boolean;
    scalar?: boolean;
    padding?: 'space';
  },
): TrainingConfig {
  return {
    recipe,
    seed: 1,
    text: {
      unit: 'character',
      lowercase: rest.lowercase ?? true,
      normalization: 'none',
      examples: 'text',
      heldOut: { kind: 'none', fraction: 0 },
    },
    network: {
      cell: 'lstm',
      input: { kind: rest.scalar ? 'scalar' : 'one-hot' },
      layers,
      initialisation: { kind: 'keras' },
    },
    objective: {
      kind: 'last-step',
      steps,
      stride,
      reduction: 'mean',
      carryState: false,
      shuffle: true,
      ...(rest.padding && { padding: rest.padding }),
    },
    batch: rest.batch,
    optimiser: rest.optimiser,
    schedule: { kind: 'constant' },
    budget: rest.budget,
    evaluation: { every: 'epoch', maximumTargets: 20000 },
    keep: 'best-train',
    samples: rest.samples,
  };
}

/** One of the three variants of the word-level recipe. */
function wordRecipe(variant: string, cell: 'rnn' | 'lstm', units: number[]): TrainingConfig {
  return {
    recipe: `shakespeare-words-${variant}`,
    seed: 42,
    text: {
      unit: 'word',
      lowercase: true,
      normalization: 'none',
      examples: 'line-prefixes',
      heldOut: { kind: 'random', fraction: 0.2 },
      maximumExamples: 20000,
    },
    network: {
      cell,
      input: { kind: 'embedding', dimensions: 100 },
      layers: units.map((n) => ({ units: n, dropout: 0 })),
      initialisation: { kind: 'keras' },
    },
    objective: { kind: 'last-step', steps: 16, stride: 1, reduction: 'mean', carryState: false, shuffle: true },
    batch: 64,
    optimiser: { kind: 'adam', learningRate: 0.001 },
    schedule: { kind: 'constant' },
    budget: { epochs: 10 },
    evaluation: { every: 'epoch', maximumTargets: 20000 },
    // The published figures are those of the last epoch, although it is overfitted; a notice names the best epoch.
    keep: 'last',
    samples: {
      every: 'epoch',
      temperatures: [0.2, 1, 1.5],
      length: 20,
      prompt: { kind: 'text', text: 'to be or not to be' },
      count: 1,
    },
  };
}

const adam = { kind: 'adam', learningRate: 0.001 } as const;

export const recipes: readonly Recipe[] = [
  {
    id: 'nietzsche',
    title: 'Nietzsche, a character LSTM at four temperatures',
    description:
      'One LSTM layer of 128 units reads windows of 60 characters and learns the character that follows. After every ' +
      'epoch it continues a random window of the text at temperatures 0.2, 0.5, 1.0 and 1.2. Published with RMSprop at ' +
      'a learning rate of 0.01, at which the original run diverged after epoch 56; here the divergence guard watches.',
    text: 'nietzsche.txt',
    published: [
      ...afterEpochs(1.9895, 1.6382, 1.546, 1.4973),
      { measure: 'trainLoss', at: { epoch: 36 }, value: 1.307 },
    ],
    objectives: ['last-step', 'every-step'],
    config: windowRecipe('nietzsche', 60, 3, [{ units: 128, dropout: 0 }], {
      batch: 128,
      optimiser: { kind: 'rmsprop', learningRate: 0.01 },
      budget: { epochs: 60 },
      samples: { every: 'epoch', temperatures: [0.2, 0.5, 1, 1.2], length: 400, prompt: { kind: 'window' }, count: 1 },
    }),
  },
  {
    id: 'leopardi',
    title: 'Leopardi, a poetry generator',
    description:
      'One LSTM layer of 128 units over windows of 40 characters, one at every character, with upper case kept. It ' +
      'continues a prompt by 400 characters at temperature 0.5.',
    text: 'leopardi_canti_1835.txt',
    published: [],
    objectives: ['last-step', 'every-step'],
    config: windowRecipe('leopardi', 40, 1, [{ units: 128, dropout: 0 }], {
      lowercase: false,
      padding: 'space',
      batch: 128,
      optimiser: adam,
      budget: { epochs: 100 },
      samples: { every: 'epoch', temperatures: [0.5], length: 400, prompt: { kind: 'window' }, count: 1 },
    }),
  },
  {
    id: 'dinosaur-names',
    title: 'Dinosaur names, one per line',
    description:
      'A tanh RNN of 50 units learns one name at a time by plain stochastic gradient descent, every gradient element ' +
      'clipped to ±5, the hidden state carried from one name to the next. Every 2,000 names it invents seven.',
    text: 'dinos.txt',
    published: [
      { measure: 'smoothedLoss', at: { step: 1 }, value: 23.087336 },
      { measure: 'smoothedLoss', at: { step: 2001 }, value: 27.88416 },
      { measure: 'smoothedLoss', at: { step: 34001 }, value: 22.45577 },
    ],
    objectives: ['every-step'],
    config: {
      recipe: 'dinosaur-names',
      seed: 1,
      text: {
        unit: 'character',
        lowercase: true,
        normalization: 'none',
        examples: 'lines',
        heldOut: { kind: 'none', fraction: 0 },
      },
      network: {
        cell: 'rnn',
        input: { kind: 'one-hot' },
        layers: [{ units: 50, dropout: 0 }],
        initialisation: { kind: 'normal', scale: 0.01 },
      },
      objective: { kind: 'every-step', steps: 64, stride: 1, reduction: 'sum', carryState: true, shuffle: true },
      batch: 1,
      optimiser: { kind: 'sgd', learningRate: 0.01, clipValue: 5 },
      schedule: { kind: 'constant' },
      budget: { maxSteps: 35000 },
      evaluation: { every: 2000, atStart: true, maximumTargets: 20000 },
      keep: 'last',
      samples: { every: 2000, temperatures: [1], length: 50, prompt: { kind: 'none' }, count: 7 },
      smoothedLoss: { decay: 0.999, startLength: 7 },
    },
  },
  {
    id: 'sonnets',
    title: 'Sonnets, a stacked LSTM that is trained further',
    description:
      'Two LSTM layers of 128 units with dropout 0.2 after each, over windows of 40 characters. Made to be saved, ' +
      'loaded and trained for one more epoch, after which it ends the poem that you begin.',
    text: 'sonnets.txt',
    published: [],
    objectives: ['last-step', 'every-step'],
    config: windowRecipe(
      'sonnets',
      40,
      3,
      [
        { units: 128, dropout: 0.2 },
        { units: 128, dropout: 0.2 },
      ],
      {
        batch: 128,
        optimiser: adam,
        budget: { epochs: 20 },
        samples: { every: 'epoch', temperatures: [1], length: 400, prompt: { kind: 'window' }, count: 1 },
      },
    ),
  },
  {
    id: 'shakespeare-words-rnn',
    title: 'Shakespeare by words, a simple RNN',
    description:
      'Every beginning of a line predicts its next word: an embedding of 100 numbers, then a tanh RNN of 150 units. A ' +
      'random fifth of 20,000 examples is held out; the model overfits, and says so.',
    text: 'tinyshakespeare.txt',
    published: [],
    objectives: ['last-step'],
    config: wordRecipe('rnn', 'rnn', [150]),
  },
  {
    id: 'shakespeare-words-lstm',
    title: 'Shakespeare by words, one LSTM layer',
    description:
      'Every beginning of a line predicts its next word: an embedding of 100 numbers, then an LSTM of 150 units. A ' +
      'random fifth of 20,000 examples is held out; the model overfits, and says so.',
    text: 'tinyshakespeare.txt',
    published: [],
    objectives: ['last-step'],
    config: wordRecipe('lstm', 'lstm', [150]),
  },
  {
    id: 'shakespeare-words-stacked',
    title: 'Shakespeare by words, two LSTM layers',
    description:
      'Every beginning of a line predicts its next word: an embedding of 100 numbers, then LSTM layers of 150 and 100 ' +
      'units. A random fifth of 20,000 examples is held out; the model overfits, and says so.',
    text: 'tinyshakespeare.txt',
    published: [
      { measure: 'trainLoss', at: { epoch: 10 }, value: 2.99 },
      { measure: 'heldOutLoss', at: { epoch: 10 }, value: 7.78 },
    ],
    objectives: ['last-step'],
    config: wordRecipe('stacked', 'lstm', [150, 100]),
  },
  {
    id: 'alice',
    title: 'Alice, an LSTM that reads one number per character',
    description:
      'The character enters as the single number index / vocabulary, and one LSTM layer of 256 units with dropout 0.2 ' +
      'must make sense of it over windows of 100. The weights of the best epoch are kept; generation is greedy.',
    text: 'wonderland.txt',
    published: afterEpochs(2.7684, 2.6727, 2.5919, 2.524, 2.464),
    objectives: ['last-step', 'every-step'],
    config: windowRecipe('alice', 100, 1, [{ units: 256, dropout: 0.2 }], {
      scalar: true,
      batch: 128,
      optimiser: adam,
      budget: { epochs: 20 },
      samples: { every: 'epoch', temperatures: [0], length: 1000, prompt: { kind: 'window' }, count: 1 },
    }),
  },
  {
    id: 'alice-large',
    title: 'Alice with two LSTM layers',
    description:
      'As alice, with two LSTM layers of 256 units, dropout 0.2 after each, and a batch of 64: about half a nat better ' +
      'after five epochs.',
    text: 'wonderland.txt',
    published: afterEpochs(2.7761, 2.3971, 2.1929, 2.0606, 1.9658),
    objectives: ['last-step', 'every-step'],
    config: windowRecipe(
      'alice-large',
      100,
      1,
      [
        { units: 256, dropout: 0.2 },
        { units: 256, dropout: 0.2 },
      ],
      {
        scalar: true,
        batch: 64,
        optimiser: adam,
        budget: { epochs: 50 },
        samples: { every: 'epoch', temperatures: [0], length: 1000, prompt: { kind: 'window' }, count: 1 },
      },
    ),
  },
];

/** The recipe that trains a classifier instead of a language model, which has its own command. */
export const spamRecipe = {
  id: 'sms-spam',
  title: 'SMS spam, in six variants',
  description:
    'A recurrent layer of 64 units over frozen word vectors tells spam from other messages: tanh RNN, LSTM or GRU, reading ' +
    'forward only or both ways, messages padded or cut to 50 tokens or in their own lengths. Batches of 512, 20 epochs.',
  text: 'SMSSpamCollection',
  variants: classifierVariants,
  command: 'inkling train-classifier SMSSpamCollection --recipe sms-spam --variant lstm',
};

/** The recipe with this id. Throws `invalidInput` naming the available ids, or the command of `spamRecipe`. */
export function findRecipe(id: string): Recipe {
  if (id === spamRecipe.id) {
    throw new InklingError('invalidInput', `The recipe ${id} trains a classifier: run "${spamRecipe.command}".`);
  }
  const recipe = recipes.find((candidate) => candidate.id === id);
  if (recipe) return recipe;
  throw new InklingError(
    'invalidInput',
    `There is no recipe "${id}"; there are: ${[...recipes, spamRecipe].map((candidate) => candidate.id).join(', ')}.`,
  );
}

/**
 * A copy of a recipe's config, by default with its own objective. Throws `invalidInput` for an unknown id, or for an
 * objective that the recipe's examples do not allow.
 */
export function recipeFor(id: string, objective?: ObjectiveKind): TrainingConfig {
  const recipe = findRecipe(id);
  const config = structuredClone(recipe.config);
  if (objective === undefined || objective === config.objective.kind) return config;
  if (!recipe.objectives.includes(objective)) {
    throw new InklingError(
      'invalidInput',
      `The recipe ${id} is trained ${recipe.objectives.join(' or ')} only; omit --objective.`,
    );
  }
  return everyStepTwin(config);
}

/** Passes of an every-step variant over its text; a long text needs fewer. */
const twinEpochs: Record<string, number> = { nietzsche: 3 };
const usualTwinEpochs = 10;
/** Few epochs would give few samples, so then they are written after a number of steps. */
const twinSampleSteps = 300;

/**
 * The same network on the same text, trained with a loss at every step: stateful truncated back-propagation through
 * contiguous text. Each recurrent step then yields a prediction, whereas a window of 60 yields only one.
 */
function everyStepTwin(config: TrainingConfig): TrainingConfig {
  const epochs = twinEpochs[config.recipe] ?? usualTwinEpochs;
  const widest = Math.max(...config.network.layers.map((layer) => layer.units));
  return {
    ...config,
    objective: { kind: 'every-step', steps: 64, stride: 1, reduction: 'mean', carryState: true, shuffle: false },
    batch: 8,
    optimiser: { kind: 'adam', learningRate: Math.min(0.04, 5.12 / widest), clipNorm: 5 },
    schedule: { kind: 'cosine', warmupSteps: 20, finalFraction: 0.05, epochs },
    budget: { epochs },
    samples: epochs < usualTwinEpochs ? { ...config.samples, every: twinSampleSteps } : config.samples,
  };
}
