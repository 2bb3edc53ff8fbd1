/**
 * The rules of a TrainingConfig: the settings, their allowed values, and how to set one by a path such as
 * `network.layers.0.units`. One table of rules serves to check a whole config, for `--set path=value` on the command
 * line, and for the settings object that the editor validates as it is typed.
 */
import { InklingError } from './errors';
import { isObject } from './schema';
import type { TrainingConfig } from './trainingConfig';

type Rule =
  | { kind: 'number'; low: number; high: number; whole?: true; aboveLow?: true; belowHigh?: true }
  | { kind: 'boolean' }
  | { kind: 'text' }
  | { kind: 'choice'; of: readonly string[] }
  | { kind: 'object'; fields: Fields }
  /** An object whose field `kind` determines its other fields. */
  | { kind: 'variant'; cases: Readonly<Record<string, Fields>> }
  | { kind: 'list'; of: Rule; low: number; high: number }
  /** The word `epoch`, or a number of steps. */
  | { kind: 'interval' };

interface Field {
  rule: Rule;
  optional?: true;
  /** The initial value when a path creates the object that contains it. */
  initial?: unknown;
}
type Fields = Readonly<Record<string, Field>>;

/** One problem of a config: its path, and a sentence that says what is allowed. */
export interface ConfigProblem {
  path: string;
  message: string;
}

const number = (low: number, high: number): Rule => ({ kind: 'number', low, high });
const whole = (low: number, high: number): Rule => ({ kind: 'number', low, high, whole: true });
const positive = (high: number): Rule => ({ kind: 'number', low: 0, high, aboveLow: true });
const share: Rule = { kind: 'number', low: 0, high: 1, belowHigh: true };
const choice = (...of: string[]): Rule => ({ kind: 'choice', of });
const yesNo: Rule = { kind: 'boolean' };
const required = (rule: Rule, initial?: unknown): Field => ({ rule, initial });
const optional = (rule: Rule, initial?: unknown): Field => ({ rule, optional: true, initial });
const object = (fields: Fields): Rule => ({ kind: 'object', fields });

const warmupSteps = optional(whole(0, 1e6));

const configRule = object({
  recipe: required({ kind: 'text' }),
  seed: required(whole(0, 2 ** 32 - 1)),
  base: optional({ kind: 'text' }),
  text: required(
    object({
      unit: required(choice('character', 'word')),
      lowercase: required(yesNo),
      normalization: required(choice('none', 'nfc')),
      examples: required(choice('text', 'lines', 'line-prefixes')),
      heldOut: required(
        object({ kind: required(choice('tail', 'random', 'none')), fraction: required(number(0, 0.5)) }),
      ),
      maximumExamples: optional(whole(2, 1e9)),
    }),
  ),
  network: required(
    object({
      cell: required(choice('lstm', 'gru', 'rnn')),
      input: required({
        kind: 'variant',
        cases: { 'one-hot': {}, embedding: { dimensions: required(whole(1, 4096), 64) }, scalar: {} },
      }),
      layers: required({
        kind: 'list',
        low: 1,
        high: 4,
        of: object({ units: required(whole(1, 4096), 128), dropout: required(share, 0) }),
      }),
      initialisation: required({
        kind: 'variant',
        cases: { keras: {}, normal: { scale: required(positive(10), 0.01) } },
      }),
    }),
  ),
  objective: required(
    object({
      kind: required(choice('every-step', 'last-step')),
      steps: required(whole(1, 4096)),
      stride: required(whole(1, 1e6)),
      reduction: required(choice('mean', 'sum')),
      carryState: required(yesNo),
      shuffle: required(yesNo),
      padding: optional(choice('space')),
    }),
  ),
  batch: required(whole(1, 4096)),
  optimiser: required(
    object({
      kind: required(choice('sgd', 'rmsprop', 'adam')),
      learningRate: required(positive(1000)),
      clipValue: optional(positive(1e6)),
      clipNorm: optional(positive(1e6)),
      weightDecay: optional(positive(1000)),
      beta1: optional(share),
      beta2: optional(share),
      rho: optional(share),
      epsilon: optional(positive(1)),
    }),
  ),
  schedule: required({
    kind: 'variant',
    cases: {
      constant: { warmupSteps },
      cosine: { warmupSteps, finalFraction: required(number(0, 1), 0.05), epochs: optional(positive(1e6)) },
      plateau: {
        warmupSteps,
        factor: required({ kind: 'number', low: 0, high: 1, aboveLow: true, belowHigh: true }, 0.5),
        patience: required(whole(1, 1e6), 2),
        minimum: required(number(0, 1000), 1e-5),
      },
    },
  }),
  budget: required(
    object({
      epochs: optional(whole(1, 1e6)),
      maxSteps: optional(whole(1, 1e12)),
      maxSeconds: optional(positive(1e8)),
    }),
  ),
  evaluation: required(
    object({
      every: required({ kind: 'interval' }),
      atStart: optional(yesNo),
      maximumTargets: required(whole(1, 1e9)),
    }),
  ),
  guard: optional({ kind: 'variant', cases: { restore: {}, none: {} } }, { kind: 'restore' }),
  memory: optional(choice('on', 'off')),
  earlyStopping: optional(object({ patience: required(whole(1, 1e6), 3) })),
  keep: required(choice('best-held-out', 'best-train', 'last', 'every-epoch')),
  samples: required(
    object({
      every: required({ kind: 'interval' }),
      temperatures: required({ kind: 'list', of: number(0, 100), low: 0, high: 16 }),
      length: required(whole(1, 100000)),
      prompt: required({
        kind: 'variant',
        cases: { window: {}, none: {}, text: { text: required({ kind: 'text' }, '') } },
      }),
      count: required(whole(0, 64)),
    }),
  ),
  smoothedLoss: optional(object({ decay: required(share, 0.999), startLength: required(positive(1e6), 7) })),
});

