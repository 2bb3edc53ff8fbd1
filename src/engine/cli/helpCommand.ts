/** `inkling help`: all commands, one of them, or every setting of a training run. */
import { listSettings } from '../../common/trainingConfigRules';
import { output } from './output';
import { help, helpFor, UsageError } from './usage';

export function helpCommand([topic, ...more]: string[]): void {
  if (more.length > 0) throw new UsageError('Name one command: inkling help train.');
  if (topic === undefined || topic === 'help' || topic === 'version') return output.raw(help);
  if (topic === 'settings') return showSettings();
  const text = helpFor(topic);
  if (text === undefined) throw new UsageError(`There is no command "${topic}". Run "inkling help".`);
  output.raw(text);
}

function showSettings(): void {
  const settings = listSettings();
  const width = Math.max(...settings.map(({ path }) => path.length));
  output.line('Settings of a training run, for --set path=value:');
  for (const { path, values } of settings) output.line(`  ${path.padEnd(width)}  ${values}`);
}
