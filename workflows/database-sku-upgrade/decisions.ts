/**
 * What a change of size means for one primary and its replicas: which servers, in which order, to what. Pure, table-tested.
 *
 * Sources: "Azure Database for PostgreSQL" documentation, concepts-limits (default connections), concepts-read-replicas
 * (order of scaling, parameters of replicas), concepts-scaling-resources (restart, near-zero-downtime scaling).
 */
import type { Compute, DatabaseFacts, ServerFacts, SkuOffer } from '../../activities/database/contract';
import type { Patience } from '../../activities/poolers/contract';
import type { DatabaseSkuUpgradeInput } from '../../catalogue';
import { marginSeconds } from '../pauses';

/** Default max_connections by memory in GiB (concepts-limits). It does not follow a change of size by itself. */
const defaultConnections: [memoryGb: number, connections: number][] = [
  [2, 50],
  [4, 429],
  [8, 859],
  [16, 1718],
  [32, 3437],
];
const connectionsMax = 5000;

export function defaultConnectionsFor(memoryGb: number): number {
  return defaultConnections.find(([memory]) => memoryGb <= memory)?.[1] ?? connectionsMax;
}

export type Direction = 'up' | 'down' | 'same';

/** By cores, then by memory. */
export function directionOf(from: SkuOffer, to: SkuOffer): Direction {
  const difference = to.vCores - from.vCores || to.memoryGb - from.memoryGb;
  return difference > 0 ? 'up' : difference < 0 ? 'down' : 'same';
}

/** A value that is the old size's default follows to the new size's default; one that somebody chose stays. */
export function connectionsAfter(current: number, from: SkuOffer, to: SkuOffer): number {
  return current === defaultConnectionsFor(from.memoryGb) ? defaultConnectionsFor(to.memoryGb) : current;
}

export interface ComputeStep {
  server: ServerFacts;
  from: Compute;
  to: Compute;
}

/**
 * The compute changes in their order: replicas first on the way up, the primary first on the way down, for a primary may
 * never exceed its smallest replica, nor its max_connections a replica's. On the way up every smaller replica follows; on the
 * way down those that had the primary's size do, others were sized on purpose.
 */
export function computeSteps(
  wanted: DatabaseSkuUpgradeInput,
  { primary, replicas, offers }: DatabaseFacts,
): ComputeStep[] {
  const to = offerOf(offers, wanted.sku);
  const from = offerOf(offers, primary.sku);
  if (!to || !from || to.sku === primary.sku) return [];
  const direction = directionOf(from, to);
  const connections = connectionsAfter(primary.maxConnections, from, to);
  const following = replicas.filter((replica) => {
    const size = offerOf(offers, replica.sku);
    if (!size) return false;
    return direction === 'down' ? replica.sku === primary.sku : directionOf(size, to) === 'up';
  });
  const step = (server: ServerFacts, atLeast: number): ComputeStep => ({
    server,
    from: compute(server.sku, server.tier, server.maxConnections),
    to: compute(
      to.sku,
      to.tier,
      Math.max(
        atLeast,
        server === primary ? connections : connectionsAfter(server.maxConnections, offerOf(offers, server.sku)!, to),
      ),
    ),
  });
  const replicaSteps = following.map((replica) => step(replica, connections));
  const primaryStep = step(primary, 0);
  return direction === 'down' ? [primaryStep, ...replicaSteps] : [...replicaSteps, primaryStep];
}

export interface StorageStep {
  server: ServerFacts;
  fromGb: number;
  toGb: number;
}

/** Storage grows on every replica first, then on the primary; nothing shrinks. */
export function storageSteps(wanted: DatabaseSkuUpgradeInput, { primary, replicas }: DatabaseFacts): StorageStep[] {
  const toGb = wanted.storageGb;
  if (toGb === undefined) return [];
  return [...replicas, primary]
    .filter((server) => server.storageGb < toGb)
    .map((server) => ({ server, fromGb: server.storageGb, toGb }));
}

/** Longest stall that clients of a primary should expect from a compute change, seconds (concepts-scaling-resources). */
export function expectedStallSeconds(primary: Pick<ServerFacts, 'highAvailability'>): number {
  // Near-zero-downtime scaling takes 10–30 s, 40–60 s with DNS; servers with high availability do not get it: 2–10 min.
  return primary.highAvailability === 'Disabled' ? 60 : 600;
}

/** What does not fit a stall of so many seconds in how a pooler lets clients wait. */
export type PoolerMisfit = 'gives up' | 'turns away';

/**
 * What deployPgbouncer sets: after a login that failed, the first answer came after 0.6 s then, after 13.0 s with PgBouncer's
 * own 15 s (measured on 1.18).
 */
const loginRetrySecondsMax = 1;

export function poolerMisfits(
  { queryWaitTimeoutSeconds = 0, serverLoginRetrySeconds = 0 }: Partial<Patience>,
  stallSeconds: number,
): PoolerMisfit[] {
  return [
    // 0: it waits for ever.
    ...(queryWaitTimeoutSeconds > 0 && queryWaitTimeoutSeconds < stallSeconds ? ['gives up' as const] : []),
    ...(serverLoginRetrySeconds > loginRetrySecondsMax ? ['turns away' as const] : []),
  ];
}

/** How its pooler is to let clients wait over it, where it does not yet and is ours to configure. */
export function patienceFor(
  wanted: DatabaseSkuUpgradeInput,
  facts: DatabaseFacts,
): { from: Patience; to: Patience } | undefined {
  const from = facts.pooler?.configured;
  if (!from || !computeSteps(wanted, facts).some(({ server }) => server === facts.primary)) return undefined;
  const stall = expectedStallSeconds(facts.primary);
  const misfits = poolerMisfits(from, stall);
  if (misfits.length === 0) return undefined;
  const to = {
    queryWaitTimeoutSeconds: misfits.includes('gives up') ? stall + marginSeconds : from.queryWaitTimeoutSeconds,
    serverLoginRetrySeconds: misfits.includes('turns away') ? loginRetrySecondsMax : from.serverLoginRetrySeconds,
  };
  return { from, to };
}

export function showPatience({ queryWaitTimeoutSeconds: wait, serverLoginRetrySeconds: retry }: Patience): string {
  return `clients wait ${wait === 0 ? 'for ever' : `${wait} s`}, are turned away for ${retry} s`;
}

export function offerOf(offers: SkuOffer[], sku: string | undefined): SkuOffer | undefined {
  return offers.find((offer) => offer.sku === sku);
}

/** "D8ds_v4": the size without what every size has in common. */
export function shortSku(sku: string): string {
  return sku.replace(/^Standard_/, '');
}

export function showCompute({ sku, parameters }: Compute): string {
  const settings = Object.entries(parameters).map(([name, value]) => `${name} ${value}`);
  return [shortSku(sku), ...settings].join(', ');
}

function compute(sku: string, tier: string, connections: number): Compute {
  return { sku, tier, parameters: { max_connections: String(connections) } };
}
