/** What every part of the endpoint works with. */
import type { PostgresServer } from '../postgres/server';
import type { RedisServer } from '../redis/server';
import type { ActivityLog } from './activity-log';
import type { FaultBoard } from './faults/board';
import type { Operations } from './operations';
import type { ResourceManagerOptions } from './options';
import type { RequestLog } from './request-log';
import type { Store } from './store';

export interface Context {
  readonly options: ResourceManagerOptions;
  readonly store: Store;
  readonly operations: Operations;
  readonly faults: FaultBoard;
  readonly activityLog: ActivityLog;
  readonly requestLog: RequestLog;
  /** The process behind a server. Throws when there is none. */
  postgres(server: string): PostgresServer;
  keepPostgres(name: string, server: PostgresServer | undefined): void;
  /** The server behind a cache. Throws when there is none. */
  redis(cache: string): RedisServer;
  keepRedis(name: string, server: RedisServer | undefined): void;
  /** Something went wrong inside the lab that no client is told in full. */
  warn(text: string, error: unknown): void;
}
