/**
 * The lab's background process: Azure Resource Manager, the identity endpoint, the servers and caches, the traffic and
 * the faults.
 *
 * 1. open the certificate authority and the servers that are there; 2. listen as ARM, then as identity endpoint;
 * 3. on the first start make the production; 4. go on with the traffic of an earlier daemon; 5. listen for commands.
 *
 * A daemon that is killed leaves the servers running; the next one finds them.
 */
import type { FastifyInstance } from 'fastify';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { servicePorts } from '../addresses/network';
import { Authority } from '../authority/authority';
import { createResourceManager, type FaultListing, type LoggedRequest, type ResourceManager } from '../azure';
import { type Lab, production } from '../lab';
import { Parts } from '../lifecycle/parts';
import { Traffic, type TrafficReport, type TrafficSettings } from '../traffic/traffic';
import { serveControl } from './control';
import { Crashes, type Victims } from './crashes';
import { createIdentityEndpoint } from './identity';
import { LabCaches } from './cache-factory';
import { LabServers } from './server-factory';
import { seed } from './seed';
import { cacheStatus, type LabStatus, serverStatus } from './status';
import { Tokens } from './tokens';

export class Daemon {
  private control: FastifyInstance | undefined;
  private readonly crashes: Crashes;

  private constructor(
    private readonly servers: LabServers,
    private readonly caches: LabCaches,
    private readonly resourceManager: ResourceManager,
    private readonly identity: Server,
    readonly traffic: Traffic,
    private readonly victims: Victims,
  ) {
    this.crashes = new Crashes(() => resourceManager.requests(), victims);
  }

  static async start(lab: Lab): Promise<Daemon> {
    const host = lab.network.services;
    const { identityHeader, timeFactor, memoryFactor } = lab.configuration;
    const authority = await Authority.open(lab.authorityFolder);
    const servers = new LabServers(lab, authority);
    const caches = new LabCaches(lab, authority);
    const tokens = new Tokens(identityHeader);
    const resourceManager = createResourceManager({
      ...{ host, port: servicePorts.resourceManager, ...(await authority.issue([host])) },
      ...{
        subscriptionId: production.subscriptionId,
        resourceGroup: production.resourceGroup,
        location: production.location,
      },
      ...{ timeFactor, memoryFactor, folder: lab.path('azure'), servers, caches },
      isTokenValid: (token) => tokens.isValid(token),
    });
    await resourceManager.listen();
    const identity = createIdentityEndpoint(tokens, identityHeader).listen(servicePorts.identity, host);
    await once(identity, 'listening');
    await seed(lab, resourceManager);
    const traffic = new Traffic(lab.path('traffic'), () => applicationUrl(lab));
    const daemon = new Daemon(servers, caches, resourceManager, identity, traffic, victimsOf(lab, servers));
    daemon.control = await serveControl(daemon, lab.controlSocket);
    return daemon;
  }

  /** Ends everything but the servers, which belong to the lab and not to its daemon. */
  async stop(): Promise<void> {
    this.crashes.clear();
    await this.control?.close();
    this.identity.close();
    await this.traffic.end();
    await this.resourceManager.close();
  }

  async status(): Promise<LabStatus> {
    const views = this.resourceManager.servers().filter(({ name }) => this.servers.names.includes(name));
    const open = (name: string) => this.servers.open(name);
    const servers = await Promise.all(
      views.map(async (view) =>
        serverStatus(view, await open(view.name), view.source ? await open(view.source) : undefined),
      ),
    );
    const caches = await Promise.all(
      this.resourceManager.caches().map((view) => cacheStatus(view, this.caches.open(view.name))),
    );
    return { servers, caches, traffic: this.traffic.summary() ?? null, faults: this.faults() };
  }

  requests(): LoggedRequest[] {
    return this.resourceManager.requests();
  }

  async startTraffic(settings: TrafficSettings): Promise<object> {
    await this.traffic.start(settings);
    return this.traffic.summary()!;
  }

  async stopTraffic(): Promise<TrafficReport> {
    await this.traffic.stop();
    return this.traffic.report();
  }

  /** Azure's, and those that kill a process of the lab. */
  faults(): FaultListing[] {
    return [...this.resourceManager.faults.list(), ...this.crashes.list()];
  }

  armFault(name: string, options: Record<string, unknown>): object {
    return Crashes.has(name) ? this.crashes.arm(name, options) : this.resourceManager.faults.arm(name, options);
  }

  clearFaults(): object {
    this.resourceManager.faults.clear();
    this.crashes.clear();
    return {};
  }

  /** `seconds` undefined: Azure's own time, divided. */
  setTime(operation: string, seconds: number | undefined): object {
    this.resourceManager.setTime(operation, seconds);
    return {};
  }

  async killPostgres(name: string): Promise<object> {
    await this.victims.kill('postgres-crash', name);
    return {};
  }

  async startPostgres(name: string): Promise<object> {
    await this.victims.start('postgres-crash', name);
    return {};
  }
}

function victimsOf(lab: Lab, servers: LabServers): Victims {
  const { worker, temporal } = new Parts(lab);
  const postgres = (name: string | undefined) => servers.open(name ?? production.primary);
  return {
    async kill(name, server) {
      if (name === 'postgres-crash') return (await postgres(server)).kill();
      if (name === 'worker-freeze') {
        worker.freeze();
        return worker.replace();
      }
      return (name === 'worker-crash' ? worker : temporal).process.kill();
    },
    async start(name, server) {
      if (name === 'postgres-crash') return (await postgres(server)).start();
      if (name === 'worker-freeze') return worker.thaw();
      return (name === 'worker-crash' ? worker : temporal).start();
    },
  };
}

/** Read for every connection: a runbook may put another server's address there. */
function applicationUrl(lab: Lab): string {
  const file = lab.secretFile(production.primary, 'application-url');
  if (!existsSync(file)) throw new Error(`the lab has no ${production.primary} for its applications to connect to`);
  return readFileSync(file, 'utf8');
}
