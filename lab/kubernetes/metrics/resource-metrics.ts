/** `metrics.k8s.io/v1beta1`: what pods and nodes use, measured over their processes, in the shapes that kubectl top and the autoscaler read. Pure. */
import { matches } from './selector';

export interface PodUsage {
  namespace: string;
  name: string;
  node: string;
  labels: Record<string, string>;
  containers: { name: string; cpu: number; bytes: number; windowSeconds: number; at: string }[];
}

export const group = 'metrics.k8s.io';
const apiVersion = `${group}/v1beta1`;

/** Undefined where there is nothing under the path. */
export function resourceMetrics(
  path: string,
  selector: string | null,
  pods: PodUsage[],
  nodes: string[],
): object | undefined {
  const root = `/apis/${apiVersion}`;
  if (path === root) return resources;
  if (!path.startsWith(`${root}/`)) return undefined;
  const parts = path.slice(root.length + 1).split('/');
  if (parts[0] === 'nodes') {
    const metrics = nodes.map((name) =>
      nodeMetrics(
        name,
        pods.filter(({ node }) => node === name),
      ),
    );
    return parts[1] ? metrics.find(({ metadata }) => metadata.name === parts[1]) : list('NodeMetricsList', metrics);
  }
  const namespace = parts[0] === 'namespaces' ? parts[1] : undefined;
  const [kind, name] = namespace ? parts.slice(2) : parts;
  if (kind !== 'pods') return undefined;
  const chosen = pods
    .filter((pod) => namespace === undefined || pod.namespace === namespace)
    .filter(({ labels, containers }) => containers.length > 0 && matches(selector, labels));
  if (!name) return list('PodMetricsList', chosen.map(podMetrics));
  const one = chosen.find((pod) => pod.name === name);
  return one && podMetrics(one);
}

function podMetrics({ namespace, name, labels, containers }: PodUsage) {
  return {
    ...{ kind: 'PodMetrics', apiVersion, metadata: { name, namespace, labels } },
    ...{ timestamp: containers[0]!.at, window: `${containers[0]!.windowSeconds.toFixed(3)}s` },
    containers: containers.map(({ name: container, cpu, bytes }) => ({ name: container, usage: usage(cpu, bytes) })),
  };
}

function nodeMetrics(name: string, pods: PodUsage[]) {
  const containers = pods.flatMap((pod) => pod.containers);
  const sum = (of: 'cpu' | 'bytes') => containers.reduce((total, container) => total + container[of], 0);
  return {
    ...{ kind: 'NodeMetrics', apiVersion, metadata: { name } },
    ...{ timestamp: new Date().toISOString(), window: '5s', usage: usage(sum('cpu'), sum('bytes')) },
  };
}

function usage(cpu: number, bytes: number) {
  return { cpu: `${Math.round(cpu * 1e9)}n`, memory: `${Math.round(bytes / 1024)}Ki` };
}

function list(kind: string, items: object[]): object {
  return { kind, apiVersion, metadata: {}, items };
}

const resources = {
  ...{ kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersion },
  resources: [
    { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
    { name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
  ],
};
