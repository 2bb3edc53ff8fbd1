/** The samples recorded during a run, as read-only columns of the wall. No DOM. */
import { formatFixed } from '../../common/formats';
import { formatInteger, t } from '../../common/l10n';
import type { RunHistory } from '../../common/runHistory';
import type { SampleEvent } from '../../common/trainEvents';
import type { WallColumn } from '../../common/wall';

export interface RecordedColumn {
  column: WallColumn;
  prompt: string;
}

/** Negative ids never collide with those of the live wall. `maximum` limits the page to a screenful. */
export function recordedColumns(samples: readonly SampleEvent[], maximum: number): RecordedColumn[] {
  return samples.slice(0, maximum).map((sample, i) => ({
    prompt: sample.prompt,
    column: {
      id: -1 - i,
      options: { temperature: sample.temperature, seed: 0, length: sample.text.length },
      lead: '',
      text: sample.text,
      lengths: [],
      probabilities: [],
      state: 'done',
    },
  }));
}

/** "step 1,200 · epoch 3 · 2.01 bits per character": where in the run a sample was recorded. */
export function placeOfSample(history: RunHistory, at: number): string {
  const place = history.sampleSteps[at];
  if (!place) return t('now');
  const evaluation = history.evaluations.findLast(
    (e) => e.step <= place.step && e.heldOutBitsPerCharacter !== undefined,
  );
  const bits = evaluation?.heldOutBitsPerCharacter;
  const quality = bits === undefined ? '' : ` · ${t('{0} bits per character', formatFixed(bits, 2))}`;
  return `${t('step {0} · epoch {1}', formatInteger(place.step), place.epoch)}${quality}`;
}
