/** A flexible server as GET shows it. Pure. */
import { longTime } from '../http/headers';
import { regionDisplayName, serverId, serverType } from '../names';
import type { FlexibleServer, ServerState } from './record';

export interface Place {
  subscription: string;
  group: string;
}

/** On Azure a primary can have five replicas; both it and its replicas show that number. */
export const replicaCapacity = 5;

export function roleOf(server: FlexibleServer): 'Primary' | 'AsyncReplica' {
  return server.source === undefined ? 'Primary' : 'AsyncReplica';
}

export function serverView(
  place: Place,
  server: FlexibleServer,
  state: ServerState,
  earliestRestore: string | undefined,
) {
  const { storage, backup, highAvailability } = server;
  const role = roleOf(server);
  return {
    sku: server.sku,
    systemData: { createdAt: longTime(server.createdAt, 'Z') },
    properties: {
      replica: { role, capacity: replicaCapacity },
      storage: {
        type: '',
        iops: storage.iops,
        tier: storage.tier,
        storageSizeGB: storage.sizeGb,
        autoGrow: storage.autoGrow,
      },
      network: { publicNetworkAccess: server.publicNetworkAccess },
      privateEndpointConnections: [],
      dataEncryption: { type: 'SystemManaged' },
      authConfig: server.authConfig,
      fullyQualifiedDomainName: server.fullyQualifiedDomainName,
      version: server.version,
      minorVersion: server.minorVersion,
      administratorLogin: server.administratorLogin,
      state,
      availabilityZone: server.availabilityZone,
      ...(server.source === undefined
        ? {}
        : { sourceServerResourceId: serverId(place.subscription, place.group, server.source) }),
      backup: {
        backupRetentionDays: backup.retentionDays,
        geoRedundantBackup: backup.geoRedundant,
        ...(earliestRestore === undefined ? {} : { earliestRestoreDate: longTime(earliestRestore, '+00:00') }),
      },
      highAvailability: {
        mode: highAvailability.mode,
        state: highAvailability.mode === 'Disabled' ? 'NotEnabled' : 'Healthy',
        ...(highAvailability.mode === 'Disabled'
          ? {}
          : { standbyAvailabilityZone: highAvailability.standbyAvailabilityZone ?? '2' }),
      },
      maintenanceWindow: server.maintenanceWindow,
      replicationRole: role,
      replicaCapacity,
    },
    location: regionDisplayName(server.location),
    ...(server.tags === undefined ? {} : { tags: server.tags }),
    id: serverId(place.subscription, place.group, server.name),
    name: server.name,
    type: serverType,
  };
}

/** A replica as `/replicas` of its primary shows it: thin, and in other spellings. */
export function replicaView(place: Place, server: FlexibleServer, state: ServerState, replicationState: string) {
  return {
    sku: { name: '' },
    systemData: { createdAt: longTime(server.createdAt, 'Z') },
    properties: {
      replica: { role: 'AsyncReplica', replicationState },
      storage: { storageSizeGB: 0, autoGrow: 'Disabled' },
      network: { publicNetworkAccess: 'Disabled' },
      dataEncryption: { type: 'SystemManaged' },
      state,
      sourceServerResourceId: serverId(place.subscription, place.group, server.source ?? ''),
      backup: { geoRedundantBackup: 'Disabled', earliestRestoreDate: longTime(server.createdAt, '+00:00') },
      maintenanceWindow: { customWindow: 'Disabled', dayOfWeek: 0, startHour: 0, startMinute: 0 },
      replicationRole: 'AsyncReplica',
    },
    location: server.location,
    id: serverId(place.subscription, place.group, server.name),
    name: server.name,
    type: serverType,
  };
}
