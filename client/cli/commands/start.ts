import type { Command } from 'commander';
import type { RunbookEntry } from '../../../catalogue';
import { exitCodes, fieldsOutsideHash, runInput } from '../../../catalogue';
import { checkInput } from '../../check-input';
import { findDryRun } from '../../dry-runs';
import { Problem } from '../../problem';
import { documentOf } from '../document';
import { follow } from '../follow';
import { whoSpeaks } from '../identity';
import type { InputOptions } from '../input';
import { readInput } from '../input';
import { knownRunbook } from '../known-runbook';
import { renderPlan, renderPlanNext } from '../render/plan';
import { shellWord } from '../render/text';
import { exitCodeOfView, renderView } from '../render/view';
import type { Session } from '../session';
import { action } from '../session';
import { showRun } from '../show-run';

interface StartOptions extends InputOptions {
  plan?: string;
  wait?: boolean;
}

export function addStartCommands(program: Command): void {
  withInput(program.command('plan <name>')).description('read, judge and plan; touches nothing').action(action(plan));
  withInput(program.command('start [name]'))
    .description('start a runbook, or exactly what a plan says')
    .option(
      '--plan <hash>',
      'the plan to perform: name and input come from its dry run; refused if the plan is another by now',
    )
    .option('--wait', 'show the run until it has closed or needs an operator')
    .action(action(start));
}

function withInput(command: Command): Command {
  return command
    .option('--input <file>', 'the input, JSON or YAML; "-" reads standard input')
    .option('--set <field=value>', 'one field, inner ones by dots; may be repeated', collect, []);
}

export function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}

async function plan(session: Session, name: string, options: InputOptions): Promise<number> {
  const { output } = session;
  const entry = knownRunbook(name);
  const input = { ...asked(session, await readInput(options, entry.input)), dryRun: true };
  checkInput(entry, input);
  const runs = await session.runs();
  const run = await runs.start(entry, input);
  const view = await follow(session, runs, run.workflowId);
  // A run that refuses before it could plan has none.
  const made =
    view.state === 'closed' && view.report.planHash !== undefined ? await runs.plan(run.workflowId) : undefined;
  output.result(documentOf(view, made ?? undefined), () => {
    if (made && view.state === 'closed' && view.report.outcome === 'Planned') {
      return [renderPlan(made, output.look), renderPlanNext(made, output.look)].join('\n');
    }
    return renderView(view, new Date().toISOString(), output.look);
  });
  return exitCodeOfView(view);
}

async function start(session: Session, name: string | undefined, options: StartOptions): Promise<number> {
  const { output } = session;
  const { entry, input } =
    options.plan === undefined ? await fromOptions(session, name, options) : await fromPlan(session, name, options);
  const runs = await session.runs();
  const run = await runs.start(entry, input);
  if (!output.json) output.remark(`started ${run.workflowId}\n${run.url}`);
  if (options.wait) return showRun(session, await follow(session, runs, run.workflowId));
  const answers = await runs.hasWorker();
  output.result({ ...run, state: 'started', workerSeen: answers }, () => {
    const id = shellWord(run.workflowId);
    const absent = `No worker asks for work yet: the run begins when one does (see ${output.look.command} doctor).\n`;
    return `${answers ? '' : absent}watch: ${output.look.command} watch ${id}`;
  });
  return exitCodes.Succeeded;
}

interface Asked {
  entry: RunbookEntry;
  input: Record<string, unknown>;
}

async function fromOptions(session: Session, name: string | undefined, options: InputOptions): Promise<Asked> {
  if (name === undefined) {
    throw new Problem('BadUsage', 'neither a runbook nor a plan was named', {
      remedy: 'give a name, or --plan <hash>',
    });
  }
  const entry = knownRunbook(name);
  const input = asked(session, await readInput(options, entry.input));
  checkInput(entry, input);
  return { entry, input };
}

/** Name and input of the dry run that made the plan. Who starts it asks for it, and may say why, but not change it. */
async function fromPlan(session: Session, name: string | undefined, options: StartOptions): Promise<Asked> {
  const given = await readInput(options, runInput);
  const others = Object.keys(given).filter((field) => !(fieldsOutsideHash as readonly string[]).includes(field));
  if (others.length > 0 || Object.hasOwn(given, 'planHash') || given.dryRun !== undefined) {
    const allowed = fieldsOutsideHash.filter((field) => !['planHash', 'dryRun'].includes(field));
    throw new Problem('BadUsage', 'a plan is performed as it is: its input cannot be changed', {
      remedy: `leave out everything but ${allowed.join(', ')}, or plan again`,
    });
  }
  const dryRun = await findDryRun(await session.temporal(), options.plan!);
  if (name !== undefined && name !== dryRun.entry.name) {
    throw new Problem('BadUsage', `plan ${dryRun.planHash} is one of ${dryRun.entry.name}, not of ${name}`, {
      remedy: 'leave the name out',
    });
  }
  const { requestedBy: _planner, ...planned } = dryRun.input;
  return {
    entry: dryRun.entry,
    input: { ...asked(session, { ...planned, ...given }), dryRun: false, planHash: dryRun.planHash },
  };
}

/** The input with who asks: `--as`, else what the input says, else whoever speaks. */
function asked({ as, identity }: Session, input: Record<string, unknown>): Record<string, unknown> {
  if (as !== undefined) return { ...input, requestedBy: whoSpeaks(as) };
  return Object.hasOwn(input, 'requestedBy') ? input : { ...input, requestedBy: identity() };
}
