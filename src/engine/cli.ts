/** The command line: the engine without an editor. */
import { asInklingError } from '../common/errors';
import { attachCommand } from './cli/attachCommand';
import { classifyCommand, evaluateCommand, trainClassifierCommand } from './cli/classifyCommands';
import { drawCommand } from './cli/drawCommand';
import { examplesCommand } from './cli/examplesCommand';
import { helpCommand } from './cli/helpCommand';
import { inspectCommand } from './cli/inspectCommand';
import { jobCommand } from './cli/jobCommand';
import { keystrokesCommand } from './cli/keystrokesCommand';
import { nextCommand } from './cli/nextCommand';
import { output, readerLeft, say } from './cli/output';
import { recipesCommand } from './cli/recipesCommand';
import { sampleCommand } from './cli/sampleCommand';
import { scoreCommand } from './cli/scoreCommand';
import { stepCommand } from './cli/stepCommand';
import { tokensCommand } from './cli/tokensCommand';
import { trainCommand } from './cli/trainCommand';
import { oneLine, UsageError } from './cli/usage';
import { engineVersion } from './version';

const commands: Record<string, (args: string[]) => Promise<void> | void> = {
  train: trainCommand,
  job: jobCommand,
  attach: attachCommand,
  sample: sampleCommand,
  score: scoreCommand,
  keystrokes: keystrokesCommand,
  next: nextCommand,
  tokens: tokensCommand,
  examples: examplesCommand,
  step: stepCommand,
  draw: drawCommand,
  inspect: inspectCommand,
  recipes: recipesCommand,
  classify: classifyCommand,
  'train-classifier': trainClassifierCommand,
  evaluate: evaluateCommand,
  help: helpCommand,
  version: () => output.line(engineVersion),
};
const aliases: Record<string, string> = { '--help': 'help', '-h': 'help', '--version': 'version', '-v': 'version' };

async function main([name, ...args]: string[]): Promise<void> {
  if (name === undefined)
    throw new UsageError('Name a command: train, sample, score, inspect or recipes. Run "inkling help".');
  const command = commands[aliases[name] ?? name];
  if (!Object.hasOwn(commands, aliases[name] ?? name)) {
    throw new UsageError(`There is no command "${name}"; there are: ${Object.keys(commands).join(', ')}.`);
  }
  if (args.includes('--help')) return helpCommand([aliases[name] ?? name]);
  await command(args);
}

/** Commands that write a model: they continue without their output, so that nothing learned is lost. */
const writers = ['train', 'attach', 'train-classifier'];

output.onLost((error) => {
  // A reader that exits early (inkling recipes | head) is not an error.
  const left = readerLeft(error);
  const continues = writers.includes(process.argv[2]);
  if (!left) {
    const consequence = continues
      ? 'Training continues without it, and the model is kept.'
      : 'Nothing more will be printed.';
    say(`The output could not be written (${error.code}): free some disk space or send it elsewhere. ${consequence}`);
    process.exitCode = 1;
  }
  if (!continues) process.exit();
});

main(process.argv.slice(2)).catch((error: unknown) => {
  const usage = error instanceof UsageError;
  const shown = usage ? error : asInklingError(error);
  const verbose = process.argv.includes('--verbose');
  say(verbose && shown.stack ? shown.stack : oneLine(shown.message));
  process.exitCode = usage ? 2 : 1;
});
