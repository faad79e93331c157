/** Which pods are behind a Service. Pure. */
import type { Pod, Service } from '../api/objects';

export interface Endpoint {
  address: string;
  pod: string;
  uid: string;
  node: string;
  ready: boolean;
  leaving: boolean;
  /** By the name of the Service's port, `` where it has none. */
  ports: Record<string, number>;
}

export function endpointsOf(service: Service, pods: Pod[]): Endpoint[] {
  const { selector, ports = [], publishNotReadyAddresses = false } = service.spec;
  if (!selector || Object.keys(selector).length === 0) return [];
  return pods
    .filter((pod) => pod.metadata.namespace === service.metadata.namespace && matches(selector, pod.metadata.labels))
    .filter(({ status }) => status?.podIP && status.phase !== 'Succeeded' && status.phase !== 'Failed')
    .map((pod) => {
      const leaving = pod.metadata.deletionTimestamp !== undefined;
      const isReady =
        pod.status!.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
      return {
        ...{ address: pod.status!.podIP!, pod: pod.metadata.name, uid: pod.metadata.uid!, node: pod.spec.nodeName! },
        ...{ ready: publishNotReadyAddresses || (isReady && !leaving), leaving },
        ports: Object.fromEntries(ports.map((port) => [port.name ?? '', targetPort(port, pod)])),
      };
    });
}

function matches(selector: Record<string, string>, labels: Record<string, string> = {}): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value);
}

function targetPort({ port, targetPort = port }: { port: number; targetPort?: number | string }, pod: Pod): number {
  if (typeof targetPort === 'number') return targetPort;
  const named = pod.spec.containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === targetPort);
  return named?.containerPort ?? port;
}
