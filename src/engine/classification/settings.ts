/** The classifier's settings: our defaults, those of the recipe, what a user specifies, and their validation. */
import {
  classifierVariants,
  modelParts,
  spamRecipeSettings,
  variantCells,
  type ClassifierSettings,
  type ClassifierVariant,
} from '../../common/classifierProtocol';
import { InklingError } from '../../common/errors';

export const defaultClassifierSettings: ClassifierSettings = {
  model: 'auto',
  variant: 'bigru',
  units: 64,
  layers: 1,
  direction: 'forwards',
  dropout: 0.3,
  epochs: 10,
  batch: 64,
  leastUpdates: 400,
  learningRate: 0.002,
  lengths: 'ragged',
  maximumTokens: 256,
  vectors: 'frozen',
  evidence: true,
  wordDropout: 0.2,
  weightDecay: 0,
  schedule: 'cosine',
  classWeights: 'none',
  heldOutFraction: 0.2,
  duplicates: 'remove',
  validationFraction: 0.1,
  threshold: { kind: 'fixed', value: 0.5 },
  calibration: 'temperature',
  badRows: 'refuse',
  start: 'auto',
  seed: 42,
};

/** The recipe `sms-spam` as it was published: frozen vectors, 50 tokens, 20 epochs, nothing chosen by validation. */
export function recipeClassifierSettings(variant: ClassifierVariant, seed = 42): ClassifierSettings {
  return { ...defaultClassifierSettings, ...spamRecipeSettings, variant, seed };
}

/**
 * `base` with the user's settings. Naming a variant selects that network; naming a number of epochs or a batch size
 * sets exactly that, whatever the minimum number of updates.
 */
export function withGiven(base: ClassifierSettings, given: Partial<ClassifierSettings>): ClassifierSettings {
  const { variant, epochs, batch } = given;
  return {
    ...base,
    ...(variant !== undefined && { model: 'network' }),
    ...((epochs ?? batch) !== undefined && { leastUpdates: 0 }),
    ...given,
  };
}

/** Throws `invalidInput`, naming the setting and its bounds. */
export function checkClassifierSettings(settings: ClassifierSettings): void {
  const within = (key: keyof ClassifierSettings, low: number, high: number, whole = false): void => {
    const value = settings[key];
    if (value === undefined && key === 'patience') return;
    if (typeof value !== 'number' || !(value >= low && value <= high) || (whole && !Number.isInteger(value))) {
      const kind = whole ? 'a whole number' : 'a number';
      throw new InklingError('invalidInput', `"${key}" is ${kind} from ${low} to ${high}, not ${String(value)}.`);
    }
  };
  const oneOf = (key: keyof ClassifierSettings, choices: readonly string[]): void => {
    if (!choices.includes(String(settings[key]))) {
      throw new InklingError('invalidInput', `"${key}" is one of ${choices.join(', ')}, not ${String(settings[key])}.`);
    }
  };
  oneOf('model', ['auto', ...modelParts]);
  oneOf('variant', classifierVariants);
  oneOf('lengths', ['padded', 'ragged']);
  oneOf('vectors', ['frozen', 'tuned', 'learned']);
  oneOf('schedule', ['constant', 'cosine']);
  oneOf('classWeights', ['none', 'balanced']);
  oneOf('calibration', ['none', 'temperature', 'platt', 'isotonic']);
  oneOf('badRows', ['refuse', 'skip']);
  oneOf('start', ['auto', 'none']);
  oneOf('direction', ['forwards', 'backwards']);
  oneOf('duplicates', ['remove', 'keep']);
  within('units', 1, 1024, true);
  within('layers', 1, 4, true);
  within('weightDecay', 0, 1000);
  within('dropout', 0, 0.95);
  within('epochs', 1, 1000, true);
  within('batch', 1, 4096, true);
  within('leastUpdates', 0, 100_000, true);
  within('learningRate', 1e-6, 1);
  within('maximumTokens', 1, 2000, true);
  within('wordDropout', 0, 0.9);
  within('heldOutFraction', 0.05, 0.5);
  within('validationFraction', 0, 0.5);
  within('patience', 1, 1000, true);
  if (variantCells[settings.variant].bidirectional && (settings.layers > 1 || settings.direction === 'backwards')) {
    throw new InklingError(
      'invalidInput',
      `The ${settings.variant} reads both ways in one layer; for more layers, or to read backwards only, choose the ` +
        `variant ${variantCells[settings.variant].cell}.`,
    );
  }
  if (settings.vectors === 'learned' && settings.vectorFile !== undefined) {
    throw new InklingError(
      'invalidInput',
      'Learned vectors start at random: omit the vector file, or use frozen or tuned vectors with it.',
    );
  }
  if (settings.model !== 'network' && settings.validationFraction === 0) {
    throw new InklingError(
      'invalidInput',
      'Without a validation part nothing can be chosen: set "validationFraction" above 0, or "model" to "network".',
    );
  }
  const rule = settings.threshold;
  const figure = rule.kind === 'fixed' ? rule.value : rule.kind === 'maximum-lost' ? rule.share : 0;
  if (!(figure >= 0 && figure <= 1)) {
    throw new InklingError('invalidInput', `The value of a threshold must be between 0 and 1, not ${figure}.`);
  }
}
