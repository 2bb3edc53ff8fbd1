/** The order in which recipes are offered for a text: those that suit it first, and among these the shorter ones. */
import type { Estimate } from '../../common/engineProtocol';

export interface OfferedRecipe {
  /** The name of the text of its published figures. */
  text: string;
  /** Undefined until it is known. */
  estimate?: Estimate;
}

/**
 * The recipes sorted by how well they fit a text called `name`: first those that were made for that very text, then
 * those that suit its kind, then the others, and at the end those that cannot be used. Within each group, and as far as
 * times are known, the shorter ones come first. Returns a new list.
 */
export function sortByFit<R extends OfferedRecipe>(recipes: readonly R[], name: string): R[] {
  const groupOf = ({ text, estimate }: R): number => {
    if (estimate && 'problem' in estimate) return 3;
    if (estimate?.notice !== undefined) return 2;
    return stem(text) === stem(name) ? 0 : 1;
  };
  const secondsOf = ({ estimate }: R): number => (estimate && 'seconds' in estimate ? estimate.seconds : Infinity);
  return [...recipes].sort((a, b) => groupOf(a) - groupOf(b) || compare(secondsOf(a), secondsOf(b)));
}

function stem(file: string): string {
  return file.toLowerCase().replace(/\.\w+$/, '');
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
