/** The command line: the engine without an editor. */
import { asInklingError } from '../common/errors';
import { classifyCommand, evaluateCommand, trainClassifierCommand } from './cli/classifyCommands';
import { inspectCommand } from './cli/inspectCommand';
import { keystrokesCommand } from './cli/keystrokesCommand';
import { recipesCommand } from './cli/recipesCommand';
import { sampleCommand } from './cli/sampleCommand';
import { scoreCommand } from './cli/scoreCommand';
import { trainCommand } from './cli/trainCommand';
import { help, oneLine, UsageError } from './cli/usage';
import { engineVersion } from './version';

const commands: Record<string, (args: string[]) => Promise<void> | void> = {
  train: trainCommand,
  sample: sampleCommand,
  score: scoreCommand,
  keystrokes: keystrokesCommand,
  inspect: inspectCommand,
  recipes: recipesCommand,
  classify: classifyCommand,
  'train-classifier': trainClassifierCommand,
  evaluate: evaluateCommand,
  help: () => void process.stdout.write(help),
  version: () => void process.stdout.write(`${engineVersion}\n`),
};
const aliases: Record<string, string> = { '--help': 'help', '-h': 'help', '--version': 'version', '-v': 'version' };

async function main([name, ...args]: string[]): Promise<void> {
  if (name === undefined)
    throw new UsageError('Name a command: train, sample, score, inspect or recipes. Run "inkling help".');
  const command = commands[aliases[name] ?? name];
  if (!Object.hasOwn(commands, aliases[name] ?? name)) {
    throw new UsageError(`There is no command "${name}"; there are: ${Object.keys(commands).join(', ')}.`);
  }
  if (args.includes('--help')) return void process.stdout.write(help);
  await command(args);
}

// A reader that went away (inkling recipes | head) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

main(process.argv.slice(2)).catch((error: unknown) => {
  const usage = error instanceof UsageError;
  const shown = usage ? error : asInklingError(error);
  const verbose = process.argv.includes('--verbose');
  process.stderr.write(`inkling: ${verbose && shown.stack ? shown.stack : oneLine(shown.message)}\n`);
  process.exitCode = usage ? 2 : 1;
});
