/** The settings of the page, remembered across sessions. */
import { defaultSettings, parseSettings, type StudioSettings } from '../../common/studioProtocol';
import type { MemoryPort } from './ports';

const key = 'studio.settings';

export class RememberedSettings {
  private value: StudioSettings;

  constructor(private readonly memory: MemoryPort) {
    this.value = parseSettings(memory.get(key)) ?? defaultSettings;
  }

  get current(): StudioSettings {
    return this.value;
  }

  update(change: Partial<StudioSettings>): void {
    this.value = { ...this.value, ...change };
    void this.memory.update(key, this.value);
  }
}
