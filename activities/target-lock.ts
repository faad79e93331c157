import type { Client } from '@temporalio/client';
import { WithStartWorkflowOperation, WorkflowNotFoundError } from '@temporalio/client';
import { Context, heartbeat, sleep } from '@temporalio/activity';
import type { Holder, LockAnswer } from '../catalogue';
import { lockMessages, lockWorkflowId, targetWorkflowType } from '../catalogue';

type HolderKey = Pick<Holder, 'workflowId' | 'runId'>;

/** The way from a run to the locks of its targets. All are safe to call twice. */
export interface TargetLockActivities {
  /** Takes all targets or none, in sorted order. With `wait` it stands in the queue of the first that is held. */
  acquireTargets(request: {
    targets: string[];
    holder: Holder;
    wait: boolean;
  }): Promise<{ granted: true } | { granted: false; target: string; holder: Holder; ahead: number }>;
  /** Gives targets back, or leaves their queues. A lock that nobody knows counts as given back. */
  releaseTargets(request: { targets: string[]; holder: HolderKey }): Promise<void>;
  /** Resolves to the status with which a run ended, once it has. */
  awaitRunClosed(run: HolderKey): Promise<string>;
}

/** Of this attempt: later ones of the same run have later ones, and its other activities too. */
const asked = () => Context.current().info.currentAttemptScheduledTimestampMs;

/** How often a watched run is asked for: each is a server-side long poll, so an ending is noticed at once. */
const longPollSeconds = 60;

/** A holder that has closed gives its lock back within milliseconds; if nothing watches it (no worker), within this. */
const handBackSecondsMax = 15;

export function createTargetLockActivities({
  client,
  taskQueue,
}: {
  client: Client;
  taskQueue: string;
}): TargetLockActivities {
  const acquireOne = async (target: string, holder: Holder, wait: boolean): Promise<LockAnswer> =>
    client.workflow.executeUpdateWithStart<(target: string) => Promise<void>, LockAnswer, [Holder, boolean]>(
      lockMessages.acquire,
      {
        args: [{ ...holder, asked: asked() }, wait],
        startWorkflowOperation: new WithStartWorkflowOperation(targetWorkflowType, {
          workflowId: lockWorkflowId(target),
          taskQueue,
          args: [target],
          workflowIdConflictPolicy: 'USE_EXISTING',
          staticSummary: `Lock of ${target}`,
        }),
      },
    );

  /** Asks again while the holder's run has closed and its lock is about to be free. */
  const acquireOrRefuse = async (target: string, holder: Holder, wait: boolean): Promise<LockAnswer> => {
    const deadline = Date.now() + handBackSecondsMax * 1000;
    for (;;) {
      const answer = await acquireOne(target, holder, wait);
      if (answer.granted || answer.holder.flagged !== undefined || Date.now() > deadline) return answer;
      if ((await statusOf(answer.holder)) === 'RUNNING') return answer;
      await sleep(100);
    }
  };

  const releaseOne = async (target: string, { workflowId, runId }: HolderKey): Promise<void> => {
    try {
      await client.workflow
        .getHandle(lockWorkflowId(target))
        .executeUpdate<void, [HolderKey & Pick<Holder, 'asked'>]>(lockMessages.release, {
          args: [{ workflowId, runId, asked: asked() }],
        });
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  };

  return {
    async acquireTargets({ targets, holder, wait }) {
      const taken: string[] = [];
      for (const target of [...targets].sort()) {
        const answer = await acquireOrRefuse(target, holder, wait);
        if (!answer.granted) {
          // What was taken goes back: two runs would wait for each other. One that a queue has handed over, and that comes later in the
          // order, is kept: whoever waits holds later ones only, so no circle can close, and nobody is sent from queue to queue for ever.
          for (const other of taken.reverse()) await releaseOne(other, holder);
          return { granted: false, target, holder: answer.holder, ahead: answer.ahead };
        }
        taken.push(target);
      }
      return { granted: true };
    },

    async releaseTargets({ targets, holder }) {
      for (const target of targets) await releaseOne(target, holder);
    },

    async awaitRunClosed(run) {
      const { cancellationSignal } = Context.current();
      const beating = setInterval(() => heartbeat(), 2000);
      const handle = client.workflow.getHandle(run.workflowId, undefined, { followRuns: false });
      try {
        for (;;) {
          cancellationSignal.throwIfAborted();
          const status = await statusOf(run);
          if (status !== 'RUNNING') return status;
          // Ends when the run does, or when its time is over; what it says does not matter.
          await client
            .withAbortSignal(cancellationSignal, () =>
              client.withDeadline(Date.now() + longPollSeconds * 1000, () => handle.result()),
            )
            .catch(() => undefined);
        }
      } finally {
        clearInterval(beating);
      }
    },
  };

  /** Status of a run's execution chain as Temporal names it; UNKNOWN where the server does not know it (any more). */
  async function statusOf({ workflowId, runId }: HolderKey): Promise<string> {
    try {
      const latest = await client.workflow.getHandle(workflowId).describe();
      if (latest.raw.workflowExecutionInfo?.firstRunId === runId) return latest.status.name;
      return (await client.workflow.getHandle(workflowId, runId).describe()).status.name;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 'UNKNOWN';
      throw error;
    }
  }
}
