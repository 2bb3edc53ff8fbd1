/**
 * Compares the six variants: each is trained on the same split with the same settings, and the one that is best on the
 * validation part is kept. The held-out part is not used for the choice, so that its figures are unbiased.
 */
import {
  classifierVariants,
  type ClassifierEpochEvent,
  type ClassifierRecord,
  type ClassifierVariant,
  type VariantScores,
} from '../../common/classifierProtocol';
import type { ClassifierModel } from './classifier';
import type { ClassifierTask } from './classifierTask';
import { trainClassifier } from './trainClassifier';

/** Trains every variant; the kept model has the comparison in its record. Throws like `trainClassifier`. */
export async function trainBestVariant(
  task: ClassifierTask,
  variants: readonly ClassifierVariant[] = classifierVariants,
): Promise<ClassifierModel> {
  const comparison: VariantScores[] = [];
  let kept: { model: ClassifierModel; best: Best } | undefined;
  for (const variant of variants) {
    let parameters = 0;
    const model = await trainClassifier({
      ...task,
      settings: { ...task.settings, model: 'network', variant },
      onEvent: (event) => {
        if (event.event === 'start') parameters = event.parameters;
        task.onEvent?.(event);
      },
    });
    comparison.push(scoresOf(model.record, parameters));
    const best = bestOf(model.record.history);
    if (!kept || isBetter(best, kept.best)) kept = { model, best };
  }
  const { model } = kept!;
  model.record.comparison = comparison;
  return model;
}

/** A variant's row of the comparison; `parameters` are those trained besides the word vectors. */
export function scoresOf({ settings, history, report, seconds }: ClassifierRecord, parameters: number): VariantScores {
  const { accuracy, macro, perClass } = report;
  const validationMacroF1 = bestOf(history).macroF1;
  return { variant: settings.variant, validationMacroF1, accuracy, macroF1: macro.f1, perClass, parameters, seconds };
}

interface Best {
  macroF1: number;
  loss: number;
}

/** The validation results of the best epoch. */
function bestOf(history: readonly ClassifierEpochEvent[]): Best {
  return history
    .map((event) => ({ macroF1: event.validationMacroF1, loss: event.validationLoss }))
    .reduce((a, b) => (b.macroF1 > a.macroF1 ? b : a), { macroF1: 0, loss: Infinity });
}

/** F1 is often equal on small validation parts; then the more confident network is kept. */
function isBetter(a: Best, b: Best): boolean {
  return a.macroF1 > b.macroF1 || (a.macroF1 === b.macroF1 && a.loss < b.loss);
}
