/**
 * Goal: Azure refuses what it refuses, and nothing else; sizes and settings are Azure's.
 * Method: tables over the pure parts.
 */
import type { AzureError } from '../../lab/azure/errors';
import { parseFilter } from '../../lab/azure/activity-log';
import { assertReplicaOrder, assertValue } from '../../lab/azure/configurations/rules';
import { scaledRetryAfter } from '../../lab/azure/durations';
import { serverBody } from '../../lab/azure/flexible-servers/body';
import { planCreate } from '../../lab/azure/flexible-servers/create';
import { promotionIn } from '../../lab/azure/flexible-servers/promote';
import type { FlexibleServer } from '../../lab/azure/flexible-servers/record';
import { planUpdate, updateTiming } from '../../lab/azure/flexible-servers/update';
import { shortTime } from '../../lab/azure/http/headers';
import { defaultMaxConnections, findSku, memorySettings, skus } from '../../lab/azure/skus';
import type { Setting } from '../../lab/postgres';

const none = () => false;

function server(name: string, sku: string, storageGb: number, more: Partial<FlexibleServer> = {}): FlexibleServer {
  const body = serverBody.parse({
    location: 'westus',
    sku: { name: sku, tier: findSku(sku)!.tier },
    properties: { administratorLogin: 'a', administratorLoginPassword: 'b', storage: { storageSizeGB: storageGb } },
  });
  return { ...planCreate(name, body, none, '2026-01-01T00:00:00Z'), started: true, ...more };
}

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'taken';
  } catch (error) {
    return (error as AzureError).code;
  }
};

describe('a change of a server', () => {
  const primary = server('primary', 'Standard_D4ds_v4', 256);
  const replica = server('replica', 'Standard_D4ds_v4', 256, { source: 'primary' });
  const burstable = server('small', 'Standard_B2s', 64);
  const alone = { replicas: [] };

  test.each<[string, FlexibleServer, { primary?: FlexibleServer; replicas: FlexibleServer[] }, object, string]>([
    ['a bigger size', primary, alone, { sku: { name: 'Standard_D8ds_v4', tier: 'GeneralPurpose' } }, 'taken'],
    ['a bigger size without its tier', primary, alone, { sku: { name: 'Standard_D8ds_v4' } }, 'taken'],
    ['a size of another tier', primary, alone, { sku: { name: 'Standard_E8ds_v4', tier: 'MemoryOptimized' } }, 'taken'],
    [
      'a size that its tier has not',
      primary,
      alone,
      { sku: { name: 'Standard_B1ms', tier: 'GeneralPurpose' } },
      'ServerEditionIncompatibleWithSkuSize',
    ],
    [
      'a tier that its size has not',
      primary,
      alone,
      { sku: { tier: 'Burstable' } },
      'ServerEditionIncompatibleWithSkuSize',
    ],
    [
      'a size that there is not',
      primary,
      alone,
      { sku: { name: 'Standard_D9ds_v4', tier: 'GeneralPurpose' } },
      'InvalidParameterValue',
    ],
    ['less storage', primary, alone, { properties: { storage: { storageSizeGB: 128 } } }, 'InvalidParameterValue'],
    [
      'storage of no known size',
      primary,
      alone,
      { properties: { storage: { storageSizeGB: 300 } } },
      'InvalidParameterValue',
    ],
    ['more storage', primary, alone, { properties: { storage: { storageSizeGB: 512 } } }, 'taken'],
    ['a higher performance tier', primary, alone, { properties: { storage: { tier: 'P30' } } }, 'taken'],
    [
      'a lower performance tier than its size has',
      primary,
      alone,
      { properties: { storage: { tier: 'P10' } } },
      'InvalidParameterValue',
    ],
    [
      'backups for four days',
      primary,
      alone,
      { properties: { backup: { backupRetentionDays: 4 } } },
      'InvalidParameterValue',
    ],
    [
      'high availability on a burstable server',
      burstable,
      alone,
      { properties: { highAvailability: { mode: 'ZoneRedundant' } } },
      '',
    ],
    [
      'high availability on a replica',
      replica,
      { primary, replicas: [] },
      { properties: { highAvailability: { mode: 'SameZone' } } },
      'HighAvailabilityNotSupportedOnReplica',
    ],
    [
      'a primary larger than its replica',
      primary,
      { replicas: [replica] },
      { sku: { name: 'Standard_D8ds_v4' } },
      'SourceServerExceedsReplica',
    ],
    [
      'a primary with more storage than its replica',
      primary,
      { replicas: [replica] },
      { properties: { storage: { storageSizeGB: 512 } } },
      'SourceServerExceedsReplica',
    ],
    [
      'a primary smaller than its replica',
      primary,
      { replicas: [replica] },
      { sku: { name: 'Standard_D2ds_v4' } },
      'taken',
    ],
    [
      'a replica smaller than its primary',
      replica,
      { primary, replicas: [] },
      { sku: { name: 'Standard_D2ds_v4' } },
      'ReplicaBelowSourceServer',
    ],
    [
      'a replica larger than its primary',
      replica,
      { primary, replicas: [] },
      { sku: { name: 'Standard_D8ds_v4' } },
      'taken',
    ],
    [
      'a burstable replica',
      replica,
      { primary, replicas: [] },
      { sku: { name: 'Standard_B4ms', tier: 'Burstable' } },
      'ReadReplicaNotSupportedForBurstableServer',
    ],
    ['another administrator', primary, alone, { properties: { administratorLogin: 'other' } }, 'InvalidParameterValue'],
    [
      'what az sends with every PATCH',
      primary,
      alone,
      {
        sku: { name: 'Standard_D4ds_v4', tier: 'GeneralPurpose' },
        properties: {
          administratorLogin: 'a',
          storage: { storageSizeGB: 256, autoGrow: 'Disabled' },
          backup: { backupRetentionDays: 7 },
          authConfig: { passwordAuth: 'Enabled', tenantId: '' },
        },
      },
      'taken',
    ],
  ])('%s', (_what, current, relatives, body, code) => {
    expect(codeOf(() => planUpdate(current, serverBody.parse(body), relatives, none))).toBe(code);
  });

  test('a size that the region has not', () => {
    const body = serverBody.parse({ sku: { name: 'Standard_D8ds_v4' } });
    expect(codeOf(() => planUpdate(primary, body, alone, (sku) => sku === 'Standard_D8ds_v4'))).toBe('SkuNotAvailable');
  });

  test('compute and storage in one request take the time of both', () => {
    const body = serverBody.parse({
      sku: { name: 'Standard_D8ds_v4' },
      properties: { storage: { storageSizeGB: 512 } },
    });
    const planned = planUpdate(primary, body, alone, none);
    expect([planned.compute, planned.storage, updateTiming(planned).seconds]).toEqual([true, true, 420]);
    expect(planned.server.storage).toEqual({ sizeGb: 512, autoGrow: 'Disabled', tier: 'P20', iops: 2300 });
    expect(planned.server.maxConnections).toBe(1718);
  });
});

