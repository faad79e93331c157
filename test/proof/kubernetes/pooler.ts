/** The pooler of a player's namespace: none, or one as it is made; and what of it is there. */
import { Client } from 'pg';
import { poolerPort, type Upstream, upstreamOf } from '../../../activities/pgbouncer/configuration';
import { passThrough } from '../../../activities/pgbouncer/console';
import { pooledUrl } from '../../../activities/pgbouncer/pooled-url';
import { managedBy } from '../../../activities/kubernetes/managed';
import { manifestOf, podLabels } from '../../../activities/poolers/manifests';
import { contentWith, renderSecret } from '../../../activities/poolers/secret';
import { type DeployPgbouncerInput, deployPgbouncerInput } from '../../../catalogue';
import type { Deployment, Pod, Secret, Service } from '../../../lab/kubernetes/api/objects';
import { until } from '../../../lab/processes';
import type { Servers } from '../harness/servers';
import type { State } from '../subjects/subject';
import { poolerName as name } from './manifests';
import type { Namespace } from './namespace';

const goneDeadlineMs = 30_000;
const readyDeadlineMs = 60_000;
/** A pod that is there answers within this on a machine that plays several cases on two cores. */
const answerMs = 20_000;

/** How long it lets clients wait, seconds. */
export type Waits = Partial<Pick<DeployPgbouncerInput, 'queryWaitTimeoutSeconds' | 'serverLoginRetrySeconds'>>;

/** By the API's paths. */
const collections = {
  ...{ secret: '/api/v1/$/secrets', service: '/api/v1/$/services', deployment: '/apis/apps/v1/$/deployments' },
  'disruption budget': '/apis/policy/v1/$/poddisruptionbudgets',
};

export class Pooler {
  constructor(private readonly namespace: Namespace) {}

  /** Takes away whatever of it is there. Returns when no pod of it is left. */
  async remove(): Promise<void> {
    for (const path of Object.values(collections)) await this.namespace.delete(this.namespace.path(path, name));
    for (const { metadata } of await this.pods()) {
      await this.namespace.delete(this.namespace.path('/api/v1/$/pods', metadata.name), { gracePeriodSeconds: 0 });
    }
    await until(`${this.namespace.name} has no pod of a pooler`, async () => (await this.pods()).length === 0, {
      ...{ deadlineMs: goneDeadlineMs, everyMs: 100 },
    });
  }

  /** As deployPgbouncer makes it; what is there already stays. Returns when its pods are Ready. `before`: other servers than usual. */
  async make(before?: Servers, waits: Waits = {}): Promise<void> {
    const settings = deployPgbouncerInput.parse({ requestedBy: 'lab@example.com', ...waits });
    const there = await this.namespace.find(this.namespace.path(collections.deployment, name));
    if (there && !before && (await this.isReady())) return;
    await this.remove();
    const { pooler } = this.namespace;
    const databaseUrl = await this.namespace.publishUrl(before);
    const upstream = upstreamOf(databaseUrl);
    if (typeof upstream === 'string') throw new Error(upstream);
    const rendered = renderSecret(upstream, settings, undefined);
    await this.create(collections.secret, 'v1', 'Secret', { data: contentWith(rendered, undefined, undefined) });
    for (const [kind, path, apiVersion] of [
      ['Service', collections.service, 'v1'],
      ['Deployment', collections.deployment, 'apps/v1'],
    ] as const) {
      const { content } = manifestOf(kind, pooler, settings, rendered.fingerprint);
      await this.create(path, apiVersion, kind, { spec: content });
    }
    await until(`${this.namespace.name} has a pooler`, () => this.isReady(), {
      deadlineMs: readyDeadlineMs,
      everyMs: 250,
    });
  }

  /** As the application connects to it, by its Service. */
  async clientUrl(): Promise<string> {
    const service = await this.namespace.find<Service>(this.namespace.path(collections.service, name));
    const pooled = pooledUrl(this.namespace.databaseUrl, { host: service!.spec.clusterIP!, port: 5432 });
    if ('problem' in pooled) throw new Error(pooled.problem);
    return pooled.url;
  }

  /**
   * Of all pods: whether one is in a pause, and whether its sidecar has a lease of one. A PAUSE of all databases is in no list: then no
   * transaction passes. What all say is said once.
   */
  async pauses(): Promise<State> {
    const upstream = upstreamOf((await this.namespace.applicationUrl()).text);
    if (typeof upstream === 'string') throw new Error(upstream);
    const told = await Promise.all(
      (await this.pods()).map(async (pod) => {
        const rows = await this.show('DATABASES', pod).catch(() => []);
        const paused = rows.filter(({ name }) => name !== 'pgbouncer').map((row) => String(row['paused']));
        const lease = await fetch(`http://${pod.status?.podIP}:9127/lease`).then((answer) => answer.text());
        const held = lease.trim() === 'none' ? 'none' : 'held';
        return `paused ${paused.join(', ')}, lease ${held}, ${await passage(pod, upstream)}`;
      }),
    );
    return { 'pods of the pooler': once(told) };
  }

