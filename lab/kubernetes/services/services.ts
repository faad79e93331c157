/**
 * What makes Services work: for each a balancer at its own address that follows ready pods, an EndpointSlice that tells
 * them, and names for pods. Looked at whenever a pod or Service has changed.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../../lab';
import type { Api } from '../api/api';
import { Informer } from '../api/informer';
import type { Pod, Service } from '../api/objects';
import { type ClusterLayout, clusterPorts, productionNamespace } from '../layout';
import { type Backend, Balancer } from './balancer';
import { EndpointSlices } from './endpoint-slices';
import { type Endpoint, endpointsOf } from './endpoints';
import { HostsFiles, type NamedAddress, type ServerName } from './hosts';

/** Where a balancer listens, and whom it hands connections to. */
interface Place {
  address: string;
  port: number;
  backends: Backend[];
}

/** How soon a server that Azure has made gets its name. */
const lookForServersMs = 1_000;

export class Services {
  readonly hosts: HostsFiles;
  private readonly services: Informer<Service>;
  private readonly slices: EndpointSlices;
  private readonly balancers = new Map<string, Balancer>();
  private readonly timer: NodeJS.Timeout;
  private looking: Promise<void> | undefined;
  private again = false;

  constructor(
    private readonly lab: Lab,
    private readonly layout: ClusterLayout,
    api: Api,
    private readonly pods: () => Pod[],
  ) {
    this.hosts = new HostsFiles(layout);
    this.hosts.file(productionNamespace);
    this.slices = new EndpointSlices(api);
    this.services = new Informer(
      api,
      '/api/v1/services',
      () => this.look(),
      (service) => {
        this.slices.forget(service);
        this.look();
      },
    );
    this.timer = setInterval(() => this.name(), lookForServersMs);
  }

  async start(): Promise<void> {
    await this.services.start();
    this.look();
    await this.looking;
  }

  stop(): void {
    clearInterval(this.timer);
    this.services.stop();
    for (const balancer of this.balancers.values()) balancer.close();
  }

  /** Pods that leave or become ready are followed before anything else is done. */
  look(): void {
    this.again = true;
    this.looking ??= this.lookWhileNeeded().finally(() => (this.looking = undefined));
  }

  private async lookWhileNeeded(): Promise<void> {
    while (this.again) {
      this.again = false;
      try {
        await this.act();
      } catch (error) {
        console.error(`${new Date().toISOString()} Services: ${(error as Error).message}`);
      }
    }
  }

  private async act(): Promise<void> {
    const pods = this.pods();
    const found = this.services.all().map((service) => ({ service, endpoints: endpointsOf(service, pods) }));
    await this.balance(found);
    this.name();
    await Promise.all(
      found
        .filter(({ service }) => service.spec.selector)
        .map(({ service, endpoints }) => this.slices.write(service, endpoints)),
    );
  }

  private async balance(found: { service: Service; endpoints: Endpoint[] }[]): Promise<void> {
    const wanted = new Map<string, Place>(found.flatMap((one) => this.places(one)));
    for (const [place, balancer] of this.balancers) {
      if (wanted.has(place)) continue;
      balancer.close();
      this.balancers.delete(place);
    }
    for (const [place, { address, port, backends }] of wanted) {
      const balancer = this.balancers.get(place) ?? (await Balancer.listen(address, port));
      balancer.backends = backends;
      this.balancers.set(place, balancer);
    }
  }

  private places({ service, endpoints }: { service: Service; endpoints: Endpoint[] }): [string, Place][] {
    const { clusterIP, ports = [] } = service.spec;
    if (!hasAddress(clusterIP)) return [];
    const isApiServer = service.metadata.namespace === 'default' && service.metadata.name === 'kubernetes';
    return ports
      .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
      .map(({ name = '', port }) => {
        const backends = isApiServer
          ? [{ address: this.layout.host, port: clusterPorts.apiServer }]
          : endpoints
              .filter(({ ready }) => ready)
              .map(({ address, ports: targets }) => ({ address, port: targets[name]! }));
        return [`${clusterIP}:${port}`, { address: clusterIP, port, backends }];
      });
  }

  private name(): void {
    const pods = this.pods();
    const names = this.services.all().flatMap((service): NamedAddress[] => {
      const { name, namespace = '' } = service.metadata;
      const { clusterIP } = service.spec;
      if (hasAddress(clusterIP)) return [{ address: clusterIP, namespace, name }];
      if (clusterIP !== 'None') return [];
      const behind = endpointsOf(service, pods).filter(({ ready }) => ready);
      return behind.flatMap(({ address, pod }) => [
        { address, namespace, name },
        { address, namespace, name: `${pod}.${name}` },
      ]);
    });
    this.hosts.update(names, this.servers());
  }

  /** Azure's servers and caches, by what the lab keeps of each. */
  private servers(): ServerName[] {
    const { serversFolder, cachesFolder } = this.lab;
    return [
      ...namesIn(serversFolder, 'server.json', 'postgres.database.azure.com'),
      ...namesIn(cachesFolder, 'cache.json', 'redis.cache.windows.net'),
    ];
  }
}

function namesIn(folder: string, record: string, domain: string): ServerName[] {
  return (existsSync(folder) ? readdirSync(folder) : []).flatMap((name) => {
    const text = readIfThere(join(folder, name, record));
    if (text === undefined) return [];
    const { address } = JSON.parse(text) as { address: string };
    return [{ address, name: `${name}.${domain}` }];
  });
}

/** The daemon makes and removes them at any time. */
function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function hasAddress(clusterIP: string | undefined): clusterIP is string {
  return clusterIP !== undefined && clusterIP !== '' && clusterIP !== 'None';
}
