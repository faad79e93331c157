/**
 * Where everything of the cluster is: addresses on the lab's own network, ports, files.
 *
 *   .1                 etcd, kube-apiserver, the metrics APIs
 *   .2 to .4           the nodes (the kubelet's port)
 *   .10 upward         servers of Azure's, as everywhere in the lab
 *   .96 to .223        pods
 *   .224/27            Services
 */
import { join } from 'node:path';
import type { Lab } from '../lab';

/** The namespace that the cluster is seeded with. */
export const productionNamespace = 'broxiva-prod';

export const clusterPorts = { etcd: 2379, etcdPeers: 2380, apiServer: 6443, metrics: 4443, kubelet: 10_250 };

const firstNode = 2;
const firstPod = 96;
const lastPod = 223;

/** Three nodes, each in a zone of its own, sized as the guide's node pool; what pods ask for is promised, not measured. */
export const nodes = ['1', '2', '3'].map((zone, index) => ({
  name: `aks-default-${zone}`,
  zone: `eastus-${zone}`,
  lastByte: firstNode + index,
  capacity: { cpu: '8', memory: '32Gi', pods: '40', 'ephemeral-storage': '100Gi' },
}));

export class ClusterLayout {
  constructor(private readonly lab: Lab) {}

  get labName(): string {
    return this.lab.name;
  }

  get host(): string {
    return this.lab.network.services;
  }

  get etcd(): string {
    return `http://${this.host}:${clusterPorts.etcd}`;
  }

  get apiServer(): string {
    return `https://${this.host}:${clusterPorts.apiServer}`;
  }

  get serviceRange(): string {
    return `${this.lab.network.prefix}.224/27`;
  }

  /** The API server's own Service always has it. */
  get firstServiceAddress(): string {
    return `${this.lab.network.prefix}.225`;
  }

  nodeAddress(node: { lastByte: number }): string {
    return `${this.lab.network.prefix}.${node.lastByte}`;
  }

  /** Every address that a pod may have. */
  podAddresses(): string[] {
    return Array.from(
      { length: lastPod - firstPod + 1 },
      (_, index) => `${this.lab.network.prefix}.${firstPod + index}`,
    );
  }

  path(...parts: string[]): string {
    return this.lab.path('kubernetes', ...parts);
  }

  /** Answers once the nodes are there. */
  get kubeletSocket(): string {
    return this.path('kubelet.sock');
  }

  /** A folder for each pod, by its uid: containers, logs, volumes. */
  get podsFolder(): string {
    return this.path('pods');
  }

  /** A folder for each run of a pod's container, numbered. */
  containerFolder(podUid: string, container: string): string {
    return join(this.podsFolder, podUid, 'containers', container);
  }

  /** The hosts file of a namespace's pods, and of whoever wants to know the names that they know. */
  hostsFile(namespace: string): string {
    return this.path('hosts', namespace);
  }

  /** What policy says is told in it, one JSON object a line (audit/policy.ts). */
  get auditLog(): string {
    return this.path('audit.jsonl');
  }

  /** For people, runbooks and tests: an administrator's. */
  get kubeconfig(): string {
    return this.path('kubeconfig');
  }
}
