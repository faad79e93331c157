/** What the runbooks for deployments have in common: names, the way of the clients, and what a soak may not show. Pure. */
import type { ClientPath } from '../activities/clients/contract';
import type { DeploymentTopology, Finding, Topology } from '../catalogue';
import { targetOf } from '../catalogue';
import { warn } from './runbook/checks';

export function deploymentIn({ kubernetes }: Topology, deployment: string): DeploymentTopology | undefined {
  return kubernetes?.deployments.find(({ name }) => name === deployment);
}

export function subjectOf({ deployment }: { deployment: string }, { kubernetes }: Topology): string {
  return `${deployment} (${kubernetes?.namespace ?? 'no namespace'})`;
}

export function deploymentTarget(namespace: string, name: string): string {
  return targetOf('deployment', `${namespace}.${name}`);
}

export function autoscalerTarget(namespace: string, name: string): string {
  return targetOf('horizontalpodautoscaler', `${namespace}.${name}`);
}

/** Measured only where it answers before anything is changed: failures that were there already are not the run's. */
export function clientsOf(
  deployment: string,
  clientsAnswer: boolean | undefined,
  topology: Topology,
): ClientPath | undefined {
  const url = deploymentIn(topology, deployment)?.clientUrl;
  return url !== undefined && clientsAnswer ? { kind: 'http', url } : undefined;
}

/** The check of the same name. */
export function clientsUnmeasured(
  deployment: string,
  clientsAnswer: boolean | undefined,
  topology: Topology,
): Finding[] {
  if (clientsAnswer !== false) return [];
  const url = deploymentIn(topology, deployment)?.clientUrl;
  return [
    warn('ClientsUnmeasured', 'deployment', `${url} does not answer from here: what clients notice is not measured`),
  ];
}

type Restarts = Record<string, number>;

/** One crash of a pod that is new can be bad luck: verification tolerates it as well. */
const crashesOfNewPods = 1;

export function restartsSince(before: Restarts, after: Restarts): string[] {
  return Object.entries(after)
    .map(([pod, restarts]) => ({ pod, more: restarts - (before[pod] ?? crashesOfNewPods) }))
    .filter(({ more }) => more > 0)
    .map(({ pod, more }) => `${pod} restarted ${more} ${more === 1 ? 'time' : 'times'}`);
}
