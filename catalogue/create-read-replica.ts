import { z } from 'zod';
import { resourceName, runInput } from './run-input';
import { kubernetesName } from './topology';

/** Input of `createReadReplica`. */
export const createReadReplicaInput = runInput.extend({
  /** Name of the new server. */
  replica: resourceName,
  /** The primary that it follows; the topology's where absent. */
  source: resourceName.optional(),
  /** The primary's region where absent; any other is slower, costs more, and must be asked for. */
  location: z
    .string()
    .regex(/^[a-z0-9]{3,40}$/, 'a region as Azure writes it, such as eastus')
    .optional(),
  /** Deployments of the topology that read from it; all that can where absent, none for an empty list. */
  readers: z.array(kubernetesName).max(20).optional(),
  /** For so long it must never be more than 1 MiB behind. */
  lagWindowSeconds: z.int().min(1).max(3600).default(60),
});
export type CreateReadReplicaInput = z.infer<typeof createReadReplicaInput>;
