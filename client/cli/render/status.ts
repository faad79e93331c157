import type { RunStatus, Waiting } from '../../../catalogue';
import { duration } from '../../../catalogue';
import type { Retry } from '../../views';
import { renderClients } from './clients';
import { renderOperators } from './operators';
import { renderSteps } from './steps';
import type { Look } from './text';
import { plain, plainAll, shellWord, tint } from './text';
import { clock, secondsBetween } from './time';
import { renderTrouble } from './trouble';

/** What a run does, since when, whether that is usual, what it waits for and on whom, and how to answer or stop it. */
export function renderStatus(given: RunStatus, now: string, look: Look, retries: readonly Retry[] = []): string {
  const status = plainAll(given);
  const { steps, waiting, trouble, held, clients, operators, workflowId } = status;
  return [
    head(status, now, look),
    renderSteps(steps, now, look),
    waiting === undefined || trouble !== undefined ? '' : renderWaiting(waiting, now, look),
    ...retries.filter(({ underWay }) => !underWay).map(renderRetry),
    trouble === undefined ? '' : renderTrouble(trouble, workflowId, look),
    trouble === undefined && held.length > 0 ? `holds: ${held.join(', ')}` : '',
    clients === undefined ? '' : renderClients(clients, undefined, look),
    renderOperators(operators, look),
    renderOptions(status, look),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function head(
  { runbook, subject, phase, outcome, planHash, startedAt, workflowId }: RunStatus,
  now: string,
  look: Look,
): string {
  const since = duration(Math.round(secondsBetween(startedAt, now)));
  const plan = planHash === undefined ? '' : `     plan ${planHash}`;
  return `${tint(look, 'bold', runbook)}   ${subject}   ${tint(look, 'cyan', outcome ?? phase)}, ${since} in all\n${workflowId}${plan}`;
}

function renderWaiting({ reason, on, since, until }: Waiting, now: string, look: Look): string {
  const end = until === undefined ? '' : `, until ${clock(until)}`;
  return tint(look, 'yellow', `waits for ${on}: ${reason} (${duration(Math.round(secondsBetween(since, now)))}${end})`);
}

/** Why what it waits for is not so yet. */
export function renderRetry({ attempt, why }: Retry): string {
  return `not yet: ${plain(why)} (attempt ${attempt})`;
}

/** The orders that make sense now, as they are typed. */
function renderOptions(status: RunStatus, look: Look): string {
  const id = shellWord(status.workflowId);
  switch (status.phase) {
    case 'awaiting-approval':
      return [`answer: ${approveCommand(status, look)}`, `        ${look.command} reject ${id} --reason …`].join('\n');
    case 'preflight':
    case 'awaiting-lock':
    case 'running':
    case 'soaking':
      return `stop:   ${look.command} pause|abort ${id} --reason …`;
    case 'paused':
      return `go on:  ${look.command} resume|abort ${id} --reason …`;
    default:
      return '';
  }
}

/** The whole approval, as it is typed by whoever has read the plan. */
export function approveCommand({ workflowId, planHash, steps }: RunStatus, { command }: Look): string {
  const irreversible = steps
    .filter(({ reversibility }) => reversibility === 'irreversible')
    .map(({ name }) => ` --irreversible ${shellWord(plain(name))}`);
  return `${command} approve ${shellWord(workflowId)} --plan ${planHash}${irreversible.join('')} --as <who approves>`;
}
