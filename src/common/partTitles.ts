/** The names of the parts of a classifier, and of the evidence that each finds for a word. */
import type { ClassifierRecord, ClassifierVariant, ModelPart, Verdict } from './classifierProtocol';
import { formatFigure } from './confusionReport';
import { t } from './l10n';

export function partTitle(part: ModelPart, variant: ClassifierVariant): string {
  switch (part) {
    case 'network':
      return variant;
    case 'linear':
      return t('linear model');
    case 'average':
      return t('linear model and {0}', variant);
  }
}

/** The parts that produce the verdicts: "linear model", or "bigru" for a network alone. */
export function keptTitle({ kept, settings }: Pick<ClassifierRecord, 'kept' | 'settings'>): string {
  return partTitle(kept ?? 'network', settings.variant);
}

/** Why no network was tried; undefined if one was, or if none was requested. */
export function untriedSentence({ settings, candidates = [] }: ClassifierRecord): string | undefined {
  if (settings.model !== 'auto' || candidates.length !== 1) return undefined;
  return t(
    'No network was trained: the linear model reaches a macro F1 of {0} on texts that it was not trained on, which leaves little to gain.',
    formatFigure(candidates[0].validationMacroF1),
  );
}

/** How the points of a word were computed. */
export function methodSentence(method: Verdict['method']): string {
  switch (method) {
    case 'occlusion':
      return t('Points are the log-odds lost when the word is left out (occlusion).');
    case 'weights':
      return t('Points are what the word adds to the log-odds: the weights of the linear model.');
    case 'occlusion and weights':
      return t(
        'Points are what the word adds to the log-odds: the weights of the linear model, and what the network loses when the word is left out (occlusion).',
      );
  }
}
