#!/usr/bin/env node
/** The command line `runbook`: see `runbook --help`. Exit codes are those of catalogue/outcome.ts. */
import { Command, CommanderError } from 'commander';
import { exitCodes } from '../../catalogue';
import { Problem } from '../problem';
import { addCatalogueCommands } from './commands/catalogue';
import { addDoctorCommand } from './commands/doctor';
import { addLockCommands } from './commands/locks';
import { addLookCommands } from './commands/look';
import { addOrderCommands } from './commands/orders';
import { addRunsCommand } from './commands/runs';
import { addStartCommands } from './commands/start';
import { makeOutput } from './output';

function makeProgram(json: boolean): Command {
  const program = new Command('runbook')
    .description('Durable runbooks for production scaling')
    .option('--json', 'one JSON document on standard output, errors too')
    .option('--as <identity>', "who speaks (else RUNBOOK_IDENTITY, else the system's user)")
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', exitCodeHelp)
    .showSuggestionAfterError()
    .exitOverride();
  if (json) program.configureOutput({ writeErr: () => undefined });
  addCatalogueCommands(program);
  addStartCommands(program);
  addLookCommands(program);
  addOrderCommands(program);
  addRunsCommand(program);
  addLockCommands(program);
  addDoctorCommand(program);
  return program;
}

const exitCodeHelp = `
Exit codes: 0 succeeded or planned, 2 bad usage or input, 10 refused, 11 rolled back, 12 an operator is needed,
13 accepted by an operator, 1 anything else. Commands about one run exit with what that run is.`;

async function main(): Promise<void> {
  // Asked before the arguments are understood: their errors are to be JSON as well.
  const json = process.argv.includes('--json');
  try {
    await makeProgram(json).parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    process.exitCode = exitCodes.BadUsage;
    if (json) makeOutput(json).problem(new Problem('BadUsage', error.message.replace(/^error: /, '')));
  }
}

// Whoever reads the output may stop reading: `runbook runs | head -1`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

void main();