  /** Of all pods: the role of the place's server that its PgBouncer leads to. */
  async leads(servers: Servers): Promise<State> {
    const hosts = await Promise.all(
      (await this.pods()).map(async (pod) => {
        const rows = await this.show('DATABASES', pod).catch(() => []);
        return rows.flatMap(({ name, host }) => (name === 'pgbouncer' ? [] : [String(host)]));
      }),
    );
    const { text = '' } = await this.namespace.applicationUrl();
    const roleOf = (host: string) =>
      servers.roleAt(host) ?? host.replace(/\.postgres.*/, '').replace(/.*-(?=primary)/, '');
    return {
      'pods of the pooler lead to': once(hosts.flat().map(roleOf)),
      'the URL leads to': roleOf(new URL(text).hostname),
    };
  }

  async rollouts(): Promise<State> {
    const found = await this.namespace.find<Deployment>(this.namespace.path(collections.deployment, name));
    return { 'rollouts of the pooler': found?.spec.paused ? 'held' : 'go on' };
  }

  /** Of all pods: how long clients may wait in it, and are turned away after a failed login. What all say is said once. */
  async waits(): Promise<State> {
    const told = await Promise.all(
      (await this.pods()).map(async (pod) => {
        const rows = await this.show('CONFIG', pod).catch(() => []);
        const of = (setting: string) => String(rows.find(({ key }) => key === setting)?.['value']);
        const waits = new Set([of('query_wait_timeout'), of('client_login_timeout')]);
        return `${[...waits].join(' or ')} s, ${of('server_login_retry')} s`;
      }),
    );
    return { 'clients wait, are turned away': once(told) };
  }

  async state(): Promise<State> {
    const there = await Promise.all(
      Object.entries(collections).map(async ([kind, path]) =>
        (await this.namespace.find(this.namespace.path(path, name))) ? [kind] : [],
      ),
    );
    const pods = await this.pods();
    return {
      'objects of the pooler': there.flat().sort().join(', ') || 'none',
      'pool sizes of its pods': (await Promise.all(pods.map((pod) => this.poolSize(pod)))).join(', ') || 'none',
    };
  }

  private async isReady(): Promise<boolean> {
    const found = await this.namespace.find<Deployment>(this.namespace.path(collections.deployment, name));
    return found?.status.availableReplicas === found?.spec.replicas;
  }

  private async create(collection: string, apiVersion: string, kind: string, content: object): Promise<void> {
    const { pooler, cluster } = this.namespace;
    const labels = { ...podLabels(pooler), ...managedBy };
    await cluster.api.create(this.namespace.path(collection), {
      apiVersion,
      kind,
      metadata: { name, labels },
      ...content,
    });
  }

  /** As the pod's own console says it. */
  private async poolSize(pod: Pod): Promise<string> {
    try {
      return String((await this.show('CONFIG', pod)).find(({ key }) => key === 'default_pool_size')!['value']);
    } catch (error) {
      return (error as Error).message;
    }
  }

  private show(what: string, pod: Pod): Promise<Record<string, unknown>[]> {
    return this.tell(pod, `SHOW ${what}`);
  }

  /** By its console. */
  async tell({ status }: Pod, command: string): Promise<Record<string, unknown>[]> {
    const { data } = (await this.namespace.find<Secret>(this.namespace.path(collections.secret, name))) ?? {};
    const password = Buffer.from(data?.['administrator-password'] ?? '', 'base64').toString();
    const login = { host: status?.podIP, user: 'durable_runbooks', password, database: 'pgbouncer' };
    const client = new Client({ ...login, connectionTimeoutMillis: answerMs, query_timeout: answerMs });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<Record<string, unknown>>(command)).rows;
    } finally {
      void client.end().catch(() => undefined);
    }
  }

  private pods(): Promise<Pod[]> {
    return this.namespace.labelled<Pod>('pods', name);
  }
}

/** Through that very pod, as the application; tried again, for one that has just come back needs a moment. */
async function passage({ status }: Pod, { role: user, password, database }: Upstream): Promise<string> {
  const address = { host: status?.podIP ?? '', port: poolerPort };
  const limits = { connectMs: answerMs, answerMs };
  let problem = '';
  const passes = () =>
    passThrough(address, { user, password, database }, limits).then(
      () => true,
      (error: Error) => {
        problem = error.message;
        return false;
      },
    );
  return until('a transaction passes', passes, { deadlineMs: answerMs, everyMs: 250 }).then(
    () => 'a transaction passes',
    () => `no transaction passes: ${problem}`,
  );
}

function once(told: string[]): string {
  return [...new Set(told)].join(', ');
}
