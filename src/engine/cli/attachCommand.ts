/** `inkling attach`: follows a job that trains elsewhere, and finishes its model (`exchange/jobs/`). */
import * as path from 'node:path';
import { InklingError } from '../../common/errors';
import type { TrainEvent } from '../../common/trainEvents';
import { withCompute } from '../backends';
import { attachToJob } from '../exchange/jobs/attachToJob';
import { openJobSource } from '../exchange/jobs/jobSource';
import { firstModelName } from '../exchange/jobs/writeJob';
import { readModelMetadata } from '../model/modelFile';
import { computeRequest } from './backendOption';
import { checkOutFile, checkSameTexts } from './outFile';
import { output, say } from './output';
import { ProgressPrinter } from './progressPrinter';
import { onStopSignals } from './stopSignals';
import { summary } from './trainCommand';
import { commonOptions, parse, switches, UsageError, valued } from './usage';

const options = { ...commonOptions, ...valued('out'), ...switches('stop', 'overwrite') };

export async function attachCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, options);
  const [job, ...more] = positionals;
  if (job === undefined || more.length > 0) {
    throw new UsageError('Name one job: inkling attach FOLDER, or inkling attach ray://HOST/JOB.');
  }
  const token = process.env.RAY_AUTH_TOKEN;
  const outFile = values.out === undefined ? undefined : await checkOutFile(values.out, { inputs: [] });
  if (outFile && !values.overwrite) {
    // Of a cluster's job, the text is not known before its end.
    const first = await readModelMetadata(path.join(job, firstModelName)).catch(() => undefined);
    checkSameTexts(outFile, () => first?.provenance.textHash);
  }
  if (values.stop) {
    await (await openJobSource(job, token)).stop();
    say('The job was asked to stop and to keep its model, which takes a moment.');
  }
  const detached = new AbortController();
  const endOfSignals = onStopSignals(() => detached.abort());
  const printer = new ProgressPrinter(output);
  const show = (event: TrainEvent): void => {
    if (values.json) output.json(event);
    else printer.show(event);
  };
  try {
    await withCompute({ ...computeRequest(values), required: true }, async (compute) => {
      const { model, done } = await attachToJob({
        job,
        token,
        modelPath: outFile?.path,
        compute,
        onEvent: show,
        onLog: (line) => values.verbose && say(line),
        signal: detached.signal,
      });
      show(done);
      if (!values.json) output.line(summary(done.model, model));
    });
  } catch (error) {
    if (!(error instanceof InklingError && error.code === 'cancelled')) throw error;
    say(`Detached; the job continues. Attach again with "inkling attach ${job}"; add --stop to end the job.`);
  } finally {
    endOfSignals();
  }
}
