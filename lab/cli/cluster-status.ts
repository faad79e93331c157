/** What `lab status` says of the cluster. */
import type { Cluster } from '../kubernetes/cluster';
import { Registry } from '../kubernetes/images/registry';
import { cpuHierarchy } from '../kubernetes/kubelet/cpu-limits';

export interface ClusterStatus {
  /** Deployments that have fewer pods than they want, such as `broxiva-web 1 of 2`; null: the API server does not answer. */
  missingPods: string[] | null;
  /** Whether pods' CPU limits are kept here. */
  cpuLimits: boolean;
  /** Broken images that were pushed, by name and tag. */
  pushed: Record<string, string>;
}

export async function clusterStatus(cluster: Cluster): Promise<ClusterStatus> {
  return {
    missingPods: await cluster.missingPods().catch(() => null),
    cpuLimits: cpuHierarchy() !== undefined,
    pushed: new Registry(cluster.layout).pushed(),
  };
}

export function showCluster({ missingPods, cpuLimits, pushed }: ClusterStatus): string {
  const images = Object.entries(pushed).map(([image, broken]) => `${image} is ${broken}`);
  return [
    `cluster: ${showPods(missingPods)}`,
    images.length > 0 ? `pushed: ${images.join(', ')}` : 'every image is good',
    `memory limits are kept, CPU limits ${cpuLimits ? 'by cgroups' : "are not: this user may not write the machine's cgroups"}`,
  ].join('; ');
}

function showPods(missing: string[] | null): string {
  if (missing === null) return 'its API server does not answer';
  return missing.length === 0 ? 'every pod is ready' : `not ready: ${missing.join(', ')}`;
}
