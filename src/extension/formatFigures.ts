/** Formats figures of models and runs for display. */
import { t } from '../common/l10n';

/** "1.93 bits" for a held-out text, or an empty string if unknown. */
export function formatBits(bitsPerCharacter: number | null | undefined): string {
  return typeof bitsPerCharacter === 'number' ? t('{0} bits', bitsPerCharacter.toFixed(2)) : '';
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** 950, 12.3 k, 1.2 M. */
export function formatCount(count: number): string {
  if (count < 1000) return String(Math.round(count));
  if (count < 1_000_000) return `${(count / 1000).toFixed(count < 100_000 ? 1 : 0)} k`;
  return `${(count / 1_000_000).toFixed(1)} M`;
}

/** "45 s", "3:20 min", "5 min", "1:05 h". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 3600 && whole % 60 === 0) return `${whole / 60} min`;
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} min`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor((whole % 3600) / 60))} h`;
}
