/** Several callers share a model and take turns at every step: each must get the result that it would get alone. */
import * as assert from 'node:assert/strict';
import type { Backend } from '../../../../src/engine/backends/backend';
import { createWasmBackend } from '../../../../src/engine/backends/wasm/wasmBackend';
import { createWasmStepper } from '../../../../src/engine/backends/wasm/wasmStepper';
import { considered } from '../../../../src/engine/generation/considered';
import { generate } from '../../../../src/engine/generation/generator';
import type { LanguageModel } from '../../../../src/engine/generation/languageModel';
import { generateContaining } from '../../../../src/engine/generation/mustContain';
import { createPredictor } from '../../../../src/engine/generation/createPredictor';
import type { Predictor } from '../../../../src/engine/generation/predictor';
import { scoreText, type ScoringModel } from '../../../../src/engine/generation/score';
import { StateCache } from '../../../../src/engine/generation/stateCache';
import { SurpriseMap } from '../../../../src/engine/generation/surprise';
import { offer } from '../../../../src/engine/offers/offers';
import { drawnModel, everyStep, lastStep } from './toyModels';

type Asking = (predictor: Predictor, cache: StateCache) => Promise<unknown>;

/** The requests of the editor while the user writes, each in two variants. */
function everyKind(model: LanguageModel & ScoringModel, seed: number): Asking[] {
  const sampling = { temperature: 0.7, seed, length: 30 };
  const completion = { modelPath: '', suffix: '', extent: 'line', eagerness: 'bold', never: [] } as const;
  return [
    { prompt: 'ab ', word: 'cat' },
    { prompt: 'x', word: 'dogs' },
  ].flatMap(({ prompt, word }): Asking[] => [
    (predictor, cache) =>
      offer(model, predictor, { ...completion, prefix: prompt, alternatives: 3, maximumLength: 25 }, cache).then(
        ({ items }) => items,
      ),
    (predictor, cache) =>
      generate(model, { prompt, streams: [sampling, { ...sampling, seed: seed + 1 }] }, { predictor, cache }).then(
        ({ texts }) => texts,
      ),
    (predictor, cache) =>
      generateContaining(model, { prompt, streams: [{ ...sampling, mustContain: [word] }] }, { predictor, cache }).then(
        ({ texts }) => texts,
      ),
    (predictor, cache) => considered(model, predictor, prompt, 5, cache),
    () => new SurpriseMap(model).update(`${prompt} and so on`, 0),
    () => scoreText(model, `${prompt} and so on and on and on`),
  ]);
}

/** The answers, with one predictor and one cache for all requests. */
function atOnce(model: LanguageModel, asked: Asking[]): Promise<unknown[]> {
  const predictor = createPredictor(model);
  const cache = new StateCache(predictor.reach);
  return Promise.all(asked.map((ask) => ask(predictor, cache)));
}

describe('concurrent callers of one model', () => {
  const { now } = performance;
  let backend: Backend;
  before(async () => {
    backend = await createWasmBackend({ threads: 1 });
  });
  afterEach(() => {
    performance.now = now;
  });
  after(() => backend.dispose());

  for (const objective of [everyStep, lastStep(12)]) {
    it(`get what each gets alone (${objective.kind})`, async () => {
      const drawn = await drawnModel({ objective });
      const { spec } = drawn.stepper;
      const network = await backend.createNetwork(spec, drawn.parameters, { batch: 1, steps: 12 });
      const model = { ...drawn, network, stepper: createWasmStepper(spec, drawn.parameters) };
      for (let seed = 1; seed <= 5; seed++) {
        const asked = everyKind(model, seed);
        const alone: unknown[] = [];
        for (const ask of asked) alone.push(...(await atOnce(model, [ask])));
        // A clock that jumps each time it is read, so that everything that yields when its time is up does so at every
        // step.
        let time = 0;
        performance.now = () => (time += 10);
        assert.deepEqual(await atOnce(model, asked), alone);
        performance.now = now;
        // Callers of one kind advance together, and meet where others do not.
        const kinds = asked.length / 2;
        for (let kind = 0; kind < kinds; kind++) {
          const both = [kind, kind + kinds];
          assert.deepEqual(
            await atOnce(
              model,
              both.map((i) => asked[i]),
            ),
            both.map((i) => alone[i]),
          );
        }
      }
      network.dispose();
    });
  }
});
