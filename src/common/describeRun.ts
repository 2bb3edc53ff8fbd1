/**
 * Describes the curves of a run in one or two sentences. Judged on the held-out text if there is one: falling training
 * loss alone cannot distinguish learning from memorising.
 */
import { formatNumber, formatPercent } from './formats';
import { formatInteger, t } from './l10n';
import { formatLoss, scaleOf, toUnit, unitName, type LossUnit } from './lossUnits';
import type { RunHistory } from './runHistory';
import type { RunStatus } from './studioProtocol';
import { sayNotice, type EpochEvent, type GuardEvent } from './trainEvents';

/** A change between evaluations below this share counts as noise. */
const noise = 0.005;
/** Fewer measurements during training, which may be of a single batch each, show no trend. */
const fewestMeasurements = 24;

/** A loss in the chosen unit; `named`: with the name of the unit. */
type Say = (nats: number, named?: boolean) => string;

interface Reading {
  step: number;
  place: string;
  loss: number;
}

/** The state of a run in a list; nothing of one that has ended as it should. */
export function sayState(state: RunStatus): string {
  return {
    running: t('running'),
    paused: t('paused'),
    failed: t('failed'),
    interrupted: t('interrupted'),
    done: '',
    stopped: '',
  }[state];
}

/** `unit` is the unit of the losses; the judgement does not depend on it. */
export function describeRun(history: RunHistory, unit: LossUnit = 'nats'): string {
  const { start, done } = history;
  if (!start) return t('Nothing has been measured yet.');
  const scale = scaleOf(start.config.text.unit, history.evaluations);
  const say: Say = (nats, named = false) => {
    const value = formatLoss(toUnit(nats, unit, scale));
    if (!named) return value;
    return unit === 'perplexity' ? t('a perplexity of {0}', value) : `${value} ${unitName(unit, scale)}`;
  };
  const sentences: string[] = [];

  const guard = history.guards.at(-1);
  if (guard) {
    const times = history.guards.length;
    sentences.push(
      times === 1 ? t('Diverged and recovered.') : t('Diverged and recovered {0} times.', times),
      Number.isFinite(guard.loss)
        ? t('At step {0} the loss rose to {1}.', formatInteger(guard.step), say(guard.loss))
        : t('At step {0} the loss was no longer a number.', formatInteger(guard.step)),
      t(
        'The weights from step {0} were restored and the learning rate was lowered to {1}.',
        formatInteger(guard.restoredStep),
        formatRate(guard.learningRateAfter),
      ),
    );
  }

  const measured = history.evaluations.filter((e) => e.heldOutLoss !== undefined);
  if (measured.length > 0) sentences.push(judgeHeldOut(measured, done !== undefined, say));
  else sentences.push(judgeTraining(history));

  if (done?.reason === 'early-stop') {
    const told = history.notices.findLast(({ kind }) => kind === 'early-stop');
    // A training job says nothing about its end.
    sentences.push(told ? sayNotice(told) : t('Stopped early because the held-out loss was no longer improving.'));
  }
  return sentences.join(' ');
}

type Trend = 'one' | 'overfitting' | 'worse' | 'improving' | 'level';

/** How the held-out loss has developed. */
function trendOf(evaluations: readonly EpochEvent[], readings: readonly Reading[]): Trend {
  if (readings.length === 1) return 'one';
  const last = readings[readings.length - 1];
  const bestAt = indexOfSmallest(readings);
  const best = readings[bestAt];
  const [lastTrain, bestTrain] = [evaluations[evaluations.length - 1].trainLoss, evaluations[bestAt].trainLoss];
  const trainFell = lastTrain !== null && bestTrain !== null && lastTrain < bestTrain * (1 - noise / 2);
  if (readings.length - bestAt > 2 && last.loss / best.loss - 1 > noise) return trainFell ? 'overfitting' : 'worse';
  return gainOf(readings) > noise ? 'improving' : 'level';
}

/** The share by which the held-out loss fell over the last quarter. */
function gainOf(readings: readonly Reading[]): number {
  const last = readings[readings.length - 1];
  return 1 - readings[indexOfSmallest(readings)].loss / bestBefore(readings, last.step * 0.75);
}

function readingsOf(evaluations: readonly EpochEvent[]): Reading[] {
  return evaluations.map((e) => ({ step: e.step, place: placeOf(e), loss: e.heldOutLoss as number }));
}

/**
 * The last evaluation is at the top while it trains, so another one is called the best. A run that has ended has its
 * figure there, measured on all of the held-out text: then no second figure for the same thing is given.
 */
