/**
 * A process that trains and may be killed: `victim <JSON of VictimOrder>`. Goes on with what it finds on its path, as
 * `inkling train --resume` does, and reports to its parent what it has written.
 */
import * as fs from 'node:fs/promises';
import { withCompute } from '../../src/engine/backends';
import { openFileRun } from '../../src/engine/training/fileRun';
import { checkpointPath, readForResume } from '../../src/engine/training/resume';
import { smallConfig } from '../support/trainingConfig';
import { madeText } from '../unit/engine/training/support';

export interface VictimOrder {
  modelPath: string;
  seed: number;
  steps: number;
  resume: boolean;
}

export type VictimReport = { event: 'start' | 'done' } | { event: 'checkpoint'; path: string };

async function train({ modelPath, seed, steps, resume }: VictimOrder): Promise<void> {
  const report = (message: VictimReport): void => void process.send!(message);
  const isThere = await Promise.all(
    [modelPath, checkpointPath(modelPath)].map((file) => fs.stat(file).catch(() => null)),
  );
  await withCompute({ backend: 'wasm', threads: 1, required: true }, async (compute) => {
    const run = await openFileRun({
      texts: [{ name: 'made.txt', text: madeText(3000) }],
      config: smallConfig({ seed, budget: { maxSteps: steps } }),
      compute,
      modelPath,
      resume: resume && isThere.some((file) => file !== null) ? await readForResume(modelPath) : undefined,
      checkpointSeconds: 0.01,
      onEvent: (event) => {
        if (event.event === 'start') report({ event: 'start' });
        if (event.event === 'checkpoint') report({ event: 'checkpoint', path: event.path });
      },
    });
    await run.run();
  });
  report({ event: 'done' });
  process.disconnect();
}

void train(JSON.parse(process.argv[2]) as VictimOrder);
