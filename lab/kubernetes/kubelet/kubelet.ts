/**
 * The kubelets of all nodes in one process: a real process of this machine for each container.
 *
 * 1. the nodes; 2. copies of Secrets, ConfigMaps, claims and Services; 3. the pods that the scheduler has bound, one
 * worker each; 4. the kubelet's port on each node, and the metrics API; 5. on the first start what the cluster begins with;
 * 6. where Redis is.
 */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import type { Server } from 'node:https';
import { join } from 'node:path';
import { Authority } from '../../authority/authority';
import type { Lab } from '../../lab';
import { Api } from '../api/api';
import { Informer } from '../api/informer';
import type { ConfigMap, Pod, Secret } from '../api/objects';
import { Registry } from '../images/registry';
import { ClusterLayout, nodes } from '../layout';
import { PodScraper } from '../metrics/pod-scraper';
import type { PodUsage } from '../metrics/resource-metrics';
import { serveMetrics } from '../metrics/server';
import { writeRedisUrl } from '../seed/redis-url';
import { seedCluster } from '../seed/seed';
import { Services } from '../services/services';
import { VolumeProvisioner } from '../services/volume-provisioner';
import { PodAddresses } from './addresses';
import { ConfigurationError } from './environment';
import { Events } from './events';
import { Nodes } from './nodes';
import { PodWorker } from './pod-worker';
import { serveKubeletPorts } from './port';
import { quantity } from '../../../catalogue';
import type { Runtime } from './runtime';
import { UsageMeter } from './usage';
import type { VolumeSources } from './volumes';

export class Kubelet {
  readonly workers = new Map<string, PodWorker>();
  readonly usage = new UsageMeter(() => this.runningContainers());
  readonly scraper = new PodScraper(() => this.boundPods());
  private readonly addresses: PodAddresses;
  private readonly nodes: Nodes;
  private readonly pods: Informer<Pod>;
  private readonly secrets: Informer<Secret>;
  private readonly configMaps: Informer<ConfigMap>;
  private readonly volumes: VolumeProvisioner;
  private readonly services: Services;
  private readonly runtime: Runtime;
  private servers: Server[] = [];

  private constructor(
    lab: Lab,
    private readonly layout: ClusterLayout,
    private readonly api: Api,
  ) {
    this.addresses = new PodAddresses(layout.podAddresses());
    this.nodes = new Nodes(api, layout);
    const refresh = () => this.workers.forEach((worker) => worker.refreshVolumes());
    this.secrets = new Informer<Secret>(api, '/api/v1/secrets', refresh);
    this.configMaps = new Informer<ConfigMap>(api, '/api/v1/configmaps', refresh);
    this.volumes = new VolumeProvisioner(api, layout);
    this.pods = new Informer<Pod>(
      api,
      '/api/v1/pods',
      (pod) => this.podChanged(pod),
      (pod) => this.workers.get(pod.metadata.uid!)?.removed(),
    );
    this.services = new Services(lab, layout, api, () => this.boundPods());
    const registry = new Registry(layout);
    this.runtime = {
      ...{ api, layout, events: new Events(api) },
      pull: (image) => registry.pull(image),
      sources: (namespace, serviceAccount) => this.sources(namespace, serviceAccount),
      hostsFile: (namespace) => this.services.hosts.file(namespace),
      takeAddress: () => this.addresses.take(),
      releaseAddress: (address) => this.addresses.release(address),
    };
  }

  static async start(lab: Lab): Promise<Kubelet> {
    const layout = new ClusterLayout(lab);
    await mkdir(layout.podsFolder, { recursive: true });
    const kubelet = new Kubelet(lab, layout, Api.of(layout, 'kubelet'));
    await kubelet.nodes.start();
    await Promise.all([kubelet.secrets.start(), kubelet.configMaps.start(), kubelet.volumes.start()]);
    await kubelet.services.start();
    await kubelet.pods.start();
    await kubelet.clearAway();
    await kubelet.listen(await Authority.open(lab.authorityFolder));
    await seedCluster(lab, layout, kubelet.api);
    await writeRedisUrl(lab, kubelet.api);
    return kubelet;
  }

