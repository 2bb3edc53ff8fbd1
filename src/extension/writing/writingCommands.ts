/** The commands for writing, marking, models and the engine. */
import { randomInt } from 'node:crypto';
import * as vscode from 'vscode';
import type { classifierCommands } from '../classifier/classifierCommands';
import type { CommandId } from '../commandIds';
import type { CommandTable } from '../commands';
import { neverOffer } from '../completion/neverOffer';
import { continueOptions } from './continueText';
import { trySample } from './sampleText';
import { requireEditor } from '../editors';
import type { gpuCommands } from '../gpu/gpuCommands';
import type { ModelEntry } from '../models/modelStore';
import type { Parts } from '../parts';
import { forgetAll, forgetDocument, forgetSince } from '../remembered/forget';
import type { Passage } from '../remembered/journal';
import { listOverused } from '../surprise/overusedWords';
import { goToSurprise, listSentences } from '../surprise/surpriseCommands';
import type { trainingCommands } from '../training/trainingCommands';

type WritingCommand = Exclude<
  CommandId,
  | keyof ReturnType<typeof trainingCommands>
  | keyof ReturnType<typeof classifierCommands>
  | keyof ReturnType<typeof gpuCommands>
>;

export function writingCommands(parts: Parts): CommandTable<WritingCommand> {
  const {
    active,
    base,
    continuation,
    completionSwitch,
    engine,
    journal,
    log,
    modelActions,
    sampleTexts,
    studio,
    surprise,
  } = parts;
  return {
    'inkling.trySample': () => trySample(sampleTexts, studio, base),
    // The argument sets the seed; without one, every call writes something different.
    'inkling.continueText': async (given?: { seed: number }) => {
      const editor = requireEditor();
      const seed = given?.seed ?? newSeed();
      await continuation.run(editor, await active.require(editor.document), continueOptions(editor.document, seed));
    },
    'inkling.stopContinuing': () => continuation.stop(),
    'inkling.keepContinuation': () => continuation.keep(),
    'inkling.anotherContinuation': (given?: { seed: number }) => continuation.another(given?.seed ?? newSeed()),
    'inkling.discardContinuation': () => continuation.discard(),
    'inkling.triggerCompletion': () => vscode.commands.executeCommand('editor.action.inlineSuggest.trigger'),
    'inkling.toggleCompletions': () => completionSwitch.toggle(),
    'inkling.neverOffer': () => neverOffer(requireEditor()),
    'inkling.toggleSurpriseMap': () => surprise.toggle(requireEditor().document),
    'inkling.nextSurprise': () => goToSurprise(surprise, requireEditor(), 'next'),
    'inkling.previousSurprise': () => goToSurprise(surprise, requireEditor(), 'previous'),
    'inkling.surprisingSentences': () => listSentences(surprise, requireEditor()),
    'inkling.overusedWords': () => listOverused(engine, requireEditor()),
    'inkling.showTraining': () => studio.show('training'),
    'inkling.showSamples': () => studio.show('samples'),
    'inkling.useModel': (entry?: ModelEntry) => modelActions.use(entry),
    'inkling.renameModel': (entry?: ModelEntry, _all?: unknown, title?: string) => modelActions.rename(entry, title),
    'inkling.exportModel': (entry?: ModelEntry, _all?: unknown, target?: vscode.Uri) =>
      modelActions.export(entry, target),
    // In the title of the view, VS Code passes whatever is selected there.
    'inkling.importModel': (source?: unknown) => modelActions.import(source instanceof vscode.Uri ? source : undefined),
    'inkling.revealModel': (entry?: ModelEntry) => modelActions.reveal(entry),
    'inkling.deleteModel': (entry?: ModelEntry) => modelActions.delete(entry),
    'inkling.forgetSince': (passage: Passage) => forgetSince(journal, passage),
    'inkling.forgetDocument': (passage: Passage) => forgetDocument(journal, passage),
    'inkling.forgetAll': () => forgetAll(journal),
    'inkling.showCourse': () => vscode.commands.executeCommand('markdown.showPreview', parts.coursePage),
    'inkling.showLog': () => log.show(),
    'inkling.restartEngine': () => {
      engine.restart();
      vscode.window.setStatusBarMessage(vscode.l10n.t('The Inkling engine restarts with its next task.'), 5000);
    },
  };
}

function newSeed(): number {
  return randomInt(2 ** 32 - 1);
}
