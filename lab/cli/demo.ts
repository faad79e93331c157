/** `lab demo`, which is `make demo`. */
import { type Command, Option } from 'commander';
import { demo, type DemoOptions } from '../demo/demo';

export function addDemoCommand(program: Command, number: (text: string) => number): void {
  program
    .command('demo')
    .description('a database upgrade on a lab of its own, which ends with it')
    .addOption(new Option('--fault <name>', 'break something').env('FAULT'))
    .option('--keep', 'leave the lab running (or KEEP=1)')
    .addOption(new Option('--time-factor <factor>', "what Azure's times are divided by").argParser(number))
    .action(async ({ keep = isSet(process.env.KEEP), ...options }: Partial<DemoOptions>) => {
      process.exitCode = await demo({ ...options, keep });
    });
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'no', 'false'].includes(value.toLowerCase());
}
