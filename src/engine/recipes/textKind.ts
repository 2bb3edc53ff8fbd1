/** Checks whether a text is of the kind that a recipe was made for: running text, lines of names, labelled messages. */
import { sentence, type Told } from '../../common/l10n';
import type { TrainingConfig } from '../../common/trainingConfig';

/** The number of lines that are examined, and the minimum that are needed. */
const sampledLines = 2000;
const fewestLines = 20;
/** Names have few words; hardly any line of a list of names has more. */
const mostWordsOfName = 3;
const longestName = 40;
const shareOfNames = 0.98;
/** From this median length on, a line is a sentence or a paragraph. */
const shortestProseLine = 50;
const mostLabels = 20;

export type TextKind = 'names' | 'labelled' | 'prose' | 'other';

/** What the lines of a text look like; `other` for verse, code and texts of a few lines. */
export function textKind(text: string): TextKind {
  const lines = text
    .split('\n', sampledLines)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length < fewestLines) return 'other';
  const labels = new Set(lines.map((line) => /^([^\t]{1,30})\t\S/.exec(line)?.[1]));
  if (!labels.has(undefined) && labels.size <= mostLabels) return 'labelled';
  const isName = (line: string): boolean =>
    line.length <= longestName && line.split(/\s+/).length <= mostWordsOfName && !/[.!?,;:]$/.test(line);
  if (lines.filter(isName).length >= shareOfNames * lines.length) return 'names';
  const lengths = lines.map((line) => line.length).sort((a, b) => a - b);
  return lengths[lengths.length >> 1] >= shortestProseLine ? 'prose' : 'other';
}

/** A sentence if a text is not of the kind that a recipe reads; undefined if it may be. */
export function kindNotice({ name, text }: { name: string; text: string }, config: TrainingConfig): Told | undefined {
  const wantsLines = config.text.examples === 'lines';
  const recipe = config.recipe ?? '';
  switch (textKind(text)) {
    case 'labelled':
      return sentence(
        '{0} has lines with labels, but the recipe {1} learns to write such lines. To tell the labels apart, train a classifier on it.',
        name,
        recipe,
      );
    case 'names':
      if (wantsLines) return undefined;
      return sentence(
        '{0} has lines of names; the recipe {1} is for running text. The recipe dinosaur-names takes one name at a time.',
        name,
        recipe,
      );
    case 'prose':
      if (!wantsLines) return undefined;
      return sentence(
        '{0} is running text; the recipe {1} reads every line as one name. The recipe nietzsche reads running text.',
        name,
        recipe,
      );
    case 'other':
      return undefined;
  }
}
