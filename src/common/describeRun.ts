/**
 * What the curves of a run say, in one or two sentences. Judged on the held-out text where there is one: falling training
 * loss alone cannot tell learning from memorising.
 */
import { formatLoss, scaleOf, toUnit, unitName, type LossUnit } from './lossUnits';
import type { RunHistory } from './runHistory';
import type { EpochEvent } from './trainEvents';

/** Below this share a change between evaluations is taken for noise. */
const noise = 0.005;

/** A loss in the chosen unit; `named`: with its name. */
type Say = (nats: number, named?: boolean) => string;

interface Reading {
  step: number;
  place: string;
  loss: number;
}

/** `unit` is what the losses are said in; the judgement is the same in all. */
export function describeRun(history: RunHistory, unit: LossUnit = 'nats'): string {
  const { start, done } = history;
  if (!start) return 'Nothing has been measured yet.';
  const scale = scaleOf(start.config.text.unit, history.evaluations);
  const say: Say = (nats, named = false) => {
    const value = formatLoss(toUnit(nats, unit, scale));
    if (!named) return value;
    return unit === 'perplexity' ? `a perplexity of ${value}` : `${value} ${unitName(unit, scale)}`;
  };
  const sentences: string[] = [];

  const guard = history.guards.at(-1);
  if (guard) {
    const times = history.guards.length === 1 ? '' : ` ${history.guards.length} times`;
    const what = Number.isFinite(guard.loss)
      ? `the loss rose to ${say(guard.loss)}`
      : 'the loss was no longer a number';
    sentences.push(
      `Diverged${times} and recovered: at step ${formatCount(guard.step)} ${what}, so the weights of step ` +
        `${formatCount(guard.restoredStep)} came back and the learning rate went down to ${formatRate(guard.learningRateAfter)}.`,
    );
  }

  const measured = history.evaluations.filter((e) => e.heldOutLoss !== undefined);
  if (measured.length > 0) sentences.push(judgeHeldOut(measured, done !== undefined, say));
  else sentences.push(judgeTraining(history, say));

  if (done?.reason === 'early-stop') sentences.push('Stopped early, because the held-out loss no longer improved.');
  return sentences.join(' ');
}

function judgeHeldOut(evaluations: EpochEvent[], ended: boolean, say: Say): string {
  const readings = evaluations.map((e): Reading => ({
    step: e.step,
    place: placeOf(e),
    loss: e.heldOutLoss as number,
  }));
  const last = readings[readings.length - 1];
  if (readings.length === 1) {
    return `Held-out loss ${say(last.loss, true)} after the first evaluation; a second one will show where it is going.`;
  }
  const bestAt = indexOfSmallest(readings);
  const best = readings[bestAt];
  const since = readings.slice(bestAt + 1);
  const rise = last.loss / best.loss - 1;
  const trainFell = evaluations[evaluations.length - 1].trainLoss < evaluations[bestAt].trainLoss * (1 - noise / 2);
  if (since.length >= 2 && rise > noise && trainFell) {
    return (
      `Overfitting since ${best.place}: the held-out loss rose from ${say(best.loss)} to ${say(last.loss, true)} while the ` +
      `training loss went on falling. The weights of ${best.place} are the best.`
    );
  }
  if (since.length >= 2 && rise > noise) {
    return `Worse since ${best.place}: the held-out loss rose from ${say(best.loss)} to ${say(last.loss, true)}, and the training loss did not fall either.`;
  }
  const gain = 1 - best.loss / bestBefore(readings, last.step * 0.75);
  if (gain > noise) {
    const share = `${(gain * 100).toFixed(gain < 0.0995 ? 1 : 0)} %`;
    return ended
      ? `Ended while still improving: the held-out loss fell by ${share} over the last quarter, to ${say(best.loss, true)}. Resume it for more.`
      : `Still improving: the held-out loss fell by ${share} over the last quarter, to ${say(best.loss, true)}.`;
  }
  return `Levelled off: the held-out loss has stayed near ${say(best.loss, true)} since ${readings[firstNear(readings, best.loss)].place}.`;
}

function judgeTraining(history: RunHistory, say: Say): string {
  const { progress } = history;
  const last = progress.at(-1);
  if (!last || progress.length < 8) return 'Just begun: too little has been measured to say where it is going.';
  // Means over stretches, as a single batch says little.
  const quarter = Math.max(1, Math.floor(progress.length / 4));
  const mean = (from: number, to: number): number =>
    progress.slice(from, to).reduce((sum, p) => sum + p.loss, 0) / (to - from);
  const now = mean(progress.length - quarter, progress.length);
  const before = mean(progress.length - 2 * quarter, progress.length - quarter);
  const warning = history.start?.heldOutTokens
    ? 'Nothing has been evaluated on the held-out text yet.'
    : 'No text was held out, so nothing here tells learning from memorising.';
  if (now < before * (1 - noise)) return `Still improving on the training text: loss ${say(now, true)}. ${warning}`;
  if (now > before * (1 + 4 * noise))
    return `The training loss is rising: ${say(before)} to ${say(now, true)}. ${warning}`;
  return `Levelled off on the training text at ${say(now, true)}. ${warning}`;
}

function placeOf(event: EpochEvent): string {
  return event.complete ? `epoch ${event.epoch}` : `step ${formatCount(event.step)}`;
}

function indexOfSmallest(readings: readonly Reading[]): number {
  return readings.reduce((best, reading, i) => (reading.loss < readings[best].loss ? i : best), 0);
}

/** The best loss up to `step`; the first one when nothing is that old. */
function bestBefore(readings: readonly Reading[], step: number): number {
  const early = readings.filter((reading) => reading.step <= step);
  return Math.min(...(early.length > 0 ? early : readings.slice(0, 1)).map((reading) => reading.loss));
}

function firstNear(readings: readonly Reading[], loss: number): number {
  return readings.findIndex((reading) => reading.loss <= loss * (1 + noise));
}

function formatCount(value: number): string {
  return value.toLocaleString('en');
}

function formatRate(value: number): string {
  return String(Number(value.toPrecision(3)));
}
