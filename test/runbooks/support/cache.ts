/** One Azure Cache for Redis, made as a customer makes it, and what Azure and the server itself say of it. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { createClient } from 'redis';
import { production as names } from '../../../lab/lab';
import { until } from '../../../lab/processes';
import { inWords, isAccepted, mutationsOf } from './mutations';
import type { Production } from './production';
import { Run } from './run';

const deadlineMs = 50_000;
const group = `/subscriptions/${names.subscriptionId}/resourceGroups/${names.resourceGroup}`;

/** What it is, asked of Azure, and how it runs, asked of itself. */
export interface CacheLook {
  state: string;
  /** "Standard C3". */
  size: string;
  shards?: number;
  reservedMb: number;
  maxMemoryBytes: number;
  evictedKeys: number;
  keys: number;
}

interface View {
  properties: {
    provisioningState: string;
    sku: { name: string; family: string; capacity: number };
    shardCount?: number;
    redisConfiguration: Record<string, string>;
  };
}

export class Cache {
  private constructor(
    private readonly production: Production,
    readonly name: string,
  ) {}

  /** `size` such as "Standard C3". */
  static async create(production: Production, size = 'Standard C3', properties: object = {}): Promise<Cache> {
    const made = new Cache(production, `cache-${randomBytes(3).toString('hex')}`);
    const [name, code = ''] = size.split(' ');
    const sku = { name, family: code[0], capacity: Number(code[1]) };
    await made.azure('PUT', '', { location: names.location, properties: { sku, ...properties } });
    await made.idle();
    const url = production.lab.cacheUrlFile(made.name);
    await until(`${made.name} can be reached`, () => existsSync(url), { deadlineMs });
    return made;
  }

  /** Started as Temporal UI does: raw JSON. */
  start(input: object): Promise<Run> {
    return Run.start(this.production, 'redisScale', { cache: this.name, ...input });
  }

  /** What a run asked of Azure, in words and in order; what was accepted of it. */
  async mutations({ workflowId }: Run): Promise<{ sent: string[]; accepted: string[] }> {
    const own = mutationsOf(await this.production.requests(), workflowId);
    const words = (requests: typeof own) => requests.map((one) => inWords(one).replace(`${this.name} `, ''));
    return { sent: words(own), accepted: words(own.filter(isAccepted)) };
  }

  /** One request that is not a run's. Throws unless Azure takes it. */
  async azure<Body>(method: string, rest = '', body?: object, version = '2024-11-01'): Promise<Body> {
    const { lab } = this.production;
    const path = `${group}/providers/Microsoft.Cache/redis/${this.name}${rest}?api-version=${version}`;
    const headers = { authorization: 'Bearer lab', 'content-type': 'application/json' };
    const options = { method, headers, ca: readFileSync(lab.authorityFile) };
    const sent = request(lab.resourceManager + path, options).end(body && JSON.stringify(body));
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const text = (await answer.setEncoding('utf8').toArray()).join('');
    if ((answer.statusCode ?? 0) >= 300) throw new Error(`${method} ${this.name}${rest}: ${answer.statusCode} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as Body;
  }

  async idle(): Promise<void> {
    const isIdle = async () => (await this.view()).properties.provisioningState === 'Succeeded';
    await until(`${this.name} is idle`, isIdle, { deadlineMs, everyMs: 50 });
  }

  async look(): Promise<CacheLook> {
    const { provisioningState: state, sku, shardCount, redisConfiguration } = (await this.view()).properties;
    return this.redis(async (client) => {
      const info = await client.info();
      const number = (field: string) => Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1]);
      return {
        ...{ state, size: `${sku.name} ${sku.family}${sku.capacity}` },
        ...(shardCount === undefined ? {} : { shards: shardCount }),
        reservedMb: Number(redisConfiguration['maxmemory-reserved']),
        ...{ maxMemoryBytes: number('maxmemory'), evictedKeys: number('evicted_keys'), keys: await client.dbSize() },
      };
    });
  }

  /** Twenty keys a megabyte. */
  async fill(megabytes: number): Promise<void> {
    await this.redis(async (client) => {
      for (let number = 0; number < 20 * megabytes; number++) await client.set(`value-${number}`, 'x'.repeat(50_000));
    });
  }

  /** Until it takes not even a small key of whoever connects next: a connection that ends gives its buffers back. */
  async fillUp(): Promise<void> {
    let written = 0;
    const fill = (bytes: number) =>
      this.redis(async (client) => {
        for (let taken = 0; ; taken++) {
          const answer = await client.set(`value-${written++}`, 'x'.repeat(bytes)).catch(String);
          if (answer !== 'OK') return taken;
        }
      });
    await fill(50_000);
    for (let refused = 0; refused < 3;) refused = (await fill(10)) === 0 ? refused + 1 : 0;
  }

  async keys(): Promise<string[]> {
    return this.redis((client) => client.keys('*'));
  }

  /** As the application, over TLS. */
  async redis<T>(use: (client: ReturnType<Cache['client']>) => Promise<T>): Promise<T> {
    const client = this.client();
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await use(client);
    } finally {
      client.destroy();
    }
  }

  private client() {
    const { lab } = this.production;
    const url = readFileSync(lab.cacheUrlFile(this.name), 'utf8');
    return createClient({
      url,
      socket: { tls: true, ca: readFileSync(lab.authorityFile), reconnectStrategy: false },
    });
  }

  private view(): Promise<View> {
    return this.azure<View>('GET');
  }
}
