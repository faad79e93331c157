/**
 * What the runbooks ask of Azure about PostgreSQL flexible servers: small, plain, without a type of the vendor's.
 *
 * Reads throw what azure/failures.ts maps (ServerNotFound for a 404). A change answers as soon as it was accepted; how it
 * ends is asked with `pollOperation`.
 */
import type { Resources } from './change';
import type { Accepted, ChangeOptions, LoggedOperation, Operation, OperationState, ResourceLock } from './operations';

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
  /** Of the network that it was made into (delegatedSubnetResourceId). */
  subnet?: string;
  /** Reached by nothing but private endpoints, of which a replica has none (publicNetworkAccess is Disabled). */
  privateOnly?: true;
}

/** Addresses that are let in, both ends included. */
export interface FirewallRule {
  name: string;
  startIpAddress: string;
  endIpAddress: string;
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

/** A parameter with what Azure allows of it. */
export interface DescribedParameter extends Parameter {
  /** Takes effect with the next restart only. */
  isStatic: boolean;
  isReadOnly: boolean;
  /** Boolean, Integer, Numeric, Enumeration, String or Set (several words). */
  dataType: string;
  /** "25-5000", "on,off", or a regular expression; "" where Azure says nothing. */
  allowedValues: string;
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

/** What belongs to a server, and not to its replica. */
export interface Surroundings {
  geoRedundantBackup: boolean;
  backupRetentionDays: number;
  /** Of Microsoft Entra. */
  administrators: string[];
  privateEndpoints: string[];
}

/** Servers as long-operation.ts wants them. */
export function asResources(
  servers: Pick<FlexibleServers, 'readServer' | 'pollOperation' | 'readOpenOperations'>,
): Resources<FlexibleServer> {
  const { readServer: read, pollOperation, readOpenOperations } = servers;
  return { read, pollOperation, readOpenOperations };
}

export interface FlexibleServers {
  readServer(server: string): Promise<FlexibleServer>;
  /** Names of a primary's replicas. */
  readReplicas(server: string): Promise<string[]>;
  /** Throws ServerNotFound for a parameter that does not exist, too. */
  readParameter(server: string, name: string): Promise<Parameter>;
  readParameters(server: string): Promise<DescribedParameter[]>;
  /** Sizes that this server can be given. */
  readOffers(server: string): Promise<Offer[]>;
  /** Sizes that a region offers; none for one that Azure does not know. */
  readOffersIn(location: string): Promise<Offer[]>;
  /** Names of a primary's virtual endpoints, and the servers that each leads to. */
  readVirtualEndpoints(server: string): Promise<{ name: string; members: string[] }[]>;
  readSurroundings(server: string): Promise<Surroundings>;
  readFirewallRules(server: string): Promise<FirewallRule[]>;
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
  /** Made, or made so. */
  changeFirewallRule(server: string, rule: FirewallRule, options: ChangeOptions): Promise<Accepted>;
  restart(server: string, options: ChangeOptions): Promise<Accepted>;
  /** Of the source's size where none is given; never a smaller one. */
  createReplica(
    wanted: {
      source: Pick<FlexibleServer, 'id'>;
      replica: string;
      location: string;
      tags: Record<string, string>;
      size?: { sku: string; tier: string };
    },
    options: ChangeOptions,
  ): Promise<Accepted>;
  /** A replica becomes a server of its own, for good, once it has replayed what its source has written (Standalone, Planned). */
  promote(replica: string, options: ChangeOptions): Promise<Accepted>;
  deleteServer(server: string, options: ChangeOptions): Promise<Accepted>;

  /** One question. Throws for a reply that is no answer (404, 5xx, …), which says nothing about the operation itself. */
  pollOperation(operation: Operation): Promise<OperationState>;
}
