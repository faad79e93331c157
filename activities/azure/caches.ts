/**
 * What the runbooks ask of Azure about Azure Cache for Redis: small, plain, without a type of the vendor's.
 *
 * Reads throw what azure/failures.ts maps (ServerNotFound for a 404). A change answers as soon as it was accepted; how it
 * ends is asked with `pollOperation`. No access key is ever asked for.
 */
import type { Accepted, ChangeOptions, LoggedOperation, Operation, OperationState, ResourceLock } from './operations';

export interface AzureCache {
  name: string;
  /** ARM id as Azure writes it. */
  id: string;
  location: string;
  /** Ready where Azure says Succeeded; otherwise its provisioning state: Scaling, Updating, Creating, … */
  state: string;
  /** Basic, Standard or Premium. */
  tier: string;
  /** Such as "C3". While it is scaled: the one that it is on its way to. */
  size: string;
  /** "Standard C3". */
  sku: string;
  /** Absent where it is no cluster. */
  shards?: number;
  host: string;
  tlsPort: number;
  /** The settings of memory and persistence by Azure's names, all of them text: maxmemory-reserved (MB), rdb-backup-enabled, … */
  configuration: Record<string, string>;
  /** Ids of the caches that it is geo-replicated with. */
  linked: string[];
}

export interface Caches {
  readCache(cache: string): Promise<AzureCache>;
  /** Locks on the cache and those that it inherits from its group and subscription. */
  readLocks(cache: string): Promise<ResourceLock[]>;
  /** Operations on the cache that began within the last hour and have not ended, newest first. */
  readOpenOperations(cache: string): Promise<LoggedOperation[]>;

  changeSize(cache: string, size: { tier: string; size: string }, options: ChangeOptions): Promise<Accepted>;
  changeShards(cache: string, shards: number, options: ChangeOptions): Promise<Accepted>;
  /** What is not named stays as it is. */
  changeConfiguration(cache: string, configuration: Record<string, string>, options: ChangeOptions): Promise<Accepted>;

  /** One question. Throws for a reply that is no answer (404, 5xx, …), which says nothing about the operation itself. */
  pollOperation(operation: Operation): Promise<OperationState>;
}
