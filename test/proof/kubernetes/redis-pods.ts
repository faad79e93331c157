/** The Redis cluster of a player's namespace: none, or one as it is made; and what of it is there. */
import { createClient } from 'redis';
import { managedBy } from '../../../activities/kubernetes/managed';
import { withClusterNodes } from '../../../activities/redis/cluster/client';
import { converge } from '../../../activities/redis/cluster/converge';
import { balanced, partitionOf } from '../../../activities/redis/cluster/balance';
import { migrate } from '../../../activities/redis/cluster/migration';
import { shardsIn } from '../../../activities/redis/cluster/nodes';
import { readAll } from '../../../activities/redis-clusters/formation';
import { nodesOf } from '../../../activities/resharding/cluster';
import { showRanges } from '../../../activities/redis/cluster/slots';
import { type Member, viewOf } from '../../../activities/redis/cluster/view';
import { manifestOf, podLabels } from '../../../activities/redis-clusters/manifests';
import { newSecret } from '../../../activities/redis-clusters/secret';
import type { Pod, Secret } from '../../../lab/kubernetes/api/objects';
import { until } from '../../../lab/processes';
import { redisPodsInState, redisVolumesInState, type State } from '../subjects/subject';
import { redisClusterName as name } from './manifests';
import type { Namespace } from './namespace';

const goneDeadlineMs = 30_000;
const readyDeadlineMs = 90_000;
const mastersMin = 3;

/** By the API's paths, the pods' first. */
const collections = {
  'stateful set': '/apis/apps/v1/$/statefulsets',
  'disruption budget': '/apis/policy/v1/$/poddisruptionbudgets',
  ...{ service: '/api/v1/$/services', secret: '/api/v1/$/secrets', configuration: '/api/v1/$/configmaps' },
};

export class RedisPods {
  /** One was made, and is there. */
  made = false;

  constructor(private readonly namespace: Namespace) {}

  /**
   * As redisClusterBootstrap makes three masters, with a replica each; then as redisClusterReshard makes more of them. Returns when
   * every node says that all is well. `image`: another one than the topology's.
   */
  async make(masters: number, image = this.namespace.redisCluster.image): Promise<void> {
    await this.remove();
    const redisCluster = { ...this.namespace.redisCluster, image };
    const settings = {
      ...{ nodes: 2 * masters, replicasPerMaster: 1, maxMemoryMegabytes: 48, storageGigabytes: 1 },
      evictionPolicy: 'noeviction',
    };
    const content = (kind: 'ConfigMap' | 'Service' | 'PodDisruptionBudget' | 'StatefulSet') =>
      manifestOf(kind, redisCluster, settings).content;
    await this.create(collections.configuration, 'v1', 'ConfigMap', { data: content('ConfigMap') });
    await this.create(collections.secret, 'v1', 'Secret', { data: newSecret() });
    await this.create(collections.service, 'v1', 'Service', { spec: content('Service') });
    await this.create(collections['stateful set'], 'apps/v1', 'StatefulSet', { spec: content('StatefulSet') });
    await this.create(collections['disruption budget'], 'policy/v1', 'PodDisruptionBudget', {
      spec: content('PodDisruptionBudget'),
    });
    const ready = async () => {
      const pods = await this.namespace.labelled<Pod>('pods', name);
      const isReady = ({ status }: Pod) =>
        status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True');
      return pods.filter(isReady).length === settings.nodes;
    };
    await until(`${this.namespace.name} has the pods of a Redis cluster`, ready, {
      ...{ deadlineMs: readyDeadlineMs, everyMs: 100 },
    });
    await this.form(mastersMin, false);
    if (masters > mastersMin) await this.form(masters, true);
    this.made = true;
  }

  private async form(masters: number, grown: boolean): Promise<void> {
    const deadline = Date.now() + readyDeadlineMs;
    const password = await this.password();
    const limits = {
      members: async () => (await this.members()).slice(0, 2 * masters),
      ...{ assertAwake: () => undefined, isOurs: () => true },
      assertInTime: (missing: string) => {
        if (Date.now() > deadline) throw new Error(`no Redis cluster in ${this.namespace.name}: ${missing}`);
      },
    };
    await withClusterNodes(password, async (nodes) => {
      await converge(nodes, { ...limits, shape: { replicasPerMaster: 1, emptyMasters: grown }, mayJoin: true });
      if (!grown) return;
      const before = shardsIn(nodesOf(await readAll(nodes, await limits.members())));
      await migrate(nodes, { ...limits, password, plan: { before, after: balanced(before, () => true) } });
    });
  }

  /** Until every node says the same, and that all is well: one that was killed at the end is back. */
  settled(): Promise<void> {
    const isSo = async () => isAgreed((await this.layout())['its nodes say']!);
    return until(`the nodes of ${this.namespace.name} are one good cluster`, isSo, {
      ...{ deadlineMs: readyDeadlineMs, everyMs: 200 },
    });
  }

  async members(): Promise<Member[]> {
    return (await this.namespace.labelled<Pod>('pods', name)).map(memberOf);
  }

