/** `inkling recipes`: the named configurations. */
import { recipes } from '../recipes/recipes';
import { commonOptions, parse, UsageError } from './usage';

export function recipesCommand(args: string[]): void {
  const { values, positionals } = parse(args, commonOptions);
  if (positionals.length > 0) throw new UsageError('inkling recipes takes no names.');
  if (values.json) {
    process.stdout.write(`${JSON.stringify(recipes)}\n`);
    return;
  }
  for (const { id, title, description, text, objectives } of recipes) {
    process.stdout.write(`${id}: ${title}\n  ${description}\n  text: ${text} · ${objectives.join(' or ')}\n\n`);
  }
}
