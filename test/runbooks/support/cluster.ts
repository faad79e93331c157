/**
 * The production's cluster as runbooks find it: its namespace with what the lab has seeded, deployments of the tests' own
 * beside it, one topology that knows them all, and the API server's log of who has changed what.
 */
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { requestIdentity } from '../../../activities/request-identity';
import type { Topology } from '../../../catalogue';
import { quantity, topologySchema } from '../../../catalogue';
import { Api, isNotFound } from '../../../lab/kubernetes/api/api';
import type { Service } from '../../../lab/kubernetes/api/objects';
import { readAuditLog } from '../../../lab/kubernetes/audit/audit-log';
import { ClusterFaults } from '../../../lab/kubernetes/faults/faults';
import { ClusterLayout, productionNamespace } from '../../../lab/kubernetes/layout';
import type { Lab } from '../../../lab/lab';
import { repository } from '../../../lab/lab';
import { until } from '../../../lab/processes';
import { kubectl } from '../../lab/kubernetes/cluster-lab';
import { ApiServerGate } from './api-server-gate';
import { inWords } from './cluster-mutations';
import { Production } from './production';

/** An entry of the topology's `kubernetes.deployments`. */
export interface KnownDeployment {
  name: string;
  replicas?: { min: number; max: number; autoscalerMax?: number };
  [other: string]: unknown;
}

const topologyFile = 'topology-of-tests.yaml';

const collections = {
  deployment: '/apis/apps/v1/namespaces/$/deployments',
  replicaSet: '/apis/apps/v1/namespaces/$/replicasets',
  autoscaler: '/apis/autoscaling/v2/namespaces/$/horizontalpodautoscalers',
  pod: '/api/v1/namespaces/$/pods',
  service: '/api/v1/namespaces/$/services',
  statefulSet: '/apis/apps/v1/namespaces/$/statefulsets',
  claim: '/api/v1/namespaces/$/persistentvolumeclaims',
  configMap: '/api/v1/namespaces/$/configmaps',
  secret: '/api/v1/namespaces/$/secrets',
  disruptionBudget: '/apis/policy/v1/namespaces/$/poddisruptionbudgets',
  quota: '/api/v1/namespaces/$/resourcequotas',
};
export type Kind = keyof typeof collections;

export class Cluster {
  readonly faults: ClusterFaults;
  private readonly layout: ClusterLayout;
  private readonly api: Api;

  private constructor(
    readonly production: Production,
    /** What the worker reaches the API server through. */
    readonly gate: ApiServerGate,
  ) {
    this.layout = new ClusterLayout(production.lab);
    this.api = Api.of(this.layout, 'admin', 'somebody');
    this.faults = new ClusterFaults(production.lab);
  }

  /** `known` are deployments of the tests' own, which they make when they need them. */
  static async start(known: KnownDeployment[]): Promise<Cluster> {
    let gate: ApiServerGate;
    const environmentOf = async (lab: Lab) => {
      gate = await ApiServerGate.open(lab);
      return { ...(await writeTopology(lab, known)), KUBECONFIG: gate.kubeconfigFile };
    };
    const production = await Production.start({ timeFactor: 600, kubernetes: true, environmentOf });
    return new Cluster(production, gate!);
  }

  async stop(): Promise<void> {
    this.api.close();
    this.faults.close();
    this.gate.close();
    await this.production.stop();
  }

  get lab(): Lab {
    return this.production.lab;
  }

  get redisUrl(): string {
    return readFileSync(this.lab.redisUrlFile, 'utf8');
  }

  get<T = any>(kind: Kind, name: string): Promise<T> {
    return this.api.get<T>(pathOf(kind, name));
  }

  /** Undefined where there is none. */
  find<T = any>(kind: Kind, name: string): Promise<T | undefined> {
    return this.get<T>(kind, name).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  }

  async list<T = any>(kind: Kind, selector: string): Promise<T[]> {
    const path = `${pathOf(kind)}?labelSelector=${encodeURIComponent(selector)}`;
    return (await this.api.get<{ items: T[] }>(path)).items;
  }

  /** Under the name of a field manager. */
  create<T = any>(kind: Kind, object: object, manager = 'tests'): Promise<T> {
    return this.api.create<T>(`${pathOf(kind)}?fieldManager=${manager}`, object);
  }

