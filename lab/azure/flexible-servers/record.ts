/** What the lab remembers of a flexible server, beside what its PostgreSQL process itself knows. Plain JSON. */
import type { Tier } from '../skus';

export type Switch = 'Enabled' | 'Disabled';
export type ServerState =
  'Ready' | 'Stopped' | 'Updating' | 'Restarting' | 'Starting' | 'Stopping' | 'Dropping' | 'Provisioning';

export interface Storage {
  /** GiB. */
  sizeGb: number;
  autoGrow: Switch;
  tier: string;
  iops: number;
}

export interface HighAvailability {
  mode: 'Disabled' | 'SameZone' | 'ZoneRedundant';
  standbyAvailabilityZone?: string;
}

export interface BackupRecord {
  name: string;
  type: 'Full' | 'Customer On-Demand';
  source: 'Automatic' | 'Customer Initiated';
  /** ISO 8601. */
  completedAt: string;
  folder: string;
}

/** A parameter that a client has set. */
export interface ConfigurationOverride {
  value: string;
  /** What it was before the first change: the default that PATCH can take it back to. */
  default: string;
}

export interface FlexibleServer {
  name: string;
  /** Region's name, such as `westus`. */
  location: string;
  createdAt: string;
  tags?: Record<string, string>;
  sku: { name: string; tier: Tier };
  version: string;
  minorVersion: string;
  administratorLogin: string;
  fullyQualifiedDomainName: string;
  /** False between a stop and a start. */
  started: boolean;
  availabilityZone: string;
  storage: Storage;
  backup: { retentionDays: number; geoRedundant: Switch };
  highAvailability: HighAvailability;
  maintenanceWindow: { customWindow: Switch; dayOfWeek: number; startHour: number; startMinute: number };
  authConfig: { activeDirectoryAuth: Switch; passwordAuth: Switch; tenantId?: string };
  publicNetworkAccess: Switch;
  /** Name of the server that this replica follows; none on a primary. */
  source?: string;
  /** The default that was right for the size at creation: it does not follow the size. */
  maxConnections: number;
  configuration: Record<string, ConfigurationOverride>;
  /** A failed change of size left PostgreSQL with other settings than `sku` says; the next one repairs it. */
  drifted?: boolean;
  backups: BackupRecord[];
  firewallRules: Record<string, { startIpAddress: string; endIpAddress: string }>;
  virtualEndpoints: Record<string, { endpointType: string; members: string[]; spelling: string }>;
  administrators: Record<string, { principalType: string; principalName: string; tenantId: string }>;
}
