/**
 * What stands in the way of a change of size, and what a person should know before saying yes: every reason at once. Pure,
 * table-tested. Each check answers with what it found, or with `ok`.
 */
import type { DatabaseFacts, ServerFacts } from '../../activities/database/contract';
import type { DatabaseSkuUpgradeInput, Finding, Topology } from '../../catalogue';
import { replayLagBytesMax } from '../../catalogue';
import type { Checks } from '../runbook/checks';
import { askAll, refuse, refuseLocked, warn } from '../runbook/checks';
import { computeSteps, expectedStallSeconds, offerOf, shortSku } from './decisions';
import { poolerChecks } from './pooler-findings';

export interface Situation {
  wanted: DatabaseSkuUpgradeInput;
  facts: DatabaseFacts;
  servers: ServerFacts[];
  topology: Topology;
  restarts: boolean;
}

/** Sizes of Premium SSD that a flexible server takes, GiB (concepts-storage). */
const storageSizes = [32, 64, 128, 256, 512, 1024, 2048, 4095, 4096, 8192, 16_384, 32_767, 32_768];

export function findings(wanted: DatabaseSkuUpgradeInput, facts: DatabaseFacts, topology: Topology): Finding[] {
  const servers = [facts.primary, ...facts.replicas];
  const restarts = wanted.sku !== undefined && wanted.sku !== facts.primary.sku;
  const situation = { wanted, facts, servers, topology, restarts };
  return askAll(checks, situation);
}

