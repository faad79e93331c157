/** What the subjects of runbooks for Deployments have in common. */
import type { Place } from '../harness/place';
import type { WorkloadWish } from '../kubernetes/manifests';
import type { State, Variant } from './subject';

/** A failed request is a violation: pods are drained. */
const clientBudget = { failedRequests: 0, longestStallSeconds: 15 };

interface DeploymentVariant extends Pick<Variant, 'competitors'> {
  name: string;
  from: WorkloadWish;
  /** Of the input, beside the Deployment's name. */
  to: Record<string, unknown>;
  changes: State;
}

export function ofDeployment({ name, from, to, changes, competitors }: DeploymentVariant): Variant {
  return {
    ...{ name, competitors, cluster: true },
    before: ({ workload }) => workload.make(from),
    input: ({ workload }) => ({ deployment: workload.deployment, ...to, clientBudget }),
    changes: () => changes,
  };
}

/** Everything of the Deployment that a runbook could change by mistake. */
export async function stateOfDeployment({ workload }: Pick<Place, 'workload'>): Promise<State> {
  const parts = [workload.template(), workload.sizes(), workload.autoscaler()];
  // An autoscaler's pods come and go.
  if (!workload.wish?.autoscaler) parts.push(workload.count());
  return Object.assign({}, ...(await Promise.all(parts))) as State;
}
