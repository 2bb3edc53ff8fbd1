/** A model with a memory knows the open document in which the user writes, and forgets it when it is closed. */
import * as assert from 'node:assert/strict';
import type { LanguageModel } from '../../../../src/engine/generation/languageModel';
import { prime } from '../../../../src/engine/generation/prime';
import { probabilityOf } from '../../../../src/engine/generation/sampler';
import { networkPredictor } from '../../../../src/engine/generation/predictor';
import { learningPredictor } from '../../../../src/engine/memory/learningPredictor';
import { openMemory } from '../../../../src/engine/memory/modelMemory';
import { emptyMemory } from '../../../../src/engine/memory/remember';
import type { CompletionRequest, DocumentUpdate } from '../../../../src/common/engineProtocol';
import { createBackend, createStepper } from '../../../../src/engine/backends';
import { samplerHandlers } from '../../../../src/engine/process/samplerThread';
import { DocumentLayers } from '../../../../src/engine/process/documentLayers';
import { predicting } from '../../../../src/engine/generation/documentPredictor';
import { KnownTexts } from '../../../../src/engine/process/knownTexts';
import { OpenDocuments } from '../../../../src/engine/process/openDocuments';
import { eventually } from '../../../support/eventually';
import { learnedModel } from '../generation/toyModels';

const id = 'file:///chapter.md';
const text = 'the captain sailed over the ocean, the farmer walked over the meadow. ';

describe('OpenDocuments', () => {
  it('follows edits, and forgets a document whose edit does not fit', () => {
    const documents = new OpenDocuments();
    const edit = { start: 4, deleted: 3, inserted: 'ocean' };
    assert.equal(documents.update({ id, edit, length: 7 }), false);
    assert.equal(documents.update({ id, text: 'the sea' }), true);
    assert.equal(documents.update({ id, edit, length: 7 }), true);
    assert.equal(documents.text(id), 'the ocean');
    assert.equal(documents.update({ id, edit, length: 7 }), false);
    assert.equal(documents.text(id), undefined);
  });
});