  stop(): void {
    for (const informer of [this.pods, this.secrets, this.configMaps]) informer.stop();
    this.nodes.stop();
    this.volumes.stop();
    this.services.stop();
    this.usage.stop();
    this.scraper.stop();
    this.workers.forEach((worker) => worker.stop());
    for (const server of this.servers) server.close();
    this.api.close();
  }

  private async listen(authority: Authority): Promise<void> {
    const ports = await serveKubeletPorts(this.layout, authority, (namespace, name, container) => {
      const worker = [...this.workers.values()].find(
        ({ pod: { metadata } }) => metadata.namespace === namespace && metadata.name === name,
      );
      return worker && [...worker.slots, ...worker.initSlots].find(({ spec }) => spec.name === container);
    });
    const sources = { usage: () => this.podUsage(), scraped: () => this.scraper.scraped() };
    this.servers = [...ports, await serveMetrics(this.layout, authority, this.api, sources)];
  }

  private boundPods(): Pod[] {
    return [...this.workers.values()].map(({ pod }) => pod);
  }

  private podUsage(): PodUsage[] {
    return [...this.workers.values()].map(({ pod: { metadata, spec }, slots }) => ({
      ...{ namespace: metadata.namespace!, name: metadata.name, node: spec.nodeName!, labels: metadata.labels ?? {} },
      containers: slots.flatMap(({ current, spec: { name } }) => {
        const used = current && this.usage.usage(current);
        return used ? [{ name, ...used }] : [];
      }),
    }));
  }

  private podChanged(pod: Pod): void {
    const node = nodes.find(({ name }) => name === pod.spec.nodeName);
    if (!node) return;
    const uid = pod.metadata.uid!;
    const known = this.workers.get(uid);
    if (known) return known.update(pod);
    if (pod.status?.podIP) this.addresses.keep(pod.status.podIP);
    const look = () => this.services.look();
    const finished = () => {
      this.workers.delete(uid);
      look();
    };
    const worker = new PodWorker(pod, this.runtime, this.layout.nodeAddress(node), look, finished);
    this.workers.set(uid, worker);
    worker.look();
  }

  private sources(namespace: string, serviceAccount: string): VolumeSources {
    return {
      secret: (name) => this.secrets.get(namespace, name),
      configMap: (name) => this.configMaps.get(namespace, name),
      claimFolder: (name) => {
        const volume = this.volumes.claims.get(namespace, name)?.spec.volumeName;
        if (!volume) throw new ConfigurationError(`persistentvolumeclaim "${name}" is not bound`);
        return this.volumes.folder(volume);
      },
      serviceAccountToken: async (audience, expirationSeconds) => {
        const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`;
        const spec = { audiences: audience ? [audience] : [], expirationSeconds };
        const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
        return (await this.api.create<{ status: { token: string } }>(path, request)).status.token;
      },
    };
  }

  private runningContainers() {
    return [...this.workers.values()].flatMap(({ slots, initSlots }) =>
      [...slots, ...initSlots].flatMap(({ current, resources }) => {
        const limit = resources?.limits?.memory;
        return current?.running
          ? [{ container: current, limitBytes: limit === undefined ? undefined : quantity(limit) }]
          : [];
      }),
    );
  }

  /** Folders of pods that went while no kubelet ran. */
  private async clearAway(): Promise<void> {
    const left = existsSync(this.layout.podsFolder) ? readdirSync(this.layout.podsFolder) : [];
    const gone = left.filter((uid) => !this.workers.has(uid));
    await Promise.all(gone.map((uid) => rm(join(this.layout.podsFolder, uid), { recursive: true, force: true })));
  }
}
