import type { Command } from 'commander';
import { follow } from '../follow';
import type { Session } from '../session';
import { action } from '../session';
import { showRun } from '../show-run';

export function addLookCommands(program: Command): void {
  program.command('status <id>').description('what a run does now, and what it waits for').action(action(status));
  program
    .command('watch <id>')
    .description('show a run until it has closed or needs an operator')
    .action(action(watch));
  program
    .command('report <id>')
    .description('how a run ended: steps, evidence, what clients noticed')
    .action(action(report));
}

async function status(session: Session, id: string): Promise<number> {
  return showRun(session, await (await session.runs()).look(id));
}

async function watch(session: Session, id: string): Promise<number> {
  return showRun(session, await follow(session, await session.runs(), id));
}

async function report(session: Session, id: string): Promise<number> {
  const view = await (await session.runs()).look(id);
  const open = view.state === 'open' || view.state === 'unanswered';
  if (open && !session.output.json)
    session.output.remark('There is no report yet: the run has not closed. Its status:');
  return showRun(session, view);
}