const checks: Checks<Situation> = {
  'is a primary': ({ facts: { primary } }) =>
    primary.role === 'Primary' || primary.role === 'None'
      ? []
      : [
          refuse(
            'NotAPrimary',
            'server',
            `${primary.name} is a replica (${primary.role}): name its primary, the replicas follow`,
          ),
        ],

  'servers are ready': ({ servers }) =>
    servers
      .filter((server) => server.state !== 'Ready')
      .map((server) =>
        refuse('ServerNotReady', 'server', `${server.name} is ${server.state}: it must be Ready before it is changed`),
      ),

  'size is offered': ({ wanted, facts: { offers, primary } }) => {
    if (wanted.sku === undefined || offerOf(offers, wanted.sku)) return [];
    const tier = wanted.tier ?? primary.tier;
    const here = offers.filter((offer) => offer.tier === tier).map((offer) => shortSku(offer.sku));
    return [
      refuse(
        'SkuUnavailable',
        'sku',
        `${wanted.sku} is not offered in ${primary.location}; ${tier} sizes here: ${here.join(', ')}`,
      ),
    ];
  },

  'present sizes are known': ({ servers, wanted, facts: { offers } }) =>
    servers
      .filter(({ sku }) => wanted.sku !== undefined && sku !== wanted.sku && !offerOf(offers, sku))
      .map(({ name, sku }) =>
        refuse('SkuUnknown', 'sku', `${name} is of ${sku}, which Azure does not list here any more: change it by hand`),
      ),

  'max_connections waits for no restart': ({ servers, restarts }) =>
    servers
      .filter(({ pending }) => restarts && pending.some(({ name }) => name === 'max_connections'))
      .map(({ name }) =>
        refuse(
          'ConnectionsPending',
          'server',
          `somebody has set max_connections of ${name}, and it waits for a restart: restart it first (databaseRestart), or set it back`,
        ),
      ),

  'tier fits the size': ({ wanted, facts: { offers } }) => {
    const offer = offerOf(offers, wanted.sku);
    if (!offer || wanted.tier === undefined || wanted.tier === offer.tier) return [];
    return [refuse('TierMismatch', 'tier', `${wanted.sku} belongs to ${offer.tier}, not to ${wanted.tier}`)];
  },

  'tier allows what the server has': ({ wanted, facts: { offers, primary, replicas } }) => {
    if (offerOf(offers, wanted.sku)?.tier !== 'Burstable') return [];
    const found: Finding[] = [];
    if (replicas.length > 0)
      found.push(
        refuse(
          'BurstableWithReplicas',
          'sku',
          `Burstable sizes have no read replicas, and ${primary.name} has ${names(replicas)}`,
        ),
      );
    if (primary.highAvailability !== 'Disabled')
      found.push(
        refuse(
          'BurstableWithHighAvailability',
          'sku',
          `Burstable sizes have no high availability, and ${primary.name} has ${primary.highAvailability}`,
        ),
      );
    return found;
  },

  'storage only grows': ({ wanted, facts: { primary } }) =>
    wanted.storageGb !== undefined && wanted.storageGb < primary.storageGb
      ? [
          refuse(
            'StorageShrinks',
            'storageGb',
            `${wanted.storageGb} is less than today's ${primary.storageGb}: storage can only grow`,
          ),
        ]
      : [],

  'storage has a size of Azure': ({ wanted, facts: { primary } }) =>
    wanted.storageGb !== undefined && wanted.storageGb > primary.storageGb && !storageSizes.includes(wanted.storageGb)
      ? [
          refuse(
            'StorageSizeUnavailable',
            'storageGb',
            `${wanted.storageGb} is no size of Premium SSD; larger than today's ${primary.storageGb}: ${storageSizes.filter((size) => size > primary.storageGb).join(', ')}`,
          ),
        ]
      : [],

  'storage grows online': ({ wanted, facts: { primary } }) =>
    (wanted.storageGb ?? 0) > 4096 && primary.storageGb <= 4096
      ? [warn('StorageOffline', 'storageGb', `growing past 4,096 GiB is not online: ${primary.name} restarts for it`)]
      : [],

  'no resource lock': ({ servers }) => servers.flatMap(({ locks }) => refuseLocked('server', locks)),

  'replicas are in sync': ({ facts: { replicas } }) =>
    replicas.flatMap((replica) => {
      if (replica.replayLagBytes === null || replica.replayLagBytes === undefined) {
        return [
          refuse(
            'ReplicaNotStreaming',
            'server',
            `${replica.name} is not streaming from its primary: repair or remove it first`,
          ),
        ];
      }
      return replica.replayLagBytes > replayLagBytesMax
        ? [
            refuse(
              'ReplicaBehind',
              'server',
              `${replica.name} is ${replica.replayLagBytes} bytes behind, at most ${replayLagBytesMax} are allowed: let it catch up`,
            ),
          ]
        : [];
    }),

  'a backup is recent': ({ facts: { primary, backup }, topology }) => {
    const hoursMax = topology.postgres.backupAgeHoursMax;
    if (backup.newestAgeHours === undefined)
      return [
        refuse(
          'NoBackup',
          'server',
          `${primary.name} has no finished automated backup: without one nothing is changed`,
        ),
      ];
    return backup.newestAgeHours > hoursMax
      ? [
          refuse(
            'BackupTooOld',
            'server',
            `the newest automated backup of ${primary.name} is ${Math.floor(backup.newestAgeHours)} h old, at most ${hoursMax} h are allowed`,
          ),
        ]
      : [];
  },

  'a restore point exists': ({ facts: { primary, backup } }) =>
    backup.earliestRestoreDate === undefined
      ? [
          refuse(
            'NoRestorePoint',
            'server',
            `Azure names no earliestRestoreDate for ${primary.name}: it could not be restored`,
          ),
        ]
      : [],

  'no unlogged tables': ({ wanted, facts: { primary }, restarts }) =>
    accepted(restarts ? primary.unloggedTables : [], wanted.acceptLoss?.unloggedTables, (tables) =>
      refuse(
        'UnloggedTables',
        'acceptLoss.unloggedTables',
        `a compute change may empty unlogged tables: ${tables}. Name them in the input if that is acceptable`,
      ),
    ),

  'no logical slots': ({ wanted, facts: { primary }, restarts }) =>
    accepted(restarts ? primary.logicalSlots : [], wanted.acceptLoss?.logicalSlots, (slots) =>
      refuse(
        'LogicalSlots',
        'acceptLoss.logicalSlots',
        `a compute change may drop logical replication slots: ${slots}. Name them in the input if that is acceptable`,
      ),
    ),

  'no long transactions': ({ servers, restarts }) =>
    servers
      .filter((server) => restarts && server.longTransactions.length > 0)
      .map(({ name, longTransactions }) =>
        warn(
          'LongTransactions',
          'server',
          `${longTransactions.length} transactions older than 5 min on ${name} (now: ${longTransactions.map(({ pid }) => `pid ${pid}`).join(', ')}) would be cut off`,
        ),
      ),

  'no pending parameters': ({ servers, restarts }) =>
    servers
      .filter((server) => restarts && server.pending.length > 0)
      .map(({ name, pending }) =>
        warn(
          'PendingParameters',
          'server',
          `the restart of ${name} also makes effective what somebody set before: ${pending.map((parameter) => `${parameter.name} = ${parameter.value}`).join(', ')}`,
        ),
      ),

  'high availability': ({ facts: { primary }, restarts }) =>
    restarts && primary.highAvailability !== 'Disabled'
      ? [
          warn(
            'HighAvailability',
            'server',
            `${primary.name} has high availability (${primary.highAvailability}): no near-zero-downtime scaling, expect 2–10 min`,
          ),
        ]
      : [],

  'clients survive the stall': ({ facts, topology, wanted }) => {
    if (!computeSteps(wanted, facts).some((step) => step.server === facts.primary)) return [];
    const stall = expectedStallSeconds(facts.primary);
    return topology.postgres.clients.flatMap((client) => {
      const short = [
        (client.connectTimeoutSeconds ?? stall) < stall && `waits ${client.connectTimeoutSeconds} s for a connection`,
        (client.livenessToleranceSeconds ?? stall) < stall &&
          `is restarted after ${client.livenessToleranceSeconds} s without a healthy answer`,
      ].filter((reason) => reason !== false);
      return short.length > 0
        ? [warn('ClientIntolerant', 'server', `${client.name} ${short.join(' and ')}; the stall may last ${stall} s`)]
        : [];
    });
  },

  ...poolerChecks,
};

function accepted(present: string[], named: string[] | undefined, complain: (names: string) => Finding): Finding[] {
  const unnamed = present.filter((name) => !named?.includes(name));
  return unnamed.length > 0 ? [complain(unnamed.join(', '))] : [];
}

function names(servers: ServerFacts[]): string {
  return servers.map((server) => server.name).join(', ');
}
