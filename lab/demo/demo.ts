/**
 * The demo: a database upgrade on a production of its own, with the commands a person would type and what they print.
 *
 * 1. a lab of its own name, clients that write a ledger, and the fault, if one was asked for;
 * 2. one person plans and starts, another approves; the run is watched until it closes. A worker is killed, an operator
 *    answers, where the scenario says so;
 * 3. the ledger, Azure and PostgreSQL are asked what is true, and the demo fails where that is not what it claims;
 * 4. the lab ends (or stays, with `keep`), and a table tells what happened. When anything failed the logs are kept.
 */
import { randomBytes } from 'node:crypto';
import type { Report } from '../../catalogue';
import { exitCodes } from '../../catalogue';
import type { FaultListing, LoggedRequest } from '../azure';
import { labCommand, runbookCommand } from '../cli/output';
import { askDaemon } from '../control-client';
import { labEnvironment } from '../environment';
import { Lab, production } from '../lab';
import { until } from '../processes';
import type { TrafficReport } from '../traffic/traffic';
import { crashWorker } from './crash';
import { keepLogs } from '../story/logs';
import { acceptedSkuChanges, observe } from './observation';
import { replica, type Scenario, scenarioOf, wanted } from './scenarios';
import { summaryTable } from './summary';
import { naming } from '../story/approval';
import { Interrupted, Terminal } from '../story/terminal';
import { complaints, type Evidence } from './verdict';

export interface DemoOptions {
  fault?: string;
  /** Leave the lab running. */
  keep: boolean;
  /** What Azure's times are divided by; the scenario's own where absent. */
  timeFactor?: number;
}

const [asking, approving, onCall] = ['operator@example.com', 'lead@example.com', 'on-call@example.com'];
const interruptedStatus = 130;

/** Resolves to the exit status. Throws when there is no such fault. */
export async function demo({ fault, keep, timeFactor }: DemoOptions): Promise<number> {
  const scenario = scenarioOf(fault);
  const name = `demo-${randomBytes(3).toString('hex')}`;
  const interrupt = onInterrupt();
  const terminal = new Terminal({ LAB_NAME: name }, interrupt);
  let evidence: Evidence | undefined;
  const problems: string[] = [];
  try {
    await begin(terminal, name, { factor: timeFactor ?? scenario.timeFactor ?? 60, fault });
    const lab = Lab.find(name)!;
    terminal.export(labEnvironment(lab));
    evidence = await upgrade(terminal, lab, scenario);
    problems.push(...complaints(scenario, wanted, evidence));
  } catch (error) {
    if (!(error instanceof Interrupted)) problems.push((error as Error).message);
  }
  if (problems.length > 0) problems.push(`logs: ${await keepLogs(name, keep)}`);
  await finish(terminal, name, { keep: keep && !interrupt.aborted, evidence });
  if (interrupt.aborted) return interruptedStatus;
  for (const problem of problems) console.error(`demo: ${problem}`);
  return problems.length > 0 ? 1 : 0;
}

/** Ctrl-C, or the end of the terminal: the first asks the demo to end, further ones must not keep it from tidying up. */
function onInterrupt(): AbortSignal {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort());
  return interrupt.signal;
}

async function begin(
  terminal: Terminal,
  name: string,
  { factor, fault }: { factor: number; fault?: string },
): Promise<void> {
  terminal.heading(
    `A database upgrade${fault ? `, with the fault "${fault}"` : ''}`,
    `On a small production of its own: real PostgreSQL and Temporal; Azure's part is played, ${factor} times faster.`,
  );
  terminal.typed(`export LAB_NAME=${name}`);
  const hints = (line: string) => /^ {2}(eval|\S*lab|\S*runbook|npx) /.test(line) || line === '';
  await terminal.must('lab', ['up', '--replicas', '1', '--time-factor', String(factor)], { omit: hints });
  terminal.typed(`eval "$(${labCommand} env)"`);
  await terminal.must('lab', ['traffic', 'start']);
}

async function upgrade(terminal: Terminal, lab: Lab, scenario: Scenario): Promise<Evidence> {
  const look = () => Promise.all([observe(lab, production.primary), observe(lab, replica)]);
  const before = await look();
  const workflowId = await planAndRun(terminal, lab, scenario);
  terminal.heading('What is true now?', 'The clients compare what they were told with what is in the database.');
  await terminal.must('lab', ['traffic', 'stop'], { exits: [0, 1] });
  const [{ report, url }, traffic, requests, faults, after] = await Promise.all([
    terminal.ask<{ report: Report; url: string }>('runbook', ['report', workflowId]),
    askDaemon<TrafficReport>(lab, 'GET', '/traffic'),
    askDaemon<LoggedRequest[]>(lab, 'GET', '/requests'),
    askDaemon<FaultListing[]>(lab, 'GET', '/faults'),
    look(),
  ]);
  return {
    ...{ report, url, before, after, traffic },
    skuChanges: acceptedSkuChanges(requests),
    // What stays until it is cleared changes what is read, and is not counted.
    idleFaults: faults
      .filter(({ armed }) => armed.some(({ hits, remaining }) => hits === 0 && remaining !== null))
      .map(({ name }) => name),
  };
}