test.each([
  ['Standard_B1ms', 50],
  ['Standard_D2ds_v4', 859],
  ['Standard_D4ds_v4', 1718],
  ['Standard_D8ds_v4', 3437],
  ['Standard_D16ds_v4', 5000],
  ['Standard_E2ds_v4', 1718],
])('max_connections of a new %s: %i', (sku, connections) => {
  expect(defaultMaxConnections(findSku(sku)!)).toBe(connections);
});

test('memory settings are a share of the size by the memory factor', () => {
  const d4 = findSku('standard_d4ds_V4')!;
  expect(memorySettings(d4, 1)).toEqual({ shared_buffers: '524288', effective_cache_size: '1572864' });
  expect(memorySettings(d4, 64)).toEqual({ shared_buffers: '8192', effective_cache_size: '24576' });
  expect(new Set(skus.map(({ name }) => name)).size).toBe(skus.length);
});

describe('server parameters', () => {
  const setting = (name: string, type: string, more: Partial<Setting> = {}): Setting => ({
    ...{
      name,
      type,
      value: '',
      unit: null,
      bootValue: '',
      resetValue: '',
      context: 'user',
      minimum: null,
      maximum: null,
    },
    ...{ enumeration: null, pendingRestart: false, description: '', ...more },
  });
  const integer = setting('lock_timeout', 'integer', { minimum: '0', maximum: '2147483647' });
  test.each<[Setting, string, string]>([
    [integer, '2000', 'taken'],
    [integer, '-1', 'ServerParameterToCMSUnAllowedParameterValue'],
    [integer, '2s', 'ServerParameterToCMSUnAllowedParameterValue'],
    [integer, '', 'ServerParameterToCMSUnAllowedParameterValue'],
    [
      setting('max_connections', 'integer', { minimum: '1', maximum: '262143' }),
      '5001',
      'ServerParameterToCMSUnAllowedParameterValue',
    ],
    [setting('autovacuum_vacuum_cost_delay', 'real', { minimum: '-1', maximum: '100' }), '-1', 'taken'],
    [setting('autovacuum', 'bool'), 'OFF', 'taken'],
    [setting('autovacuum', 'bool'), 'maybe', 'ServerParameterToCMSUnAllowedParameterValue'],
    [setting('track_functions', 'enum', { enumeration: ['none', 'pl', 'all'] }), 'pl', 'taken'],
    [
      setting('wal_level', 'enum', { enumeration: ['minimal', 'replica', 'logical'] }),
      'minimal',
      'ServerParameterToCMSUnAllowedParameterValue',
    ],
    [setting('search_path', 'string'), '"$user", public', 'taken'],
    [setting('search_path', 'string'), 'a\nb', 'ServerParameterToCMSUnAllowedParameterValue'],
    [setting('fsync', 'bool'), 'off', 'ServerParameterToCMSReadOnlyParameter'],
    [setting('server_version', 'string', { context: 'internal' }), '18', 'ServerParameterToCMSReadOnlyParameter'],
  ])('$name = %s is %s', (row, value, code) => {
    expect(codeOf(() => assertValue(row, value))).toBe(code);
  });

  test.each([
    [
      'raised on a replica',
      'max_connections',
      '3437',
      { primary: { name: 'p', value: '1718' }, replicas: [] },
      'taken',
    ],
    [
      'lowered below the primary',
      'max_connections',
      '859',
      { primary: { name: 'p', value: '1718' }, replicas: [] },
      'ServerParameterToCMSUnAllowedParameterValue',
    ],
    [
      'raised above a replica',
      'max_connections',
      '3437',
      { replicas: [{ name: 'r', value: '1718' }] },
      'ServerParameterToCMSUnAllowedParameterValue',
    ],
    ['another parameter', 'work_mem', '8192', { replicas: [{ name: 'r', value: '4096' }] }, 'taken'],
  ])('%s', (_what, name, value, relatives, code) => {
    expect(codeOf(() => assertReplicaOrder(name, value, relatives))).toBe(code);
  });
});

