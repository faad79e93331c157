/**
 * What redisScale asks of Azure and of the cache itself, and the shapes that travel through a run's history: small, plain
 * JSON, no access key.
 */
import type { CacheTier } from '../../catalogue';

export interface Reserved {
  /** maxmemory-reserved. */
  maxmemory: number;
  /** maxfragmentationmemory-reserved. */
  fragmentation: number;
}

/** What a step changes. */
export interface CacheShape {
  tier: CacheTier;
  /** Such as "C3". */
  size: string;
  /** Absent where it is no cluster. */
  shards?: number;
  /** What of each shard's memory is not for data, MB. */
  reserved: Reserved;
}

/** The live server, by INFO. What it counts begins anew when it is replaced. */
export interface CacheReading {
  /** Another one after a failover or a replacement. */
  runId: string;
  usedMemoryBytes: number;
  /** What there is for data. */
  maxMemoryBytes: number;
  clients: number;
  /** Since it began. */
  evictedKeys: number;
  hits: number;
  misses: number;
}

export interface CacheFacts {
  resourceGroup: string;
  name: string;
  location: string;
  /** Ready, or Azure's provisioning state. */
  state: string;
  shape: CacheShape;
  evictionPolicy: string;
  persistence: { rdb: boolean; aof: boolean };
  /** Ids of the caches that it is geo-replicated with. */
  linked: string[];
  locks: { name: string; level: string; scope: string }[];
  /** Absent while the server cannot be asked: Azure is not done with it. */
  live?: CacheReading;
  /** The key that a run writes, with `<run>` for the id of that run. */
  marker: string;
}

export type ExpectedMarker = 'must' | 'may' | 'none';

/** Read right before a change: all that is needed to verify and to undo it. */
export interface CacheBefore {
  shape: CacheShape;
  maxMemoryBytes: number;
  at: number;
}

interface LongRequest {
  /** From when the activity was scheduled; past it OperationDeadlineExceeded, which asks an operator. */
  deadlineSeconds: number;
  /** See database/contract.ts. */
  undo?: boolean;
}

/** What is to be there; `maxMemoryBytes` where it was there before, and the server said so. */
export interface Wanted {
  shape: CacheShape;
  maxMemoryBytes?: number;
}

export interface CacheActivities {
  inspectCache(request: { cache: string }): Promise<CacheFacts>;
  readCache(request: { cache: string }): Promise<CacheBefore>;

  /**
   * Writes the run's marker, where it is not there yet. It leaves by itself after some days, should nobody delete it. `refused` where
   * the cache takes no key: it is full, or one of several servers, of which another has the key's slot.
   */
  placeMarker(request: { cache: string }): Promise<'placed' | 'refused'>;
  /**
   * Brings the cache to a tier, size and number of shards, then sets again what is reserved of its memory, because Azure does
   * not carry that along. One heartbeating activity for the whole wait; a change is sent once. Throws ServerBusy, with nothing
   * touched, for somebody else's operation.
   */
  changeCache(request: LongRequest & { cache: string; wanted: Wanted }): Promise<void>;
  /**
   * Throws NotVerified (retryable) until ARM shows the shape and the server itself, asked over TLS as clients ask, has the
   * memory of it. `since`: its memory must have followed the size. `marker`: `must` throws DataLost where it is gone, `none` was written.
   * Returns the evidence.
   */
  verifyCache(request: { cache: string; wanted: Wanted; since?: CacheBefore; marker: ExpectedMarker }): Promise<string>;
  /** Deletes the run's marker. */
  tidyMarker(request: { cache: string }): Promise<void>;
}
