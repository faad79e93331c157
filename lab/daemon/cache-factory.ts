/**
 * How an Azure Cache for Redis becomes a redis-server: an address of its own, a certificate, a folder, and the secret that a
 * vault would hold: `url`, with which the application reaches it over TLS.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Authority } from '../authority/authority';
import type { CacheFactory } from '../azure/options';
import type { Lab } from '../lab';
import { makeOwned, writeWhole } from '../write';
import { redisTlsPort } from '../redis/files';
import { RedisServer } from '../redis/server';

/** Written before the server is made, so that a creation that broke off can be cleared away. */
interface CacheRecord {
  name: string;
  address: string;
  /** Of the lab's own user. */
  password: string;
}

export class LabCaches implements CacheFactory {
  private readonly known = new Map<string, RedisServer>();
  private readonly records = new Map<string, CacheRecord>();

  constructor(
    private readonly lab: Lab,
    private readonly authority: Authority,
  ) {
    for (const name of existsSync(lab.cachesFolder) ? readdirSync(lab.cachesFolder) : []) {
      const file = this.recordFile(name);
      if (existsSync(file)) this.records.set(name, JSON.parse(readFileSync(file, 'utf8')) as CacheRecord);
    }
  }

  get names(): string[] {
    return [...this.records.keys()];
  }

  async create({ name, keys, settings }: Parameters<CacheFactory['create']>[0]): Promise<RedisServer> {
    const record = await this.register(name);
    const names = [name, `${name}.redis.cache.windows.net`, record.address];
    const server = this.server(record);
    try {
      await server.make({ keys, settings, ...(await this.authority.issue(names)) });
      await server.start();
    } catch (error) {
      await this.remove(name);
      throw error;
    }
    const file = this.lab.cacheUrlFile(name);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeWhole(file, `rediss://:${keys.primary}@${record.address}:${redisTlsPort}`);
    return server;
  }

  open(name: string): RedisServer | undefined {
    const record = this.records.get(name);
    return record && this.server(record);
  }

  async remove(name: string): Promise<void> {
    await this.open(name)?.remove();
    await rm(dirname(this.lab.cacheUrlFile(name)), { recursive: true, force: true });
    this.known.delete(name);
    this.records.delete(name);
  }

  /** What a creation that broke off left goes first. */
  private async register(name: string): Promise<CacheRecord> {
    await this.remove(name);
    const address = this.lab.network.freeCacheAddress([...this.records.values()].map((record) => record.address));
    const record = { name, address, password: randomBytes(18).toString('base64url') };
    this.records.set(name, record);
    await makeOwned(this.lab.path('caches', name));
    await writeWhole(this.recordFile(name), JSON.stringify(record));
    return record;
  }

  private server(record: CacheRecord): RedisServer {
    const { name, address, password } = record;
    const folder = this.lab.path('caches', name);
    const authority = this.authority.certificate;
    const server =
      this.known.get(name) ??
      new RedisServer({ name, labFolder: this.lab.folder, folder, address, password, authority });
    this.known.set(name, server);
    return server;
  }

  private recordFile(name: string): string {
    return this.lab.path('caches', name, 'cache.json');
  }
}
