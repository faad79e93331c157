import type { LockState } from '../catalogue';
import { lockMessages, lockWorkflowId, targetWorkflowType } from '../catalogue';
import { Problem } from './problem';
import { checkedTarget } from './search';
import type { Temporal } from './temporal';
import { isUnanswered, problemOf } from './temporal-errors';

/** The lock of one target, and what Temporal says of the run that holds it. */
export interface Lock {
  target: string;
  /** Absent where no worker answered for the lock. */
  state?: LockState;
  /** Temporal's own word for the holder's run, such as RUNNING or TERMINATED; GONE where Temporal has forgotten it. */
  holderExecution?: string;
}

/** How long a worker may take to say who holds a lock. */
const answerWithinMs = 5000;
const orderWithinMs = 15_000;
/** Locks asked at once. */
const batchSize = 20;

/** Every lock that there is: held, waited for or free. Throws `Problem`. */
export async function listLocks(temporal: Temporal): Promise<Lock[]> {
  try {
    const targets: string[] = [];
    const query = `WorkflowType = '${targetWorkflowType}' AND ExecutionStatus = 'Running'`;
    for await (const { workflowId } of temporal.client.workflow.list({ query })) {
      targets.push(workflowId.replace(/^target:/, ''));
    }
    const locks: Lock[] = [];
    for (let first = 0; first < targets.length; first += batchSize) {
      locks.push(
        ...(await Promise.all(targets.slice(first, first + batchSize).map((target) => readLock(temporal, target)))),
      );
    }
    return locks.toSorted((one, other) => (one.target < other.target ? -1 : 1));
  } catch (error) {
    throw problemOf(error, temporal);
  }
}

/** Whether the holder can no longer give the lock back by itself, so that an operator must look. */
export function isStranded({ state, holderExecution }: Lock): boolean {
  if (state?.holder === undefined) return false;
  return state.holder.flagged !== undefined || (holderExecution !== undefined && strandedEndings.has(holderExecution));
}

/** Runs that completed or failed gave the lock back, or their lock's own watch will. */
const strandedEndings = new Set(['TERMINATED', 'CANCELLED', 'TIMED_OUT', 'GONE']);

/**
 * Takes a lock from the holder that the operator has looked at. Throws `Rejected` when another holds it by now, or the holder's run is
 * still open: two runs would change one target.
 */
export async function unlock(
  temporal: Temporal,
  target: string,
  order: { by: string; reason: string; holder: string },
): Promise<string> {
  const name = checkedTarget(target);
  const handle = temporal.client.workflow.getHandle(lockWorkflowId(name));
  try {
    if ((await executionOf(temporal, order.holder)) === 'RUNNING') throw stillOpen(order.holder);
    return await temporal.connection.withDeadline(Date.now() + orderWithinMs, () =>
      handle.executeUpdate<string, [typeof order]>(lockMessages.unlock, { args: [order] }),
    );
  } catch (error) {
    const problem = problemOf(error, { ...temporal, workflowId: lockWorkflowId(name) });
    if (problem.code === 'NotFound') {
      throw new Problem('NotFound', `no run ever locked ${name}`, {
        remedy: 'the command "locks" shows every lock',
        cause: error,
      });
    }
    if (!isUnanswered(error)) throw problem;
    throw new Problem('NoWorker', `the lock of ${name} did not answer within ${orderWithinMs / 1000} s`, {
      remedy: `start a worker on task queue "${temporal.taskQueue}", then repeat`,
      cause: error,
    });
  }
}

function stillOpen(holder: string): Problem {
  return new Problem('Rejected', `${holder} is still open, and gives its locks back itself when it ends`, {
    remedy: `npx runbook status ${holder}; answer or abort it, and only where neither helps terminate it`,
  });
}

async function readLock(temporal: Temporal, target: string): Promise<Lock> {
  const { client, connection } = temporal;
  try {
    const state = await connection.withDeadline(Date.now() + answerWithinMs, () =>
      client.workflow.getHandle(lockWorkflowId(target)).query<LockState>(lockMessages.state),
    );
    return { target, state, holderExecution: state.holder && (await executionOf(temporal, state.holder.workflowId)) };
  } catch (error) {
    if (isUnanswered(error)) return { target };
    throw error;
  }
}

async function executionOf({ client }: Temporal, workflowId: string): Promise<string | undefined> {
  try {
    // The newest execution of the chain: a run that continued as new still holds its lock.
    return (await client.workflow.getHandle(workflowId).describe()).status.name;
  } catch (error) {
    if (problemOf(error, { address: '', namespace: '' }).code === 'NotFound') return 'GONE';
    throw error;
  }
}
