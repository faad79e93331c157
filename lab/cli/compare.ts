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
    .addOption(
      new Option('--promotion-seconds <seconds...>', 'how long a promotion takes, which is not divided; each is shown')
        .argParser((text: string, before: number[] | undefined) => [...(before ?? []), number(text)])
        .default(undefined, '0 30: at once, and as long as Azure takes'),
    )
    .addOption(
      new Option('--crossings <count>', 'how often the runbook and the bare script cross with the first of these times')
        .argParser(number)
        .default(3),
    )
    .option('--with-az', "the guide's az … update as well, by the real Azure CLI (370 MB, a minute, once)", false)
    .action(async ({ promotionSeconds = [0, 30], ...options }: CompareOptions) => {
      process.exitCode = await compareCutover({ promotionSeconds, ...options });
    });
}
