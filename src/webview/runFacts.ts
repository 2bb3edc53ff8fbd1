/** What the Training tab says about a run in words and figures, apart from its curves. No DOM. */
import { sayState } from '../common/describeRun';
import { formatDuration, formatFixed, formatMoment, formatPercent } from '../common/formats';
import type { TextBaselines } from '../common/engineProtocol';
import { formatInteger, languageName, say, t } from '../common/l10n';
import { formatLoss, toUnit, unitName, type LossUnit, type TokenScale } from '../common/lossUnits';
import { qualityOf, sayQuality } from '../common/quality';
import type { RunHistory } from '../common/runHistory';
import type { RunItem, RunStatus } from '../common/studioProtocol';
import { sayNotice, type SampleEvent, type StartEvent } from '../common/trainEvents';
import { wholeLength } from '../common/wall';
import { tokenScale } from './chart/chartModel';
import { formatTick } from './chart/scale';

const maximumNotices = 5;

export interface Figure {
  label: string;
  value: string;
  hint?: string;
}

/**
 * The figures at the top, which summarise the run at a glance: loss, speed, time, and the quality as soon as there is
 * something to compare with.
 */
export function figures(history: RunHistory, unit: LossUnit, state: RunStatus, baselines?: TextBaselines): Figure[] {
  const scale = tokenScale(history);
  const say = (nats: number | undefined | null): string =>
    nats === undefined || nats === null ? '–' : formatLoss(toUnit(nats, unit, scale));
  const { latest, done } = history;
  const evaluation = history.evaluations.filter((e) => e.heldOutLoss !== undefined).at(-1);
  const seconds = done?.seconds ?? latest?.seconds ?? 0;
  const speed = done?.charactersPerSecond ?? latest?.charactersPerSecond;
  const name = unitName(unit, scale);
  const live = state === 'running' || state === 'paused';
  return [
    {
      // With a memory, the figure of a run that has ended is another quantity than where its curve ends.
      label: done?.heldOutNetworkLoss === undefined ? t('held out') : t('held out, with memory'),
      value: say(done ? done.heldOutLoss : evaluation?.heldOutLoss),
      hint: done
        ? t('Loss on all of the held-out text, which the model never trained on, {0}', name)
        : t('Loss on text that the model never trained on, {0}', name),
    },
    {
      label: t('train'),
      value: say(latest?.trainLoss ?? done?.trainLoss),
      hint: t('Loss on the text it trains on, {0}', name),
    },
    {
      label: t('speed'),
      value: speed ? `${formatTick(roundTo(speed, 3))}/s` : '–',
      hint: t('Characters (or words) trained per second'),
    },
    live
      ? { label: t('time left'), value: latest?.secondsLeft === undefined ? '–' : formatDuration(latest.secondsLeft) }
      : { label: t('time taken'), value: seconds > 0 ? formatDuration(seconds) : '–' },
    ...qualityFigure(done ? done.heldOutLoss : evaluation?.heldOutLoss, scale, baselines),
  ];
}

function qualityFigure(
  heldOutLoss: number | null | undefined,
  scale: TokenScale,
  baselines: TextBaselines | undefined,
): Figure[] {
  if (typeof heldOutLoss !== 'number' || !baselines || scale.charactersPerToken === undefined) return [];
  const { word, meaning } = sayQuality(qualityOf(toUnit(heldOutLoss, 'bits', scale), baselines));
  return [{ label: t('quality'), value: word, hint: meaning }];
}

/** "600,893 characters, 57 different · 1,565 steps per epoch"; the vocabulary of a base says nothing about the text. */
export function textSentence({ start }: RunHistory): string {
  if (!start) return '';
  const { config, tokens, vocabulary, stepsPerEpoch, base } = start;
  const size = inTokens(tokens, config.text.unit);
  const text = base ? size : t('{0}, {1} different', size, formatInteger(vocabulary));
  return `${text} · ${t('{0} steps per epoch', formatInteger(stepsPerEpoch))}`;
}

function inTokens(n: number, unit: 'character' | 'word'): string {
  return unit === 'word' ? t('{0} words', formatInteger(n)) : t('{0} characters', formatInteger(n));
}

