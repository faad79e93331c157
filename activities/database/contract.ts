/**
 * What the database runbooks ask of Azure and of PostgreSQL itself, and the shapes that travel through a run's history:
 * small, plain JSON, no secret. Sizes in the unit that the name ends with; times ISO 8601 in UTC.
 */

import type { Patience } from '../pgbouncer/configuration';

/** A server's size and the static parameters that take effect with the same restart. */
export interface Compute {
  /** Such as "Standard_D4ds_v4". */
  sku: string;
  /** Such as "GeneralPurpose". */
  tier: string;
  /** Parameter name → value as ARM writes it, such as { max_connections: "1718" }. */
  parameters: Record<string, string>;
}

/** What must be known right before a compute change, to verify and to undo it. */
export interface ComputeBefore {
  compute: Compute;
  /** pg_postmaster_start_time(). */
  startedAt: string;
  sharedBuffersBytes: number;
}

export interface SkuOffer {
  sku: string;
  tier: string;
  vCores: number;
  memoryGb: number;
}

/** A parameter set to a value that waits for a restart: any restart makes it effective, whoever set it. */
export interface PendingParameter {
  name: string;
  value: string;
}

/** One flexible server as ARM and SQL show it. */
export interface ServerFacts {
  name: string;
  /** ARM id as Azure writes it. */
  id: string;
  location: string;
  sku: string;
  tier: string;
  storageGb: number;
  /** Ready, Updating, Stopped, … */
  state: string;
  /** Primary, AsyncReplica, GeoAsyncReplica, None. */
  role: string;
  highAvailability: string;
  /** Of the network that it was made into, as an ARM id. */
  subnet?: string;
  /** Reached by private endpoints alone. */
  privateOnly?: true;
  version: string;
  maxConnections: number;
  /** Where the value comes from: system-default or user-override. */
  maxConnectionsSource: string;
  pending: PendingParameter[];
  locks: { name: string; level: string; scope: string }[];
  /** Sessions older than five minutes in a transaction: a restart cuts them off. Volatile: shown, never hashed. */
  longTransactions: { pid: number; ageSeconds: number; application: string }[];
  /** schema.table in the application's database, database.schema.table elsewhere; the first 100. Empty for a replica: it has none to lose. */
  unloggedTables: string[];
  logicalSlots: string[];
  /** Replicas only: bytes of WAL not yet replayed here; null where its WAL receiver is not streaming. */
  replayLagBytes?: number | null;
}

/** The topology's pooler before a primary. */
export interface PoolerFacts {
  namespace: string;
  name: string;
  /** Those that lead to that primary, and those that do not answer. */
  pods: PoolerPodFacts[];
  /** By its configuration: where deployPgbouncer has made it, and every pod has just that mounted and in force. */
  configured?: Patience;
  /** Why none of them could be found. */
  problem?: string;
}

/** Its settings, or why they are not known. */
export interface PoolerPodFacts extends Partial<Patience> {
  pod: string;
  problem?: string;
}

/** What preflight reads for a change of compute or storage. */
export interface DatabaseFacts {
  resourceGroup: string;
  primary: ServerFacts;
  replicas: ServerFacts[];
  /** Sizes offered to the primary in its region. */
  offers: SkuOffer[];
  backup: { newestCompletedAt?: string; newestAgeHours?: number; earliestRestoreDate?: string };
  /** Azure's own pooler on the primary (port 6432). */
  builtInPooler: boolean;
  /** Absent where the topology has none before this primary. */
  pooler?: PoolerFacts;
}

export interface ChangeRequest {
  server: string;
  /** From when the activity was scheduled; past it OperationDeadlineExceeded, which asks an operator. */
  deadlineSeconds: number;
  /**
   * An operation of this run is most likely what keeps the server busy: it is waited for within the deadline, never refused
   * as somebody else's, and an old value is believed only once it has lasted.
   */
  undo?: boolean;
}

/**
 * Activities of the database runbooks. Reads are run as local activities. Each throws an ApplicationFailure of a type
 * from activities/failures.ts; `ServerNotFound` and the like are not retried.
 */
export interface DatabaseActivities {
  /** Reads the primary, its replicas, the offers, backups, locks, and each server by SQL. Changes nothing. */
  inspectDatabase(request: { server: string }): Promise<DatabaseFacts>;

  readCompute(request: { server: string; parameters: string[] }): Promise<ComputeBefore>;
  /**
   * Brings a server to the size and parameters given: sets each parameter that differs, then changes the size (one
   * restart). One heartbeating activity for the whole wait; a new worker resumes the poller without a second PATCH.
   * Does nothing where all is so already; where the size is there but the server still runs with other parameters, it is
   * restarted. Waits for our own operation in flight; throws ServerBusy, with nothing touched, for somebody else's.
   */
  changeCompute(request: ChangeRequest & { compute: Compute }): Promise<void>;
  /**
   * Throws `NotVerified` (retryable) until ARM says Ready with that size and the server itself, asked by SQL on the path
   * that clients use, runs with it. `since` given: must have restarted after it, and its memory settings must have
   * followed. Replicas must stream and replay again. Returns the evidence.
   */
  verifyCompute(request: { server: string; compute: Compute; since?: ComputeBefore }): Promise<string>;

  readStorage(request: { server: string }): Promise<{ storageGb: number }>;
  growStorage(request: ChangeRequest & { storageGb: number }): Promise<void>;
  verifyStorage(request: { server: string; storageGb: number }): Promise<string>;
}
