/** Once faults stop, an outcome comes within a declared time. */
import type { Invariant } from './invariant';

export const liveness: Invariant = {
  number: 8,
  name: 'liveness',
  violations: ({ settledSeconds, deadlineSeconds, runs }) => [
    ...(settledSeconds <= deadlineSeconds
      ? []
      : [`the end came ${settledSeconds.toFixed(0)} s after the last fault; ${deadlineSeconds} s are allowed`]),
    ...runs
      .filter(({ status }) => status === 'RUNNING')
      .map(({ workflowId, sightings }) => `${workflowId} is still open (${sightings.length} questions asked)`),
  ],
};
