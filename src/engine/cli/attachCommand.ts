/** `inkling attach`: follows a job that trains elsewhere, and finishes its model (`exchange/jobs/`). */
import * as path from 'node:path';
import { InklingError } from '../../common/errors';
import { withCompute } from '../backends';
import { finishJob } from '../exchange/jobs/finishJob';
import { followJob } from '../exchange/jobs/followJob';
import { openJobSource } from '../exchange/jobs/jobSource';
import { trainedModelName } from '../exchange/jobs/writeJob';
import { computeRequest } from './backendOption';
import { checkOutFile } from './outFile';
import { output, say } from './output';
import { ProgressPrinter } from './progressPrinter';
import { onStopSignals } from './stopSignals';
import { summary } from './trainCommand';
import { commonOptions, parse, UsageError } from './usage';

const options = { ...commonOptions, stop: { type: 'boolean' }, out: { type: 'string' } } as const;

export async function attachCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, options);
  const [job, ...more] = positionals;
  if (job === undefined || more.length > 0) {
    throw new UsageError('Name one job: inkling attach FOLDER, or inkling attach ray://HOST/JOB.');
  }
  const source = await openJobSource(job, process.env.RAY_AUTH_TOKEN);
  const outFile = values.out === undefined ? undefined : await checkOutFile(values.out, { inputs: [] });
  if (values.stop) {
    await source.stop();
    say(`${source.name} was asked to stop and to keep its model, which takes a moment.`);
  }
  const detached = new AbortController();
  const restoreSignals = onStopSignals(() => detached.abort());
  const printer = new ProgressPrinter(output);
  try {
    const done = await followJob(source, {
      onEvent: (event) => (values.json ? output.json(event) : printer.show(event)),
      onLog: (line) => values.verbose && say(line),
      signal: detached.signal,
    });
    if (source.folder === undefined) {
      if (values.json) output.json(done);
      else
        output.line(`The model is ${done.model} on the cluster: copy the folder of the job here, then attach to it.`);
      return;
    }
    const { folder } = source;
    const modelPath = outFile?.path ?? path.join(folder, trainedModelName);
    await withCompute({ ...computeRequest(values), required: true }, async (compute) => {
      const finished = await finishJob(folder, modelPath, compute, () => detached.signal.aborted);
      if (values.json) output.json(finished.done);
      else {
        printer.show(finished.done);
        output.line(summary(modelPath, finished.model));
      }
    });
  } catch (error) {
    if (!(error instanceof InklingError && error.code === 'cancelled')) throw error;
    say(`Detached; the job goes on. Attach again with "inkling attach ${job}", end it with "--stop".`);
  } finally {
    restoreSignals();
  }
}
