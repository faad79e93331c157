/** `lab compare`: ways to do the same, under the same traffic, in one table. */
import { type Command, Option } from 'commander';
import { compareCutover, type CompareOptions } from '../compare/cutover';

export function addCompareCommand(program: Command, number: (text: string) => number): void {
  program
    .command('compare')
    .description('what clients notice of several ways to do the same')
    .command('cutover')
    .description('to PgBouncer and to a larger primary: by runbooks, by commands; on a lab of its own, some minutes')
    .option('--keep', 'leave the lab running', false)
    .addOption(new Option('--time-factor <factor>', "what Azure's times are divided by").argParser(number).default(60))
    .action(async (options: CompareOptions) => {
      process.exitCode = await compareCutover(options);
    });
}
