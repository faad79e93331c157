/**
 * The lock of one target: one long-lived workflow, id `target:<target>`, started by the first run that asks.
 *
 * 1. Runs ask by the updates `acquire` and `release`, which never block; a run that waits is signalled when it is its turn.
 * 2. While somebody holds the lock, one activity watches that run. If the run closes with an outcome,
 *    the lock is free; if it was terminated, the lock stays and is flagged.
 * 3. An operator who has looked unlocks by naming the holder.
 * 4. Continues as new when its history has grown, taking holder and waiters along.
 */
import {
  ActivityCancellationType,
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
  getExternalWorkflowHandle,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { TargetLockActivities } from '../../activities/target-lock';
import type { Holder, LockAnswer, LockState } from '../../catalogue';
import { lockMessages, unlockSchema } from '../../catalogue';
import type { HolderKey } from './decisions';
import { acquire, afterHolderEnded, flag, handOver, isSame, release, unlockRefusal } from './decisions';

/** A release whose holder's run is watched by a worker that died is noticed after this. */
const watching = proxyActivities<TargetLockActivities>({
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '10 s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '1 s', backoffCoefficient: 2, maximumInterval: '30 s' },
});

export async function target(name: string, carried?: LockState): Promise<void> {
  let state: LockState = carried ?? { target: name, waiting: [] };
  let watched: { holder: HolderKey; scope: CancellationScope } | undefined;

  const become = (next: LockState): void => {
    state = next;
    setCurrentDetails(details(state));
  };

  setHandler(defineQuery<LockState>(lockMessages.state), () => state);
  setHandler(defineUpdate<LockAnswer, [Holder, boolean]>(lockMessages.acquire), (asker, wait) => {
    const result = acquire(state, asker, wait);
    become(result.state);
    return result.answer;
  });
  setHandler(defineUpdate<void, [HolderKey & Pick<Holder, 'asked'>]>(lockMessages.release), (leaver) => {
    become(release(state, leaver, leaver.asked));
  });
  setHandler(
    defineUpdate<string, [{ by: string; reason: string; holder: string }]>(lockMessages.unlock),
    (order) => {
      become(release(state, state.holder!));
      return `${state.target} was unlocked by ${order.by}`;
    },
    {
      validator: (raw) => {
        const parsed = unlockSchema.safeParse(raw);
        const refusal = parsed.success ? unlockRefusal(state, parsed.data.holder) : 'unlock takes {by, reason, holder}';
        if (refusal) throw ApplicationFailure.create({ type: 'OrderRefused', message: refusal, nonRetryable: true });
      },
    },
  );
  become(state);

  /** Watches the present holder, and nobody else. */
  const watch = (): void => {
    if (watched && (!state.holder || !isSame(state.holder, watched.holder))) {
      watched.scope.cancel();
      watched = undefined;
    }
    if (watched || !state.holder || state.holder.flagged) return;
    const holder = state.holder;
    const scope = new CancellationScope();
    watched = { holder, scope };
    void scope
      .run(() => watching.awaitRunClosed.executeWithOptions({ summary: `watch · ${holder.workflowId}` }, [holder]))
      .then((status) => {
        const ended = afterHolderEnded(status);
        become(ended === 'release' ? release(state, holder) : flag(state, holder, `its run ended as ${status}`));
        watched = undefined;
      })
      .catch((error: unknown) => {
        if (!isCancellation(error)) become(flag(state, holder, 'its run can no longer be watched'));
      });
  };

  for (;;) {
    if (!state.holder && state.waiting.length > 0) {
      const next = handOver(state);
      become(next);
      await getExternalWorkflowHandle(next.holder!.workflowId)
        .signal(lockMessages.granted)
        // It is gone: the next in line.
        .catch(() => become(release(state, next.holder!)));
      continue;
    }
    watch();
    if (workflowInfo().continueAsNewSuggested) {
      watched?.scope.cancel();
      await condition(allHandlersFinished);
      await continueAsNew<typeof target>(name, state);
    }
    const seen = state;
    await condition(() => state !== seen || workflowInfo().continueAsNewSuggested);
  }
}

function details({ holder, waiting }: LockState): string {
  if (!holder) return '### free';
  const flagged = holder.flagged
    ? `\n\n**${holder.flagged}** without giving the lock back. Look at the target, then \`runbook unlock\`.`
    : '';
  const queue = waiting.map((waiter, index) => `\n${index + 1}. ${waiter.workflowId}`).join('');
  return `### held by ${holder.workflowId}\n${holder.requestedBy}, since ${holder.since}${flagged}${queue && `\n\nWaiting:${queue}`}`;
}
