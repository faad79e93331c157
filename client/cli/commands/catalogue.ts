import type { Command } from 'commander';
import { runbooks } from '../../../catalogue';
import { knownRunbook } from '../known-runbook';
import { fieldsOf, renderRunbook } from '../render/runbook';
import { columns } from '../render/table';
import { tint } from '../render/text';
import type { Session } from '../session';
import { action } from '../session';

export function addCatalogueCommands(program: Command): void {
  program.command('list').description('the runbooks there are').action(action(list));
  program.command('describe <name>').description('what a runbook does, its risk, its input').action(action(describe));
}

async function list({ output }: Session): Promise<number> {
  const entries = Object.values(runbooks);
  output.result(
    entries.map(({ name, title, summary, risk }) => ({ name, title, summary, risk })),
    () =>
      [
        columns(
          output.look,
          entries.map(({ name, title, summary }) => [tint(output.look, 'bold', name), `${title}\n${summary}`]),
          '',
        ),
        `more: ${output.look.command} describe <name>`,
      ].join('\n'),
  );
  return 0;
}

async function describe({ output }: Session, name: string): Promise<number> {
  const entry = knownRunbook(name);
  const { title, summary, risk, example } = entry;
  output.result({ name: entry.name, title, summary, risk, input: fieldsOf(entry.input), example }, () =>
    renderRunbook(entry, output.look),
  );
  return 0;
}
