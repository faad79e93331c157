/** The locks of a case: who had them, and what is left of them. */
import { type Holder, lockMessages, lockWorkflowId } from '../../../catalogue';
import { until } from '../../../lab/processes';
import type { LockEvidence, RunEvidence } from './evidence';
import { holdingsIn } from './history';
import type { Stage } from './stage';

/** A lock sees the end of its holder at once, and within this where a worker had to be replaced. */
const handBackMs = 20_000;

const unknownHolder: Pick<Holder, 'flagged'> = {};

/** Waits until the locks of ended runs are free or flagged. */
export async function locksOf({ client }: Stage, runs: RunEvidence[]): Promise<LockEvidence[]> {
  const targets = [...new Set(runs.flatMap(({ plan }) => plan?.targets ?? []))];
  const since = Math.min(...runs.map(({ startedAt }) => startedAt));
  return Promise.all(
    targets.map(async (target) => {
      const handle = client.workflow.getHandle(lockWorkflowId(target));
      const read = () => handle.query<LockEvidence['state']>(lockMessages.state);
      const settled = async () => {
        // Its worker may just have died, and another not have taken it on: it is asked again.
        const { holder } = await read().catch(() => ({ holder: unknownHolder }));
        return holder === undefined || holder.flagged !== undefined;
      };
      // A run that was refused at once never asked for its locks.
      const exists = await handle.describe().then(
        () => true,
        () => false,
      );
      if (!exists) return { target, holdings: [], state: { target, waiting: [] } };
      await until(`${target} is free`, settled, { deadlineMs: handBackMs, everyMs: 50 }).catch(() => undefined);
      const state = await read();
      const all = holdingsIn(await handle.fetchHistory());
      // Of a run that was terminated its end is seen, and it is kept all the same.
      const kept = all.findLast(({ workflowId }) => workflowId === state.holder?.workflowId);
      if (kept) delete kept.to;
      return { target, holdings: all.filter(({ to = Infinity }) => to > since), state };
    }),
  );
}

/** As an operator who has looked: the next case may be about the same target. */
export async function unlock({ client }: Stage, locks: LockEvidence[]): Promise<void> {
  for (const { target, state } of locks) {
    if (!state.holder) continue;
    const order = { by: 'operator@example.com', reason: 'seen by the proof', holder: state.holder.workflowId };
    await client.workflow.getHandle(lockWorkflowId(target)).executeUpdate('unlock', { args: [order] });
  }
}
