/** What PUT and PATCH of a server may carry; fields that the lab does not know are ignored, as Azure ignores them. */
import { z } from 'zod';

/** Azure takes enumerations in any spelling. */
const anyCase = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.preprocess(
    (given) =>
      typeof given === 'string'
        ? (values.find((value) => value.toLowerCase() === given.toLowerCase()) ?? given)
        : given,
    z.enum(values),
  );

const onOff = anyCase(['Enabled', 'Disabled']);

const properties = z.object({
  administratorLogin: z.string().optional(),
  administratorLoginPassword: z.string().optional(),
  version: z.string().optional(),
  availabilityZone: z.string().optional(),
  createMode: z.string().optional(),
  sourceServerResourceId: z.string().optional(),
  replicationRole: z.string().optional(),
  replica: z
    .object({
      role: anyCase(['None', 'Primary', 'AsyncReplica', 'GeoAsyncReplica']).optional(),
      promoteMode: anyCase(['Standalone', 'Switchover']).optional(),
      promoteOption: anyCase(['Planned', 'Forced']).optional(),
    })
    .optional(),
  storage: z
    .object({
      storageSizeGB: z.int().optional(),
      autoGrow: onOff.optional(),
      tier: z.string().optional(),
      type: z.string().optional(),
    })
    .optional(),
  backup: z.object({ backupRetentionDays: z.int().optional(), geoRedundantBackup: onOff.optional() }).optional(),
  highAvailability: z
    .object({
      mode: anyCase(['Disabled', 'SameZone', 'ZoneRedundant']).optional(),
      standbyAvailabilityZone: z.string().optional(),
    })
    .optional(),
  maintenanceWindow: z
    .object({
      customWindow: onOff.optional(),
      dayOfWeek: z.int().min(0).max(6).optional(),
      startHour: z.int().min(0).max(23).optional(),
      startMinute: z.int().min(0).max(59).optional(),
    })
    .optional(),
  authConfig: z
    .object({ activeDirectoryAuth: onOff.optional(), passwordAuth: onOff.optional(), tenantId: z.string().optional() })
    .optional(),
  network: z.object({ publicNetworkAccess: onOff.optional() }).optional(),
});

export const serverBody = z.object({
  location: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  sku: z
    .object({
      name: z.string().optional(),
      tier: anyCase(['Burstable', 'GeneralPurpose', 'MemoryOptimized']).optional(),
    })
    .optional(),
  properties: properties.default({}),
});

export type ServerBody = z.infer<typeof serverBody>;
