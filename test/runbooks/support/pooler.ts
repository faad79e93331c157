/** The topology's pooler as its clients, its console and the API server see it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { Client } from 'pg';
import { passThrough } from '../../../activities/pgbouncer/console';
import { production } from '../../../lab/lab';
import type { Cluster } from './cluster';
import { Run } from './run';

export const image = 'edoburu/pgbouncer:v1.23.1-p3';
const name = 'pgbouncer';
/** A transaction that nothing holds up takes less, on a busy machine too. */
const passageMs = 20_000;

export interface PodLook {
  name: string;
  uid: string;
  node: string;
  address: string;
  ready: boolean;
  restarts: number;
}

interface Login {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
}

export class Pooler {
  constructor(private readonly cluster: Cluster) {}

  /** Names of the objects that are there. */
  async objects(): Promise<string[]> {
    const kinds = ['secret', 'service', 'disruptionBudget', 'deployment'] as const;
    const found = await Promise.all(kinds.map((kind) => this.cluster.find(kind, name)));
    return kinds.filter((_, index) => found[index] !== undefined);
  }

  /** Made by its runbook where no test before has made it. */
  async make(): Promise<void> {
    if ((await this.objects()).length > 0) return;
    const run = await Run.start(this.cluster.production, 'deployPgbouncer', {});
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded' });
  }

  /** Those that are leaving are left out. */
  async pods(): Promise<PodLook[]> {
    const pods = await this.cluster.list('pod', `app=${name}`);
    return pods
      .filter(({ metadata }) => !metadata.deletionTimestamp)
      .map(({ metadata, spec, status }) => ({
        ...{ name: metadata.name, uid: metadata.uid, node: spec.nodeName, address: status.podIP },
        ready: status.conditions?.find(({ type }: any) => type === 'Ready')?.status === 'True',
        restarts: status.containerStatuses?.reduce((sum: number, one: any) => sum + one.restartCount, 0) ?? 0,
      }));
  }

  /** As the application, through the Service. */
  async login(): Promise<Login> {
    const { username, password, pathname } = new URL(this.applicationUrl);
    const { spec } = await this.cluster.get('service', name);
    return {
      ...{ host: spec.clusterIP, port: 5432, user: username, password: decodeURIComponent(password) },
      database: pathname.slice(1),
    };
  }

  async sql<Row>(text: string): Promise<Row[]> {
    return query<Row>(text, await this.login());
  }

  /** Of the server, as the worker finds it. */
  get applicationUrl(): string {
    return readFileSync(this.urlFile, 'utf8');
  }

  set applicationUrl(url: string) {
    writeFileSync(this.urlFile, url, { mode: 0o600 });
  }

  /** `SHOW <what>` of one pod. */
  show(what: string, pod: PodLook): Promise<Record<string, unknown>[]> {
    return this.command(`SHOW ${what}`, pod);
  }

  /** To the console of one pod. */
  async command(text: string, pod: PodLook): Promise<Record<string, unknown>[]> {
    const password = await this.consolePassword();
    return query(text, { host: pod.address, port: 5432, user: 'durable_runbooks', password, database: 'pgbouncer' });
  }

  async consolePassword(): Promise<string> {
    const { data } = await this.cluster.get('secret', name);
    return Buffer.from(data['administrator-password'], 'base64').toString();
  }

  /** Of every pod, in the order of `pods()`: whether the application's database is paused. */
  async paused(): Promise<boolean[]> {
    const shown = await Promise.all((await this.pods()).map((pod) => this.show('DATABASES', pod)));
    return shown.map((rows) => rows.some((row) => row.name === production.database && row.paused !== 0));
  }

  /** Of every pod: whether it is in no pause. One of all databases is in no list: then no transaction passes. */
  async serves(): Promise<boolean[]> {
    const [paused, { port, user, password, database }] = await Promise.all([this.paused(), this.login()]);
    const passing = (await this.pods()).map(({ address: host }) =>
      passThrough({ host, port }, { user, password, database }, { connectMs: passageMs, answerMs: passageMs }).then(
        () => true,
        () => false,
      ),
    );
    return (await Promise.all(passing)).map((passes, index) => passes && !paused[index]);
  }

  /**
   * Every pod is paused, and has come to rest: no connection to the server is left. A login that is just under way would fail with
   * the server, and so would whoever connects in the second after that.
   */
  async atRest(): Promise<boolean> {
    const servers = await Promise.all((await this.pods()).map((pod) => this.show('SERVERS', pod)));
    return servers.flat().length === 0 && (await this.paused()).every(Boolean);
  }

  /** Of every pod: a setting of its configuration. */
  async setting(key: string): Promise<unknown[]> {
    const shown = await Promise.all((await this.pods()).map((pod) => this.show('CONFIG', pod)));
    return shown.map((rows) => rows.find((row) => row.key === key)!.value);
  }

  /** How many configurations the Secret holds. */
  async configurations(): Promise<number> {
    const { data } = await this.cluster.get('secret', name);
    return Object.keys(data).filter((key) => key.endsWith('.ini')).length;
  }

  private get urlFile(): string {
    return this.cluster.lab.secretFile(production.primary, 'application-url');
  }
}

async function query<Row>(text: string, login: Login): Promise<Row[]> {
  const client = new Client({ ...login, connectionTimeoutMillis: 5000, query_timeout: 5000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(text)).rows as Row[];
  } finally {
    await client.end();
  }
}
