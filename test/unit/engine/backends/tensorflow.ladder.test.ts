/** The correctness ladder on the TensorFlow backend for CPUs, in both of its forms. */
import * as path from 'node:path';
import type { Backend } from '../../../../src/engine/backends/backend';
import { findTensorflow } from '../../../../src/engine/backends/tensorflow/binding';
import { createTensorflowBackend } from '../../../../src/engine/backends/tensorflow/tensorflowBackend';
import { climbLadder } from '../../../support/ladder';
import { repositoryRoot } from '../../../support/shared';

/** Filled by scripts/tensorflow-cpu.mjs. */
const modulesFolder = path.join(repositoryRoot, '.cache', 'tensorflow');

for (const form of ['block', 'plain'] as const) {
  describe(`tensorflow backend, ${form} form`, function () {
    let tensorflow: Backend;
    before(async function () {
      if (!findTensorflow(modulesFolder)?.addon) this.skip();
      tensorflow = await createTensorflowBackend({ modulesFolder, form });
    });
    after(() => tensorflow?.dispose());

    climbLadder(() => tensorflow);
  });
}