  /** A quota, and its controller has counted what there is: before that it holds nobody back. */
  async limit(name: string, hard: Record<string, string>): Promise<void> {
    await this.create('quota', { metadata: { name }, spec: { hard } });
    const counts = async () => (await this.get('quota', name)).status?.hard !== undefined;
    await until(`quota ${name} counts`, counts, { deadlineMs: 50_000, everyMs: 50 });
  }

  merge(kind: Kind, name: string, change: object, manager = 'tests'): Promise<unknown> {
    return this.api.merge(`${pathOf(kind, name)}?fieldManager=${manager}`, change);
  }

  delete(kind: Kind, name: string): Promise<unknown> {
    return this.api.delete(pathOf(kind, name));
  }

  /** What the metrics API has measured of each pod. */
  async usedMebibytes(selector: string): Promise<number[]> {
    const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${productionNamespace}/pods?labelSelector=${selector}`;
    const { items } = await this.api.get<{ items: { containers: { usage: { memory: string } }[] }[] }>(path);
    return items.map(({ containers }) => quantity(containers[0]!.usage.memory) / 2 ** 20);
  }

  /** The API server is killed, and started again after `seconds`; `meanwhile` runs when it has gone. */
  async outage(seconds: number, meanwhile: () => void): Promise<void> {
    await this.faults.killApiServer();
    meanwhile();
    await sleep(seconds * 1000);
    await this.faults.startApiServer();
  }

  async kubectl(...args: string[]): Promise<string> {
    return kubectl(this.lab, '-n', productionNamespace, ...args);
  }

  /** Of the topology's Redis cluster, from now on: a worker is told when it starts. */
  async setRedisImage(image: string): Promise<void> {
    const file = this.lab.path(topologyFile);
    const topology = parse(await readFile(file, 'utf8')) as Topology;
    topology.kubernetes!.redisCluster!.image = image;
    await writeFile(file, stringify(topology));
    await this.production.worker.kill();
    await this.production.worker.start();
  }

  /** Where a Service answers, from here as well. */
  async serviceUrl(name: string, path = '/'): Promise<string> {
    return `http://${(await this.get<Service>('service', name)).spec.clusterIP}${path}`;
  }

  /** What a run has changed, in words and in order, by the API server's own log. */
  mutations(workflowId: string): string[] {
    return this.changes(workflowId).map(({ words }) => words);
  }

  /** The same, with the times (ISO 8601) at which they were asked for. */
  changes(workflowId: string): { at: string; words: string }[] {
    const { correlationId } = requestIdentity({ workflowId, runId: '', activityId: '' });
    return readAuditLog(this.layout)
      .filter(({ run, status, dryRun }) => run === correlationId && status < 300 && !dryRun)
      .map((mutation) => ({ at: mutation.at, words: inWords(mutation) }));
  }
}

function pathOf(kind: Kind, name?: string): string {
  return collections[kind].replace('$', productionNamespace) + (name === undefined ? '' : `/${name}`);
}

/** The production's own, with the addresses at which its Services answer from outside the cluster, and the tests' deployments. */
async function writeTopology(lab: Lab, known: KnownDeployment[]): Promise<Record<string, string>> {
  const production = parse(await readFile(join(repository, 'config', 'production.yaml'), 'utf8')) as Topology;
  const api = Api.of(new ClusterLayout(lab), 'admin');
  const address = async (name: string) => (await api.get<Service>(pathOf('service', name))).spec.clusterIP;
  const seeded = await Promise.all(
    production.kubernetes!.deployments.map(async (deployment) => {
      const { clientUrl } = deployment;
      if (clientUrl === undefined) return deployment;
      const url = new URL(clientUrl);
      url.hostname = (await address(deployment.name))!;
      return { ...deployment, clientUrl: url.href };
    }),
  );
  api.close();
  const own = known.map((deployment) => ({ replicas: { min: 1, max: 10 }, ...deployment }));
  const topology = { ...production, kubernetes: { ...production.kubernetes, deployments: [...seeded, ...own] } };
  topologySchema.parse(topology);
  const file = lab.path(topologyFile);
  await writeFile(file, stringify(topology));
  return { RUNBOOK_TOPOLOGY: file, REDIS_URL: readFileSync(lab.redisUrlFile, 'utf8') };
}

/** One for all the cases of a test file. */
export function sharedCluster(deployments: KnownDeployment[] = []): () => Cluster {
  let cluster: Cluster;
  beforeAll(async () => void (cluster = await Cluster.start(deployments)));
  afterAll(() => cluster?.stop());
  return () => cluster;
}
