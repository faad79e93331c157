/** The Redis cluster of a player's namespace: none to begin with, and what of it is there afterwards. */
import { createClient } from 'redis';
import type { Pod, Secret } from '../../../lab/kubernetes/api/objects';
import { until } from '../../../lab/processes';
import type { State } from '../subjects/subject';
import { redisClusterName as name } from './manifests';
import type { Namespace } from './namespace';

const goneDeadlineMs = 30_000;

/** By the API's paths, the pods' first. */
const collections = {
  'stateful set': '/apis/apps/v1/$/statefulsets',
  'disruption budget': '/apis/policy/v1/$/poddisruptionbudgets',
  ...{ service: '/api/v1/$/services', secret: '/api/v1/$/secrets', configuration: '/api/v1/$/configmaps' },
};

export class RedisPods {
  constructor(private readonly namespace: Namespace) {}

  /** Takes away whatever of it is there, volumes too. Returns when no pod of it is left. */
  async remove(): Promise<void> {
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
      'volumes of the Redis cluster': String(volumes.length),
      'its nodes say': (await Promise.all(pods.map((pod) => this.said(pod)))).sort().join(', ') || 'nothing',
    };
  }

  /** "ok, 0 keys" where all is well. */
  private async said({ status }: Pod): Promise<string> {
    const { data } = (await this.namespace.find<Secret>(this.namespace.path(collections.secret, name))) ?? {};
    const client = createClient({
      password: Buffer.from(data?.['password'] ?? '', 'base64').toString(),
      socket: { host: status?.podIP ?? '', port: 6379, connectTimeout: 3000, reconnectStrategy: false },
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const info = await client.clusterInfo();
      return `${/^cluster_state:(\w+)/m.exec(info)?.[1]}, ${await client.dbSize()} keys`;
    } catch (error) {
      return (error as Error).message;
    } finally {
      client.destroy();
    }
  }

  private async none(resource: string): Promise<void> {
    const gone = async () => (await this.namespace.labelled(resource, name)).length === 0;
    await until(`${this.namespace.name} has no ${resource} of a Redis cluster`, gone, {
      ...{ deadlineMs: goneDeadlineMs, everyMs: 100 },
    });
  }
}