/** A setting for display: its path, with 0 as the index of items, and its allowed values. */
export interface SettingDescription {
  path: string;
  values: string;
}

/** Every path to a single value that `setPath` accepts, in document order. */
export function listSettings(): SettingDescription[] {
  return settingsWithin(configRule, '', '');
}

function settingsWithin(rule: Rule, path: string, note: string): SettingDescription[] {
  const inner = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const ofFields = (fields: Fields, condition: string): SettingDescription[] =>
    Object.entries(fields).flatMap(([name, field]) => {
      const optionalNote = field.optional && field.rule.kind !== 'object' ? ', or none' : '';
      return settingsWithin(field.rule, inner(name), `${optionalNote}${condition}`);
    });
  switch (rule.kind) {
    case 'object':
      return ofFields(rule.fields, note.replace(', or none', ''));
    case 'variant':
      return [
        { path: inner('kind'), values: `one of ${Object.keys(rule.cases).join(', ')}` },
        ...mergedFields(rule.cases).flatMap(([name, field, kinds]) =>
          ofFields(
            { [name]: field },
            kinds.length < Object.keys(rule.cases).length ? `; with kind ${kinds.join(' or ')}` : '',
          ),
        ),
      ];
    case 'list':
      return isPlain(rule.of)
        ? [{ path, values: `${expectation(rule)} written as JSON, each ${expectation(rule.of)}${note}` }]
        : settingsWithin(rule.of, `${path}.0`, note);
    default:
      return [{ path, values: `${expectation(rule)}${note}` }];
  }
}

const isPlain = ({ kind }: Rule): boolean => kind !== 'object' && kind !== 'variant' && kind !== 'list';

/** The fields of all variants, with the kinds that have them. */
function mergedFields(cases: Readonly<Record<string, Fields>>): [name: string, field: Field, kinds: string[]][] {
  const merged = new Map<string, [string, Field, string[]]>();
  for (const [kind, fields] of Object.entries(cases)) {
    for (const [name, field] of Object.entries(fields)) {
      const known = merged.get(name);
      if (known) known[2].push(kind);
      else merged.set(name, [name, field, [kind]]);
    }
  }
  return [...merged.values()];
}

/** All problems of `value` as a TrainingConfig; empty if it is valid. */
export function configProblems(value: unknown): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  checkRule(configRule, value, '', problems);
  if (problems.length === 0) checkTogether(value as TrainingConfig, problems);
  return problems;
}

/** `value` as a TrainingConfig. Throws `invalidInput` with every problem, one sentence each. */
export function validateConfig(value: unknown): TrainingConfig {
  const problems = configProblems(value);
  if (problems.length > 0) throw invalid(problems.map((problem) => problem.message).join(' '));
  return value as TrainingConfig;
}

