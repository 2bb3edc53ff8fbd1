/** What the Training tab says in words and figures of a run, apart from its curves. No DOM. */
import { formatLoss, toUnit, unitName, type LossUnit } from '../common/lossUnits';
import type { RunHistory } from '../common/runHistory';
import type { RunItem, RunState } from '../common/studioProtocol';
import { tokenScale } from './chart/chartModel';
import { formatSeconds, formatTick } from './chart/scale';

export interface Figure {
  label: string;
  value: string;
  hint?: string;
}

/** The four figures at the top: where the run stands at a glance. */
export function figures(history: RunHistory, unit: LossUnit, state: RunState): Figure[] {
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
      label: 'held out',
      value: say(done ? done.heldOutLoss : evaluation?.heldOutLoss),
      hint: `Loss on text that the model never trained on, ${name}`,
    },
    {
      label: 'train',
      value: say(latest?.trainLoss ?? done?.trainLoss),
      hint: `Loss on the text it trains on, ${name}`,
    },
    {
      label: 'speed',
      value: speed ? `${formatTick(roundTo(speed, 3))}/s` : '–',
      hint: 'Characters (or words) trained on a second',
    },
    live
      ? { label: 'time left', value: latest?.secondsLeft === undefined ? '–' : formatSeconds(latest.secondsLeft) }
      : { label: 'took', value: seconds > 0 ? formatSeconds(seconds) : '–' },
  ];
}

/** How the text was split, by which seed, and by what it was computed. */
export function splitSentence(history: RunHistory): string {
  const { start } = history;
  if (!start) return '';
  const { config, seed, tokens, trainTokens, heldOutTokens } = start;
  const unit = `${config.text.unit}s`;
  const count = (n: number): string => n.toLocaleString('en');
  const share = tokens > 0 ? `${Math.round((heldOutTokens / tokens) * 100)} %` : '';
  const where = { tail: `the last ${share}`, random: `a random ${share}`, none: '' }[config.text.heldOut.kind];
  const split =
    heldOutTokens > 0
      ? `Train: ${count(trainTokens)} ${unit} · held out: ${where}, ${count(heldOutTokens)} ${unit}`
      : `Train: all ${count(trainTokens)} ${unit} · nothing held out`;
  return `${split} · seed ${seed}`;
}

/** "LSTM 256 + 256 · 800,000 parameters · wasm (relaxed SIMD), 2 threads. No GPU package is installed." */
export function machineSentence(history: RunHistory): string {
  const { start } = history;
  if (!start) return '';
  const { cell, layers } = start.config.network;
  const units = layers.map((layer) => layer.units).join(' + ');
  // A run that lost its GPU ended on something else than it began on.
  const { backend, kernel, threads } = history.done ?? start;
  const onGpu = backend === 'webgpu' || backend === 'tensorflow';
  const count = onGpu ? '' : `, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
  const why = start.backendReason ? `. ${start.backendReason}` : '';
  return `${cell.toUpperCase()} ${units} · ${start.parameters.toLocaleString('en')} parameters · ${backend} (${kernel})${count}${why}`;
}

/** "step 1,200 · epoch 3.1 · 40s" at the reading nearest to `step`. */
export function placeSentence(history: RunHistory, point: { step: number; epoch: number; seconds: number }): string {
  const stepsPerEpoch = history.start?.stepsPerEpoch ?? 0;
  const epoch = stepsPerEpoch > 0 ? (point.step / stepsPerEpoch).toFixed(1) : String(point.epoch);
  return `step ${point.step.toLocaleString('en')} · epoch ${epoch} · ${formatSeconds(point.seconds)}`;
}

export function runLabel(run: RunItem): string {
  const when = run.startedAt.slice(0, 16).replace('T', ' ');
  const state = {
    running: ' · running',
    paused: ' · paused',
    failed: ' · failed',
    interrupted: ' · interrupted',
    done: '',
    stopped: '',
  }[run.state];
  return `${run.title} · ${when}${state}`;
}

function roundTo(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}
