import { z } from 'zod';
import { resourceName, runInput } from './run-input';

/** Input of `databaseReplace`. */
export const databaseReplaceInput = runInput.extend({
  /** The primary that is replaced; the topology's where absent. */
  server: resourceName.optional(),
  /** Name of the server that takes its place. */
  replacement: resourceName,
  /** Such as Standard_D8ds_v4; no smaller than the one that is replaced. */
  sku: z.string().regex(/^[A-Za-z0-9_]{1,60}$/, 'the name of a size, such as Standard_D8ds_v4'),
  /** Replicas of the primary that nobody reads any more: they go on following it, and let nobody in but the administrator. */
  replicasLeftBehind: z.array(resourceName).max(5).default([]),
  /** For so long the new server must never be more than 1 MiB behind, before clients are led there. */
  lagWindowSeconds: z.int().min(1).max(3600).default(60),
});
export type DatabaseReplaceInput = z.infer<typeof databaseReplaceInput>;
