/** One lab: its folder, what it was made with, and where everything of it lies. No process is touched here. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Network, postgresPort, servicePorts } from './addresses/network';
import { cacheFolder, labFolder } from './cache';

/** Written once, when the lab is made. */
export interface LabConfiguration {
  createdAt: string;
  /** First three bytes of the lab's addresses. */
  network: string;
  replicas: number;
  /** Azure's times are divided by it. */
  timeFactor: number;
  /** Memory sizes are divided by it. */
  memoryFactor: number;
  taskQueue: string;
  /** Whether `up` starts a worker. */
  worker: boolean;
  /** Whether `up` starts a Kubernetes cluster. Labs of before there was one have no such field. */
  kubernetes?: boolean;
  /** What a client of the managed identity's endpoint must send. */
  identityHeader: string;
}

/** The production that every lab begins with. */
export const production = {
  subscriptionId: '00000000-0000-0000-0000-000000000000',
  resourceGroup: 'broxiva-prod-rg',
  location: 'eastus',
  primary: 'broxiva-db-primary',
  sku: 'Standard_D4ds_v4',
  tier: 'GeneralPurpose',
  storageGb: 256,
  administratorLogin: 'broxivaadmin',
  database: 'broxiva',
  applicationRole: 'broxiva',
  cache: 'broxiva-redis',
  /** 6 GB. */
  cacheSku: { name: 'Standard', family: 'C', capacity: 3 },
} as const;

export const repository = join(__dirname, '..', ...(__dirname.split('/').includes('dist') ? ['..'] : []));

export class Lab {
  readonly folder: string;

  private constructor(
    readonly name: string,
    readonly configuration: LabConfiguration,
  ) {
    this.folder = labFolder(name);
  }

  /** Undefined when there is no lab of that name. */
  static find(name: string): Lab | undefined {
    const file = configurationFile(name);
    if (!existsSync(file)) return undefined;
    return new Lab(name, JSON.parse(readFileSync(file, 'utf8')) as LabConfiguration);
  }

  /** Writes the lab's configuration into its folder, which is there already. */
  static async create(name: string, configuration: LabConfiguration): Promise<Lab> {
    await writeFile(configurationFile(name), JSON.stringify(configuration, undefined, 2), { mode: 0o600 });
    return new Lab(name, configuration);
  }

  get network(): Network {
    return new Network(this.configuration.network);
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  get controlSocket(): string {
    return this.path('control.sock');
  }

  get authorityFolder(): string {
    return this.path('authority');
  }

  get authorityFile(): string {
    return this.path('authority', 'ca.pem');
  }

  get secretsFolder(): string {
    return this.path('secrets');
  }

  secretFile(server: string, kind: 'application-url' | 'admin-url'): string {
    return this.path('secrets', server, kind);
  }

  /** There where the lab has a cluster with a Redis. */
  get redisUrlFile(): string {
    return this.path('secrets', 'redis', 'url');
  }

  get serversFolder(): string {
    return this.path('servers');
  }

  get cachesFolder(): string {
    return this.path('caches');
  }

  /** The URL with which the application reaches a cache. */
  cacheUrlFile(cache: string): string {
    return this.path('secrets', cache, 'url');
  }

  get temporalAddress(): string {
    return `127.0.0.1:${this.network.temporalPort}`;
  }

  get temporalUi(): string {
    return `http://${this.network.services}:${servicePorts.temporalUi}`;
  }

  get temporalHttp(): string {
    return `http://127.0.0.1:${this.network.temporalPort + 1}`;
  }

  get resourceManager(): string {
    return `https://${this.network.services}:${servicePorts.resourceManager}`;
  }

  get identityEndpoint(): string {
    return `http://${this.network.services}:${servicePorts.identity}/msi/token`;
  }

  postgresUrl(login: string, password: string, address: string, database: string): string {
    const url = new URL(`postgres://${address}:${postgresPort}/${database}`);
    url.username = login;
    url.password = password;
    url.search = new URLSearchParams({ sslmode: 'verify-full', sslrootcert: this.authorityFile }).toString();
    return url.href;
  }
}

/** The labs of this cache that are there, running or not. */
export function labNames(): string[] {
  const folder = join(cacheFolder(), 'labs');
  return existsSync(folder) ? readdirSync(folder).filter((name) => existsSync(join(folder, name, 'lab.json'))) : [];
}

/** Which network belongs to which lab: one file each, shared by all labs of this cache. */
export function claimsFolder(): string {
  return join(cacheFolder(), 'networks');
}

function configurationFile(name: string): string {
  return join(labFolder(name), 'lab.json');
}
