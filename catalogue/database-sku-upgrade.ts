import { z } from 'zod';
import { resourceName, runInput } from './run-input';

const objectName = z.string().min(1).max(200);

/** Input of `databaseSkuUpgrade`: at least one of `sku` and `storageGb`. */
export const databaseSkuUpgradeInput = runInput
  .extend({
    /** Primary of the PostgreSQL flexible server; the topology's where absent. */
    server: resourceName.optional(),
    /** Such as Standard_D8ds_v4. */
    sku: z
      .string()
      .regex(/^[A-Za-z0-9_]{1,60}$/, 'the name of a size, such as Standard_D8ds_v4')
      .optional(),
    tier: z.enum(['Burstable', 'GeneralPurpose', 'MemoryOptimized']).optional(),
    storageGb: z.int().min(32).max(32_768).optional(),
    /** Names the operator accepts to lose: unlogged tables are emptied, logical slots dropped by a compute change. */
    acceptLoss: z
      .strictObject({
        unloggedTables: z.array(objectName).max(1000).default([]),
        logicalSlots: z.array(objectName).max(1000).default([]),
      })
      .optional(),
  })
  .refine((input) => input.sku !== undefined || input.storageGb !== undefined, {
    path: ['sku'],
    message: 'neither sku nor storageGb was given: say what to change',
  })
  .refine((input) => input.tier === undefined || input.sku !== undefined, {
    path: ['tier'],
    message: 'a tier without a sku: give the size as well',
  });
export type DatabaseSkuUpgradeInput = z.infer<typeof databaseSkuUpgradeInput>;
