/** `lab queue`: the jobs that the cluster's workers drain. */
import type { Command } from 'commander';
import { fillQueue, queueLengths } from '../kubernetes/queues';
import type { Lab } from '../lab';
import { printJson } from './output';

export function addQueueCommands(program: Command, theLab: () => Lab, number: (text: string) => number): void {
  const queue = program.command('queue').description("the queues of the cluster's workers");
  const show = (lengths: Record<string, number>) => {
    if (program.opts<{ json?: boolean }>().json) printJson(lengths);
    else for (const [name, length] of Object.entries(lengths)) console.log(`${name}: ${length} waiting`);
  };
  queue
    .command('list')
    .description('how many jobs wait in each')
    .action(async () => show(await queueLengths(theLab())));
  queue
    .command('fill')
    .description('puts jobs into one')
    .argument('<queue>', 'email-queue or notification-queue')
    .argument('<count>', 'how many, 1 to 1000000', number)
    .action(async (name: string, count: number) => show({ [name]: await fillQueue(theLab(), name, count) }));
}
