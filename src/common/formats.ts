/**
 * Figures, dates and durations for people, each in one format everywhere: decimals with the separator of the language,
 * dates as ISO 8601 in local time, durations with their unit.
 */
import { t, withSeparator } from './l10n';

/** Exactly `digits` decimals. */
export function formatFixed(value: number, digits: number): string {
  return withSeparator(value.toFixed(digits));
}

/** "2.6%" in English, "2,6\u00a0%" where the sign stands apart. `percent`: 100 for all; exactly `digits` decimals. */
export function formatPercent(percent: number, digits = 0): string {
  return t('{0}%', formatFixed(percent, digits));
}

/** As many decimals as the number has. */
export function formatNumber(value: number): string {
  return withSeparator(String(value));
}

/** "2.06 bits per character"; empty if unknown. */
export function formatBits(bitsPerCharacter: number | null | undefined): string {
  return typeof bitsPerCharacter === 'number' ? t('{0} bits per character', formatFixed(bitsPerCharacter, 2)) : '';
}

/** "45 s", "3:20 min", "5 min", "1:05 h"; below a second, one significant digit: "0.2 s". */
export function formatDuration(seconds: number): string {
  if (seconds > 0 && seconds < 0.95) return `${formatNumber(Number(seconds.toPrecision(1)))} s`;
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 60) return `${whole} s`;
  if (whole < 3600 && whole % 60 === 0) return `${whole / 60} min`;
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} min`;
  if (whole % 3600 < 60) return `${Math.floor(whole / 3600)} h`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor((whole % 3600) / 60))} h`;
}

/** "2024-05-01 10:20", in local time. `iso`: ISO 8601. */
export function formatMoment(iso: string): string {
  const moment = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [moment.getFullYear(), two(moment.getMonth() + 1), two(moment.getDate())].join('-');
  return `${day} ${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

/** "2024-05-01", in local time. */
export function formatDay(iso: string): string {
  return formatMoment(iso).slice(0, 10);
}
