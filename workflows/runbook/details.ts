import type { ClientMeasurement, Plan, Report, RunStatus, StepProgress } from '../../catalogue';
import { duration, lastFailed } from '../../catalogue';

/**
 * A run's current details in Temporal UI: Markdown that answers "what is it doing, since when, is it normal, how do I stop
 * it?" without a second window. Pure.
 */
export function currentDetails(status: RunStatus, plan: Plan | undefined, report: Report | undefined): string {
  const sections = [
    headline(status),
    report && reasons(report.summary),
    status.trouble && trouble(status),
    status.waiting &&
      `**Waits** for ${status.waiting.on}: ${status.waiting.reason} (since ${clock(status.waiting.since)}${status.waiting.until ? `, until ${clock(status.waiting.until)}` : ''})`,
    status.steps.length > 0 ? stepTable(status.steps) : undefined,
    status.clients && clients(status.clients, plan),
    warnings(plan),
    status.held.length > 0 ? `Holds ${status.held.map((target) => `\`${target}\``).join(', ')}` : undefined,
    howToStop(status),
  ];
  return sections.filter((section) => section !== undefined && section !== '').join('\n\n');
}

function headline({ phase, outcome, subject, planHash, reason, requestedBy }: RunStatus): string {
  const why = reason === '' ? '' : ` · “${escape(reason)}”`;
  return `### ${outcome ?? phase}${subject ? ` · ${subject}` : ''}\n${planHash ? `plan \`${planHash}\` · ` : ''}asked by ${escape(requestedBy)}${why}`;
}

/** A refusal has a line for each reason: the field, and what is wrong with it. Any other summary is a sentence. */
function reasons(summary: string): string {
  return summary
    .split('\n')
    .map((line) => {
      const [, field, message] = /^ {2}(\S*) {2,}(\S.*)$/.exec(line) ?? [];
      if (message === undefined) return escape(line);
      return `- ${field === '' ? '' : `**${escape(field!)}** `}${escape(message)}`;
    })
    .join('\n');
}

const icons: Record<StepProgress['state'], string> = {
  pending: '·',
  applying: '▶',
  verifying: '▶',
  done: '✓',
  failed: '✗',
  undoing: '◀',
  undone: '↩',
  'undo failed': '✗',
  'left in place': '!',
};

/**
 * Temporal UI shows it in half the page's width and puts no space between columns: so only what is short is in the table,
 * with a column of hard spaces between two, and what was read, or went wrong, is a list below it.
 */
function stepTable(steps: StepProgress[]): string {
  const rows = steps.map((step, index) => [
    hard(`${icons[step.state]} ${index + 1} `) + step.name,
    `${step.from} → ${step.to}`,
    stateAndTime(step),
  ]);
  const table = [['step', 'from → to', 'state'], [':---', ':---', ':---'], ...rows].map(
    (cells, index) => `| ${cells.join(index === 1 ? ' | --- | ' : ` | ${hard('  ')} | `)} |`,
  );
  const notes = steps.flatMap((step, index) => {
    const note = step.error ?? step.evidence ?? (step.impact && `clients notice: ${step.impact}`);
    return note ? [`- step ${index + 1}: ${escape(note)}`] : [];
  });
  return [table.join('\n'), notes.join('\n')].filter((part) => part !== '').join('\n\n');
}

function hard(text: string): string {
  return text.replaceAll(' ', '\u00a0');
}

/** "done in 5 min 48 s", "applying since 04:19:41Z (~6 min)", "pending (~6 min)". */
function stateAndTime(step: StepProgress): string {
  const expected = step.expectedSeconds === undefined ? '' : ` (${hard(`~${duration(step.expectedSeconds)}`)})`;
  if (!step.startedAt) return `${step.state}${step.state === 'pending' ? expected : ''}`;
  if (!step.endedAt) return `${step.state} ${hard(`since ${clock(step.startedAt)}`)}${expected}`;
  const seconds = (Date.parse(step.endedAt) - Date.parse(step.startedAt)) / 1000;
  return hard(`${step.state} in ${duration(seconds)}`);
}

function warnings(plan: Plan | undefined): string | undefined {
  const found = plan?.findings.filter((finding) => finding.level === 'warning') ?? [];
  return found.map((finding) => `- ⚠ ${escape(finding.message)}`).join('\n');
}

function clients(measured: ClientMeasurement, plan: Plan | undefined): string {
  const budget = plan
    ? ` (budget ${plan.clientBudget.failedRequests} / ${plan.clientBudget.longestStallSeconds} s)`
    : '';
  const unmeasured = measured.unmeasuredSeconds > 0 ? `, ${duration(measured.unmeasuredSeconds)} unmeasured` : '';
  return `Clients: ${measured.failedRequests} of ${measured.requests} requests failed, longest stall ${measured.longestStallSeconds.toFixed(1)} s${unmeasured}${budget}${escape(lastFailed(measured))}`;
}

function trouble({ trouble, workflowId }: RunStatus): string {
  if (!trouble) return '';
  return [
    `**An operator is needed** at step “${trouble.step}” since ${clock(trouble.since)}`,
    `- now: ${escape(trouble.now)}`,
    ...trouble.tried.map((cause) => `- tried: ${escape(cause)}`),
    `- do: ${trouble.orders.map((order) => `\`runbook ${order} ${workflowId} --question ${clock(trouble.since)} --reason …\``).join(' or ')}`,
  ].join('\n');
}

function howToStop({ phase, workflowId, planHash, steps }: RunStatus): string | undefined {
  if (phase === 'closed' || phase === 'needs-operator' || phase === 'rolling-back') return undefined;
  if (phase === 'awaiting-approval') {
    return `Answer: \`runbook approve ${workflowId} --plan ${planHash}${named(steps)} --as …\` or \`runbook reject ${workflowId} --reason …\``;
  }
  return `Stop: \`runbook pause ${workflowId} --reason …\` (before the next step) or \`runbook abort ${workflowId} --reason …\` / Cancel (undoes what was done). Do not terminate: that leaves the locks held.`;
}

/** As the command line takes them. */
function named(steps: RunStatus['steps']): string {
  return (
    steps
      .filter(({ reversibility }) => reversibility === 'irreversible')
      // In code a backslash would be shown, and typed.
      .map(({ name }) => ` --irreversible '${name.replace(/[`\r\n]/g, ' ')}'`)
      .join('')
  );
}

function clock(at: string): string {
  return `${at.slice(11, 19)}Z`;
}

/** Texts from outside must not break the table or smuggle markup in. */
function escape(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replace(/[|<>`*_[\]]/g, (character) => `\\${character}`);
}
