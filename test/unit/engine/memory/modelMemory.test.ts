import * as assert from 'node:assert/strict';
import { buildCorpus, type Corpus } from '../../../../src/engine/corpus/corpus';
import { Vocabulary } from '../../../../src/engine/corpus/vocabulary';
import { createPredictor, type PredictorUse } from '../../../../src/engine/generation/createPredictor';
import { networkPredictor } from '../../../../src/engine/generation/predictor';
import { prime } from '../../../../src/engine/generation/prime';
import { scoreText } from '../../../../src/engine/generation/score';
import { StateCache } from '../../../../src/engine/generation/stateCache';
import { learningPredictor } from '../../../../src/engine/memory/learningPredictor';
import { memoryOf, storeMemory } from '../../../../src/engine/memory/memoryFile';
import { openMemory, type ModelMemory } from '../../../../src/engine/memory/modelMemory';
import { emptyMemory, readHeldOut, rememberTokens, rememberTraining } from '../../../../src/engine/memory/remember';
import type { StoredLanguageModel } from '../../../../src/engine/model/modelFile';
import type { TensorValues } from '../../../../src/engine/model/safetensors';
import { readDataset } from '../../../support/shared';
import { drawnModel, plainText } from '../generation/toyModels';

const config = { ...plainText, heldOut: { kind: 'tail', fraction: 0.2 } } as const;
let whole: string;
let text: string;
let vocabulary: Vocabulary;
let corpus: Corpus;

/** A network that knows nothing, with the memory of the text. */
async function remembering(): Promise<
  Awaited<ReturnType<typeof drawnModel>> & { memory: ModelMemory; heldOutNats: number }
> {
  const model = await drawnModel({ vocabulary, steps: 16 });
  const counted = rememberTraining(corpus);
  const heldOut = await readHeldOut(model.network, counted, corpus);
  const memory = { ...counted, tables: heldOut!.tables };
  return { ...model, memory, heldOutNats: heldOut!.static / heldOut!.targets };
}

/** A stored model with nothing but a memory. */
function storedWith(part: unknown, extraTensors: Record<string, TensorValues>): StoredLanguageModel {
  return {
    kind: 'language-model',
    title: 'toy',
    vocabulary,
    memory: part,
    extraTensors,
  } as unknown as StoredLanguageModel;
}

