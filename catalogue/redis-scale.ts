import { z } from 'zod';
import { cacheSizes } from './cache-size';
import { resourceName, runInput } from './run-input';

/** Input of `redisScale`. What is not given stays as it is. */
export const redisScaleInput = runInput
  .extend({
    /** The topology's where absent. */
    cache: resourceName.optional(),
    tier: z.enum(['Basic', 'Standard', 'Premium']).optional(),
    /** C0 to C6 are Basic and Standard, P1 to P5 Premium. */
    size: z.enum(Object.keys(cacheSizes) as [string, ...string[]]).optional(),
    /** Premium only (cache-how-to-premium-clustering: up to 30). */
    shards: z.int().min(1).max(30).optional(),
    /** Memory that is not for data, of each shard, MB; the same share of the new size where absent. */
    maxmemoryReservedMb: z.int().min(1).max(100_000).optional(),
    acceptLoss: z
      .strictObject({
        /** What the new size has no room for may be evicted. */
        evictions: z.boolean().default(false),
        /** A Basic cache loses all it has with its size. */
        everything: z.boolean().default(false),
      })
      .optional(),
  })
  .refine(
    ({ tier, size, shards, maxmemoryReservedMb }) =>
      [tier, size, shards, maxmemoryReservedMb].some((one) => one !== undefined),
    {
      path: ['size'],
      message: 'at least one of tier, size, shards, maxmemoryReservedMb',
    },
  );
export type RedisScaleInput = z.infer<typeof redisScaleInput>;
