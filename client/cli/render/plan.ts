import type { Finding, Plan, Reversibility } from '../../../catalogue';
import { duration } from '../../../catalogue';
import { columns } from './table';
import type { Look } from './text';
import { plain, plainAll, plainLines, tint } from './text';

/** What an engineer pastes into a change ticket, and an approver reads in half a minute. */
export function renderPlan(given: Plan, look: Look): string {
  const plan = { ...plainAll(given), findings: given.findings };
  return [
    renderPlanHead(plan, look),
    renderFindings(plan.findings, look),
    plan.steps.length === 0 ? 'Nothing to do: everything is as asked for.' : renderPlannedSteps(plan, look),
    [lastLine(plan), approvalLine(plan)].join('\n'),
  ].join('\n\n');
}

/** How to go on from a plan; nothing where the plan has nothing to do. */
export function renderPlanNext({ hash, steps }: Plan, { command }: Look): string {
  return steps.length === 0 ? '' : `start: ${command} start --plan ${hash} --wait`;
}

function renderPlanHead({ runbook, subject, hash, input }: Plan, look: Look): string {
  const { reason, requestedBy } = input;
  const left = `${tint(look, 'bold', runbook)}   ${subject}`;
  const width = runbook.length + 3 + subject.length;
  const right = `plan ${hash}`;
  const space = Math.max(3, Math.min(look.width, 100) - width - right.length);
  const why = typeof reason === 'string' && reason !== '' ? `why: "${reason}"      ` : '';
  return [`${left}${' '.repeat(space)}${right}`, `${why}asked by: ${String(requestedBy)}`].join('\n');
}

/** "Preflight   14 checks: 13 ok, 1 warning" and each that is not ok. */
function renderFindings(findings: readonly Finding[], look: Look): string {
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length;
  const counts = [
    `${count('ok')} ok`,
    counted(count('warning'), 'warning'),
    counted(count('refusal'), 'refusal'),
  ].filter((text) => text !== '');
  const noted = findings.filter(({ level }) => level !== 'ok');
  const rows = noted.map(({ level, field, message }) => [
    level === 'refusal' ? tint(look, 'red', '✗') : tint(look, 'yellow', '!'),
    ...(noted.some((finding) => finding.field !== undefined) ? [plain(field ?? '')] : []),
    plainLines(message).join('\n'),
  ]);
  const head = `Preflight   ${findings.length} ${findings.length === 1 ? 'check' : 'checks'}: ${counts.join(', ')}`;
  return [head, columns(look, rows, '  ')].filter((part) => part !== '').join('\n');
}

function counted(number: number, noun: string): string {
  return number === 0 ? '' : `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function renderPlannedSteps({ steps }: Plan, look: Look): string {
  const head = ['#', 'step', 'from → to', 'undo', 'time', 'clients notice'].map((title) => tint(look, 'dim', title));
  return columns(look, [
    head,
    ...steps.map(({ name, from, to, reversibility, expectedSeconds, impact, detail }, index) => ({
      cells: [
        String(index + 1),
        name,
        `${from} → ${to}`,
        undoWord(reversibility, look),
        expectedSeconds === undefined ? '' : `~${duration(expectedSeconds)}`,
        impact ?? 'nothing',
      ],
      under: 2,
      remark: detail,
    })),
  ]);
}

function undoWord(reversibility: Reversibility, look: Look): string {
  switch (reversibility) {
    case 'reversible':
      return reversibility;
    case 'lossy':
      return tint(look, 'yellow', 'LOSSY');
    case 'irreversible':
      return tint(look, 'red', 'IRREVERSIBLE');
  }
}

function lastLine({ costChangePerHour: cost, targets, clientBudget }: Plan): string {
  return [
    cost === undefined ? undefined : `cost ${cost < 0 ? '−' : '+'}${Math.abs(cost).toFixed(2)} $/hour`,
    targets.length === 0 ? undefined : `locks ${targets.join(', ')}`,
    `budget: ${clientBudget.failedRequests.toLocaleString('en')} failed requests, ${clientBudget.longestStallSeconds} s`,
  ]
    .filter((part) => part !== undefined)
    .join(' · ');
}

function approvalLine({ approval }: Plan): string {
  return `approval: ${approval.required ? 'required' : 'not required'} (${approval.why})`;
}
