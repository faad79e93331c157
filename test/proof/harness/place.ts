/** The production of one case: servers or a cache of its own, where it is about a Deployment also that, and their clients. */
import { readFileSync } from 'node:fs';
import { targetOf } from '../../../catalogue';
import type { Namespace } from '../kubernetes/namespace';
import { Workload } from '../kubernetes/workload';
import { Caches } from './caches';
import type { Fault } from './case';
import type { Clients } from './clients';
import { HttpClients } from './http-clients';
import { LedgerClients } from './ledger-clients';
import { RedisClients } from './redis-clients';
import { Servers } from './servers';
import type { Stage } from './stage';

/** A fault that waits for its moment, or has had it. */
export interface Armed {
  name: string;
  hits: number;
}

export class Place {
  readonly servers: Servers;
  readonly caches: Caches;
  private readonly ledger: LedgerClients;
  private readonly redis: RedisClients;
  private readonly web: HttpClients | undefined;
  private readonly inCluster: Workload | undefined;

  constructor(
    private readonly stage: Stage,
    readonly name: string,
    private readonly namespace?: Namespace,
  ) {
    this.servers = new Servers(stage, name);
    this.caches = new Caches(stage, name);
    this.ledger = new LedgerClients(stage.lab.path('traffic', name), () => this.servers.clientUrl);
    const { lab } = stage;
    this.redis = new RedisClients(() => ({
      url: readFileSync(lab.cacheUrlFile(this.caches.name), 'utf8'),
      authorityFile: lab.authorityFile,
    }));
    this.inCluster = namespace && new Workload(namespace);
    this.web = namespace && new HttpClients(namespace.clientUrl);
  }

  /** Throws where the stage has no cluster. */
  get workload(): Workload {
    if (!this.inCluster)
      throw new Error(`${this.name} is on a stage without a cluster: its subject must say \`cluster\``);
    return this.inCluster;
  }

  /** Of the Deployment, where there is one; of the cache, where there is one; otherwise of the primary. */
  get clients(): Clients {
    if (this.caches.made) return this.redis;
    return this.web && this.inCluster?.made ? this.web : this.ledger;
  }

  /** Canonical ids of what of Azure's is there before a run. */
  get targets(): string[] {
    if (this.caches.made) return [targetOf('redis', this.caches.name)];
    return this.servers.names.map((name) => targetOf('postgres', name));
  }

  set onConnection(heard: () => void) {
    this.servers.onConnection = heard;
    if (this.namespace) this.namespace.servers.onConnection = heard;
  }

  /** From now on the pods that are started are counted. */
  async countPods(): Promise<void> {
    if (this.inCluster?.made) await this.inCluster.countPods();
  }

  async podsStarted(): Promise<number> {
    return this.inCluster?.made ? this.inCluster.podsStarted() : 0;
  }

  /** Until nothing that a run has begun goes on by itself, or will not end. */
  async idle(): Promise<void> {
    await this.servers.idle();
    await this.caches.idle();
    if (this.inCluster?.made) await this.inCluster.settled().catch(() => undefined);
  }

  arm(fault: Fault): Armed {
    if (fault.system === 'kubernetes') return this.namespace!.proxy.arm(fault);
    const { name, options, server } = fault;
    const { names, primary } = this.servers;
    const struck = this.caches.made ? this.caches.name : (names[server] ?? primary);
    return this.stage.resourceManager.faults.arm(name, { ...options, server: struck });
  }

  disarm(): void {
    this.stage.resourceManager.faults.clear(undefined, this.names);
    this.namespace?.proxy.clear();
  }

  /** Lets go on what a fault holds up: whoever is asked sees to that first. */
  letGoOn(): void {
    this.stage.resourceManager.faults.clear('operation-hangs', this.names);
  }

  async remove(): Promise<void> {
    await this.clients.stop().catch(() => undefined);
    await this.servers.remove();
    await this.caches.remove();
  }

  private get names(): string[] {
    return [...this.servers.names, this.caches.name];
  }
}
