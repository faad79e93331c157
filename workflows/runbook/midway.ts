/**
 * What comes from outside in the middle of a local activity. A worker that stands still, or hears nothing of Temporal, for longer than a
 * workflow task may last finds another task when it is back, and goes on with the local activity that it had begun in the one that is
 * lost. If that task brings an order, the order is second for this worker; but whoever replays the history is given the order first,
 * would never begin that activity, and no worker could go on with the run (SDK 1.24).
 *
 * So the task is failed on purpose: the worker forgets the run, and has it from its history again, order first. Local activities that
 * were begun so are begun again, as they may be.
 */
import { workflowInfo } from '@temporalio/workflow';

let begun = 0;

/** Counts it until it has an end, unless history has it begun: then every worker has. */
export async function begin<T>(localActivity: () => Promise<T>): Promise<T> {
  const isNew = !workflowInfo().unsafe.isReplaying;
  if (isNew) begun += 1;
  try {
    return await localActivity();
  } finally {
    if (isNew) begun -= 1;
  }
}

/** First of all in whatever takes note of something. Throws what fails the workflow task, and not the run. */
export function assertNotMidway(): void {
  if (begun === 0) return;
  throw new Error(
    'told in the middle of a local activity: this task fails on purpose, and the run goes on from its history',
  );
}
