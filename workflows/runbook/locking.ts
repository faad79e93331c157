import { workflowInfo } from '@temporalio/workflow';
import type { TargetLockActivities } from '../../activities/target-lock';
import type { Holder, RunInput } from '../../catalogue';
import { exchanges } from './activities';
import type { Run } from './run';
import { now } from './clock';

const locks = exchanges<TargetLockActivities>();

/** Who this run is to a lock. */
function myself(run: Run): Holder {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  return {
    workflowId,
    runId: firstExecutionRunId,
    runbook: run.runbook,
    requestedBy: run.input.requestedBy,
    since: now(),
  };
}

/**
 * Locks all targets or none. Resolves to nothing when they are held, or to the reason why not (only with `refuse`; with
 * `wait` it waits, holding at most what comes later in the order, until the lock in its way is handed over, and starts again from the first).
 */
export async function lockTargets(
  run: Run,
  targets: string[],
  onBusy: RunInput['onBusy'],
): Promise<string | undefined> {
  // Set before the lock is asked: an answer that never arrives must still be given back.
  run.held = targets;
  for (;;) {
    run.lockGranted = false;
    const answer = await locks('lock · take the targets').acquireTargets({
      targets,
      holder: myself(run),
      wait: onBusy === 'wait',
    });
    if (answer.granted) return undefined;
    const { holder, target, ahead } = answer;
    const who = `${target} is held by ${holder.workflowId} (${holder.requestedBy}, since ${holder.since})`;
    if (onBusy === 'refuse') {
      return holder.flagged
        ? `${who}, which ended without giving it back: look at ${target}, then runbook unlock ${target} --holder ${holder.workflowId} --reason …`
        : `${who}: wait for it, or start with onBusy "wait"`;
    }
    run.enter('awaiting-lock');
    await run.waitFor(
      { reason: `${who}${ahead > 0 ? `, ${ahead} more before this run` : ''}`, on: holder.workflowId },
      () => run.lockGranted,
    );
  }
}

/**
 * Gives targets back, or leaves their queues, while the run goes on. A run that closes need not: each lock watches its holder
 * and is free as soon as that has closed with an outcome.
 */
export async function unlockTargets(run: Run): Promise<void> {
  if (run.held.length === 0) return;
  await locks('lock · give the targets back').releaseTargets({ targets: run.held, holder: myself(run) });
  run.held = [];
}
