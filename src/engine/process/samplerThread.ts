/**
 * The methods of the sampler thread: everything that needs a trained model and no training. Calls run concurrently and
 * yield every few milliseconds, so that a completion, which is short, overtakes samples in progress. Reading for the
 * surprise map, which takes long, pauses while anything is written.
 */
import type { EngineMethods, SampleDelta, TextSource } from '../../common/engineProtocol';
import type { Backend, NewStepper } from '../backends/backend';
import { languageOf } from '../bases/chooseBase';
import { ClassifierService } from '../classification/classifierService';
import { considered } from '../generation/considered';
import { generateContaining } from '../generation/mustContain';
import type { KnownWords } from '../generation/knownWords';
import { wordsOfDocument, writableWords } from '../generation/realWords';
import { offer } from '../offers/offers';
import type { Handlers } from '../../common/rpc/methods';
import { Precedence } from '../timeSlice';
import { KnownTexts } from './knownTexts';
import { ModelShelf, type LiveModel } from './modelShelf';
import { OpenDocuments } from './openDocuments';

export interface SamplerMethods extends Pick<
  EngineMethods,
  | 'chooseBase'
  | 'updateDocument'
  | 'closeDocument'
  | 'knowTexts'
  | 'measureBeside'
  | 'sample'
  | 'considered'
  | 'complete'
  | 'surprise'
  | 'expected'
  | 'classify'
  | 'describeClassifier'
> {
  /** A run begins to publish its weights. */
  announce: { params: LiveModel; result: null; event: never };
  /** It has ended. */
  retire: { params: { modelPath: string }; result: null; event: never };
  /** The texts that a model was trained on. */
  noteSources: { params: { modelPath: string; sources: readonly TextSource[] }; result: null; event: never };
}

/**
 * How old the weights of a run in progress may be: a sample needs the latest; requests at every keystroke would
 * otherwise have to reread their text each time.
 */
const staleMs = { sample: 0, considered: 10_000, complete: 15_000, surprise: 15_000 };

export function samplerHandlers(
  newStepper: NewStepper,
  createBackend: () => Promise<Backend>,
): Handlers<SamplerMethods> {
  const documents = new OpenDocuments();
  const known = new KnownTexts();
  const classifiers = new ClassifierService(createBackend);
  const urgent = new Precedence();
  const shelf = new ModelShelf(newStepper, documents, known, urgent);
  /** For what the user waits for. */
  const useNow: ModelShelf['use'] = (...use) => urgent.run(() => shelf.use(...use));
  return {
    announce: (live) => {
      shelf.announce(live);
      return null;
    },
    retire: ({ modelPath }) => {
      shelf.retire(modelPath);
      return null;
    },
    noteSources: ({ modelPath, sources }) => {
      shelf.noteSources(modelPath, sources);
      return null;
    },
    chooseBase: async ({ text }, { signal }) => ({ language: (await languageOf(text, newStepper, signal)) ?? null }),
    updateDocument: (update) => documents.update(update),
    closeDocument: ({ id }) => {
      documents.close(id);
      shelf.forget(id);
      return null;
    },
    knowTexts: async ({ collection, texts }) => {
      await known.update(collection, texts);
      return null;
    },
    measureBeside: ({ modelPath, ...request }, { signal }) =>
      shelf.use(modelPath, staleMs.surprise, ({ measureBeside }) => measureBeside(request, signal)),
    sample: ({ modelPath, prompt, streams, details, document }, { signal, onEvent }) =>
      useNow(modelPath, staleMs.sample, async (shelved) => {
        const { model, copies } = shelved;
        const { writing } = await shelved.at(document);
        const onDelta = (delta: SampleDelta): void => onEvent(delta);
        // The document before anything is written into it.
        const text = document && documents.text(document.id);
        let found: Promise<KnownWords[] | undefined> | undefined;
        const realWords = (): typeof found =>
          (found ??= shelved.words().then((known) => {
            return known && [known, writableWords(wordsOfDocument(text, [prompt].flat()), model.vocabulary)];
          }));
        const words = streams.some(({ onlyRealWords }) => onlyRealWords) ? await realWords() : undefined;
        const tools = { onDelta, signal, words, ...writing };
        const result = await generateContaining(model, { prompt, streams, details }, tools);
        const index = await copies();
        const real = index && (await realWords());
        return {
          texts: result.texts,
          copies: result.texts.map((text) => index?.report(text, real) ?? { runs: [] }),
          tokensPerSecond: result.tokensPerSecond,
        };
      }),
    considered: ({ modelPath, prompt, count, document }, { signal }) =>
      useNow(modelPath, staleMs.considered, async (shelved) => {
        const { writing } = await shelved.at(document);
        return considered(shelved.model, writing.predictor, prompt, count, writing.cache, signal);
      }),
    complete: (request, { signal }) =>
      useNow(request.modelPath, staleMs.complete, async (shelved) => {
        const { typing } = await shelved.at(request.document);
        return offer(shelved.model, typing.predictor, request, typing.cache, signal, shelved.typing.predictor);
      }),
    surprise: ({ modelPath, map, text, from }, { signal, onEvent }) =>
      shelf.use(modelPath, staleMs.surprise, ({ surprise }) =>
        surprise(map).update(text, from, { signal, onPart: onEvent, urgent }),
      ),
    expected: ({ modelPath, map, text, offset }, { signal }) =>
      shelf.use(modelPath, staleMs.surprise, ({ surprise }) => surprise(map).expectedAt(text, offset, signal)),
    classify: (request, { signal }) => classifiers.classify(request, signal),
    describeClassifier: ({ modelPath }) => classifiers.record(modelPath),
  };
}
