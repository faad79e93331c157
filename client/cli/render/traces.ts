import type { RunReference, Traces } from '../../views';
import { columns } from './table';
import type { Look } from './text';
import { plainAll, tint } from './text';
import { moment } from './time';

/** A run that does not speak for itself: why, what to do, and what Temporal knows of it. */
export function renderTraces(given: Traces, { workflowId, url }: RunReference, look: Look): string {
  const {
    runbook,
    why,
    remedy,
    phase,
    outcome,
    requestedBy,
    targets,
    startedAt,
    lastEvent,
    lastWork,
    workerLastSeen,
    taskQueue,
  } = plainAll(given);
  const rows = [
    ['phase', outcome ?? phase ?? 'unknown: it said nothing yet'],
    ['asked by', requestedBy ?? 'unknown'],
    ['targets', targets.length === 0 ? 'unknown' : targets.join(', ')],
    ['started', moment(startedAt)],
    ['last work', lastWork === undefined ? 'unknown' : `${lastWork.what}, begun ${moment(lastWork.at)}`],
    ['last event', lastEvent === undefined ? 'none' : `${lastEvent.type}, ${moment(lastEvent.at)}`],
    [
      'worker',
      workerLastSeen === undefined
        ? `none on "${taskQueue}"`
        : `last asked "${taskQueue}" for work ${moment(workerLastSeen)}`,
    ],
  ];
  return [
    `${tint(look, 'bold', runbook)}   ${workflowId}`,
    tint(look, 'red', `The run does not answer: ${why}.`),
    `→ ${remedy}`,
    'What it said last, by its search attributes and history:',
    columns(look, rows, '  '),
    url,
  ].join('\n');
}