describe('promotion', () => {
  const replica = server('replica', 'Standard_D4ds_v4', 256, { source: 'primary' });
  const primary = server('primary', 'Standard_D4ds_v4', 256);
  test.each<[string, FlexibleServer, object, object | string | undefined]>([
    [
      'as az sends it',
      replica,
      { replica: { role: 'Primary', promoteMode: 'switchover', promoteOption: 'planned' } },
      { mode: 'Switchover', option: 'Planned' },
    ],
    ['as it was in 2023', replica, { replicationRole: 'None' }, { mode: 'Standalone', option: 'Planned' }],
    [
      'forced',
      replica,
      { replica: { role: 'Primary', promoteMode: 'Standalone', promoteOption: 'Forced' } },
      { mode: 'Standalone', option: 'Forced' },
    ],
    ['none of it', replica, { storage: { storageSizeGB: 512 } }, undefined],
    ["a replica's own role sent back", replica, { replica: { role: 'AsyncReplica' } }, undefined],
    ["a primary's own role sent back", primary, { replica: { role: 'Primary' } }, undefined],
    [
      'of a primary',
      primary,
      { replica: { role: 'Primary', promoteMode: 'Standalone' } },
      'OperationNotAllowedOnPrimary',
    ],
  ])('%s', (_what, current, properties, expected) => {
    const work = () => promotionIn(serverBody.parse({ properties }), current);
    if (typeof expected === 'string') expect(codeOf(work)).toBe(expected);
    else expect(work()).toEqual(expected);
  });
});

test.each([
  [60, 60, 1],
  [60, 10, 6],
  [10, 600, 1],
  [15, 1, 15],
])('Retry-After %i s at a factor of %i is %i', (seconds, factor, expected) => {
  expect(scaledRetryAfter(seconds, factor)).toBe(expected);
});

test.each([
  ['2025-02-05T22:03:56.150Z', '2025-02-05T22:03:56.15Z'],
  ['2025-02-05T22:03:56.000Z', '2025-02-05T22:03:56Z'],
])('%s is written %s', (iso, short) => expect(shortTime(iso)).toBe(short));

test('an activity-log filter with an unknown term is refused', () => {
  expect(codeOf(() => parseFilter("colour eq 'blue'"))).toBe('BadRequest');
  expect(codeOf(() => parseFilter("eventTimestamp ge 'never'"))).toBe('BadRequest');
});
