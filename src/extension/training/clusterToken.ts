/** The tokens of Ray clusters, kept where VS Code keeps secrets. */
import * as vscode from 'vscode';
import { cancelled } from '../../common/errors';

/** Whether a job is read through a cluster's dashboard, not from a folder. */
export function isOnCluster(job: string): boolean {
  return /^(ray|https?):\/\//.test(job);
}

/**
 * The token of the cluster of a job; undefined for a folder, and if the cluster needs none. With `mayChange`, the user is
 * asked even if one is kept, which may be wrong. Throws `cancelled`.
 */
export async function clusterToken(
  secrets: vscode.SecretStorage,
  job: string,
  mayChange: boolean,
): Promise<string | undefined> {
  if (!isOnCluster(job)) return undefined;
  const key = `inkling.cluster.${new URL(job).host}`;
  const kept = await secrets.get(key);
  if (kept !== undefined && !mayChange) return kept || undefined;
  const typed = await vscode.window.showInputBox({
    title: vscode.l10n.t('Token for the cluster {0}', new URL(job).host),
    prompt: vscode.l10n.t("Leave empty if the cluster needs none. The token is kept in VS Code's secret storage."),
    value: kept,
    password: true,
    ignoreFocusOut: true,
  });
  if (typed === undefined) throw cancelled();
  await secrets.store(key, typed);
  return typed || undefined;
}
