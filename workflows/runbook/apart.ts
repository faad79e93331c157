import { CancellationScope, condition, defineSignal, patched, proxySinks, setHandler } from '@temporalio/workflow';
import { takeEffectSignal, type WorkerSinks } from '../../catalogue';

const { worker } = proxySinks<WorkerSinks>();
let knocks = 0;

export function handleKnocks(): void {
  setHandler(defineSignal(takeEffectSignal), () => {
    knocks += 1;
  });
}

/**
 * Resolves in a workflow task of its own: whatever comes from outside and turns the run elsewhere (orders, a cancellation, an exceeded
 * budget) waits for it first. Where a worker hears nothing of Temporal, or stands still, in the middle of a local activity, for longer
 * than a workflow task may last, and an order comes meanwhile, the worker goes on with what it had begun, and the order is second; but
 * whoever replays the history is given the order first, would begin something else, and no worker could go on with the run (seen with SDK
 * 1.24). The worker is asked to knock, which takes milliseconds; a timer, for up to a second, where it dies before. No activity: it would take
 * the number of one that the run was about to begin.
 */
export async function apart(): Promise<void> {
  // Histories from before know nothing of it.
  if (!patched('orders-apart')) return;
  const before = knocks;
  worker.knock();
  await CancellationScope.nonCancellable(() => condition(() => knocks > before, 1, { summary: 'takes note' }));
}
