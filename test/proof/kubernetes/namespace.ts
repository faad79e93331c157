/**
 * A player's part of the cluster: a namespace with one Service, the proxy that its worker reaches the API server through, and
 * the topology and kubeconfig that lead the worker there. Made once; what is in it is remade for each place.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { readKubeconfig } from '../../../lab/kubernetes/control/credentials';
import type { Service } from '../../../lab/kubernetes/api/objects';
import type { BrokenImage } from '../../../lab/kubernetes/images/registry';
import { Servers } from '../harness/servers';
import type { Stage } from '../harness/stage';
import { writeTopology } from '../harness/topology';
import { ApiServerProxy } from './api-server-proxy';
import { application, defaultPoolSize, namespace, pods, poolVariable, service } from './manifests';
import type { StageCluster } from './stage-cluster';

export class Namespace {
  private pushes = 0;

  private constructor(
    readonly name: string,
    readonly cluster: StageCluster,
    readonly proxy: ApiServerProxy,
    /** Whose live limits a plan's connection budget is about; no run changes them. */
    readonly servers: Servers,
    /** Where the Service answers. */
    readonly clientUrl: string,
    private readonly kubeconfigFile: string,
    private readonly topologyFile: string,
  ) {}

  static async open(stage: Stage, cluster: StageCluster, name: string): Promise<Namespace> {
    const { api } = cluster;
    const servers = new Servers(stage, `${name}-standing`);
    await servers.make();
    await api.create('/api/v1/namespaces', namespace(name));
    const { spec } = await api.create<Service>(`/api/v1/namespaces/${name}/services`, service());
    const clientUrl = `http://${spec.clusterIP}${pods.path}`;
    const kubeconfigFile = stage.lab.path(`${name}.kubeconfig`);
    const { server, certificateAuthority } = readKubeconfig(cluster.kubeconfigFile);
    const proxy = await ApiServerProxy.start(cluster.host, cluster.certificate, { server, certificateAuthority });
    const kubeconfig = await readFile(cluster.kubeconfigFile, 'utf8');
    await writeFile(kubeconfigFile, kubeconfig.replace(server, proxy.url), { mode: 0o600 });
    const topologyFile = stage.lab.path(`${name}.topology.yaml`);
    const kubernetes = { namespace: name, deployments: [deployment(clientUrl)] };
    await writeTopology(topologyFile, { primary: servers.primary, kubernetes });
    return new Namespace(name, cluster, proxy, servers, clientUrl, kubeconfigFile, topologyFile);
  }

  /** Of a tag that nobody else uses: what is pushed under it is this namespace's trouble alone. */
  get image(): string {
    return `broxiva/web:1.0.0-${this.name.replaceAll('-', '.')}.${this.pushes}`;
  }

  /** Pods that are started from now on get a broken image; `image` is another, good one afterwards. */
  pushBroken(broken: BrokenImage): void {
    this.cluster.registry.push(this.image, broken);
    this.pushes += 1;
  }

  /** Of its worker. */
  get environment(): Record<string, string> {
    return { KUBECONFIG: this.kubeconfigFile, RUNBOOK_TOPOLOGY: this.topologyFile };
  }

  stop(): void {
    this.proxy.stop();
    this.servers.stopProxies();
  }
}

function deployment(clientUrl: string): object {
  return {
    ...{ name: application, clientUrl, podEndpoint: pods },
    replicas: { min: 1, max: 30, autoscalerMax: 10 },
    databasePool: { variable: poolVariable, default: defaultPoolSize },
    costPerPodHour: 0.01,
  };
}