describe('the memory of a model', () => {
  before(() => {
    whole = readDataset('moby-dick')
      .map(({ text }) => text)
      .join('\n');
    text = whole.slice(40_000, 46_000);
    vocabulary = Vocabulary.build('character', [text]);
    corpus = buildCorpus([{ name: 'moby', text }], config);
  });

  it('is restored from a file unchanged', async () => {
    const { memory } = await remembering();
    const { memory: part, tensors } = storeMemory(memory);
    assert.deepEqual(memoryOf(storedWith(JSON.parse(JSON.stringify(part)), tensors)), memory);
    assert.equal(memoryOf(storedWith(undefined, {})), undefined);
  });

  it('takes at most twelve bytes per character', () => {
    for (const length of [25_000, 200_000]) {
      const some = whole.slice(40_000, 40_000 + length);
      const own = Vocabulary.build('character', [some]);
      const { tensors } = storeMemory(rememberTokens(own.encode(some), own));
      const bytes = Object.values(tensors).reduce((sum, values) => sum + values.byteLength, 0);
      assert.ok(bytes <= 12 * length, `${bytes / length} bytes a character of ${length}`);
    }
  });

  it('is refused if it is damaged, or of another version', async () => {
    const { memory } = await remembering();
    const { memory: part, tensors } = storeMemory(memory);
    const counts = tensors['memory.letters.3'] as Uint8Array;
    const refuses = (change: Record<string, TensorValues>, code: string, ownPart: unknown = part): void =>
      void assert.throws(() => memoryOf(storedWith(ownPart, { ...tensors, ...change })), { code });
    refuses({ 'memory.letters.3': counts.slice(0, -1) }, 'corruptModel');
    refuses({ 'memory.letters.3': Uint8Array.of(...counts, 255) }, 'corruptModel');
    refuses({ 'memory.letters.3': counts.map(() => 127) }, 'corruptModel');
    refuses({ 'memory.letters.3': new Float32Array(3) }, 'corruptModel');
    refuses({ 'memory.weights': new Float32Array(3) }, 'corruptModel');
    for (const name of ['memory.weights', 'memory.exponents']) {
      const table = tensors[name].slice() as Float32Array;
      table[table.length - 1] = NaN;
      refuses({ [name]: table }, 'corruptModel');
    }
    refuses({}, 'corruptModel', { letterOrders: 6 });
    refuses({}, 'incompatibleModel', { ...part, letterOrders: 9 });
  });

  it('helps a network that knows nothing, and helps more as it learns more', async () => {
    const model = await remembering();
    const rest = whole.slice(46_000, 49_000);
    const known = [...rest].filter((character) => text.includes(character)).join('');
    const score = await scoreText(model, known, { online: true });
    assert.ok(score.lossNats < score.networkLossNats! - 0.5, JSON.stringify(score));
    assert.ok(score.onlineLossNats! < score.lossNats - 0.02, JSON.stringify(score));
    const alone = await scoreText({ ...model, memory: undefined }, known);
    assert.ok(Math.abs(alone.lossNats - score.networkLossNats!) < 1e-4);
    const fresh = await scoreText({ ...model, memory: undefined }, known, { online: true });
    assert.equal(fresh.lossNats, fresh.networkLossNats);
    assert.ok(fresh.onlineLossNats! < fresh.lossNats - 0.3, JSON.stringify(fresh));
    await assert.rejects(scoreText(model, known, { online: true, windows: { length: 8, stride: 4 } }), {
      code: 'invalidInput',
    });
  });

  it('predicts the same through every interface', async () => {
    const model = await remembering();
    const ids = vocabulary.encode(text.slice(1000, 1400));
    const predictor = createPredictor(model);
    const { classes, contextSize } = predictor;
    // Three streams side by side, the second one token behind.
    const together = { contexts: new Float32Array(3 * contextSize), logits: new Float32Array(3 * classes) };
    for (let s = 0; s < 3; s++) together.contexts.set(predictor.start(), s * contextSize);
    const alone = { context: predictor.start(), logits: new Float32Array(classes) };
    let nats = 0;
    for (let i = 0; i + 1 < ids.length; i++) {
      predictor.step(Uint16Array.of(ids[i]), alone.context, alone.logits);
      predictor.step(Uint16Array.of(ids[i], ids[i + 1], ids[i]), together.contexts, together.logits);
      assert.deepEqual(together.logits.slice(0, classes), alone.logits);
      assert.deepEqual(together.logits.slice(2 * classes), alone.logits);
      assert.ok(Math.abs(alone.logits.reduce((sum, x) => sum + Math.exp(x), 0) - 1) < 1e-5);
      nats -= alone.logits[ids[i + 1]];
      // A copied context is a stream of its own.
      const fork = { context: alone.context.slice(), logits: new Float32Array(classes) };
      predictor.step(Uint16Array.of(ids[i + 1]), fork.context, fork.logits);
      if (i % 50 === 0) predictor.step(Uint16Array.of(0), alone.context.slice(), new Float32Array(classes));
    }
    const score = await scoreText(model, text.slice(1000, 1400));
    assert.ok(Math.abs(score.lossNats - nats / (ids.length - 1)) < 1e-4, `${score.lossNats}`);
  });

  it('learns the same while a text is written as when it is read', async () => {
    const model = await remembering();
    const written = text.slice(5000, 5600);
    const ids = vocabulary.encode(written);
    const memory = openMemory(model.memory, vocabulary);
    const learning = learningPredictor(networkPredictor(model, 'carried'), memory, model.memory.tables);
    const context = learning.start();
    const logits = new Float32Array(learning.classes);
    let nats = 0;
    for (let i = 0; i + 1 < ids.length; i++) {
      learning.learn(ids.subarray(i, i + 1));
      // Asking elsewhere in between changes nothing.
      learning.step(Uint16Array.of(ids[0]), learning.start(), new Float32Array(learning.classes));
      learning.step(ids.subarray(i, i + 1), context, logits);
      nats -= logits[ids[i + 1]];
    }
    const score = await scoreText(model, written, { online: true });
    assert.ok(score.onlineLossNats! < score.lossNats - 0.005, JSON.stringify(score));
    assert.ok(Math.abs(score.onlineLossNats! - nats / (ids.length - 1)) < 1e-4, `${nats / (ids.length - 1)}`);
  });

  it('is queried again if it has learned since', async () => {
    const model = await remembering();
    const memory = openMemory(emptyMemory(vocabulary), vocabulary);
    const learning = learningPredictor(networkPredictor(model, 'carried'), memory, model.memory.tables);
    const cache = new StateCache(Infinity);
    const ids = vocabulary.encode('the whale, the wh');
    const before = await prime(model, learning, ids, cache);
    learning.learn(ids);
    const after = await prime(model, learning, ids, cache);
    assert.equal(after.steps, 1);
    assert.deepEqual(after.context, before.context);
    const a = vocabulary.idOf('a');
    assert.ok(after.logits[a] > before.logits[a] + 0.1);
  });

  it('is trusted less the longer the training text is copied', async () => {
    const model = await remembering();
    const read = (use: PredictorUse, memory: ModelMemory | undefined, passage: string): Float32Array => {
      const predictor = createPredictor({ ...model, memory }, use);
      const context = predictor.start();
      const logits = new Float32Array(predictor.classes);
      for (const id of vocabulary.encode(passage)) predictor.step(Uint16Array.of(id), context, logits);
      const sum = logits.reduce((total, x) => total + Math.exp(x), 0);
      return logits.map((x) => x - Math.log(sum));
    };
    const far = (a: Float32Array, b: Float32Array): number => Math.max(...a.map((x, i) => Math.abs(x - b[i])));
    const known = text.slice(2000, 2060);
    const network = read({}, undefined, known);
    assert.ok(far(read({ avoidsCopying: true }, model.memory, known), network) < 1e-5);
    assert.ok(far(read({}, model.memory, known), network) > 0.5);
    const unlike = `${known}${text[3]}${text[1]}zq`.slice(-50);
    assert.deepEqual(read({ avoidsCopying: true }, model.memory, unlike), read({}, model.memory, unlike));
  });

  it('may be empty', async () => {
    const model = await drawnModel({ vocabulary, steps: 16 });
    const predictor = createPredictor({ ...model, memory: emptyMemory(vocabulary) });
    const context = predictor.start();
    const logits = new Float32Array(predictor.classes);
    predictor.step(Uint16Array.of(3), context, logits);
    assert.ok(Math.abs(logits.reduce((sum, x) => sum + Math.exp(x), 0) - 1) < 1e-5);
  });
});
