import { z } from 'zod';
import { identity, resourceName } from './run-input';

/**
 * The names of one production and its policies, read from a YAML file (config/production.yaml). References to secrets,
 * never secrets.
 */
const askPolicy = z.enum(['none', 'required']);

export const topologySchema = z.strictObject({
  environment: z.string().min(1).max(63),
  azure: z.strictObject({
    resourceGroup: z.string().regex(/^[A-Za-z0-9._()-]{1,90}$/),
  }),
  postgres: z.strictObject({
    /** Default of `server`. */
    primary: resourceName,
    database: z.string().min(1).max(63),
    applicationRole: z.string().min(1).max(63),
    /** Who connects, and what they survive: preflight warns by name where the expected stall is longer. */
    clients: z
      .array(
        z.strictObject({
          name: z.string().min(1).max(63),
          /** How long the client waits for a connection before it fails a request, seconds. */
          connectTimeoutSeconds: z.number().positive().optional(),
          /** Failing probes for this long restart the client, seconds. */
          livenessToleranceSeconds: z.number().positive().optional(),
        }),
      )
      .default([]),
    /** The newest automated backup may be at most this old, hours. */
    backupAgeHoursMax: z.number().positive().default(26),
  }),
  approval: z.strictObject({
    reversible: askPolicy.default('none'),
    lossy: askPolicy.default('required'),
    irreversible: askPolicy.default('required'),
    /** Who may approve; anyone but the requester where empty. */
    approvers: z.array(identity).default([]),
  }),
});
export type Topology = z.infer<typeof topologySchema>;
