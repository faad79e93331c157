/** The pooler of a player's namespace: none to begin with, and what of it is there afterwards. */
import { Client } from 'pg';
import { isNotFound } from '../../../lab/kubernetes/api/api';
import type { Pod, Secret } from '../../../lab/kubernetes/api/objects';
import { until } from '../../../lab/processes';
import type { State } from '../subjects/subject';
import { poolerName as name } from './manifests';
import type { Namespace } from './namespace';

const goneDeadlineMs = 30_000;

/** By the API's paths. */
const collections = {
  ...{ secret: '/api/v1/$/secrets', service: '/api/v1/$/services', deployment: '/apis/apps/v1/$/deployments' },
  'disruption budget': '/apis/policy/v1/$/poddisruptionbudgets',
};

export class Pooler {
  constructor(private readonly namespace: Namespace) {}

  /** Takes away whatever of it is there. Returns when no pod of it is left. */
  async remove(): Promise<void> {
    for (const path of Object.values(collections)) await this.delete(this.path(path));
    for (const { metadata } of await this.pods()) {
      await this.delete(this.path(`/api/v1/$/pods`, metadata.name), { gracePeriodSeconds: 0 });
    }
    await until(`${this.namespace.name} has no pod of a pooler`, async () => (await this.pods()).length === 0, {
      ...{ deadlineMs: goneDeadlineMs, everyMs: 100 },
    });
  }

  async state(): Promise<State> {
    const there = await Promise.all(
      Object.entries(collections).map(async ([kind, path]) => ((await this.find(this.path(path))) ? [kind] : [])),
    );
    const pods = await this.pods();
    return {
      'objects of the pooler': there.flat().sort().join(', ') || 'none',
      'pool sizes of its pods': (await Promise.all(pods.map((pod) => this.poolSize(pod)))).join(', ') || 'none',
    };
  }

  /** As the pod's own console says it. */
  private async poolSize({ status }: Pod): Promise<string> {
    const { data } = (await this.find<Secret>(this.path(collections.secret))) ?? {};
    const password = Buffer.from(data?.['administrator-password'] ?? '', 'base64').toString();
    const login = { host: status?.podIP, user: 'durable_runbooks', password, database: 'pgbouncer' };
    const client = new Client({ ...login, connectionTimeoutMillis: 3000, query_timeout: 3000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ key: string; value: string }>('SHOW CONFIG');
      return rows.find(({ key }) => key === 'default_pool_size')!.value;
    } catch (error) {
      return (error as Error).message;
    } finally {
      void client.end().catch(() => undefined);
    }
  }

  private async pods(): Promise<Pod[]> {
    const path = `${this.path('/api/v1/$/pods', '')}?labelSelector=app%3D${name}`;
    return (await this.namespace.cluster.api.get<{ items: Pod[] }>(path)).items;
  }

  private path(collection: string, of: string = name): string {
    return collection.replace('$', `namespaces/${this.namespace.name}`) + (of === '' ? '' : `/${of}`);
  }

  /** Undefined where there is none. */
  private find<Kind>(path: string): Promise<Kind | undefined> {
    return this.namespace.cluster.api.get<Kind & object>(path).catch(nothing);
  }

  private async delete(path: string, options: object = {}): Promise<void> {
    await this.namespace.cluster.api.delete(path, options).catch(nothing);
  }
}

function nothing(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}
