/** What it takes to replace a primary, what does not come along, and what the soak has shown. Pure, table-tested. */
import type { SkuOffer } from '../../activities/database/contract';
import type { ReplacedPool, ReplacementFacts } from '../../activities/replacements/contract';
import type { DatabaseReplaceInput } from '../../catalogue';
import { offerOf } from '../database-sku-upgrade/decisions';
import type { Settlement } from '../runbook/definition';

/**
 * As long as clients may wait, by the limits of each part: 10 s for open transactions, 2 and 5 to shut everybody out, 10 for the last byte
 * (activities/replacements/), 30 for Azure's answer (azure/resource-manager.ts); and 30 for a promotion, as one was recorded.
 */
export const switchoverSeconds = 90;

/** What of it is still to be done. */
export interface Work {
  create: boolean;
  /** Rollouts of the pooler are held, before its configuration is staged. */
  hold: boolean;
  stage: boolean;
  switchOver: boolean;
  /** They go on: those that a run of ours holds, this one or one that was terminated. */
  letGo: boolean;
  /** Keys with the primary's URL that lead to the old one. */
  addresses: ReplacementFacts['addresses'];
}

export function workOf({ replacement }: DatabaseReplaceInput, facts: ReplacementFacts): Work {
  const { existing, addresses, database } = facts;
  const { host, heldBy } = poolOf(facts) ?? {};
  const stale = addresses.filter((address) => address.host !== existing?.host);
  const promoted = existing !== undefined && existing.source === undefined && replacement !== database.primary.name;
  const isOver = promoted && host === existing.host;
  return {
    ...{ create: !isOver, hold: !isOver && heldBy === undefined, stage: !isOver, switchOver: !isOver },
    letGo: isOver ? heldBy === 'us' : heldBy !== 'others',
    addresses: stale,
  };
}

export function isSwitched(wanted: DatabaseReplaceInput, facts: ReplacementFacts): boolean {
  return !workOf(wanted, facts).switchOver;
}

export function poolOf({ pool }: ReplacementFacts): ReplacedPool | undefined {
  return typeof pool === 'object' ? pool : undefined;
}

/** The roles that the old primary lets in no more. */
export function rolesOf({ logins }: ReplacementFacts): string[] {
  return logins.map(({ role }) => role);
}

/** The size that is asked for, with its tier. Undefined where it is not offered. */
export function sizeOf({ sku }: DatabaseReplaceInput, { database }: ReplacementFacts): SkuOffer | undefined {
  return offerOf(database.offers, sku);
}

/** What belongs to the old server, and is not the new one's. The old one keeps it for as long as it is kept. */
export function lossesOf({
  database,
  surroundings,
  virtualEndpoints,
  tags,
  otherAddresses = [],
}: ReplacementFacts): string[] {
  const { primary, replicas } = database;
  const some = (what: string, names: string[]) => (names.length > 0 ? [`${what}: ${names.join(', ')}`] : []);
  return [
    ...(primary.highAvailability === 'Disabled' ? [] : [`high availability (${primary.highAvailability})`]),
    ...some('private endpoints', surroundings.privateEndpoints),
    ...some('Entra administrators', surroundings.administrators),
    ...some('virtual endpoints', virtualEndpoints),
    ...some(
      'replicas, which go on following the old one, and let nobody in any more',
      replicas.map(({ name }) => name),
    ),
    ...some('logical slots', primary.logicalSlots),
    ...some('resource locks', [...new Set(primary.locks.map(({ name }) => name))]),
    ...some('tags', tags),
    ...some('addresses that the topology does not name, and that go on leading to the old one', otherAddresses),
    'diagnostic settings and alerts',
    `backups: restores to a moment before the switchover are made from ${primary.name}, for ${surroundings.backupRetentionDays} days`,
  ];
}

/** After the soak: does every pod still lead to the new primary, and nobody to the old one? */
export function settled(
  { replacement }: DatabaseReplaceInput,
  _before: ReplacementFacts,
  after: ReplacementFacts,
): Settlement {
  const { name } = after.database.primary;
  const host = after.existing?.host;
  const elsewhere = (poolOf(after)?.pods ?? []).filter((pod) => pod.host !== host);
  const problems = [
    ...elsewhere.map((pod) => `${pod.pod} leads to ${pod.host ?? 'nowhere'}`),
    ...after.foreignSessions.map((session) => `on ${name} is ${session}`),
    ...after.logins.map(({ role }) => `${role} can log in to ${name} again`),
  ];
  const kept = `${name} is kept, closed to all its roles; it is billed until somebody deletes it, and restores from before need it for ${after.surroundings.backupRetentionDays} days`;
  return { problems, evidence: problems.length > 0 ? [] : [`clients are on ${replacement}`, kept] };
}
