/** Gives the Studio access to the engine. */
import * as vscode from 'vscode';
import { languageOfBase } from '../../common/bases';
import type { DocumentPlace } from '../../common/engineProtocol';
import type { EngineCaller } from '../engineHost/engineClient';
import type { SentDocuments } from '../engineHost/sentDocuments';
import type { EnginePort } from './ports';

export function enginePort(engine: EngineCaller, documents: Pick<SentDocuments, 'place'>): EnginePort {
  /** A base writes together with the open text; the user's own model writes alone. */
  const documentFor = async (modelPath: string): Promise<DocumentPlace | undefined> => {
    const editor = vscode.window.activeTextEditor;
    const known = editor && languageOfBase(modelPath) !== undefined;
    return known ? documents.place(editor.document, editor.selection.active) : undefined;
  };
  return {
    sample: async (request, onEvent, signal) => {
      const document = await documentFor(request.modelPath);
      return engine.call('sample', { ...request, document }, { onEvent, signal });
    },
    considered: async (request, signal) => {
      const document = await documentFor(request.modelPath);
      return engine.call('considered', { ...request, document }, { signal });
    },
  };
}