/** Resolves to the id of the run that has closed: the real one, or the dry run where already the plan was refused. */
async function planAndRun(terminal: Terminal, lab: Lab, scenario: Scenario): Promise<string> {
  if (scenario.armed === 'before the plan') await arm(terminal, scenario);
  terminal.heading(
    'The plan',
    'Nothing is touched yet. Storage can never shrink again, so those steps need an approval.',
  );
  const fields = [
    ...[`sku=${wanted.sku}`, `storageGb=${wanted.storageGb}`, 'reason=Black Friday', 'timing.soakSeconds=3'],
    ...(scenario.settings ?? []),
  ];
  const input = fields.flatMap((field) => ['--set', field]);
  const { Planned, Refused } = exitCodes;
  await terminal.must('runbook', ['plan', 'databaseSkuUpgrade', ...input, '--as', asking], {
    exits: [Planned, Refused],
  });
  const plan = await dryRun(terminal);
  if (plan.outcome !== 'Planned') return plan.workflowId;

  terminal.heading('The run', `${asking} starts exactly this plan. Nothing happens before somebody else approves it.`);
  const said = await terminal.read('runbook', ['start', '--plan', plan.planHash!, '--as', asking]);
  const workflowId = /^started (\S+)$/m.exec(said)?.[1];
  if (workflowId === undefined) throw new Error('the run was not started');
  if (scenario.armed === 'before the approval' && scenario.faults.length > 0) await arm(terminal, scenario);
  await approve(terminal, workflowId, plan);
  await watch(terminal, lab, workflowId, scenario);
  return workflowId;
}

/** What the dry run found. Temporal lists a run a moment after it began. */
async function dryRun(terminal: Terminal): Promise<Report> {
  let runs: { workflowId: string }[] = [];
  const listed = async () => (runs = await terminal.ask('runbook', ['runs', '--limit', '1'])).length > 0;
  await until('the dry run is listed', listed, { deadlineMs: 10_000 });
  const { report } = await terminal.ask<{ report: Report }>('runbook', ['report', runs[0]!.workflowId]);
  return report;
}

async function arm(terminal: Terminal, { story, faults }: Scenario): Promise<void> {
  terminal.heading('The fault', story);
  for (const fault of faults) await terminal.must('lab', ['fault', ...fault]);
}

async function approve(terminal: Terminal, workflowId: string, { planHash, steps }: Report): Promise<void> {
  terminal.heading('The approval', `${approving} approves this plan, and by name each step that cannot be undone.`);
  const thePlanAgain = (line: string) => !/is approved|^watch:/.test(line);
  const order = ['approve', workflowId, '--plan', planHash!, ...naming(steps), '--as', approving];
  await terminal.must('runbook', order, { omit: thePlanAgain });
}

/** Until it has closed; whoever is on call answers where the run asks. */
async function watch(terminal: Terminal, lab: Lab, workflowId: string, scenario: Scenario): Promise<void> {
  const { Succeeded, RolledBack, NeedsOperator, Refused, Accepted } = exitCodes;
  const ends = [Succeeded, RolledBack, NeedsOperator, Refused, Accepted];
  if (scenario.killsWorker) await crashWorker(terminal, lab, workflowId, scenario.story);
  const status = await terminal.must('runbook', ['watch', workflowId], { exits: ends });
  if (status === NeedsOperator && !scenario.operator) throw new Error(`${workflowId} needs an operator`);
  if (status !== NeedsOperator && scenario.operator) throw new Error(`${workflowId} never needed an operator`);
  if (scenario.operator) await answer(terminal, workflowId, scenario.operator);
}

async function answer(
  terminal: Terminal,
  workflowId: string,
  { clearsFaults, reason }: NonNullable<Scenario['operator']>,
): Promise<void> {
  terminal.heading('The operator', `The run is open and holds its locks until ${onCall} has said what to do.`);
  if (clearsFaults) await terminal.must('lab', ['fault', 'clear']);
  const order = ['retry', workflowId, '--reason', reason, '--as', onCall, '--wait'];
  const { Succeeded, RolledBack } = exitCodes;
  await terminal.must('runbook', order, { exits: [Succeeded, RolledBack] });
}

async function finish(
  terminal: Terminal,
  name: string,
  { keep, evidence }: { keep: boolean; evidence: Evidence | undefined },
): Promise<void> {
  if (!keep) {
    console.log();
    await terminal.show('lab', ['down'], { undisturbed: true });
  }
  if (evidence) console.log(`\n${summaryTable(evidence)}`);
  if (!keep) return;
  console.log(
    [
      `\nThe lab stays, and its clients can write again. In a shell in ${process.cwd()}:`,
      `  export LAB_NAME=${name}; eval "$(${labCommand} env)"`,
      `  ${runbookCommand} runs          what ran`,
      `  ${labCommand} status            what runs here`,
      `  ${labCommand} requests          what Azure was asked`,
      `  ${labCommand} down              ends it all`,
    ].join('\n'),
  );
}
