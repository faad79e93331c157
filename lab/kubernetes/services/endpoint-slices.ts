/**
 * One EndpointSlice for each Service, as the controller that is switched off would write it. Kubernetes refuses loopback
 * addresses in slices of IPv4 addresses, so these are of the type FQDN, whose rules a dotted address keeps.
 */
import { type Api, isConflict, isNotFound } from '../api/api';
import type { Service } from '../api/objects';
import type { Endpoint } from './endpoints';

export function endpointSlice(service: Service, endpoints: Endpoint[]): object {
  const { name, namespace, uid } = service.metadata;
  const ports = service.spec.ports ?? [];
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    addressType: 'FQDN',
    metadata: {
      ...{ name: `${name}-lab`, namespace },
      labels: {
        ...{ 'kubernetes.io/service-name': name, 'endpointslice.kubernetes.io/managed-by': 'lab' },
      },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid, controller: true }],
    },
    endpoints: endpoints.map(({ address, pod, uid: podUid, node, ready, leaving }) => ({
      addresses: [address],
      conditions: { ready, serving: ready || leaving, terminating: leaving },
      nodeName: node,
      targetRef: { kind: 'Pod', namespace, name: pod, uid: podUid },
    })),
    ports: ports.map(({ name: portName = '', protocol = 'TCP', port }) => ({
      ...{ name: portName, protocol },
      port: endpoints[0]?.ports[portName] ?? port,
    })),
  };
}

/** Writes a Service's slice where it differs from what was written before. */
export class EndpointSlices {
  private readonly written = new Map<string, string>();

  constructor(private readonly api: Api) {}

  async write(service: Service, endpoints: Endpoint[]): Promise<void> {
    const { namespace, name, uid } = service.metadata;
    const slice = endpointSlice(service, endpoints);
    const text = JSON.stringify(slice);
    if (this.written.get(uid!) === text) return;
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/${name}-lab`;
    await this.api.apply(path, slice).catch((error: unknown) => {
      // The Service or its namespace is on its way out.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    });
    this.written.set(uid!, text);
  }

  forget(service: Service): void {
    this.written.delete(service.metadata.uid!);
  }
}
