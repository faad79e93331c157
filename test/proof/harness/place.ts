/** The production of one case: servers or a cache of its own, where it is about a Deployment also that, and their clients. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { targetOf } from '../../../catalogue';
import { shop, web } from '../kubernetes/manifests';
import type { Namespace } from '../kubernetes/namespace';
import { Pooler, type Waits } from '../kubernetes/pooler';
import { PoolerTroubles } from '../kubernetes/pooler-troubles';
import { PoolerWatch } from '../kubernetes/pooler-watch';
import { RedisPods } from '../kubernetes/redis-pods';
import { Reader } from '../kubernetes/reader';
import { Workload } from '../kubernetes/workload';
import { Caches } from './caches';
import type { Fault, TroubledPooler } from './case';
import type { Clients } from './clients';
import { HttpClients } from './http-clients';
import { LedgerClients } from './ledger-clients';
import { OrderClients } from './order-clients';
import type { PoolerRun } from './pooler-runs';
import { RedisClients } from './redis-clients';
import { RedisClusterClients } from './redis-cluster-clients';
import { type PrimaryWish, Servers } from './servers';
import type { Stage } from './stage';

/** A fault that waits for its moment, or has had it. */
export interface Armed {
  name: string;
  hits: number;
}

export class Place {
  servers: Servers;
  readonly caches: Caches;
  private readonly ledger: LedgerClients;
  private readonly redis: RedisClients;
  private readonly inCluster:
    | {
        workload: Workload;
        shop: Workload;
        reader: Reader;
        pooler: Pooler;
        troubles: PoolerTroubles;
        poolerWatch: PoolerWatch;
        redisPods: RedisPods;
        redisClients: RedisClusterClients;
        clients: Record<string, Clients>;
      }
    | undefined;
  /** By which the ledger's clients come, where they come through a pooler. */
  private pooledUrl: string | undefined;
  private hasOwnPooler = false;

  constructor(
    private readonly stage: Stage,
    readonly name: string,
    private readonly namespace?: Namespace,
  ) {
    this.servers = new Servers(stage, name);
    this.caches = new Caches(stage, name);
    this.ledger = new LedgerClients(stage.lab.path('traffic', name), () => this.pooledUrl ?? this.servers.clientUrl);
    const { lab } = stage;
    this.redis = new RedisClients(() => ({
      url: readFileSync(lab.cacheUrlFile(this.caches.name), 'utf8'),
      authorityFile: lab.authorityFile,
    }));
    const redisPods = namespace && new RedisPods(namespace);
    const pooler = namespace && new Pooler(namespace);
    this.inCluster = namespace && {
      workload: new Workload(namespace, web),
      shop: new Workload(namespace, shop),
      reader: new Reader(namespace, this.servers),
      pooler: pooler!,
      troubles: new PoolerTroubles(namespace, pooler!),
      poolerWatch: new PoolerWatch(namespace),
      redisPods: redisPods!,
      redisClients: new RedisClusterClients(redisPods!),
      clients: {
        ...Object.fromEntries(
          Object.entries(namespace.clientUrls).map(([application, url]) => [application, new HttpClients(url)]),
        ),
        [shop.name]: new OrderClients(namespace.ordersUrl, () => namespace.servers.clientUrl),
      },
    };
  }

  get isBehindPooler(): boolean {
    return this.pooledUrl !== undefined;
  }

  /** The servers are the namespace's, with the pooler before them, and the ledger is written through it. */
  async goBehindPooler(): Promise<void> {
    await this.pooler.make();
    this.servers = this.namespace!.servers;
    this.pooledUrl = await this.pooler.clientUrl();
  }

  /** Likewise, with servers of the place's own: for what leaves other ones behind. */
  async goBehindOwnPooler(wish: PrimaryWish, waits?: Waits): Promise<void> {
    await this.servers.make(wish);
    this.hasOwnPooler = true;
    await this.pooler.make(this.servers, waits);
    this.pooledUrl = await this.pooler.clientUrl();
  }

  /** Throws where the stage has no cluster. */
  get pooler(): Pooler {
    return this.cluster.pooler;
  }

  /** Throws where the stage has no cluster. */
  get redisPods(): RedisPods {
    return this.cluster.redisPods;
  }

