/**
 * The endpoint's memory: one file, written as a whole and renamed into place, so that a daemon that is killed at any
 * moment finds the last state that was told to a client.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RedisCache } from './caches/record';
import type { ArmedFault } from './faults/board';
import type { FlexibleServer } from './flexible-servers/record';
import type { Operation } from './operations';
import type { ResourceLock } from './locks';

export interface ResourceGroup {
  name: string;
  location: string;
  tags?: Record<string, string>;
}

export interface State {
  /** Signs the URLs of operations. */
  signingSecret: string;
  groups: Record<string, ResourceGroup>;
  servers: Record<string, FlexibleServer>;
  caches: Record<string, RedisCache>;
  operations: Record<string, Operation>;
  locks: ResourceLock[];
  faults: ArmedFault[];
  /** Seconds that operations of a kind take where somebody has said so, whatever the time factor. */
  takes: Record<string, number>;
}

/** Operations beyond this number are forgotten, the oldest first; Azure keeps them for a day. */
const operationsKept = 200;

export class Store {
  readonly state: State;
  private readonly file: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.file = join(folder, 'state.json');
    this.state = existsSync(this.file)
      ? (JSON.parse(readFileSync(this.file, 'utf8')) as State)
      : {
          signingSecret: randomBytes(32).toString('hex'),
          groups: {},
          servers: {},
          caches: {},
          operations: {},
          locks: [],
          faults: [],
          takes: {},
        };
    // A lab of before there were caches, or times that somebody has set.
    this.state.caches ??= {};
    this.state.takes ??= {};
  }

  save(): void {
    const ended = Object.values(this.state.operations).filter((operation) => operation.status !== 'InProgress');
    for (const operation of ended.slice(0, Math.max(0, ended.length - operationsKept))) {
      delete this.state.operations[operation.id];
    }
    writeFileSync(`${this.file}.new`, JSON.stringify(this.state, undefined, 1), { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
  }

  /** Finds a server by its name, in whatever spelling. */
  server(name: string): FlexibleServer | undefined {
    return this.state.servers[name.toLowerCase()];
  }

  get servers(): FlexibleServer[] {
    return Object.values(this.state.servers);
  }

  replicasOf(name: string): FlexibleServer[] {
    return this.servers.filter((server) => server.source?.toLowerCase() === name.toLowerCase());
  }

  putServer(server: FlexibleServer): void {
    this.state.servers[server.name.toLowerCase()] = server;
    this.save();
  }

  removeServer(name: string): void {
    delete this.state.servers[name.toLowerCase()];
    this.save();
  }

  /** Finds a cache by its name, in whatever spelling. */
  cache(name: string): RedisCache | undefined {
    return this.state.caches[name.toLowerCase()];
  }

  get caches(): RedisCache[] {
    return Object.values(this.state.caches);
  }

  putCache(cache: RedisCache): void {
    this.state.caches[cache.name.toLowerCase()] = cache;
    this.save();
  }

  removeCache(name: string): void {
    delete this.state.caches[name.toLowerCase()];
    this.save();
  }
}
