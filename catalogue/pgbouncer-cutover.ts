import { z } from 'zod';
import { runInput } from './run-input';
import { kubernetesName } from './topology';

/** What a pool in transaction mode does not keep for a client (pgbouncer.org/features.html). */
export const sessionFeatures = {
  advisoryLock: 'session advisory locks',
  listen: 'LISTEN',
  prepare: 'PREPARE in SQL',
  withHold: 'cursors WITH HOLD',
  sessionSettings: 'SET for the session',
  temporaryTable: 'temporary tables that outlive a transaction',
} as const;
export type SessionFeature = keyof typeof sessionFeatures;

/** Input of `pgbouncerCutover`. */
export const pgbouncerCutoverInput = runInput.extend({
  /** Name of a deployment of the topology. */
  deployment: kubernetesName,
  /** For so long exactly one pod is on the new path, and is compared with the others. */
  canarySeconds: z.int().min(5).max(3600).default(120),
  /** For so long no client may wait for a second or more in any pool, once all pods are there. */
  watchSeconds: z.int().min(1).max(3600).default(60),
  /** Session features that were seen in use, and do not matter. */
  force: z.array(z.enum(Object.keys(sessionFeatures) as [SessionFeature, ...SessionFeature[]])).default([]),
});
export type PgbouncerCutoverInput = z.infer<typeof pgbouncerCutoverInput>;
