/** The memory exactly as defined, with strings and sets: the oracle for the fast one. */

export interface SlowText {
  /** Tokens of one text each; a text begins with nothing before it. */
  texts: readonly (readonly string[])[];
}

type Followers = Map<string, number>;

/** Counts by context, of one order. */
type Order = Map<string, Followers>;

const beginning = '\u0000';
const letterOrders = 6;
const wordOrders = 3;
const isWordCharacter = (token: string): boolean => /^[\p{L}\p{M}\p{N}'’]$/u.test(token);

/** The tokens before a token, for each order of the letters: the last 0 to 6. */
export function letterContexts(before: readonly string[]): string[] {
  return Array.from({ length: letterOrders + 1 }, (_, order) =>
    Array.from({ length: order }, (_, back) => before[before.length - order + back] ?? beginning).join('\u0001'),
  );
}

/** The word so far, or the gap since the last one; the same with the previous word, and with two. Case is ignored. */
export function wordContexts(before: readonly string[]): string[] {
  const pieces: string[][] = [];
  for (const token of before) {
    const last = pieces.at(-1);
    if (last && isWordCharacter(last[0]) === isWordCharacter(token)) last.push(token);
    else pieces.push([token]);
  }
  const current = (pieces.at(-1) ?? []).join('').toLowerCase();
  const isInWord = pieces.length > 0 && isWordCharacter(pieces.at(-1)![0]);
  const words = pieces
    .slice(0, -1)
    .map((piece) => piece.join('').toLowerCase())
    .filter((piece) => isWordCharacter([...piece][0]))
    .reverse();
  const own = `${isInWord ? 'word' : 'gap'}:${current}`;
  return Array.from({ length: wordOrders }, (_, order) =>
    [own, ...Array.from({ length: order }, (_, i) => words[i] ?? '')].join('|'),
  );
}

/**
 * Kneser and Ney's counts of a chain of contexts: in the longest context, how often a token followed; in a shorter one,
 * in how many longer contexts it did, except those in which the layer `under` this one has it already.
 */
export function slowCounts(
  { texts }: SlowText,
  contextsOf: (before: readonly string[]) => string[],
  under?: readonly Order[],
): Order[] {
  const orders: Order[] = contextsOf([]).map(() => new Map());
  const longer = new Map<string, { contexts: string[]; token: string }>();
  const count = (order: Order, context: string, token: string, times: number): void => {
    if (!order.has(context)) order.set(context, new Map());
    order.get(context)!.set(token, (order.get(context)!.get(token) ?? 0) + times);
  };
  const top = orders.length - 1;
  for (const text of texts) {
    text.forEach((token, i) => {
      const contexts = contextsOf(text.slice(0, i));
      count(orders[top], contexts[top], token, 1);
      longer.set(JSON.stringify([contexts[top], token]), { contexts, token });
    });
  }
  let pairs = [...longer.values()];
  for (let order = top - 1; order >= 0; order--) {
    pairs = pairs.filter(({ contexts, token }) => !under?.[order + 1].get(contexts[order + 1])?.has(token));
    for (const { contexts, token } of pairs) count(orders[order], contexts[order], token, 1);
    const distinct = new Map(pairs.map((pair) => [JSON.stringify([pair.contexts[order], pair.token]), pair]));
    pairs = [...distinct.values()];
  }
  return orders;
}

/** p of each token of `alphabet` in one chain over `lower`, its counts summed over the layers with their weights. */
export function slowPredict(
  alphabet: readonly string[],
  layers: readonly { orders: readonly Order[]; weight: number }[],
  contexts: readonly string[],
  discounts: readonly number[],
  lower: readonly number[],
): { probabilities: number[]; found: number } {
  let probabilities = [...lower];
  for (let order = 0; order < contexts.length; order++) {
    const counts = alphabet.map((token) =>
      layers.reduce(
        (sum, { orders, weight }) => sum + weight * (orders[order].get(contexts[order])?.get(token) ?? 0),
        0,
      ),
    );
    const total = counts.reduce((a, b) => a + b);
    if (total === 0) return { probabilities, found: order };
    const kinds = counts.filter((count) => count > 0).length;
    const d = discounts[order];
    probabilities = probabilities.map((p, i) => Math.max(counts[i] - d, 0) / total + ((d * kinds) / total) * p);
  }
  return { probabilities, found: contexts.length };
}
