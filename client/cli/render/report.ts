import type { Outcome, Report, StepProgress } from '../../../catalogue';
import { duration } from '../../../catalogue';
import type { RunReference } from '../../views';
import { renderClients } from './clients';
import { renderOperators } from './operators';
import { renderSteps } from './steps';
import { columns } from './table';
import type { Look, Tone } from './text';
import { plainAll, plainLines, tint } from './text';
import { secondsBetween } from './time';

const tones: Record<Outcome, Tone> = {
  Succeeded: 'green',
  Planned: 'green',
  Refused: 'yellow',
  RolledBack: 'yellow',
  Accepted: 'yellow',
};

/** How a run ended: the outcome, why, each step with its time and evidence, what clients noticed, where to look further. */
export function renderReport(given: Report, { url }: Pick<RunReference, 'url'>, look: Look): string {
  const report = plainAll(given);
  const { steps, clients, clientBudget, operators, historyEvents, endedAt } = report;
  const measured = clients === undefined ? '' : `${renderClients(clients, clientBudget, look)}      `;
  return [
    headline(report, look),
    renderReasons(given, look),
    // Nothing was begun: the reasons say it all, a list of steps that wait would say nothing.
    begun(steps) ? renderSteps(steps, endedAt, look) : '',
    renderOperators(operators, look),
    `${measured}history: ${historyEvents.toLocaleString('en')} events`,
    url,
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function headline({ outcome, startedAt, endedAt, planHash, workflowId, summary }: Report, look: Look): string {
  const took = duration(secondsBetween(startedAt, endedAt));
  const untouched = outcome === 'Refused' && summary.startsWith(nothingTouched) ? `, ${nothingTouched}` : '';
  return [
    `${tint(look, tones[outcome], outcome)}${untouched === '' ? ` in ${took}` : untouched}`,
    planHash === undefined ? '' : `plan ${planHash}`,
    workflowId,
  ]
    .filter((part) => part !== '')
    .join('     ');
}

/** The engine begins a refusal for several reasons with these words, which the headline says. */
const nothingTouched = 'nothing was touched';

/** Lines of a field and what is wrong with it get columns of their own; any other is a sentence. */
function renderReasons({ summary }: Report, look: Look): string {
  const lines = plainLines(summary).filter((line) => line.trim() !== '' && line !== `${nothingTouched}:`);
  const fields = lines.map((line) => /^ {2}(\S*) {2,}(\S.*)$/.exec(line)?.slice(1));
  const sentences = lines.filter((_, index) => fields[index] === undefined).map((line) => [line.trim()]);
  return [
    columns(look, sentences, '  '),
    columns(
      look,
      fields.filter((row) => row !== undefined),
      '  ',
    ),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function begun(steps: readonly StepProgress[]): boolean {
  return steps.some(({ state }) => state !== 'pending');
}
