import { CancellationScope, patched, sleep } from '@temporalio/workflow';

/**
 * Resolves in a workflow task of its own: whatever comes from outside and turns the run elsewhere (orders, a cancellation, an exceeded
 * budget) waits for it first, for up to a second, as Temporal's timers do. Where a worker stands still in the middle of a local activity, for longer than a workflow task may last, and
 * an order comes meanwhile, the worker goes on with what it had begun, and the order is second; but whoever replays the history is given
 * the order first, would begin something else, and no worker could go on with the run (seen with SDK 1.24).
 * A timer, for an activity would take the number of one that the run was about to begin.
 */
export async function apart(): Promise<void> {
  // Histories from before have no such timer.
  if (!patched('orders-apart')) return;
  await CancellationScope.nonCancellable(() => sleep(1, { summary: 'takes note of what was said' }));
}
