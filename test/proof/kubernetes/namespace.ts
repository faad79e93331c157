/**
 * A player's part of the cluster: a namespace with its Services, the proxy that its worker reaches the API server through, and
 * the topology and kubeconfig that lead the worker there. Made once; what is in it is remade for each place.
 */
import { readFile, writeFile } from 'node:fs/promises';
import type { PoolerTopology, RedisClusterTopology } from '../../../catalogue';
import { readKubeconfig } from '../../../lab/kubernetes/control/credentials';
import { isNotFound } from '../../../lab/kubernetes/api/api';
import type { KubernetesObject, Secret, Service } from '../../../lab/kubernetes/api/objects';
import type { BrokenImage } from '../../../lab/kubernetes/images/registry';
import { makeTables } from '../../../lab/kubernetes/seed/database';
import { Servers } from '../harness/servers';
import type { Stage } from '../harness/stage';
import { writeTopology } from '../harness/topology';
import { ApiServerProxy } from './api-server-proxy';
import {
  api,
  type Application,
  authorities,
  authoritiesFile,
  configMap,
  defaultPoolSize,
  namespace,
  ownUrl,
  podPort,
  poolerName,
  pooledKey,
  redisClusterName,
  poolVariable,
  secret,
  service,
  shop,
  urlVariable,
  web,
} from './manifests';
import type { StageCluster } from './stage-cluster';

export class Namespace {
  private pushes = 0;

  private constructor(
    readonly name: string,
    readonly cluster: StageCluster,
    readonly proxy: ApiServerProxy,
    /** Whose live limits a plan's connection budget is about; no run changes them. */
    readonly servers: Servers,
    /** What clients ask of each application, by its name. */
    readonly clientUrls: Record<string, string>,
    /** As pods reach the primary. */
    readonly databaseUrl: string,
    private readonly kubeconfigFile: string,
    private readonly topologyFile: string,
  ) {}

  static async open(stage: Stage, cluster: StageCluster, name: string): Promise<Namespace> {
    const servers = new Servers(stage, `${name}-standing`);
    await servers.make();
    await makeTables(servers.clientUrl);
    await cluster.api.create('/api/v1/namespaces', namespace(name));
    const path = `/api/v1/namespaces/${name}`;
    const authority = { [authorities.key]: await readFile(stage.lab.authorityFile, 'utf8') };
    await cluster.api.create(`${path}/configmaps`, configMap(authorities.name, authority));
    const clientUrls: Record<string, string> = {};
    for (const application of [web, api, shop]) {
      const { spec } = await cluster.api.create<Service>(`${path}/services`, service(application));
      clientUrls[application.name] = `http://${spec.clusterIP}${application.asked}`;
    }
    const databaseUrl = inPods(servers);
    await cluster.api.create(`${path}/secrets`, secret(ownUrl.secret, { [ownUrl.key]: databaseUrl }));
    const kubeconfigFile = stage.lab.path(`${name}.kubeconfig`);
    const { server, certificateAuthority } = readKubeconfig(cluster.kubeconfigFile);
    const proxy = await ApiServerProxy.start(cluster.host, cluster.certificate, { server, certificateAuthority });
    const kubeconfig = await readFile(cluster.kubeconfigFile, 'utf8');
    await writeFile(kubeconfigFile, kubeconfig.replace(server, proxy.url), { mode: 0o600 });
    const topologyFile = stage.lab.path(`${name}.topology.yaml`);
    const kubernetes = { namespace: name, deployments: deployments(clientUrls), pooler, redisCluster };
    await writeTopology(topologyFile, { primary: servers.primary, kubernetes });
    return new Namespace(name, cluster, proxy, servers, clientUrls, databaseUrl, kubeconfigFile, topologyFile);
  }

  /** Where the shop takes orders. */
  get ordersUrl(): string {
    return new URL(shop.orders, this.clientUrls[shop.name]).href;
  }

