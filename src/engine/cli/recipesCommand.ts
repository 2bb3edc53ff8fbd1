/** `inkling recipes`: the named configurations. */
import { recipes, spamRecipe } from '../recipes/recipes';
import { output } from './output';
import { commonOptions, parse, UsageError } from './usage';

export function recipesCommand(args: string[]): void {
  const { values, positionals } = parse(args, commonOptions);
  if (positionals.length > 0) throw new UsageError('inkling recipes takes no names.');
  if (values.json) {
    output.json([...recipes, spamRecipe]);
    return;
  }
  for (const { id, title, description, text, objectives } of recipes) {
    output.line(`${id}: ${title}\n  ${description}\n  text: ${text} · ${objectives.join(' or ')}\n`);
  }
  const { id, title, description, text, variants, command } = spamRecipe;
  output.line(`${id}: ${title}\n  ${description}\n  text: ${text} · ${variants.join(', ')}\n  ${command}\n`);
}
