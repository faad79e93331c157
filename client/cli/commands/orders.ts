import type { Command } from 'commander';
import type { OrderName, Plan } from '../../../catalogue';
import { approvalSchema, isAnswer, orders, schemaOf } from '../../../catalogue';
import { inputProblems } from '../../../catalogue';
import { Problem } from '../../problem';
import type { Runs } from '../../runs';
import { follow } from '../follow';
import { renderPlan } from '../render/plan';
import { plain, shellWord } from '../render/text';
import type { Session } from '../session';
import { action } from '../session';
import { showRun } from '../show-run';
import { collect } from './start';

const descriptions: Record<OrderName, string> = {
  reject: 'deny a plan that waits for approval',
  pause: 'pause before the next step',
  resume: 'go on after a pause',
  abort: 'stop, and undo what was done',
  retry: 'an operator: try the step again',
  rollback: 'an operator: undo what was done',
  accept: 'an operator: vouch for the state as it is, and close the run',
};

interface OrderOptions {
  reason: string;
  question?: string;
  wait?: boolean;
}

interface ApproveOptions {
  plan: string;
  irreversible: string[];
  reason?: string;
  wait?: boolean;
}

export function addOrderCommands(program: Command): void {
  program
    .command('approve <id>')
    .description('approve one plan, and each irreversible step by its name')
    .requiredOption('--plan <hash>', 'the plan that you have read')
    .option('--irreversible <step>', 'a step that cannot be undone; may be repeated', collect, [])
    .option('--reason <text>', 'why')
    .option('--wait', 'then show the run until it has closed or needs an operator')
    .action(action(approve));
  for (const name of orders) {
    const command = program
      .command(`${name} <id>`)
      .description(descriptions[name])
      .requiredOption('--reason <text>', 'why; the run keeps it');
    if (isAnswer(name))
      command.option('--question <time>', 'since when it asks what you have read: no other question is answered');
    command
      .option('--wait', 'then show the run until it has closed or needs an operator')
      .action(action((session, id: string, options: OrderOptions) => order(session, name, id, options)));
  }
}

async function approve(session: Session, id: string, options: ApproveOptions): Promise<number> {
  const { output } = session;
  const approval = {
    by: session.identity(),
    planHash: options.plan.toLowerCase(),
    irreversibleSteps: options.irreversible,
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  };
  refuseMisfits(inputProblems(approvalSchema, approval));
  const runs = await session.runs();
  const plan = await runs.plan(id);
  if (plan && !output.json) output.remark(`${renderPlan(plan, output.look)}\n`);
  const answer = await runs.approve(id, approval);
  return finish(session, runs, id, { answer, wait: options.wait, plan: plan ?? undefined });
}

async function order(
  session: Session,
  name: OrderName,
  id: string,
  { reason, question, wait }: OrderOptions,
): Promise<number> {
  const given = { by: session.identity(), reason, ...(question === undefined ? {} : { question }) };
  refuseMisfits(inputProblems(schemaOf(name), given));
  const runs = await session.runs();
  const before = await runs.look(id);
  // Asked first: an order that nobody takes would be waited for in vain, and might be carried out much later.
  if (before.state === 'unanswered') {
    throw new Problem('NoWorker', `nothing was sent: ${before.traces.why}`, {
      remedy: `${before.traces.remedy}; then repeat`,
    });
  }
  const answered = before.state === 'open' ? before.status.trouble?.since : undefined;
  const answer = await runs.order(id, name, given);
  return finish(session, runs, id, { answer, wait, answered });
}

/** Shows what the run answered, and the run itself where that was asked for. */
async function finish(
  session: Session,
  runs: Runs,
  workflowId: string,
  { answer, wait, answered, plan }: { answer: string; wait?: boolean; answered?: string; plan?: Plan },
): Promise<number> {
  const { output } = session;
  if (wait) {
    if (!output.json) output.remark(plain(answer));
    return showRun(session, await follow(session, runs, workflowId, { answered }));
  }
  output.result({ workflowId, answer, plan }, () =>
    [plain(answer), `watch: ${output.look.command} watch ${shellWord(workflowId)}`].join('\n'),
  );
  return 0;
}

function refuseMisfits(fields: Problem['fields']): void {
  if (fields.length > 0) throw new Problem('BadUsage', 'nothing was sent', { fields });
}
