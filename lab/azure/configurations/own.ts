/**
 * Server parameters that are Azure's own, unknown to PostgreSQL: kept, shown, and without an effect here.
 * Source: Azure's example of a server's list (azure-rest-api-specs, ConfigurationsListByServer.json).
 */
import type { Setting } from '../../postgres/server';
import type { FlexibleServer } from '../flexible-servers/record';

interface OwnParameter {
  type: 'bool' | 'enum' | 'integer' | 'string';
  value: string;
  description: string;
  range?: [number, number];
  enumeration?: string[];
}

const onOff = (value: 'on' | 'off', description: string): OwnParameter => ({ type: 'bool', value, description });

const own: Record<string, OwnParameter> = {
  'azure.accepted_password_auth_method': {
    ...{ type: 'enum', value: 'scram-sha-256', enumeration: ['md5', 'scram-sha-256'] },
    description: 'Accepted password authentication method.',
  },
  'azure.extensions': {
    ...{ type: 'string', value: '' },
    description: 'Specifies which extensions are allowed to be created in the server.',
  },
  'azure.fabric_mirror_enabled': onOff('off', 'Specifies whether mirroring to Microsoft Fabric is enabled.'),
  'connection_throttle.enable': onOff(
    'off',
    'Enables temporary connection throttling per IP for too many login failures.',
  ),
  intelligent_tuning: onOff('off', 'Enables intelligent tuning'),
  'logfiles.download_enable': onOff('off', 'Enables or disables server logs functionality.'),
  'logfiles.retention_days': {
    ...{ type: 'integer', value: '3', range: [1, 7] },
    description: 'Sets the retention period window in days for server logs - after this time data will be deleted.',
  },
  'metrics.autovacuum_diagnostics': onOff(
    'off',
    'Enables metrics collection for all table statistics within a database',
  ),
  'metrics.collector_database_activity': onOff(
    'off',
    'Enables metrics collection for database and activity statistics',
  ),
  'pgbouncer.enabled': {
    ...{ type: 'enum', value: 'false', enumeration: ['true', 'false'] },
    description: 'Denotes if pgBouncer service is enabled.',
  },
  require_secure_transport: onOff(
    'on',
    'Whether client connections to the server are required to use some form of secure transport.',
  ),
};

export function isOwn(name: string): boolean {
  return name in own;
}

/** As rows of pg_settings, so that everything else treats them like the others. */
export function ownSettings(server: FlexibleServer): Setting[] {
  return Object.entries(own).map(([name, { type, value, description, range, enumeration }]) => ({
    ...{ name, type, description, unit: null, context: 'sighup', pendingRestart: false },
    ...{ value: server.configuration[name]?.value ?? value, bootValue: value, resetValue: value },
    ...{ minimum: range ? String(range[0]) : null, maximum: range ? String(range[1]) : null },
    enumeration: enumeration ?? null,
  }));
}
