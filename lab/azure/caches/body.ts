/** What PUT and PATCH of a cache may carry; fields that the lab does not know are ignored. */
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

export const cacheBody = z.object({
  location: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  properties: z
    .object({
      sku: z
        .object({
          name: anyCase(['Basic', 'Standard', 'Premium']),
          family: anyCase(['C', 'P']),
          capacity: z.coerce.number().int(),
        })
        .optional(),
      shardCount: z.int().optional(),
      enableNonSslPort: z.boolean().optional(),
      minimumTlsVersion: z.string().optional(),
      publicNetworkAccess: anyCase(['Enabled', 'Disabled']).optional(),
      redisConfiguration: z.record(z.string(), z.union([z.string(), z.number().transform(String)])).optional(),
    })
    .default({}),
});
export type CacheBody = z.infer<typeof cacheBody>;
