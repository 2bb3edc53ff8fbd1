/** The models that can write, as the Studio lists them. */
import * as vscode from 'vscode';
import type { ModelItem } from '../../common/studioProtocol';
import type { ActiveModel } from '../models/activeModel';
import type { ModelStore } from '../models/modelStore';
import type { TrainingRuns } from '../training/trainingRuns';
import type { ModelsPort } from './ports';

interface Needs {
  models: ModelStore;
  active: ActiveModel;
  runs: TrainingRuns;
}

export function modelsPort({ models, active, runs }: Needs): ModelsPort {
  const list = (): ModelItem[] => modelItems(models, runs);
  return {
    list,
    active: () => active.path ?? list()[0]?.path,
    use: (path) => active.use(path),
    onDidChange: (listener) => {
      const fire = (): unknown => listener();
      return vscode.Disposable.from(models.onDidChange(fire), active.onDidChange(fire), runs.onDidChange(fire));
    },
  };
}

/** The one in training first, then those on disk. */
function modelItems(models: ModelStore, runs: TrainingRuns): ModelItem[] {
  const stored = models.known.flatMap(({ path, title, summary }): ModelItem[] =>
    summary?.kind === 'language-model'
      ? [
          {
            path,
            title,
            network: summary.network,
            unit: summary.unit,
            heldOutBitsPerCharacter: summary.heldOutBitsPerCharacter ?? undefined,
          },
        ]
      : [],
  );
  const run = runs.active;
  if (!run?.latest || stored.some(({ path }) => path === run.modelPath)) return stored;
  const title = vscode.l10n.t('{0} (in training)', run.title);
  return [{ path: run.modelPath, title, network: '', unit: 'character' }, ...stored];
}