/**
 * A copy of `config` with one setting changed, with `text` parsed according to the setting: a number, `true` or
 * `false`, one of the choices, JSON for an object or a list, `none` to remove an optional setting. A layer index one
 * past the last adds a copy of the last layer. Throws `invalidInput` for an unknown path or a value that is not
 * allowed; `validateConfig` finds settings that contradict each other once all are set.
 */
export function setPath(config: TrainingConfig, path: string, text: string): TrainingConfig {
  const copy = copyOf(config);
  const keys = path.split('.');
  setWithin(configRule, copy as unknown as Record<string, unknown>, keys, 0, text);
  return copy;
}

/** Sets `keys[depth…]` inside `target`, which has the rule `rule`. */
function setWithin(rule: Rule, target: Record<string, unknown>, keys: string[], depth: number, text: string): void {
  const key = keys[depth];
  const path = keys.slice(0, depth + 1).join('.');
  const field = fieldOf(rule, target, key, keys.slice(0, depth).join('.'));
  if (depth === keys.length - 1) {
    if (text === 'none' && field.optional) {
      delete target[key];
      return;
    }
    const value = parseValue(field.rule, text, path);
    const problems: ConfigProblem[] = [];
    checkRule(field.rule, value, path, problems);
    if (problems.length > 0) throw invalid(problems.map((problem) => problem.message).join(' '));
    if (rule.kind === 'variant' && key === 'kind') switchVariant(rule.cases[value as string], target, value as string);
    else target[key] = value;
    return;
  }
  if (target[key] === undefined) target[key] = initialValue(field);
  const below = target[key];
  if (typeof below !== 'object' || below === null) throw invalid(`The setting "${path}" has no parts.`);
  setWithin(field.rule, below as Record<string, unknown>, keys, depth + 1, text);
}

/**
 * The rule of the field `key` of a value with the rule `rule`; for a list, of the item at that index (or one past the
 * last).
 */
function fieldOf(rule: Rule, target: Record<string, unknown>, key: string, parent: string): Field {
  const where = parent === '' ? 'A training config' : `"${parent}"`;
  if (rule.kind === 'list') {
    const items = target as unknown as unknown[];
    const index = /^\d+$/.test(key) ? Number(key) : -1;
    if (index < 0 || index > items.length || index >= rule.high) {
      throw invalid(`"${parent}.${key}" is not there: "${parent}" has items 0 to ${items.length - 1}.`);
    }
    return { rule: rule.of, initial: items.at(-1) };
  }
  const fields =
    rule.kind === 'variant' ? variantFields(rule.cases, target) : rule.kind === 'object' ? rule.fields : {};
  const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
  if (field) return field;
  const names = Object.keys(fields);
  if (names.length === 0) throw invalid(`The setting "${parent}" has no parts.`);
  throw invalid(`${where} has no setting "${key}"; there are: ${names.join(', ')}.`);
}

/** The initial value of a missing object: every required field at its initial value. */
function initialValue(field: Field): unknown {
  if (field.initial !== undefined) return copyOf(field.initial);
  if (field.rule.kind !== 'object') return undefined;
  return Object.fromEntries(
    Object.entries(field.rule.fields)
      .filter(([, inner]) => !inner.optional)
      .map(([name, inner]) => [name, inner.initial]),
  );
}

function variantFields(cases: Readonly<Record<string, Fields>>, value: Record<string, unknown>): Fields {
  const own = Object.hasOwn(cases, String(value.kind)) ? cases[String(value.kind)] : {};
  return { kind: required({ kind: 'choice', of: Object.keys(cases) }), ...own };
}

/** Changes `target` to another variant: common fields stay, missing ones get their initial value. */
function switchVariant(fields: Fields, target: Record<string, unknown>, kind: string): void {
  for (const name of Object.keys(target)) if (!Object.hasOwn(fields, name)) delete target[name];
  target.kind = kind;
  for (const [name, field] of Object.entries(fields)) {
    if (target[name] === undefined && !field.optional) target[name] = field.initial;
  }
}

function parseValue(rule: Rule, text: string, path: string): unknown {
  switch (rule.kind) {
    case 'number':
      return text.trim() === '' ? text : Number.isNaN(Number(text)) ? text : Number(text);
    case 'interval':
      return text !== 'epoch' && text.trim() !== '' && !Number.isNaN(Number(text)) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'text':
    case 'choice':
      return text;
    case 'object':
    case 'variant':
    case 'list':
      try {
        return JSON.parse(text) as unknown;
      } catch (error) {
        throw new InklingError('invalidInput', `"${path}" needs ${expectation(rule)} written as JSON, not ${text}.`, {
          cause: error,
        });
      }
  }
}

