import type { WorkloadWish } from '../kubernetes/manifests';
import type { State, Subject, Variant } from './subject';

/** A failed request is a violation: pods are drained. */
const clientBudget = { failedRequests: 0, longestStallSeconds: 15 };

function variant(name: string, from: WorkloadWish, to: Record<string, number>, changes: State): Variant {
  const byHand = from.autoscaler ? from.autoscaler.min + 1 : 3;
  return {
    name,
    before: ({ workload }) => workload.make(from),
    input: ({ workload }) => ({ deployment: workload.deployment, ...to, clientBudget }),
    changes: () => changes,
    competitors: {
      'another manager scales': ({ workload }) => workload.scaleByHand(byHand),
      ...(from.autoscaler && { 'HPA deleted': ({ workload }) => workload.deleteAutoscaler() }),
    },
  };
}

const pods = (count: number) => ({ replicas: String(count), 'pods ready': String(count) });

export const scaleDeployment: Subject = {
  runbook: 'scaleDeployment',
  cluster: true,
  variants: [
    variant('out', { replicas: 2 }, { replicas: 4 }, pods(4)),
    variant(
      'out, with an HPA',
      { replicas: 3, autoscaler: { min: 3, max: 10 } },
      { replicas: 5 },
      { 'autoscaler min': '5' },
    ),
    variant('down', { replicas: 4 }, { replicas: 2 }, pods(2)),
    variant('out, smaller pools', { replicas: 2 }, { replicas: 4, poolSize: 15 }, { ...pods(4), 'pool size': '15' }),
  ],
  state: ({ workload }) => workload.state(),
};
