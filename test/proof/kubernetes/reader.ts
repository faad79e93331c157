/** What reads from a database in a player's namespace: a Deployment, and the Secret with the URLs that it reads by. */
import type { Secret } from '../../../lab/kubernetes/api/objects';
import { makeTables } from '../../../lab/kubernetes/seed/database';
import type { Servers } from '../harness/servers';
import type { State } from '../subjects/subject';
import { api, authoritiesFile, secret } from './manifests';
import type { Namespace } from './namespace';
import { Workload } from './workload';

const { secret: name, key, readKey, readVariable } = api.database;
const absent = 'absent';
const byHand = 'a value of its own';
const replicas = 2;

export class Reader {
  readonly workload: Workload;

  constructor(
    private readonly namespace: Namespace,
    private readonly servers: Servers,
  ) {
    this.workload = new Workload(namespace, api);
  }

  get deployment(): string {
    return api.name;
  }

  get made(): boolean {
    return this.workload.made;
  }

  /** On the place's primary, reading from it alone; whatever was there before. */
  async make(): Promise<void> {
    await makeTables(this.servers.clientUrl);
    await this.namespace.delete(this.path);
    await this.namespace.cluster.api.create(this.collection, secret(name, { [key]: this.primaryUrl }));
    await this.workload.remake({ replicas });
  }

  /** Everything of both that a runbook could change by mistake. A URL is told by where it leads, never whole. */
  async state(): Promise<State> {
    const parts = [this.workload.template(), this.workload.sizes(), this.workload.count()];
    const by = await this.workload.variable(readVariable);
    return {
      ...(Object.assign({}, ...(await Promise.all(parts))) as State),
      ...(await this.addresses()),
      'reads by': by === this.primaryUrl ? byHand : by,
    };
  }

  /** Another manager publishes an address: the primary's, which fails no client's request. */
  async publishByHand(): Promise<State> {
    await this.namespace.cluster.api.merge(`${this.path}?fieldManager=somebody-else`, {
      stringData: { [readKey]: this.primaryUrl },
    });
    return { [`secret ${readKey}`]: this.servers.roleOf(this.servers.primary) };
  }

  /** Another manager gives the pods that address without any Secret. */
  async wireByHand(): Promise<State> {
    await this.workload.setByHand(readVariable, this.primaryUrl);
    return { 'reads by': byHand };
  }

  /** As a pod connects to it. */
  private get primaryUrl(): string {
    const url = new URL(this.servers.clientUrl);
    url.searchParams.set('sslrootcert', authoritiesFile);
    return url.href;
  }

  private get collection(): string {
    return `/api/v1/namespaces/${this.namespace.name}/secrets`;
  }

  private get path(): string {
    return `${this.collection}/${name}`;
  }

  /** Each key as the server that it leads to, and what else is not as in the primary's. */
  private async addresses(): Promise<State> {
    const { data = {} } = await this.namespace.cluster.api.get<Secret>(this.path);
    const texts = Object.entries(data).map(([of, text]) => [of, Buffer.from(text, 'base64').toString()] as const);
    const primary = new URL(texts.find(([of]) => of === key)![1]);
    const found = texts.map(([of, text]) => {
      const url = new URL(text);
      const name = url.searchParams.get('application_name');
      url.searchParams.delete('application_name');
      const { hostname } = url;
      const host = this.servers.roleAt(hostname) ?? hostname;
      url.hostname = primary.hostname;
      const rest = url.href === primary.href || host === hostname ? '' : ', otherwise not as the primary';
      return [`secret ${of}`, [host, ...(name ? [`as ${name}`] : [])].join(' ') + rest] as const;
    });
    return { [`secret ${readKey}`]: absent, ...Object.fromEntries(found) };
  }
}
