import type { WorkerOptions } from '@temporalio/worker';

export const workerOptions = {
  // After a worker's death its workflows wait on it for this long before another may have them (default 10 s).
  stickyQueueScheduleToStartTimeout: '1 s',
  // A heartbeat that says "accepted" must leave before the worker can die (default: 0.8 of the heartbeat time-out).
  maxHeartbeatThrottleInterval: '500 ms',
  shutdownGraceTime: '2 s',
} satisfies Partial<WorkerOptions>;
