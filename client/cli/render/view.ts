import type { RunStatus } from '../../../catalogue';
import { exitCodes } from '../../../catalogue';
import type { RunView } from '../../views';
import { renderReport } from './report';
import { renderStatus } from './status';
import type { Look } from './text';
import { plain, tint } from './text';
import { renderTraces } from './traces';

/** A run as it is now, whatever that is. */
export function renderView(view: RunView, now: string, look: Look): string {
  switch (view.state) {
    case 'open':
      return `${renderStatus(view.status, now, look, view.retries)}\n${view.run.url}`;
    case 'unanswered':
      return renderTraces(view.traces, view.run, look);
    case 'closed':
      return renderReport(view.report, view.run, look);
    case 'ended':
      return `${tint(look, 'red', plain(`${view.run.workflowId} (${view.runbook}): ${view.why}`))}\n${view.run.url}`;
  }
}

/** Whether the run waits for an operator; one whose order it has just taken is no trouble any more. */
export function needsOperator({ phase, trouble }: RunStatus): boolean {
  return phase === 'needs-operator' && trouble !== undefined;
}

/** What a command exits with that tells of this run. */
export function exitCodeOfView(view: RunView): number {
  switch (view.state) {
    case 'open':
      return needsOperator(view.status) ? exitCodes.NeedsOperator : 0;
    case 'closed':
      return exitCodes[view.report.outcome];
    case 'unanswered':
    case 'ended':
      return exitCodes.OtherError;
  }
}
