/**
 * What can go wrong in the cluster, made on purpose: for people (`lab kubernetes`) and for tests. Each does what would
 * happen in production to the real parts; nothing is played.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../../lab';
import { until } from '../../processes';
import { Api, isNotFound } from '../api/api';
import type { Pod } from '../api/objects';
import { ControlPlane } from '../control/control-plane';
import { type BrokenImage, Registry } from '../images/registry';
import { ClusterLayout, productionNamespace } from '../layout';
import { Competitor, type Competition } from './competitor';
import { freezeContainers, killContainers } from './signal-containers';

/** Told in the audit log. */
const userAgent = 'lab-fault';
const quotaName = 'lab-fault';

interface Quota {
  status?: { hard?: Record<string, string> };
}

export class ClusterFaults {
  private readonly layout: ClusterLayout;
  private readonly controlPlane: ControlPlane;
  private readonly registry: Registry;
  private readonly api: Api;

  /** Throws when the lab has no cluster. */
  constructor(
    lab: Lab,
    private readonly namespace: string = productionNamespace,
  ) {
    if (!lab.configuration.kubernetes)
      throw new Error(`lab "${lab.name}" has no cluster: \`lab up --kubernetes\` makes one that has`);
    this.layout = new ClusterLayout(lab);
    this.controlPlane = new ControlPlane(lab);
    this.registry = new Registry(this.layout);
    this.api = Api.of(this.layout, 'admin', userAgent);
  }

  /** Ends the connections that were opened here. */
  close(): void {
    this.api.close();
  }

  /** SIGKILL: requests under way break off. */
  killApiServer(): Promise<void> {
    return this.controlPlane.apiServer.kill();
  }

  /** Returns when it is ready. */
  startApiServer(): Promise<void> {
    return this.controlPlane.start();
  }

  /** Returns when it is ready again. */
  async apiServerDown(seconds: number): Promise<void> {
    await this.killApiServer();
    await sleep(seconds * 1000);
    await this.startApiServer();
  }

  /** Containers of this image that are started from now on crash, never become ready, take no job, or cannot be pulled. */
  pushImage(image: string, broken: BrokenImage): void {
    this.registry.push(image, broken);
  }

  /** Every image is good again. */
  restoreImages(): void {
    this.registry.restore();
  }

  /** No more pods than this; without a number, than there are now. Returns how many, when it holds. */
  async limitPods(pods?: number): Promise<number> {
    const most = String(pods ?? (await this.pods()).length);
    const path = this.path('', 'v1', 'resourcequotas', quotaName);
    await this.api.apply(path, {
      ...{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: quotaName, namespace: this.namespace } },
      spec: { hard: { pods: most } },
    });
    // Before its controller has counted it holds nobody back.
    const counts = async () => (await this.api.get<Quota>(path)).status?.hard?.['pods'] === most;
    await until(`quota ${quotaName} counts`, counts, { deadlineMs: 50_000 });
    return Number(most);
  }

  async unlimitPods(): Promise<void> {
    await this.deleteIfThere(this.path('', 'v1', 'resourcequotas', quotaName));
  }

  /** Somebody else writes this value again and again, until stopped. Throws when the object is not there. */
  compete(competition: Competition): Promise<Competitor> {
    return Competitor.start(this.api, this.namespace, competition);
  }

  async deleteAutoscaler(name: string): Promise<void> {
    await this.api.delete(this.path('autoscaling', 'v2', 'horizontalpodautoscalers', name));
  }

  /** SIGKILL to the first process of each container of a pod; the kubelet starts them again. Throws when none runs. */
  async killPod(name: string): Promise<void> {
    await killContainers(this.layout, await this.api.get<Pod>(this.path('', 'v1', 'pods', name)));
  }

  /** It answers nothing for so long, and does not know. Throws when none runs. */
  async freezePod(name: string, seconds: number): Promise<void> {
    const pod = await this.api.get<Pod>(this.path('', 'v1', 'pods', name));
    await freezeContainers(this.layout, pod, seconds * 1000);
  }

  /** Of a deployment, by its label `app`; those that are on their way out are left out. */
  async podsOf(app: string): Promise<string[]> {
    return (await this.pods())
      .filter(({ metadata }) => metadata.labels?.app === app && !metadata.deletionTimestamp)
      .map(({ metadata }) => metadata.name);
  }

  private async pods(): Promise<Pod[]> {
    const { items } = await this.api.get<{ items: Pod[] }>(this.path('', 'v1', 'pods'));
    return items.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
  }

  private path(group: string, version: string, kind: string, name?: string): string {
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    return `${root}/namespaces/${this.namespace}/${kind}${name ? `/${name}` : ''}`;
  }

  private async deleteIfThere(path: string): Promise<void> {
    await this.api.delete(path).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}
