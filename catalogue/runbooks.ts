import type { z } from 'zod';
import { configureAutoscalingInput } from './configure-autoscaling';
import { createReadReplicaInput } from './create-read-replica';
import { databaseReplaceInput } from './database-replace';
import { databaseRestartInput } from './database-restart';
import { databaseSkuUpgradeInput } from './database-sku-upgrade';
import { deployPgbouncerInput } from './deploy-pgbouncer';
import { pgbouncerCutoverInput } from './pgbouncer-cutover';
import { redisClusterBootstrapInput } from './redis-cluster-bootstrap';
import { redisClusterReshardInput } from './redis-cluster-reshard';
import { redisScaleInput } from './redis-scale';
import { resizeDeploymentInput } from './resize-deployment';
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

const serverOrPrimary: RunbookEntry['subject'] = ({ server }, topology) =>
  typeof server === 'string' ? server : topology.postgres.primary;

/** Every runbook there is, by name; workflows/index.ts has their workflows. */
export const runbooks: Record<string, RunbookEntry> = {
  databaseSkuUpgrade: {
    name: 'databaseSkuUpgrade',
    title: 'Change the size of a PostgreSQL flexible server',
    summary:
      'Changes compute (with the parameters that share its restart) and storage of a primary and its replicas, in the order that replication allows.',
    risk: 'One restart per server: clients see a stall of up to a minute. Storage can never shrink again.',
    input: databaseSkuUpgradeInput,
    subject: serverOrPrimary,
    example: { sku: 'Standard_D8ds_v4', tier: 'GeneralPurpose', reason: 'Black Friday' },
  },
  databaseRestart: {
    name: 'databaseRestart',
    title: 'Set parameters of a PostgreSQL flexible server, and restart it',
    summary:
      'Sets server parameters, and restarts the server where they need it. Where PgBouncer stands before it, its clients wait meanwhile instead of failing.',
    risk: 'Whoever is connected past PgBouncer is cut off. Every parameter that waits for a restart takes effect, whoever set it.',
    input: databaseRestartInput,
    subject: serverOrPrimary,
    example: { restart: true, reason: 'maintenance' },
  },
  databaseReplace: {
    name: 'databaseReplace',
    title: 'Replace the primary behind PgBouncer by a server of another size',
    summary:
      'Makes a replica of the new size, waits until it keeps up, and promotes it while every pod of PgBouncer is paused: clients wait for seconds, and none fails.',
    risk: 'The promotion has no way back. The new server has another name, and much that belongs to the old one does not come along: the plan lists it.',
    input: databaseReplaceInput,
    subject: serverOrPrimary,
    example: { replacement: 'broxiva-db-primary-2', sku: 'Standard_D8ds_v4', reason: 'Black Friday' },
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
  createReadReplica: {
    name: 'createReadReplica',
    title: 'Make a read replica of a PostgreSQL flexible server',
    summary: 'Makes the replica, waits until it keeps up, and leads the reads of deployments there.',
    risk: 'Reads from a replica may be stale; each pod opens a second pool.',
    input: createReadReplicaInput,
    subject: ({ replica }) => String(replica),
    example: { replica: 'broxiva-db-replica-1', reason: 'reads are slow' },
  },
  redisScale: {
    name: 'redisScale',
    title: 'Change tier, size or shards of an Azure Cache for Redis',
    summary:
      'Scales the cache, sets again what of its memory is reserved, and verifies by a marker and the live server that its data came along.',
    risk: 'Connections break. A higher tier has no way back; a smaller size evicts what it has no room for.',
    input: redisScaleInput,
    subject: ({ cache }, topology) => (typeof cache === 'string' ? cache : (topology.redis?.cache ?? 'no cache')),
    example: { tier: 'Premium', size: 'P3', reason: 'Black Friday' },
  },
  resizeDeployment: {
    name: 'resizeDeployment',
    title: 'Give the pods of a deployment more or less CPU and memory',
    summary: 'Resizes running pods in place where that is possible, else replaces them one after the other.',
    risk: 'A pod whose memory limit is below its use is killed; noticed, and taken back.',
    input: resizeDeploymentInput,
    subject: ({ deployment }) => String(deployment),
    example: { deployment: 'broxiva-api', size: 'large', reason: 'Black Friday' },
  },
  configureAutoscaling: {
    name: 'configureAutoscaling',
    title: 'Set how a deployment scales by itself',
    summary: 'Makes or changes the autoscaler of a deployment: limits, metrics, and how fast it moves.',
    risk: 'An autoscaler that moves too fast, or by a metric that nobody serves; taken back where it does not work.',
    input: configureAutoscalingInput,
    subject: ({ deployment }) => String(deployment),
    example: { deployment: 'broxiva-web', min: 2, max: 8, cpuPercent: 70, memoryPercent: 80 },
  },
  redisClusterBootstrap: {
    name: 'redisClusterBootstrap',
    title: 'Make a Redis cluster, or finish one that is half made',
    summary:
      'Makes the pods of the topology’s Redis cluster and forms the cluster from whatever state its nodes are in; proves it with markers and, where nobody uses it yet, by the loss of a master.',
    risk: 'A node with keys or slots that do not belong is refused, never flushed. Nodes that were there before and have met stay together.',
    input: redisClusterBootstrapInput,
    subject: (_input, topology) => topology.kubernetes?.redisCluster?.name ?? 'redis-cluster',
    example: { nodes: 6, maxMemoryMegabytes: 2048, reason: 'one Redis is too small' },
  },
  redisClusterReshard: {
    name: 'redisClusterReshard',
    title: 'Spread a Redis cluster over more or fewer masters',
    summary:
      'Adds pods and moves hash slots with their keys to them, or moves slots away and takes pods out, under traffic.',
    risk: 'A very large key stops its node while it moves. Commands with several keys of one slot may have to be tried again meanwhile. Where nodes stay whose master gives up all its slots, its last step has no way back.',
    input: redisClusterReshardInput,
    subject: (_input, topology) => topology.kubernetes?.redisCluster?.name ?? 'redis-cluster',
    example: { masters: 4, reason: 'three masters are full' },
  },
  deployPgbouncer: {
    name: 'deployPgbouncer',
    title: 'Run PgBouncer in front of the primary',
    summary:
      'Makes or changes the pooler of the topology: its configuration in a Secret, Service, disruption budget, and pods that are each tried with a transaction. No application is led there.',
    risk: 'Its pools add connections to the primary. Changing one that is in use replaces its pods: their clients connect again.',
    input: deployPgbouncerInput,
    subject: (_input, topology) => topology.kubernetes?.pooler?.name ?? 'pgbouncer',
    example: { poolSize: 25, maxClientConnections: 1000, reason: 'too many connections' },
  },
  pgbouncerCutover: {
    name: 'pgbouncerCutover',
    title: 'Lead a deployment to the primary through PgBouncer',
    summary:
      'One pod goes first and is compared with its siblings, then all; done when the deployment has no session of its own on the primary and no client waits for a second in a pool.',
    risk: 'What lives longer than a transaction (LISTEN, advisory locks, SQL PREPARE) does not survive a pool: refused where it is seen. Named statements of the protocol cannot be seen.',
    input: pgbouncerCutoverInput,
    subject: ({ deployment }) => String(deployment),
    example: { deployment: 'broxiva-api', reason: 'too many connections' },
  },
};

export function findRunbook(name: string): RunbookEntry | undefined {
  return Object.hasOwn(runbooks, name) ? runbooks[name] : undefined;
}