/** Adds everything that is wrong with `value` at `path` to `problems`. */
function checkRule(rule: Rule, value: unknown, path: string, problems: ConfigProblem[]): void {
  const expect = (fine: boolean): boolean => {
    if (!fine) {
      const message = `${path === '' ? 'A training config' : `"${path}"`} must be ${expectation(rule)}, not ${show(value)}.`;
      problems.push({ path, message });
    }
    return fine;
  };
  switch (rule.kind) {
    case 'number':
      expect(isWithin(rule, value));
      return;
    case 'interval':
      expect(value === 'epoch' || isWithin({ kind: 'number', low: 1, high: 1e12, whole: true }, value));
      return;
    case 'boolean':
      expect(typeof value === 'boolean');
      return;
    case 'text':
      expect(typeof value === 'string');
      return;
    case 'choice':
      expect(typeof value === 'string' && rule.of.includes(value));
      return;
    case 'list':
      if (expect(Array.isArray(value) && value.length >= rule.low && value.length <= rule.high)) {
        (value as unknown[]).forEach((item, i) => checkRule(rule.of, item, `${path}.${i}`, problems));
      }
      return;
    case 'object':
    case 'variant':
      if (expect(isObject(value))) checkFields(rule, value as Record<string, unknown>, path, problems);
  }
}

function checkFields(
  rule: Extract<Rule, { kind: 'object' | 'variant' }>,
  value: Record<string, unknown>,
  path: string,
  problems: ConfigProblem[],
): void {
  const fields = rule.kind === 'variant' ? variantFields(rule.cases, value) : rule.fields;
  const inner = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const [name, field] of Object.entries(fields)) {
    if (value[name] === undefined) {
      if (!field.optional) {
        problems.push({ path: inner(name), message: `"${inner(name)}" is missing: ${expectation(field.rule)}.` });
      }
    } else checkRule(field.rule, value[name], inner(name), problems);
  }
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(fields, name)) {
      const message = `There is no setting "${inner(name)}"; here there are: ${Object.keys(fields).join(', ')}.`;
      problems.push({ path: inner(name), message });
    }
  }
}

/** Settings by path, as `setPath` accepts them. */
type Wanted = Record<string, string>;

/** Those of `wanted` that `config` does not have yet, in the form of the command line. */
export function settingsToChange(config: object, wanted: Wanted): string {
  const valueAt = (path: string): unknown =>
    path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], config);
  return Object.entries(wanted)
    .filter(([path, value]) => String(valueAt(path) ?? 'none') !== value)
    .map(([path, value]) => `${path}=${value}`)
    .join(' and ');
}

const heldOutTail: Wanted = { 'text.heldOut.kind': 'tail', 'text.heldOut.fraction': '0.1' };
const asLinePrefixes: Wanted = {
  'text.examples': 'line-prefixes',
  'objective.kind': 'last-step',
  'objective.carryState': 'false',
};
const asLines: Wanted = {
  'text.examples': 'lines',
  'objective.kind': 'every-step',
  'objective.carryState': 'false',
};

/**
 * Checks settings that are valid individually but not together. Each of the changes named in a problem's message solves
 * it and causes no new problem.
 */
