/** Follows a job that trains elsewhere: its events as they come, until it ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cancelled, InklingError } from '../../../common/errors';
import { sentence, type Told } from '../../../common/l10n';
import { noticeOf, type DoneEvent, type TrainEvent } from '../../../common/trainEvents';
import { parseTrainEvent } from '../../model/modelMetadata';
import { OutOfReach, type JobSource } from './jobSource';

export interface Follower {
  onEvent: (event: TrainEvent) => void;
  /** A line of the job's log that is not an event. */
  onLog?: (line: string) => void;
  signal?: AbortSignal;
  sleepMs?: (milliseconds: number, signal?: AbortSignal) => Promise<unknown>;
}

/**
 * Returns the `done` event of the job. What happens to the connection is reported as notices. Throws `cancelled` when
 * `signal` is aborted (the job continues), and `invalidInput` for a job that failed or does not exist.
 */
export async function followJob(source: JobSource, follower: Follower): Promise<DoneEvent> {
  const { onEvent, onLog, signal } = follower;
  const wait = follower.sleepMs ?? ((ms, until): Promise<unknown> => sleep(ms, undefined, { signal: until }));
  let step = 0;
  let state: 'fine' | 'waiting' | 'lost' = 'fine';
  let lastLine = '';
  let startedAt: number | undefined;
  let lastAt = -Infinity;
  const tell = (told: Told): void => onEvent(noticeOf('information', step, told));
  for (;;) {
    if (signal?.aborted) throw cancelled();
    try {
      const ended = await source.ended(signal);
      const lines = await source.read(signal);
      if (lines === undefined && state !== 'waiting')
        tell(sentence('{0} has not started yet: waiting for it.', source.name));
      else if (lines && state === 'lost') tell(sentence('The connection to {0} is back.', source.name));
      state = lines === undefined ? 'waiting' : 'fine';
      for (const line of lines ?? []) {
        const found = eventIn(line);
        if (found === undefined) {
          if (line.trim() !== '') onLog?.((lastLine = line));
          continue;
        }
        const { event, time } = found;
        // The clock of the machine that continues a job may be behind.
        if (event.event === 'start' && time !== startedAt) [startedAt, lastAt] = [time, -Infinity];
        if (time !== undefined && time <= lastAt) continue;
        lastAt = time ?? lastAt;
        if ('step' in event) ({ step } = event);
        // The caller reports the end, once it has the model.
        if (event.event === 'done') return event;
        onEvent(event);
      }
      if (ended !== undefined) {
        const why = lastLine ? sentence('{0}; its last line: {1}', ended, lastLine) : ended;
        throw new InklingError(
          'invalidInput',
          sentence('{0} ended without a model ({1}). Look at its log.', source.name, why),
        );
      }
    } catch (error) {
      if (signal?.aborted) throw cancelled();
      if (!(error instanceof OutOfReach)) throw error;
      if (state !== 'lost')
        tell(sentence('The connection to {0} is lost ({1}): trying again.', source.name, error.told));
      state = 'lost';
    }
    await wait(source.intervalMs, signal).catch(() => undefined);
  }
}

/**
 * The event in a line of a job's log and when it was sent (seconds since 1970); undefined if there is none. It may follow
 * what Ray puts before each line of a worker, or the beginning of a line that a killed worker did not finish. Ray may
 * repeat a worker's lines: what is not later than an event already seen of the same start is a repetition.
 */
function eventIn(line: string): { event: TrainEvent; time?: number } | undefined {
  const start = line.lastIndexOf('{"event":"');
  if (start < 0) return undefined;
  try {
    const json = JSON.parse(line.slice(start)) as { time?: unknown };
    return { event: parseTrainEvent(json), time: typeof json.time === 'number' ? json.time : undefined };
  } catch {
    return undefined;
  }
}