  /** Of whom a client can learn where the slots are: a pod that has just been made belongs to nobody. */
  async joined(): Promise<Member[]> {
    const pods = await this.namespace.labelled<Pod>('pods', name);
    const told = await Promise.all(pods.map((pod) => this.onPod(pod, (client) => client.clusterInfo())));
    return pods.filter((_, index) => told[index]!.includes('cluster_slots_assigned:16384')).map(memberOf);
  }

  async password(): Promise<string> {
    const { data } = (await this.namespace.find<Secret>(this.namespace.path(collections.secret, name))) ?? {};
    return Buffer.from(data?.['password'] ?? '', 'base64').toString();
  }

  /** Which slots are together, as every node says, and what stands around them. */
  async layout(): Promise<State> {
    const pods = await this.namespace.labelled<Pod>('pods', name);
    const volumes = await this.namespace.labelled('persistentvolumeclaims', name);
    const told = await Promise.all(pods.map((pod) => this.toldOf(pod)));
    return {
      [redisPodsInState]: String(pods.length),
      [redisVolumesInState]: String(volumes.length),
      'its nodes say': [...new Set(told)].join(' or ') || 'nothing',
    };
  }

  /** Takes away whatever of it is there, volumes too. Returns when no pod of it is left. */
  async remove(): Promise<void> {
    this.made = false;
    for (const path of Object.values(collections)) await this.namespace.delete(this.namespace.path(path, name));
    for (const { metadata } of await this.namespace.labelled<Pod>('pods', name)) {
      await this.namespace.delete(this.namespace.path('/api/v1/$/pods', metadata.name), { gracePeriodSeconds: 0 });
    }
    await this.none('pods');
    for (const { metadata } of await this.namespace.labelled('persistentvolumeclaims', name)) {
      await this.namespace.delete(this.namespace.path('/api/v1/$/persistentvolumeclaims', metadata.name));
    }
    await this.none('persistentvolumeclaims');
  }

  /** Throws where none runs in that pod. */
  kill(node: number): Promise<void> {
    return this.namespace.cluster.killPod(this.namespace.name, `${name}-${node}`);
  }

  /** It answers nothing for so long. Throws where none runs in that pod. */
  freeze(node: number, ms: number): Promise<void> {
    return this.namespace.cluster.freezePod(this.namespace.name, `${name}-${node}`, ms);
  }

  async state(): Promise<State> {
    const there = await Promise.all(
      Object.entries(collections).map(async ([kind, path]) =>
        (await this.namespace.find(this.namespace.path(path, name))) ? [kind] : [],
      ),
    );
    const pods = await this.namespace.labelled<Pod>('pods', name);
    const volumes = await this.namespace.labelled('persistentvolumeclaims', name);
    return {
      'objects of the Redis cluster': there.flat().sort().join(', ') || 'none',
      [redisVolumesInState]: String(volumes.length),
      'its nodes say': (await Promise.all(pods.map((pod) => this.said(pod)))).sort().join(', ') || 'nothing',
    };
  }

  /** "ok, 0 keys" where all is well. */
  private said(pod: Pod): Promise<string> {
    return this.onPod(pod, async (client) => {
      const info = await client.clusterInfo();
      return `${/^cluster_state:(\w+)/m.exec(info)?.[1]}, ${await client.dbSize()} keys`;
    });
  }

  /** "ok, 6 nodes, 0 moving: 0-5460; 5461-10921; 10922-16383". */
  private toldOf(pod: Pod): Promise<string> {
    return this.onPod(pod, async (client) => {
      const clusterInfo = await client.clusterInfo();
      const nodes = await client.sendCommand<string>(['CLUSTER', 'NODES']);
      const { state, known } = viewOf({ info: await client.info(), clusterInfo, nodes, keys: 0 });
      const moving = known.flatMap((node) => node.moving).length;
      return `${state}, ${known.length} nodes, ${moving} moving: ${partitionOf(known).map(showRanges).join('; ')}`;
    });
  }

  private async onPod(
    { status }: Pod,
    ask: (client: ReturnType<typeof newClient>) => Promise<string>,
  ): Promise<string> {
    const client = newClient(status?.podIP ?? '', await this.password());
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await ask(client);
    } catch (error) {
      return (error as Error).message;
    } finally {
      client.destroy();
    }
  }

  private async create(path: string, apiVersion: string, kind: string, content: object): Promise<void> {
    const metadata = { name, labels: { ...podLabels(this.namespace.redisCluster), ...managedBy } };
    await this.namespace.cluster.api.create(this.namespace.path(path), { apiVersion, kind, metadata, ...content });
  }

  private async none(resource: string): Promise<void> {
    const gone = async () => (await this.namespace.labelled(resource, name)).length === 0;
    await until(`${this.namespace.name} has no ${resource} of a Redis cluster`, gone, {
      ...{ deadlineMs: goneDeadlineMs, everyMs: 100 },
    });
  }
}

const newClient = (host: string, password: string) =>
  createClient({ password, socket: { host, port: 6379, connectTimeout: 3000, reconnectStrategy: false } });

function memberOf({ metadata, status, spec }: Pod): Member {
  const ordinal = Number(metadata.name.split('-').at(-1));
  return { ordinal, pod: metadata.name, host: status?.podIP ?? '', port: 6379, node: spec?.nodeName ?? '' };
}

/** What all of them say, and that is well. */
function isAgreed(said: string): boolean {
  return said.startsWith('ok, ') && !said.includes(' or ');
}
