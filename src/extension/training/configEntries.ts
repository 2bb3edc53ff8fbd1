/** A training configuration as a flat list, as the custom choice shows it and `setPath` accepts it. */
import type { TrainingConfig } from '../../common/trainingConfig';

export interface ConfigEntry {
  /** "network.layers.0.units". */
  path: string;
  value: string;
}

/** One entry for every value, in document order; short lists of numbers stay together. */
export function configEntries(config: TrainingConfig): ConfigEntry[] {
  return entriesOf(config, '');
}

function entriesOf(value: unknown, path: string): ConfigEntry[] {
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) {
    return [{ path, value: JSON.stringify(value) }];
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) =>
      inner === undefined ? [] : entriesOf(inner, path === '' ? key : `${path}.${key}`),
    );
  }
  return [{ path, value: String(value) }];
}
