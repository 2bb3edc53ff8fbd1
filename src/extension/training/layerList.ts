/** Before a start: the layers of the network that the settings describe, and the first example that it would read. */
import * as vscode from 'vscode';
import type { TextSource } from '../../common/engineProtocol';
import { formatInteger } from '../../common/l10n';
import { layerShape } from '../../common/layerShape';
import type { TrainingConfig } from '../../common/trainingConfig';
import { present } from '../commands';
import type { EngineCaller } from '../engineHost/engineClient';
import { showList } from '../messages';

/** Shows the list until the user closes it. Settings that do not suit the text are reported, not thrown. */
export async function showLayers(engine: EngineCaller, sources: TextSource[], config: TrainingConfig): Promise<void> {
  try {
    const { layers, examples, stepsPerEpoch, example } = await engine.call('inside', {
      sources,
      config,
      at: 0,
      text: '',
    });
    const total = layers.reduce((sum, { parameters }) => sum + parameters, 0);
    const parameters = (count: number): string => vscode.l10n.t('{0} parameters', formatInteger(count));
    await showList(
      [
        ...layers.map((layer) => ({
          label: layer.kind,
          description: layerShape(layer.outputShape),
          detail: parameters(layer.parameters),
        })),
        { label: vscode.l10n.t('First example'), kind: vscode.QuickPickItemKind.Separator },
        {
          label: JSON.stringify(example.inputText),
          description: `→ ${JSON.stringify(example.targetText)}`,
          detail: `[B, T] = [${example.shape.join(', ')}]`,
        },
      ],
      {
        title: [
          parameters(total),
          vscode.l10n.t('{0} examples', formatInteger(examples)),
          vscode.l10n.t('{0} steps per epoch', formatInteger(stepsPerEpoch)),
        ].join(' · '),
        placeHolder: vscode.l10n.t('Each layer with the shape of its output. Esc goes back'),
        ignoreFocusOut: true,
      },
    );
  } catch (error) {
    present(error);
  }
}
