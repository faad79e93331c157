/**
 * How many connections the pods may open, against what the server takes: written out, so that a refusal can be checked with
 * a pencil. Pure, table-tested.
 */
import type { PoolConsumer } from '../../activities/deployments/contract';

export interface Budget {
  /** "broxiva-api (10 + 3 surge) × 20 = 260" */
  lines: string[];
  total: number;
  available: number;
}

/** Kept for the administrator and replication (Azure Database for PostgreSQL, concepts-limits). */
export const reservedConnections = 15;

/** A percentage of the pods is rounded up (kubernetes.io, "Deployments", Max Surge). */
export function surgeOf(maxSurge: string, pods: number): number {
  const [, percent] = /^(\d+)%$/.exec(maxSurge) ?? [];
  return percent === undefined ? Number(maxSurge) : Math.ceil((pods * Number(percent)) / 100);
}

export function connectionBudget(consumers: PoolConsumer[], available: number): Budget {
  const parts = consumers.map(({ deployment, pods, maxSurge, connectionsPerPod, assumed }) => {
    const surge = surgeOf(maxSurge, pods);
    const total = (pods + surge) * connectionsPerPod;
    const each = `${connectionsPerPod}${assumed ? ' (assumed)' : ''}`;
    return { total, line: `${deployment} (${pods} + ${surge} surge) × ${each} = ${total}` };
  });
  return {
    lines: parts.map(({ line }) => line),
    total: parts.reduce((sum, { total }) => sum + total, 0),
    available,
  };
}

/** The largest pool with which one deployment's pods fit beside the others'; 0 where none does. */
export function largestPool(consumers: PoolConsumer[], deployment: string, available: number): number {
  const own = consumers.find((consumer) => consumer.deployment === deployment);
  if (!own) return 0;
  const others = connectionBudget(
    consumers.filter((consumer) => consumer !== own),
    available,
  );
  const pods = own.pods + surgeOf(own.maxSurge, own.pods);
  return Math.max(0, Math.floor((available - others.total) / pods));
}