/** How the text was split, and with which seed. */
export function splitSentence(history: RunHistory): string {
  const { start } = history;
  if (!start) return '';
  const { config, seed, trainTokens, heldOutTokens } = start;
  // What is trained on and held out is counted in targets, which are the text's tokens only with a loss at every step.
  const count = (n: number): string => {
    if (config.text.examples === 'line-prefixes') return t('{0} beginnings of lines', formatInteger(n));
    return config.objective.kind === 'last-step' ? t('{0} windows', formatInteger(n)) : inTokens(n, config.text.unit);
  };
  const targets = trainTokens + heldOutTokens;
  const share = targets > 0 ? formatPercent(Math.round((heldOutTokens / targets) * 100)) : '';
  const where = config.text.heldOut.kind === 'random' ? t('a random {0}', share) : t('the last {0}', share);
  const split =
    heldOutTokens > 0
      ? t('Train: {0} · held out: {1}, {2}', count(trainTokens), where, count(heldOutTokens))
      : t('Train: all {0} · nothing held out', count(trainTokens));
  // The final figure covers the whole held-out part and differs slightly from the curve's last point.
  const { maximumTargets } = config.evaluation;
  const sampled = t('the curve uses about {0} of these, evenly spread', formatInteger(maximumTargets));
  return [split, ...(heldOutTokens > maximumTargets ? [sampled] : []), t('seed {0}', seed)].join(' · ');
}

/**
 * "On held-out text: network 1.516, with memory 1.428, with a memory that learns while it reads 1.389 nats per
 * character"; empty for a run without a memory.
 */
export function memorySentence(history: RunHistory, unit: LossUnit): string {
  const { heldOutLoss, heldOutNetworkLoss, heldOutOnlineLoss } = history.done ?? {};
  if (typeof heldOutLoss !== 'number' || heldOutNetworkLoss === undefined || heldOutOnlineLoss === undefined) return '';
  const scale = tokenScale(history);
  const say = (nats: number): string => formatLoss(toUnit(nats, unit, scale));
  return t(
    'On held-out text: network {0}, with memory {1}, with a memory that learns while it reads {2} {3}',
    say(heldOutNetworkLoss),
    say(heldOutLoss),
    say(heldOutOnlineLoss),
    unitName(unit, scale),
  );
}

/** What the run reported besides its figures: what it kept of its training, a checkpoint that could not be written. */
export function noticeSentences({ notices }: RunHistory): string[] {
  const told = notices.filter(({ kind }) => kind === 'information').map(sayNotice);
  return [...new Set(told)].slice(-maximumNotices);
}

/** "LSTM 256 + 256 · 800,000 parameters · wasm (relaxed SIMD), 2 threads. No GPU package is installed." */
export function machineSentence(history: RunHistory): string {
  const { start } = history;
  if (!start) return '';
  const { cell, layers } = start.config.network;
  const units = layers.map((layer) => layer.units).join(' + ');
  // A run that lost its GPU ended on a different backend from the one it started on.
  const { backend, kernel, threads } = history.done ?? start;
  const onGpu = backend === 'webgpu' || backend === 'tensorflow';
  const count = onGpu ? '' : `, ${threads === 1 ? t('1 thread') : t('{0} threads', threads)}`;
  const why = start.backendReason ? `. ${say(start.backendReason)}` : '';
  const parameters = t('{0} parameters', formatInteger(start.parameters));
  const network = [
    `${cell.toUpperCase()} ${units}`,
    ...(start.base ? [t('from the base model of {0}', languageName(start.base))] : []),
  ];
  return `${network.join(' ')} · ${parameters} · ${backend} (${kernel})${count}${why}`;
}

/** "step 1,200 · epoch 3.1 · 40 s". */
export function placeSentence(history: RunHistory, point: { step: number; epoch: number; seconds: number }): string {
  const stepsPerEpoch = history.start?.stepsPerEpoch ?? 0;
  const epoch = stepsPerEpoch > 0 ? formatFixed(point.step / stepsPerEpoch, 1) : String(point.epoch);
  return `${t('step {0} · epoch {1}', formatInteger(point.step), epoch)} · ${formatDuration(point.seconds)}`;
}

export function runLabel(run: RunItem): string {
  return [run.title, formatMoment(run.startedAt), sayState(run.state)].filter((part) => part !== '').join(' · ');
}

function roundTo(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

/** A sample as it is shown: running text of a model of characters begins and ends with whole words. */
export function sampleText({ prompt, text }: SampleEvent, start: StartEvent | undefined): string {
  if (start?.config.text.unit !== 'character' || start.config.text.examples !== 'text') return prompt + text;
  const whole = prompt + text.slice(0, wholeLength(text));
  const isCut = start.config.samples.prompt.kind === 'window';
  return (isCut ? whole.replace(/^[\p{L}\p{M}\p{N}'’-]\S*\s/u, '') : whole).trimStart();
}
