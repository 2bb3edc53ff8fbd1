/** The shipped spam detector as the start of a user's own classifier. */
import type { ClassifierSettings } from '../../common/classifierProtocol';
import { loadClassifier } from './classifierFile';
import type { LabelledData } from './labelledData';
import type { LinearModel } from './linearModel';
import { shippedSpamModel } from './vectorSource';

/** Its linear part, if the data has two labels, of which the positive one is spam, and the settings allow it. */
export async function detectorToStartFrom(
  { start, model, positive }: ClassifierSettings,
  { classes }: LabelledData,
): Promise<LinearModel | undefined> {
  const spam = classes.find((name) => name.toLowerCase() === 'spam');
  if (start === 'none' || model === 'network') return undefined;
  if (classes.length !== 2 || spam === undefined || (positive ?? spam) !== spam) return undefined;
  return (await loadClassifier(shippedSpamModel())).linear;
}