  /** Throws where the stage has no cluster. */
  get workload(): Workload {
    return this.cluster.workload;
  }

  /** On the namespace's servers. Throws where the stage has no cluster. */
  get shop(): Workload {
    return this.cluster.shop;
  }

  /** Throws where the stage has no cluster. */
  get reader(): Reader {
    return this.cluster.reader;
  }

  /** The one that the place's Deployment has. */
  get made(): Workload | undefined {
    if (!this.inCluster) return undefined;
    const { workload, shop, reader } = this.inCluster;
    return [workload, shop, reader.workload].find(({ made }) => made);
  }

  /** Of the Deployment, where there is one; of the Redis cluster, of the cache, where there is one; otherwise of the primary. */
  get clients(): Clients {
    if (this.caches.made) return this.redis;
    if (this.inCluster?.redisPods.made) return this.inCluster.redisClients;
    const { made } = this;
    return made ? this.cluster.clients[made.deployment]! : this.ledger;
  }

  private get cluster() {
    if (!this.inCluster)
      throw new Error(`${this.name} is on a stage without a cluster: its variant must say \`cluster\``);
    return this.inCluster;
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
    await this.made?.countPods();
  }

  async podsStarted(): Promise<number> {
    return (await this.made?.podsStarted()) ?? 0;
  }

  /** From now on what its PgBouncers are told is noted, where clients come through them. */
  async watchPooler(): Promise<void> {
    if (this.isBehindPooler) await this.cluster.poolerWatch.start();
  }

  /** What was noted since. */
  poolerRuns(): PoolerRun[] {
    return this.inCluster?.poolerWatch.end() ?? [];
  }

  /** Until nothing that a run has begun goes on by itself, or will not end. */
  async idle(): Promise<void> {
    await this.inCluster?.troubles.end();
    await this.servers.idle();
    await this.caches.idle();
    if (this.inCluster?.redisPods.made) await this.inCluster.redisPods.settled().catch(() => undefined);
    await this.made?.settled().catch(() => undefined);
  }

  arm(fault: Fault): Armed {
    if (fault.system === 'kubernetes') return this.namespace!.proxy.arm(fault);
    const { name, options, server } = fault;
    const { names, primary } = this.servers;
    const struck = this.caches.made ? this.caches.name : (names[server] ?? primary);
    return this.stage.resourceManager.faults.arm(name, { ...options, server: struck });
  }

  /** Returns when it is over, or lasts until somebody is asked. */
  async troublePooler({ trouble, whenPausing, holdUp, holdMs = 0, forMs }: TroubledPooler): Promise<void> {
    const { troubles } = this.cluster;
    if (holdUp !== undefined) this.arm({ system: 'azure', name: 'operation-hangs', options: {}, server: holdUp });
    try {
      if (whenPausing) await troubles.pausing();
      await troubles.make(trouble);
      await sleep(holdMs);
    } finally {
      if (holdUp !== undefined) this.letGoOn();
    }
    if (forMs === undefined) return;
    await sleep(forMs);
    await troubles.end();
  }

  /** When its clients have ended. */
  async tidy(): Promise<void> {
    await this.inCluster?.troubles.shrink();
  }

  disarm(): void {
    this.stage.resourceManager.faults.clear(undefined, this.names);
    this.namespace?.proxy.clear();
  }

  /** Whoever is asked sees to that first. */
  async mend(): Promise<void> {
    this.letGoOn();
    await this.inCluster?.troubles.end();
  }

  /** Lets go on what a fault holds up. */
  private letGoOn(): void {
    this.stage.resourceManager.faults.clear('operation-hangs', this.names);
  }

  async remove(): Promise<void> {
    await this.clients.stop().catch(() => undefined);
    this.poolerRuns();
    // What the namespace has stays for the next place, but for what has sessions on its servers.
    if (this.inCluster?.shop.made) await this.shop.remove();
    if (this.hasOwnPooler) {
      await this.pooler.remove();
      await this.namespace?.publishUrl();
    }
    if (this.hasOwnPooler || !this.isBehindPooler) await this.servers.remove();
    await this.caches.remove();
  }

  private get names(): string[] {
    return [...this.servers.names, this.caches.name];
  }
}
