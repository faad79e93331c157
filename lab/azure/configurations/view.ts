/** A server parameter as Azure shows it: the live row of pg_settings, in Azure's words. Pure. */
import type { Setting } from '../../postgres/server';
import type { FlexibleServer } from '../flexible-servers/record';
import { serverId, serverType } from '../names';
import { isReadOnly, limits, sets } from './catalogue';

const dataTypes: Record<string, string> = {
  bool: 'Boolean',
  enum: 'Enumeration',
  integer: 'Integer',
  real: 'Numeric',
  string: 'String',
};

const units: Record<string, string> = {
  B: 'bytes',
  kB: 'KB',
  '8kB': '8KB',
  MB: 'megabytes',
  ms: 'milliseconds',
  s: 'seconds',
  min: 'minutes',
};

/** Azure's list says "Boolean", "Enumeration", "Integer", "Numeric", "String" or "Set" (several words). */
export function dataTypeOf(setting: Setting): string {
  return sets.has(setting.name) ? 'Set' : (dataTypes[setting.type] ?? 'String');
}

export function allowedValuesOf(setting: Setting): string {
  const own = limits[setting.name];
  if (own) return own;
  if (setting.type === 'bool') return 'on,off';
  if (setting.type === 'enum') return (setting.enumeration ?? []).join(',');
  if (setting.type === 'integer' || setting.type === 'real') return `${setting.minimum}-${setting.maximum}`;
  return '.*';
}

/** A static parameter that waits for a restart shows the value that the restart will bring. */
export function valueOf(setting: Setting, server: FlexibleServer): string {
  const override = server.configuration[setting.name];
  if (override && setting.pendingRestart) return override.value;
  return setting.value;
}

export function configurationView(
  place: { subscription: string; group: string },
  server: FlexibleServer,
  setting: Setting,
  defaults: Record<string, string>,
) {
  const override = server.configuration[setting.name];
  const unit = setting.unit === null ? undefined : (units[setting.unit] ?? setting.unit);
  return {
    properties: {
      value: valueOf(setting, server),
      description: setting.description,
      defaultValue: defaults[setting.name] ?? override?.default ?? setting.resetValue ?? setting.value,
      dataType: dataTypeOf(setting),
      allowedValues: allowedValuesOf(setting),
      source: override ? 'user-override' : 'system-default',
      isDynamicConfig: setting.context !== 'postmaster' && setting.context !== 'internal',
      isReadOnly: isReadOnly(setting),
      isConfigPendingRestart: setting.pendingRestart,
      ...(unit === undefined ? {} : { unit }),
      documentationLink: `https://www.postgresql.org/docs/${server.version}/runtime-config.html#GUC-${setting.name.toUpperCase().replaceAll('_', '-')}`,
    },
    id: `${serverId(place.subscription, place.group, server.name)}/configurations/${setting.name}`,
    name: setting.name,
    type: `${serverType}/configurations`,
  };
}
