/**
 * Displays a training run: one line that is updated with loss, speed and remaining time, and above it what is worth
 * keeping: epochs, samples, notices. If the output is not a terminal, the line is printed now and then.
 */
import { formatPercent } from '../../common/formats';
import { say } from '../../common/l10n';
import { sayReason } from '../../common/reasons';
import type { TrainingConfig } from '../../common/trainingConfig';
import type { EpochEvent, TrainEvent } from '../../common/trainEvents';
import { printable, type Output } from './output';

/** Seconds between two progress lines without a terminal. */
const plainIntervalSeconds = 10;

export class ProgressPrinter {
  private line = '';
  private lastPlainSeconds = -Infinity;
  /** Whether each sample is a separate line. */
  private ofLines = false;
  private stepsPerEpoch = 0;
  /**
   * The position of the last epoch line, to compute the time per step since then, including evaluations and samples.
   */
  private lastEpoch = { step: 0, seconds: 0 };

  constructor(private readonly output: Pick<Output, 'raw' | 'line' | 'isTTY' | 'columns'>) {}

  show(event: TrainEvent): void {
    switch (event.event) {
      case 'progress': {
        const left = event.secondsLeft === undefined ? '' : ` · ${duration(event.secondsLeft)} left`;
        const speed = count(event.charactersPerSecond);
        const loss = event.smoothedLoss ?? event.trainLoss;
        this.showLine(
          `${bar(event.fraction)} step ${event.step} · loss ${loss.toFixed(3)} · ${speed}/s${left}`,
          event.seconds,
        );
        return;
      }
      case 'epoch': {
        const heldOut =
          event.heldOutLoss === undefined
            ? ''
            : ` · held out ${event.heldOutLoss.toFixed(4)}${event.heldOutBitsPerCharacter === undefined ? '' : ` (${event.heldOutBitsPerCharacter.toFixed(3)} bits/character)`}` +
              accuracy(event.heldOutAccuracy);
        const smoothed = event.smoothedLoss === undefined ? '' : ` · smoothed ${event.smoothedLoss.toFixed(4)}`;
        const loss = event.trainLoss === null ? 'not measured (restored by the guard)' : event.trainLoss.toFixed(4);
        const { lastEpoch } = this;
        const steps = event.step - lastEpoch.step;
        const speed =
          steps > 0 ? `, ${((1000 * (event.seconds - lastEpoch.seconds)) / steps).toFixed(1)} ms per step` : '';
        this.lastEpoch = event;
        this.print(
          `${this.placeOf(event)} · step ${event.step} · ${duration(event.seconds)}${speed} · loss ${loss}${accuracy(event.trainAccuracy)}${smoothed}` +
            `${heldOut}${event.best ? ' · best so far' : ''}`,
        );
        return;
      }
      case 'sample':
        // Names are generated in lower case, and read better capitalised.
        if (this.ofLines) return this.print(`  ${capitalised(event.prompt + event.text)}`);
        this.print(`── temperature ${event.temperature} ──\n${event.prompt}▏${event.text}\n`);
        return;
      case 'guard':
      case 'notice':
        this.print(`! ${event.message}`);
        return;
      case 'start':
        this.showStart(event);
        return;
      case 'done':
        this.clearLine();
        return;
      case 'checkpoint':
        return;
    }
  }

  private placeOf({ step, epoch, complete }: EpochEvent): string {
    if (step === 0) return 'untrained';
    if (complete) return `epoch ${epoch}`;
    return step === epoch * this.stepsPerEpoch ? `after epoch ${epoch}` : `in epoch ${epoch + 1}`;
  }

  private showStart(event: Extract<TrainEvent, { event: 'start' }>): void {
    const { config, reasons } = event;
    this.stepsPerEpoch = event.stepsPerEpoch;
    const units = config.network.layers.map((layer) => layer.units).join(' + ');
    this.ofLines = config.text.examples === 'lines';
    this.lastEpoch = { step: event.fromStep, seconds: event.fromSeconds };
    this.print(`${event.files.join(', ')}: ${event.tokens} ${config.text.unit}s, ${event.vocabulary} different`);
    const perEpoch = `${event.stepsPerEpoch} ${event.stepsPerEpoch === 1 ? 'step' : 'steps'} per epoch`;
    this.print(
      `${event.trainTokens} ${targetName(config)} to learn from, ${event.heldOutTokens} held out, ${perEpoch}`,
    );
    this.print(
      `${config.recipe}: ${config.network.cell.toUpperCase()} ${units}, ${event.parameters} parameters, ${config.objective.kind}, ` +
        `batch ${config.batch} × ${config.objective.steps} steps, ${config.optimiser.kind} ${config.optimiser.learningRate}, seed ${event.seed}`,
    );
    for (const reason of reasons) this.print(`  ${sayReason(reason)}`);
    this.print(`${event.backend} (${event.kernel}), ${event.threads} thread${event.threads === 1 ? '' : 's'}`);
    if (event.backendReason) this.print(`  ${say(event.backendReason)}`);
    if (event.fromStep > 0) this.print(`continues from step ${event.fromStep}`);
    if (event.expectedSeconds !== undefined) this.print(`expected: ${duration(event.expectedSeconds)}`);
  }

  private showLine(line: string, seconds: number): void {
    if (this.output.isTTY) {
      this.line = printable(line).slice(0, this.output.columns - 1);
      this.output.raw(`\r\x1b[K${this.line}`);
    } else if (seconds - this.lastPlainSeconds >= plainIntervalSeconds) {
      this.lastPlainSeconds = seconds;
      this.output.line(line);
    }
  }

  private clearLine(): void {
    if (this.line) this.output.raw('\r\x1b[K');
    this.line = '';
  }

  private print(text: string): void {
    const { line } = this;
    this.clearLine();
    this.output.line(text);
    if (line) this.output.raw((this.line = line));
  }
}

/** The unit of a run's targets. */
function targetName({ text, objective }: TrainingConfig): string {
  if (text.examples === 'line-prefixes') return 'beginnings of lines';
  return objective.kind === 'last-step' ? `windows of ${objective.steps} ${text.unit}s` : `${text.unit}s`;
}

function capitalised(text: string): string {
  const [first = '', ...rest] = text;
  return first.toUpperCase() + rest.join('');
}

function accuracy(share: number | null | undefined): string {
  return share === null || share === undefined ? '' : ` · accuracy ${share.toFixed(4)}`;
}

/** 1234567 → "1.23 M". */
export function count(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`;
  if (value >= 1e4) return `${Math.round(value / 1e3)} k`;
  return String(Math.round(value));
}

/** 75 → "1 min 15 s". */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

function bar(fraction: number): string {
  const width = 20;
  const filled = Math.round(fraction * width);
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${formatPercent(fraction * 100).padStart(4)}`;
}
