/**
 * What the runbooks ask of Azure about PostgreSQL flexible servers: small, plain, without a type of the vendor's.
 *
 * Reads throw what azure/failures.ts maps (ServerNotFound for a 404). A change answers as soon as it was accepted; how it
 * ends is asked with `pollOperation`.
 */
import type { RequestIdentity } from '../request-identity';

export interface FlexibleServer {
  name: string;
  /** ARM id as Azure writes it. */
  id: string;
  location: string;
  sku: string;
  tier: string;
  storageGb: number;
  /** Ready, Updating, Starting, Stopped, … */
  state: string;
  /** Primary, AsyncReplica, GeoAsyncReplica or None. */
  role: string;
  /** Name of the server that a replica follows. */
  source?: string;
  /** Disabled, SameZone or ZoneRedundant. */
  highAvailability: string;
  version: string;
  host: string;
  /** ISO 8601. */
  earliestRestoreDate?: string;
  tags: Record<string, string>;
}

/** A server parameter, which ARM calls a configuration. */
export interface Parameter {
  name: string;
  value: string;
  /** What Azure gives a server of this size; "" where it says nothing. */
  defaultValue: string;
  /** system-default or user-override. */
  source: string;
  /** Such as "8KB"; absent where the value has none. */
  unit?: string;
  pendingRestart: boolean;
}

export interface Offer {
  sku: string;
  tier: string;
  vCores: number;
  memoryGb: number;
}

export interface Backup {
  /** ISO 8601. */
  completedAt: string;
  automatic: boolean;
}

export interface ResourceLock {
  name: string;
  /** CanNotDelete or ReadOnly. */
  level: string;
  /** Id of what it locks: the server, its resource group or the subscription. */
  scope: string;
}

/** An accepted change: all that another process needs to ask how it ends. At most some 4 kB (its signature is long). */
export interface Operation {
  url: string;
  /** Pace of the polls that Azure asks for. */
  retryAfterSeconds?: number;
}

export type OperationState =
  | { status: 'running'; retryAfterSeconds?: number }
  | { status: 'succeeded' }
  | { status: 'failed' | 'canceled'; code: string; message: string };

/** `operation` is absent where Azure did it at once; `state` where it was not polled yet. */
export interface Accepted {
  operation?: Operation;
  state?: OperationState;
}

/** A change in Azure's activity log. The log is late by minutes on Azure: what is absent there may still be in flight. */
export interface LoggedOperation {
  operationId: string;
  /** Such as "Microsoft.DBforPostgreSQL/flexibleServers/write". */
  action: string;
  caller: string;
  correlationId: string;
  /** When it began, ISO 8601. */
  since: string;
}

export interface ChangeOptions {
  identity: RequestIdentity;
  /** Called once, as soon as Azure has accepted the change. */
  accepted?: (operation: Operation) => void;
}

export interface FlexibleServers {
  readServer(server: string): Promise<FlexibleServer>;
  /** Names of a primary's replicas. */
  readReplicas(server: string): Promise<string[]>;
  /** Throws ServerNotFound for a parameter that does not exist, too. */
  readParameter(server: string, name: string): Promise<Parameter>;
  readParameters(server: string): Promise<Parameter[]>;
  /** Sizes that this server can be given. */
  readOffers(server: string): Promise<Offer[]>;
  readBackups(server: string): Promise<Backup[]>;
  /** Locks on the server and those that it inherits from its group and subscription. */
  readLocks(server: string): Promise<ResourceLock[]>;
  /** Operations on the server and its parameters that began within the last hour and have not ended, newest first. */
  readOpenOperations(server: string): Promise<LoggedOperation[]>;

  changeSize(server: string, size: { sku: string; tier: string }, options: ChangeOptions): Promise<Accepted>;
  changeStorage(server: string, storageGb: number, options: ChangeOptions): Promise<Accepted>;
  changeParameter(
    server: string,
    parameter: { name: string; value: string },
    options: ChangeOptions,
  ): Promise<Accepted>;
  restart(server: string, options: ChangeOptions): Promise<Accepted>;
  /** Of the source's size. */
  createReplica(
    wanted: { source: Pick<FlexibleServer, 'id'>; replica: string; location: string; tags: Record<string, string> },
    options: ChangeOptions,
  ): Promise<Accepted>;
  deleteServer(server: string, options: ChangeOptions): Promise<Accepted>;

  /** One question. Throws for a reply that is no answer (404, 5xx, …), which says nothing about the operation itself. */
  pollOperation(operation: Operation): Promise<OperationState>;
}
