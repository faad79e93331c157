import type { Temporal } from './temporal';

/** Task queue types of Temporal's API (TaskQueueType). */
const queueTypes = { workflow: 1, activity: 2 } as const;

/**
 * When a worker last asked for work of this kind; undefined if none did lately. Temporal remembers for about five minutes,
 * and a living worker asks at least once a minute.
 */
export async function workerLastSeen(
  { client, namespace }: Temporal,
  taskQueue: string,
  kind: keyof typeof queueTypes = 'workflow',
): Promise<Date | undefined> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: queueTypes[kind],
  });
  const seen = (pollers ?? []).map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000);
  return seen.length === 0 ? undefined : new Date(Math.max(...seen));
}