  get redisCluster(): RedisClusterTopology {
    return redisCluster;
  }

  /** The application's: of these servers, or of those that every place has. As it is by then, in pods' words. */
  async publishUrl(servers: Servers = this.servers): Promise<string> {
    const url = inPods(servers);
    const data = { [ownUrl.key]: Buffer.from(url).toString('base64') };
    await this.cluster.api.merge(this.path('/api/v1/$/secrets', ownUrl.secret), { data });
    return url;
  }

  async applicationUrl(): Promise<{ text?: string }> {
    const { data } = (await this.find<Secret>(this.path('/api/v1/$/secrets', ownUrl.secret))) ?? {};
    const value = data?.[ownUrl.key];
    return value === undefined ? {} : { text: Buffer.from(value, 'base64').toString() };
  }

  get pooler(): PoolerTopology {
    return pooler;
  }

  /** Of a tag that nobody else uses: what is pushed under it is this namespace's trouble alone. */
  imageOf({ image }: Application): string {
    return `${image}:1.0.0-${this.name.replaceAll('-', '.')}.${this.pushes}`;
  }

  /** Pods that are started from now on get a broken image; `imageOf` is another, good one afterwards. */
  pushBroken(application: Application, broken: BrokenImage): void {
    this.cluster.registry.push(this.imageOf(application), broken);
    this.pushes += 1;
  }

  /** `collection`: such as /api/v1/$/pods. */
  path(collection: string, of = ''): string {
    return collection.replace('$', `namespaces/${this.name}`) + (of === '' ? '' : `/${of}`);
  }

  /** Undefined where there is none. */
  find<Kind>(path: string): Promise<Kind | undefined> {
    return this.cluster.api.get<Kind & object>(path).catch(nothing);
  }

  /** Of the core API, with the label `app`. */
  async labelled<Kind = KubernetesObject>(resource: string, app: string): Promise<Kind[]> {
    const path = `${this.path(`/api/v1/$/${resource}`)}?labelSelector=app%3D${app}`;
    return (await this.cluster.api.get<{ items: Kind[] }>(path)).items;
  }

  /** One that is there. */
  async delete(path: string, options?: object): Promise<void> {
    await this.cluster.api.delete(path, options).catch(nothing);
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

/** As a pod reaches the primary: by its name, with the authorities that are mounted there. */
function inPods({ clientUrl, primary }: Servers): string {
  const url = Object.assign(new URL(clientUrl), { hostname: `${primary}.postgres.database.azure.com` });
  url.searchParams.set('sslrootcert', authoritiesFile);
  return url.href;
}

const redisCluster: RedisClusterTopology = { name: redisClusterName, image: 'redis:7-alpine', holds: ['cache'] };

const pooler: PoolerTopology = {
  ...{
    name: poolerName,
    image: 'edoburu/pgbouncer:1.18.0',
    sidecarImage: 'broxiva/durable-runbooks:0.1.0',
    replicas: 2,
  },
  ...{ application: ownUrl, authorities: { configMap: authorities.name, key: authorities.key } },
};

function deployments(clientUrls: Record<string, string>): object[] {
  const of = ({ name, health }: Application) => ({
    ...{ name, clientUrl: clientUrls[name], podEndpoint: { port: podPort, path: health } },
  });
  const { secret, key, readKey, readVariable } = api.database;
  const databasePool = { variable: poolVariable, default: defaultPoolSize };
  return [
    { ...of(web), replicas: { min: 1, max: 30, autoscalerMax: 10 }, databasePool, costPerPodHour: 0.01 },
    {
      ...of(shop),
      replicas: { min: 1, max: 30 },
      primaryUrl: { variable: urlVariable, ...shop.database, pooledKey },
      databasePool,
    },
    {
      ...of(api),
      replicas: { min: 1, max: 30 },
      readReplica: { variable: readVariable, secret, key: readKey, primaryKey: key },
    },
  ];
}

function nothing(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}
