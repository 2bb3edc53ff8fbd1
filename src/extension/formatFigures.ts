/** Formats figures of models and runs for display. */
import { formatFixed } from '../common/formats';

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`;
  return `${formatFixed(bytes / 1_000_000, 1)} MB`;
}

/** 950, 12.3 k, 1.2 M. */
export function formatCount(count: number): string {
  if (count < 1000) return String(Math.round(count));
  if (count < 1_000_000) return `${formatFixed(count / 1000, count < 100_000 ? 1 : 0)} k`;
  return `${formatFixed(count / 1_000_000, 1)} M`;
}
