/**
 * While the user types, training leaves one thread to the editor. This does not change any result: see ARCHITECTURE.md.
 */
import * as vscode from 'vscode';
import type { EngineCaller } from '../engineHost/engineClient';
import type { TrainingRuns } from './trainingRuns';

/** Sent at most this often; each request holds for twice as long, so that steady typing leaves no gap. */
const everyMs = 1000;

export function yieldThreadWhileTyping(runs: TrainingRuns, engine: EngineCaller): vscode.Disposable {
  let told = -Infinity;
  return vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
    const run = runs.active;
    if (!run?.latest || run.paused || contentChanges.length === 0) return;
    if (document !== vscode.window.activeTextEditor?.document || performance.now() - told < everyMs) return;
    told = performance.now();
    // A run that has just ended has no thread to yield.
    engine.call('yieldThread', { runId: run.id, milliseconds: 2 * everyMs }).catch(() => {});
  });
}