function checkTogether(config: TrainingConfig, problems: ConfigProblem[]): void {
  const { text, objective, schedule, budget } = config;
  const problem = (path: string, message: string, ...changes: Wanted[]): void => {
    const alternatives = changes.map((wanted) => settingsToChange(config, wanted)).join(', or ');
    problems.push({ path, message: `${message}: set ${alternatives}.` });
  };
  const heldOut = text.heldOut.kind !== 'none' && text.heldOut.fraction > 0;
  if (text.heldOut.kind !== 'none' && text.heldOut.fraction === 0) {
    const none = { 'text.heldOut.kind': 'none' };
    problem('text.heldOut.fraction', 'A held-out part cannot be empty', { 'text.heldOut.fraction': '0.1' }, none);
  }
  if (text.examples === 'text' && text.heldOut.kind === 'random' && objective.kind === 'every-step') {
    problem('text.heldOut.kind', 'Every-step training reads contiguous text', { 'text.heldOut.kind': 'tail' });
  }
  if (!heldOut && config.keep === 'best-held-out') {
    const why = 'Without a held-out part "keep" cannot be best-held-out';
    problem('keep', why, { keep: 'best-train' }, { keep: 'last' });
  }
  if (!heldOut && config.earlyStopping) {
    problem('earlyStopping', 'Early stopping needs a held-out part', heldOutTail, { earlyStopping: 'none' });
  }
  if (!heldOut && schedule.kind === 'plateau') {
    problem('schedule.kind', 'A plateau schedule needs a held-out part', heldOutTail, { 'schedule.kind': 'cosine' });
  }
  if (text.examples === 'lines' && text.unit === 'word') {
    problem('text.unit', 'Lines as examples are made of characters', { 'text.unit': 'character' }, asLinePrefixes);
  }
  if (text.examples === 'line-prefixes' && text.unit === 'character') {
    problem('text.unit', 'Line prefixes are made of words', { 'text.unit': 'word' }, asLines);
  }
  if (text.examples === 'lines' && objective.carryState && config.batch !== 1) {
    const why = 'State is carried from line to line only one line at a time';
    problem('objective.carryState', why, { batch: '1' }, { 'objective.carryState': 'false' });
  }
  if (text.examples === 'lines' && objective.kind !== 'every-step') {
    problem('objective.kind', 'Lines as examples have a loss at every step', { 'objective.kind': 'every-step' });
  }
  if (text.examples === 'line-prefixes' && objective.kind !== 'last-step') {
    const lastStep = { 'objective.kind': 'last-step', 'objective.carryState': 'false' };
    problem('objective.kind', 'Prefixes of lines have a loss on their last word', lastStep);
  }
  if (objective.kind === 'last-step' && objective.carryState) {
    problem('objective.carryState', 'Windows begin from an empty state', { 'objective.carryState': 'false' });
  }
  if (text.maximumExamples !== undefined && text.examples === 'text') {
    const why = '"text.maximumExamples" counts lines or prefixes, and running text has neither';
    problem('text.maximumExamples', why, { 'text.maximumExamples': 'none' });
  }
  if (config.memory === 'on' && (text.examples !== 'text' || objective.kind !== 'every-step')) {
    const runningText: Wanted = {
      'text.examples': 'text',
      'objective.kind': 'every-step',
      'text.maximumExamples': 'none',
      ...(text.heldOut.kind === 'random' && { 'text.heldOut.kind': 'tail' }),
    };
    problem('memory', 'A memory needs running text with a loss at every step', { memory: 'off' }, runningText);
  }
  if (budget.epochs === undefined && budget.maxSteps === undefined && budget.maxSeconds === undefined) {
    const ends: Wanted[] = [{ 'budget.epochs': '10' }, { 'budget.maxSteps': '1000' }, { 'budget.maxSeconds': '60' }];
    problem('budget', 'A run needs an end', ...ends);
  }
}

function isWithin(rule: Extract<Rule, { kind: 'number' }>, value: unknown): boolean {
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  if (rule.whole && !Number.isInteger(value)) return false;
  if (rule.aboveLow ? value <= rule.low : value < rule.low) return false;
  return rule.belowHigh ? value < rule.high : value <= rule.high;
}

/** What a rule requires, as the middle of a sentence. */
function expectation(rule: Rule): string {
  switch (rule.kind) {
    case 'number': {
      const low = rule.aboveLow ? `above ${rule.low}` : `from ${rule.low}`;
      return `a ${rule.whole ? 'whole ' : ''}number ${low} ${rule.belowHigh ? 'to below' : 'to'} ${rule.high}`;
    }
    case 'interval':
      return 'epoch or a whole number of steps';
    case 'boolean':
      return 'true or false';
    case 'text':
      return 'a text';
    case 'choice':
      return `one of ${rule.of.join(', ')}`;
    case 'list':
      return `a list of ${rule.low} to ${rule.high} items`;
    case 'object':
      return 'an object';
    case 'variant':
      return `an object whose "kind" is one of ${Object.keys(rule.cases).join(', ')}`;
  }
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? `"${value}"` : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** A config is plain JSON, so this is a deep copy. */
function copyOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function invalid(message: string): InklingError {
  return new InklingError('invalidInput', message);
}
