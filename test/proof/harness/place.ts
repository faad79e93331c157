/** The production of one case: servers of its own, where it is about a Deployment also that, and their clients. */
import type { Namespace } from '../kubernetes/namespace';
import { Workload } from '../kubernetes/workload';
import type { Fault } from './case';
import type { Clients } from './clients';
import { HttpClients } from './http-clients';
import { LedgerClients } from './ledger-clients';
import { Servers } from './servers';
import type { Stage } from './stage';

/** A fault that waits for its moment, or has had it. */
export interface Armed {
  name: string;
  hits: number;
}

export class Place {
  readonly servers: Servers;
  private readonly ledger: LedgerClients;
  private readonly web: HttpClients | undefined;
  private readonly inCluster: Workload | undefined;

  constructor(
    private readonly stage: Stage,
    readonly name: string,
    private readonly namespace?: Namespace,
  ) {
    this.servers = new Servers(stage, name);
    this.ledger = new LedgerClients(stage.lab.path('traffic', name), () => this.servers.clientUrl);
    this.inCluster = namespace && new Workload(namespace);
    this.web = namespace && new HttpClients(namespace.clientUrl);
  }

  /** Throws where the stage has no cluster. */
  get workload(): Workload {
    if (!this.inCluster)
      throw new Error(`${this.name} is on a stage without a cluster: its subject must say \`cluster\``);
    return this.inCluster;
  }

  /** Of the Deployment, where there is one; otherwise of the primary. */
  get clients(): Clients {
    return this.web && this.inCluster?.made ? this.web : this.ledger;
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
    if (this.inCluster?.made) await this.inCluster.settled().catch(() => undefined);
  }

  arm(fault: Fault): Armed {
    if (fault.system === 'kubernetes') return this.namespace!.proxy.arm(fault);
    const { name, options, server } = fault;
    const { names, primary } = this.servers;
    return this.stage.resourceManager.faults.arm(name, { ...options, server: names[server] ?? primary });
  }

  disarm(): void {
    this.stage.resourceManager.faults.clear(undefined, this.servers.names);
    this.namespace?.proxy.clear();
  }

  /** Lets go on what a fault holds up: whoever is asked sees to that first. */
  letGoOn(): void {
    this.stage.resourceManager.faults.clear('operation-hangs', this.servers.names);
  }

  async remove(): Promise<void> {
    await this.clients.stop().catch(() => undefined);
    await this.servers.remove();
  }
}
