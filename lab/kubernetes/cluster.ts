/** The lab's Kubernetes: the control plane, and the process that plays the kubelets. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { request } from 'node:http';
import type { Lab } from '../lab';
import { repository } from '../lab';
import { ManagedProcess } from '../managed-process';
import { until } from '../processes';
import { Api } from './api/api';
import type { Deployment } from './api/objects';
import { ControlPlane } from './control/control-plane';
import { removeCpuGroupsOf } from './kubelet/cpu-limits';
import { endContainers } from './kubelet/end-containers';
import { ClusterLayout, productionNamespace } from './layout';

/** Its first start makes the seeded namespace. */
const kubeletStartDeadlineMs = 120_000;
const podsDeadlineMs = 90_000;

export class Cluster {
  readonly layout: ClusterLayout;
  readonly controlPlane: ControlPlane;
  readonly kubelet: ManagedProcess;

  constructor(private readonly lab: Lab) {
    this.layout = new ClusterLayout(lab);
    this.controlPlane = new ControlPlane(lab);
    this.kubelet = new ManagedProcess('kubelet', lab.folder);
  }

  get processes(): ManagedProcess[] {
    return [...this.controlPlane.processes.toReversed(), this.kubelet];
  }

  get running(): boolean {
    return this.processes.every(({ running }) => running);
  }

  /** The control plane and the nodes; the seeded production needs the database server and comes with the kubelet. */
  async start(): Promise<void> {
    await this.controlPlane.start();
    await this.kubelet.start(
      {
        file: process.execPath,
        args: [...process.execArgv, require.resolve('./kubelet/main'), this.lab.name],
        environment: process.env,
        folder: repository,
      },
      () => answers(this.layout.kubeletSocket),
      kubeletStartDeadlineMs,
    );
  }

  /**
   * Waits until every deployment of the production has the pods that it wants, all ready. Returns those that have not in
   * time, which may be what somebody wants: `broxiva-web 1 of 2`.
   */
  async waitForPods(): Promise<string[]> {
    let missing: string[];
    const none = async () => {
      missing = await this.missingPods().catch(() => ['the API server does not answer']);
      return missing.length === 0;
    };
    await until('pods are ready', none, { deadlineMs: podsDeadlineMs, everyMs: 250 }).catch(() => undefined);
    return missing!;
  }

  /** Throws when the API server does not answer. */
  async missingPods(): Promise<string[]> {
    const api = Api.of(this.layout, 'admin');
    try {
      const path = `/apis/apps/v1/namespaces/${productionNamespace}/deployments`;
      const { items } = await api.get<{ items: Deployment[] }>(path);
      return items
        .filter(({ spec, status }) => (status.availableReplicas ?? 0) < spec.replicas)
        .map(({ metadata, spec, status }) => `${metadata.name} ${status.availableReplicas ?? 0} of ${spec.replicas}`);
    } finally {
      api.close();
    }
  }

  /** The pods end with it; what etcd and the volumes hold stays. */
  async stop(): Promise<void> {
    await this.kubelet.kill();
    await endContainers(this.layout);
    removeCpuGroupsOf(this.lab.name);
    await Promise.all(this.controlPlane.processes.slice(0, 3).map((process) => process.kill()));
    await this.controlPlane.etcd.stop();
    if (existsSync(this.layout.kubeletSocket)) await rm(this.layout.kubeletSocket);
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    request({ socketPath, path: '/ready' }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    })
      .on('error', () => resolve(false))
      .end();
  });
}
