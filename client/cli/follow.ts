import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../problem';
import type { Runs } from '../runs';
import type { RunView } from '../views';
import { makePainter } from './painter';
import { needsOperator } from './render/view';
import type { Session } from './session';

/** How often a run is asked how it is: a query each, which costs no history. */
const lookEveryMs = 1000;

/**
 * Shows a run until it has closed, or until it needs an operator. It goes on through restarts of the worker and of Temporal.
 * `answered` is when the trouble began that an order has just answered: that one does not end the watching again.
 * Throws `Interrupted` on Ctrl-C: the run itself goes on.
 */
export async function follow(
  { output }: Session,
  runs: Runs,
  workflowId: string,
  { answered }: { answered?: string } = {},
): Promise<RunView> {
  const painter = await makePainter(output);
  const interrupt = new AbortController();
  const stop = () => interrupt.abort();
  process.on('SIGINT', stop);
  const interrupted = aborted(interrupt.signal);
  let last: RunView | undefined;
  try {
    for (;;) {
      const view = await Promise.race([lookOrRemark(runs, workflowId, painter.remark), interrupted]);
      if (view !== undefined) {
        if (isWorthShowing(view, last)) painter.show(view);
        last = view;
        if (isOver(view, answered)) return view;
      }
      await Promise.race([sleep(lookEveryMs), interrupted]);
    }
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    throw new Problem('Interrupted', 'stopped watching; the run goes on', {
      remedy: `come back with ${output.look.command} watch ${workflowId}`,
    });
  } finally {
    process.removeListener('SIGINT', stop);
    painter.stop();
  }
}

/**
 * A worker that looks at a system for some seconds answers nothing meanwhile, and is well: only a run that has not answered twice is
 * worth somebody's alarm.
 */
export function isWorthShowing({ state }: Pick<RunView, 'state'>, last: Pick<RunView, 'state'> | undefined): boolean {
  return state !== 'unanswered' || last?.state !== 'open';
}

function isOver(view: RunView, answered: string | undefined): boolean {
  switch (view.state) {
    case 'closed':
    case 'ended':
      return true;
    case 'unanswered':
      return false;
    case 'open':
      return needsOperator(view.status) && view.status.trouble?.since !== answered;
  }
}

/** A server that does not answer for a while is no reason to stop watching. */
async function lookOrRemark(
  runs: Runs,
  workflowId: string,
  remark: (text: string) => void,
): Promise<RunView | undefined> {
  try {
    return await runs.look(workflowId);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'Unreachable') throw error;
    remark(`${error.message}; trying again`);
    return undefined;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('interrupted')), { once: true });
  });
}
