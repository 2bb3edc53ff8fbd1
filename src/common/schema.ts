/**
 * Schemas for parsed JSON. A schema takes a value of any kind and returns it with its type, or throws a `SchemaFault`
 * that names the field. `object<T>` requires a schema for every field of T and `oneOf<T>` every word of it, so that a
 * type and its checks cannot drift apart.
 */
export type Schema<T> = (value: unknown, path: string) => T;

/**
 * A value that does not fit. The message is a part of a sentence: `"results.steps" must be a whole number from 0 on,
 * not -1`.
 */
export class SchemaFault extends Error {
  constructor(path: string, expected: string, value: unknown) {
    super(value === undefined ? `"${path}" is missing` : `"${path}" must be ${expected}, not ${show(value)}`);
  }
}

export const text: Schema<string> = (value, path) => {
  if (typeof value !== 'string') throw new SchemaFault(path, 'a text', value);
  return value;
};

/** A text of at most `maximumLength` UTF-16 units. */
export function textUpTo(maximumLength: number): Schema<string> {
  return (value, path) => {
    if (text(value, path).length <= maximumLength) return value as string;
    throw new SchemaFault(path, `a text of at most ${maximumLength} characters`, value);
  };
}

export const yesNo: Schema<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw new SchemaFault(path, 'true or false', value);
  return value;
};

/** A finite number in [low, high]. */
export function number(low = -Number.MAX_VALUE, high = Number.MAX_VALUE): Schema<number> {
  return (value, path) => {
    if (typeof value === 'number' && value >= low && value <= high) return value;
    throw new SchemaFault(path, `a number${range(low, high, Number.MAX_VALUE)}`, value);
  };
}

/** A whole number in [low, high]. */
export function whole(low = 0, high = Number.MAX_SAFE_INTEGER): Schema<number> {
  return (value, path) => {
    if (Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high) return value as number;
    throw new SchemaFault(path, `a whole number${range(low, high, Number.MAX_SAFE_INTEGER)}`, value);
  };
}

/** One of the words of a type, all of which must be listed. */
export function oneOf<T extends string>(words: Readonly<Record<T, true>>): Schema<T> {
  return (value, path) => {
    if (typeof value === 'string' && Object.hasOwn(words, value)) return value as T;
    throw new SchemaFault(path, `one of ${Object.keys(words).join(', ')}`, value);
  };
}

export function orNull<T>(schema: Schema<T>): Schema<T | null> {
  return (value, path) => (value === null ? null : schema(value, path));
}

export function optional<T>(schema: Schema<T>): Schema<T | undefined> {
  return (value, path) => (value === undefined ? undefined : schema(value, path));
}

export function list<T>(item: Schema<T>, maximumLength = Infinity): Schema<T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new SchemaFault(path, 'a list', value);
    if (value.length > maximumLength) throw new SchemaFault(path, `a list of at most ${maximumLength}`, value);
    return value.map((entry, i) => item(entry, `${path}.${i}`));
  };
}

/** An object with values of one kind under arbitrary names. */
export function record<T>(item: Schema<T>): Schema<Record<string, T>> {
  return (value, path) => {
    if (!isObject(value)) throw new SchemaFault(path, 'an object', value);
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, item(entry, `${path}.${name}`)]));
  };
}

/** An object with the fields of T; other fields are left out. */
export function object<T extends object>(fields: { readonly [K in keyof T]-?: Schema<T[K]> }): Schema<T> {
  return (value, path) => {
    if (!isObject(value)) throw new SchemaFault(path, 'an object', value);
    const result: Partial<T> = {};
    for (const name of Object.keys(fields) as (keyof T & string)[]) {
      const field = fields[name](Object.hasOwn(value, name) ? value[name] : undefined, path ? `${path}.${name}` : name);
      if (field !== undefined) result[name] = field;
    }
    return result as T;
  };
}

/** An object whose field `key` determines its other fields. */
export function variant<K extends string, T extends { [P in K]: string }>(
  key: K,
  cases: { readonly [C in T[K]]: Schema<Omit<Extract<T, { [P in K]: C }>, K>> },
): Schema<T> {
  const words = Object.fromEntries(Object.keys(cases).map((word) => [word, true])) as Record<T[K], true>;
  return (value, path) => {
    if (!isObject(value)) throw new SchemaFault(path, 'an object', value);
    const kind = oneOf(words)(value[key], path ? `${path}.${key}` : key);
    return { [key]: kind, ...cases[kind](value, path) } as unknown as T;
  };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function range(low: number, high: number, limit: number): string {
  if (low === -limit && high === limit) return '';
  return high === limit ? ` from ${low} on` : ` from ${low} to ${high}`;
}

function show(value: unknown): string {
  const shown = JSON.stringify(value) ?? String(value);
  return shown.length > 60 ? `${shown.slice(0, 57)}…` : shown;
}
