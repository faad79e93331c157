import { duration } from '../../../catalogue';
import type { RunSummary } from '../../views';
import { columns } from './table';
import type { Look, Tone } from './text';
import { plainAll, tint } from './text';
import { secondsBetween } from './time';

/** A line a run, the newest first; its id says when it began. */
export function renderRuns(given: readonly RunSummary[], now: string, look: Look): string {
  if (given.length === 0) return 'No such runs.';
  const head = ['run', 'state', 'asked by', 'for', 'targets'].map((title) => tint(look, 'dim', title));
  const rows = plainAll([...given]).map((run) => [
    run.workflowId,
    tint(look, toneOf(run), stateOf(run)),
    run.requestedBy ?? '',
    duration(Math.round(secondsBetween(run.startedAt, run.closedAt ?? now))),
    run.targets.join(', '),
  ]);
  return columns(look, [head, ...rows], '');
}

/** Its outcome or phase; Temporal's word where it closed without an outcome. */
function stateOf({ execution, phase, outcome }: RunSummary): string {
  if (execution === 'RUNNING') return phase ?? 'not begun';
  return outcome ?? execution.toLowerCase().replaceAll('_', ' ');
}

function toneOf({ execution, phase, outcome }: RunSummary): Tone {
  if (execution === 'RUNNING') return phase === 'needs-operator' ? 'red' : 'cyan';
  if (outcome === undefined) return 'red';
  return outcome === 'Succeeded' || outcome === 'Planned' ? 'green' : 'yellow';
}
