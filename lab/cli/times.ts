/** `lab time`: how long Azure takes for something, where its own time divided by the lab's factor is not what is wanted. */
import type { Command } from 'commander';
import { askDaemon } from '../control-client';
import type { Lab } from '../lab';
import { printJson } from './output';

export function addTimeCommand(program: Command, theLab: () => Lab, number: (text: string) => number): void {
  program
    .command('time')
    .description(
      "how long an operation of Azure's takes from now on; without seconds, as long as the lab's factor says",
    )
    .argument('<operation>', 'promote, update, createReplica, restart, …')
    .argument('[seconds]', 'as they are, not divided by the factor', number)
    .action(async (operation: string, seconds: number | undefined) => {
      const path = `/times/${encodeURIComponent(operation)}`;
      if (seconds === undefined) await askDaemon(theLab(), 'DELETE', path);
      else await askDaemon(theLab(), 'PUT', path, { seconds });
      if (program.opts<{ json?: boolean }>().json) printJson({ operation, seconds: seconds ?? null });
      else console.log(`${operation}: ${seconds === undefined ? "Azure's time, divided" : `${seconds} s`} from now on`);
    });
}