describe('DocumentLayers', () => {
  const network = learnedModel(text);
  const memory = emptyMemory(network.vocabulary);
  const model: LanguageModel = { ...network, memory };

  /** How likely the model thinks `next` after `before`, at that place of the document. */
  async function probability(
    layers: DocumentLayers,
    before: string,
    next: string,
    cursor?: number,
    beside?: string,
  ): Promise<number> {
    const { typing } = await layers.at(cursor === undefined ? undefined : { id, cursor, beside });
    const { vocabulary } = model;
    const { logits } = await prime(model, typing.predictor, vocabulary.encode(before), typing.cache);
    return probabilityOf(vocabulary.idOf(next), logits, 0, vocabulary.size);
  }

  it("uses the document's text at once, before and after the cursor", async () => {
    const documents = new OpenDocuments();
    const layers = new DocumentLayers(model, predicting(model), documents, new KnownTexts());
    const before = 'the farmer sailed over the captain ';
    const without = await probability(layers, before, 'm');
    const written = `${before}m`.repeat(6);
    documents.update({ id, text: `${written} ${before} ${written}` });
    const cursor = written.length + 1 + before.length;
    const known = await probability(layers, before, 'm', cursor);
    assert.ok(known > without + 0.1, `${known} after ${without}`);
    documents.update({ id, text: `${before} ${written}` });
    assert.ok((await probability(layers, before, 'm', before.length)) > without + 0.1);
    // The text after the cursor is not what comes next at the cursor.
    documents.update({ id, text: `${before}m` });
    assert.ok((await probability(layers, before, 'm', before.length)) < without + 0.1);
  });

  it('forgets a document that was closed, and knows nothing about one that was never reported', async () => {
    const documents = new OpenDocuments();
    const layers = new DocumentLayers(model, predicting(model), documents, new KnownTexts());
    const without = await probability(layers, 'the captain ', 'w');
    assert.equal(await probability(layers, 'the captain ', 'w', 0), without);
    documents.update({ id, text: 'the captain w'.repeat(5) });
    assert.ok((await probability(layers, 'the captain ', 'w', 65)) > without);
    documents.close(id);
    layers.forget(id);
    assert.equal(await probability(layers, 'the captain ', 'w', 65), without);
  });

  it('trusts the memory more in a document that it predicts better than the network does', async () => {
    const documents = new OpenDocuments();
    const layers = new DocumentLayers(model, predicting(model), documents, new KnownTexts());
    const before = 'the farmer sailed over the captain ';
    documents.update({ id, text: `${before}m`.repeat(60) + before });
    const cursor = 61 * before.length + 60;
    const first = await probability(layers, before, 'm', cursor);
    // The mixture is fitted while other work goes on.
    await eventually(async () =>
      assert.ok((await probability(layers, before, 'm', cursor)) > first + 0.02, `${first}`),
    );
  });

  it('learns from what is typed, as a predictor does that learns each token after predicting it', async () => {
    const passage = 'the farmer sailed over the captain m'.repeat(30);
    const { vocabulary } = model;
    const ids = vocabulary.encode(passage);
    const documents = new OpenDocuments();
    const layers = new DocumentLayers(model, predicting(model), documents, new KnownTexts());
    const learning = learningPredictor(
      networkPredictor(model, 'carried'),
      openMemory(memory, vocabulary),
      memory.tables,
    );
    const context = learning.start();
    const logits = new Float32Array(learning.classes);
    const bits = { typed: 0, learning: 0 };
    for (let at = 1; at < ids.length; at++) {
      const before = passage.slice(0, at);
      documents.update({ id, text: before });
      bits.typed -= Math.log2(await probability(layers, before, passage[at], at));
      const last = ids.subarray(at - 1, at);
      learning.learn(last);
      learning.step(last, context, logits);
      bits.learning -= Math.log2(probabilityOf(ids[at], logits, 0, learning.classes));
    }
    assert.ok(Math.abs(bits.typed - bits.learning) < 0.01 * bits.learning, JSON.stringify(bits));
  });

  it('fits the mixture again when a document has become twice as long', async () => {
    const documents = new OpenDocuments();
    const before = 'the farmer sailed over the captain ';
    const [short, long] = [1, 2].map((times) => `${`${before}m`.repeat(60)}${`${before}w`.repeat(60)}`.repeat(times));
    const open = () => new DocumentLayers(model, predicting(model), documents, new KnownTexts());
    const atEnd = (layers: DocumentLayers) => probability(layers, before, 'm', documents.text(id)!.length);
    const fitted = async (layers: DocumentLayers): Promise<number> => {
      const unfitted = await atEnd(layers);
      await eventually(async () => assert.notEqual(await atEnd(layers), unfitted));
      return atEnd(layers);
    };
    const grown = open();
    documents.update({ id, text: short });
    await fitted(grown);
    documents.update({ id, text: long });
    await fitted(grown);
    assert.equal(await atEnd(grown), await fitted(open()));
  });

  it('uses the texts beside the document, but not an older version of the document itself', async () => {
    const documents = new OpenDocuments();
    const known = new KnownTexts();
    const layers = new DocumentLayers(model, predicting(model), documents, known);
    const before = 'the farmer sailed over the captain ';
    documents.update({ id, text: before });
    const next = (token: string): Promise<number> => probability(layers, before, token, before.length, 'folder');
    const [m, w] = [await next('m'), await next('w')];
    const other = { name: 'other', text: `${before}w`.repeat(6) };
    await known.update('folder', [{ name: id, text: `${before}m`.repeat(6) }, other]);
    // The texts are learned while other work goes on.
    await eventually(async () => assert.ok((await next('w')) > w + 0.1));
    assert.ok((await next('m')) < m + 0.1);
    assert.equal(await probability(layers, before, 'm', before.length), m);
    await known.update('folder', [{ ...other, text: `${before}m`.repeat(6) }]);
    await eventually(async () => assert.ok((await next('m')) > m + 0.1));
    await known.update('folder', []);
    assert.equal(await next('m'), m);
  });

  it('measures what the texts beside a passage do to it', async () => {
    const known = new KnownTexts();
    const layers = new DocumentLayers(model, predicting(model), new OpenDocuments(), known);
    const passage = 'the farmer sailed over the captain ';
    const measure = (except: string) => layers.measureBeside({ text: passage, collection: 'remembered', except });
    assert.equal(await measure(id), null);
    await known.update('remembered', [{ name: id, text: passage.repeat(6) }]);
    const other = await measure('other');
    assert.ok(other && other.with < other.without - 0.1, JSON.stringify(other));
    const { predictor } = predicting(model).typing;
    const context = predictor.start();
    const logits = new Float32Array(predictor.classes);
    let bits = 0;
    for (const [i, token] of model.vocabulary.encode(passage).entries()) {
      if (i > 0) bits -= Math.log2(probabilityOf(token, logits, 0, predictor.classes));
      predictor.step(Uint16Array.of(token), context, logits);
    }
    assert.ok(Math.abs(other.without - bits / (passage.length - 1)) < 1e-6);
    // Its own text is left out, so unknown characters make no difference.
    assert.deepEqual(await measure(id), { without: other.without, with: other.without });
    assert.equal(await layers.measureBeside({ text: '§', collection: 'remembered', except: id }), null);
  });
});

describe('Offers in the middle of a line of an open document', () => {
  const handlers = samplerHandlers(createStepper, () => createBackend('wasm'));
  const call = { signal: new AbortController().signal, onEvent: (): void => undefined };

  async function offered(prefix: string, suffix: string): Promise<string[]> {
    const update: DocumentUpdate = { id, text: prefix + suffix };
    await handlers.updateDocument(update, call);
    const request: CompletionRequest = {
      modelPath: 'base:en',
      ...{ prefix, suffix, document: { id, cursor: prefix.length } },
      ...{ extent: 'phrase', eagerness: 'balanced', alternatives: 1, maximumLength: 60, never: [] },
    };
    return (await handlers.complete(request, call)).items.map((item) => item.text);
  }

  it('lead into what follows, although the document contains it', async () => {
    assert.deepEqual(await offered('I cannot under', ' what you mean, said the old man.'), ['stand']);
    assert.deepEqual(await offered('The old gentl', ' sat by the fire.'), ['eman']);
  });

  it('are not made if they do not', async () => {
    assert.deepEqual(await offered('I cannot under', ' xylophone zebras, qua.'), []);
  });
});
