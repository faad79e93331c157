import type { PostgresServer } from '../postgres/server';
import type { RedisKeys, RedisSettings } from '../redis/files';
import type { RedisServer } from '../redis/server';

/** Makes, opens and removes the PostgreSQL processes; each has an address of its own, port 5432. */
export interface ServerFactory {
  create(spec: {
    name: string;
    administratorLogin: string;
    administratorLoginPassword: string;
    settings: Record<string, string>;
  }): Promise<PostgresServer>;
  createStandby(
    spec: { name: string; settings: Record<string, string> },
    source: PostgresServer,
  ): Promise<PostgresServer>;
  /** A server made before, running or not. */
  open(name: string): Promise<PostgresServer>;
  /** Stops it and deletes its data; nothing to do for a name that has none. */
  remove(name: string): Promise<void>;
}

/** Makes, opens and removes the Redis servers; each has an address of its own, port 6380. */
export interface CacheFactory {
  /** Throws with what to do where there is no Redis on this machine. */
  create(spec: { name: string; keys: RedisKeys; settings: RedisSettings }): Promise<RedisServer>;
  /** A server made before, running or not; undefined where none was. */
  open(name: string): RedisServer | undefined;
  /** Stops it and deletes its data; nothing to do for a name that has none. */
  remove(name: string): Promise<void>;
}

export interface ResourceManagerOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** PEM. */
  key: string;
  certificate: string;
  subscriptionId: string;
  resourceGroup: string;
  /** The region of the group and of seeded servers, such as `westus`. */
  location: string;
  /** Azure's times are divided by it. */
  timeFactor: number;
  /** Memory sizes are divided by it. */
  memoryFactor: number;
  /** For `state.json`, `requests.jsonl` and `activity-log.jsonl`. */
  folder: string;
  isTokenValid(token: string): boolean;
  servers: ServerFactory;
  caches: CacheFactory;
  /** Where the lab's own troubles are told; console.error by default. */
  warn?(text: string): void;
}
