/**
 * Calls one activity with the options of the engine's long operations, as a run would; with several requests once for
 * each, where only the last one's failure counts.
 */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import { noted } from '../../../workflows/runbook/clock';

type Activities = Record<string, (request: unknown) => Promise<unknown>>;

export async function callActivity(name: string, ...requests: unknown[]): Promise<unknown> {
  const activities = proxyActivities<Activities>({
    startToCloseTimeout: '10 min',
    heartbeatTimeout: '5 s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '1 s', backoffCoefficient: 1 },
  });
  const last = requests.pop();
  for (const request of requests) await activities[name]!(request).catch(() => undefined);
  return noted(await activities[name]!(last));
}
