import type { z } from 'zod';
import { databaseSkuUpgradeInput } from './database-sku-upgrade';
import { scaleDeploymentInput } from './scale-deployment';
import type { Topology } from './topology';

export interface RunbookEntry {
  /** The workflow type. */
  name: string;
  title: string;
  /** One or two sentences for a list. */
  summary: string;
  /** The worst that can happen, in a sentence. */
  risk: string;
  input: z.ZodType;
  /** The name of what a run is about, for its workflow id. */
  subject(input: Record<string, unknown>, topology: Topology): string;
  /** An input that works on a freshly made lab. */
  example: Record<string, unknown>;
}

/** Every runbook there is, by name. The only place that knows them all. */
export const runbooks: Record<string, RunbookEntry> = {
  databaseSkuUpgrade: {
    name: 'databaseSkuUpgrade',
    title: 'Change the size of a PostgreSQL flexible server',
    summary:
      'Changes compute (with the parameters that share its restart) and storage of a primary and its replicas, in the order that replication allows.',
    risk: 'One restart per server: clients see a stall of up to a minute. Storage can never shrink again.',
    input: databaseSkuUpgradeInput,
    subject: ({ server }, topology) => (typeof server === 'string' ? server : topology.postgres.primary),
    example: { sku: 'Standard_D8ds_v4', tier: 'GeneralPurpose', reason: 'Black Friday' },
  },
  scaleDeployment: {
    name: 'scaleDeployment',
    title: 'Run more or fewer pods of a deployment',
    summary:
      'Changes whoever owns the number of pods (the autoscaler, or the deployment itself), and the connection pool of each pod where it must shrink first.',
    risk: 'Too many pods exhaust the connections of the database: refused before anything is touched.',
    input: scaleDeploymentInput,
    subject: ({ deployment }) => String(deployment),
    example: { deployment: 'broxiva-api', replicas: 10, reason: 'Black Friday' },
  },
};

export function findRunbook(name: string): RunbookEntry | undefined {
  return Object.hasOwn(runbooks, name) ? runbooks[name] : undefined;
}