function judgeHeldOut(evaluations: EpochEvent[], ended: boolean, say: Say): string {
  const readings = readingsOf(evaluations);
  const last = readings[readings.length - 1];
  const best = readings[indexOfSmallest(readings)];
  switch (trendOf(evaluations, readings)) {
    case 'one':
      return ended
        ? t('Evaluated only once, which shows no trend.')
        : t('Held-out loss {0} after the first evaluation; the next one will show the trend.', say(last.loss, true));
    case 'overfitting':
      return ended
        ? t(
            'Overfitting since {0}: from there on the held-out loss rose while the training loss kept falling. The model keeps the weights from {0}. A longer text would help.',
            best.place,
          )
        : t(
            'Overfitting since {0}: the held-out loss rose from {1} to {2} while the training loss kept falling. The weights from {0} are the best.',
            best.place,
            say(best.loss),
            say(last.loss, true),
          );
    case 'worse':
      return ended
        ? t(
            'Worse since {0}: from there on the held-out loss rose, and the training loss did not fall either. The model keeps the weights from {0}. A lower learning rate would help.',
            best.place,
          )
        : t(
            'Worse since {0}: the held-out loss rose from {1} to {2}, and the training loss did not fall either.',
            best.place,
            say(best.loss),
            say(last.loss, true),
          );
    case 'improving': {
      const gain = gainOf(readings);
      const share = formatPercent(gain * 100, gain < 0.0995 ? 1 : 0);
      return ended
        ? t(
            'Ended while still improving: the held-out loss fell by {0} over the last quarter. Resume to improve it further.',
            share,
          )
        : t(
            'Still improving: the held-out loss fell by {0} over the last quarter; its best is {1}.',
            share,
            say(best.loss, true),
          );
    }
    case 'level': {
      const since = readings[firstNear(readings, best.loss)].place;
      return ended
        ? t('Levelled off: the held-out loss has hardly changed since {0}. More training would not help.', since)
        : t('Levelled off: the held-out loss has stayed near its best, {0}, since {1}.', say(best.loss, true), since);
    }
  }
}

/** What the divergence guard has done. */
export function sayGuard({ step, restoredStep, learningRateAfter }: GuardEvent): string {
  return t(
    'Training diverged at step {0}: the weights from step {1} were restored and the learning rate was lowered to {2}.',
    formatInteger(step),
    formatInteger(restoredStep),
    formatRate(learningRateAfter),
  );
}

/** The one thing to do next with a run: what its curves suggest. Undefined while it trains. */
export function nextAction(history: RunHistory, state: RunStatus): 'resume' | 'samples' | undefined {
  if (state === 'running') return undefined;
  if (state === 'paused' || state === 'interrupted' || state === 'failed') return 'resume';
  const measured = history.evaluations.filter((e) => e.heldOutLoss !== undefined);
  const trend = measured.length > 0 ? trendOf(measured, readingsOf(measured)) : undefined;
  return trend === 'improving' ? 'resume' : 'samples';
}

/** Without figures: the last one is at the top, and the means that are compared here would differ from it. */
function judgeTraining(history: RunHistory): string {
  const { progress } = history;
  const last = progress.at(-1);
  if (!last || progress.length < fewestMeasurements)
    return t('Just started: there are too few measurements to show a trend.');
  // Means over many batches, because a single batch says little.
  const quarter = Math.max(1, Math.floor(progress.length / 4));
  const mean = (from: number, to: number): number =>
    progress.slice(from, to).reduce((sum, p) => sum + p.loss, 0) / (to - from);
  const now = mean(progress.length - quarter, progress.length);
  const before = mean(progress.length - 2 * quarter, progress.length - quarter);
  const warning = history.start?.heldOutTokens
    ? t('The held-out text has not been evaluated yet.')
    : t('No text was held out, so learning cannot be told from memorising.');
  if (now < before * (1 - noise)) return `${t('Still improving on the training text.')} ${warning}`;
  if (now > before * (1 + 4 * noise)) return `${t('The training loss is rising.')} ${warning}`;
  return `${t('The training loss has levelled off.')} ${warning}`;
}

function placeOf(event: EpochEvent): string {
  return event.complete ? t('epoch {0}', event.epoch) : t('step {0}', formatInteger(event.step));
}

function indexOfSmallest(readings: readonly Reading[]): number {
  return readings.reduce((best, reading, i) => (reading.loss < readings[best].loss ? i : best), 0);
}

/** The best loss up to `step`; the first one if none is that old. */
function bestBefore(readings: readonly Reading[], step: number): number {
  const early = readings.filter((reading) => reading.step <= step);
  return Math.min(...(early.length > 0 ? early : readings.slice(0, 1)).map((reading) => reading.loss));
}

function firstNear(readings: readonly Reading[], loss: number): number {
  return readings.findIndex((reading) => reading.loss <= loss * (1 + noise));
}

function formatRate(value: number): string {
  return formatNumber(Number(value.toPrecision(3)));
}
