/**
 * The nodes: registers each with its zone and size, and renews its lease and its state, by which the controllers know that it
 * lives.
 */
import { type Api, isConflict, isNotFound } from '../api/api';
import type { Condition } from '../api/objects';
import { type ClusterLayout, clusterPorts, nodes } from '../layout';

/** Kubernetes' defaults: a lease of 40 s, renewed every 10 s. */
const leaseSeconds = 40;
const renewEveryMs = 10_000;
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';

export class Nodes {
  private timer: NodeJS.Timeout | undefined;
  private readonly since = new Date().toISOString();

  constructor(
    private readonly api: Api,
    private readonly layout: ClusterLayout,
  ) {}

  async start(): Promise<void> {
    await Promise.all(nodes.map((node) => this.register(node)));
    await this.renew();
    this.timer = setInterval(
      () => void this.renew().catch((error: Error) => console.error(error.message)),
      renewEveryMs,
    );
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async register(node: (typeof nodes)[number]): Promise<void> {
    const { name, zone } = node;
    const object = {
      ...{ apiVersion: 'v1', kind: 'Node' },
      metadata: {
        name,
        labels: {
          ...{ 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': architecture },
          ...{ 'topology.kubernetes.io/region': 'eastus', 'topology.kubernetes.io/zone': zone, agentpool: 'default' },
          ...{ 'kubernetes.azure.com/agentpool': 'default', 'kubernetes.azure.com/mode': 'system' },
          'node.kubernetes.io/instance-type': 'Standard_D8s_v5',
        },
      },
    };
    await this.api.create('/api/v1/nodes', object).catch((error: unknown) => {
      if (!isConflict(error)) throw error;
    });
    await this.report(node);
  }

  /** Again and again: the controllers give up a node that they have not heard of, as after an outage of the API server. */
  private async report(node: (typeof nodes)[number]): Promise<void> {
    await this.api.merge(`/api/v1/nodes/${node.name}/status`, { status: this.status(node) });
  }

  private status(node: (typeof nodes)[number]): object {
    return {
      capacity: node.capacity,
      allocatable: node.capacity,
      // By it the API server hands the streams of kubectl exec to the kubelet as WebSockets (Kubernetes 1.36).
      declaredFeatures: ['ExtendWebSocketsToKubelet'],
      addresses: [
        { type: 'InternalIP', address: this.layout.nodeAddress(node) },
        { type: 'Hostname', address: node.name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: clusterPorts.kubelet } },
      nodeInfo: {
        ...{ machineID: node.name, systemUUID: node.name, bootID: node.name },
        ...{ kernelVersion: '', osImage: 'processes of this machine', containerRuntimeVersion: 'processes://1' },
        ...{ kubeletVersion: 'v1.36.3', kubeProxyVersion: '', operatingSystem: 'linux', architecture },
      },
      conditions: conditions(this.since),
    };
  }

  private async renew(): Promise<void> {
    await Promise.all(nodes.map((node) => Promise.all([this.renewLease(node.name), this.report(node)])));
  }

  private async renewLease(name: string): Promise<void> {
    // MicroTime: six digits of a second.
    const spec = {
      ...{ holderIdentity: name, leaseDurationSeconds: leaseSeconds },
      renewTime: new Date().toISOString().replace('Z', '000Z'),
    };
    const metadata = { name, namespace: 'kube-node-lease' };
    await this.api.merge(`${leases}/${name}`, { spec }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
      return this.api.create(leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec });
    });
  }
}

const architecture = process.arch === 'x64' ? 'amd64' : process.arch;

function conditions(since: string): Condition[] {
  const now = new Date().toISOString();
  const condition = (type: string, status: 'True' | 'False', reason: string) => ({
    ...{ type, status, reason, message: reason },
    ...{ lastTransitionTime: since, lastHeartbeatTime: now },
  });
  return [
    condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory'),
    condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure'),
    condition('PIDPressure', 'False', 'KubeletHasSufficientPID'),
    condition('Ready', 'True', 'KubeletReady'),
  ];
}
