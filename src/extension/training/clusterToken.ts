/** The tokens of Ray clusters, kept where VS Code keeps secrets. */
import * as vscode from 'vscode';

/** Whether a job is read through a cluster's dashboard, not from a folder. */
export function isOnCluster(job: string): boolean {
  return /^(ray|https?):\/\//.test(job);
}

/** The token of the cluster of a job; undefined for a folder, and if the cluster needs none. */
export async function clusterToken(secrets: vscode.SecretStorage, job: string): Promise<string | undefined> {
  if (!isOnCluster(job)) return undefined;
  const key = `inkling.cluster.${new URL(job).host}`;
  const kept = await secrets.get(key);
  if (kept !== undefined) return kept || undefined;
  const typed = await vscode.window.showInputBox({
    title: vscode.l10n.t('Token for the cluster {0}', new URL(job).host),
    prompt: vscode.l10n.t("Leave empty if the cluster needs none. The token is kept in VS Code's secret storage."),
    password: true,
    ignoreFocusOut: true,
  });
  if (typed !== undefined) await secrets.store(key, typed);
  return typed || undefined;
}
