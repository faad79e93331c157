/** What stands in the way of replacing a primary, and what a person should know before. Pure, table-tested. */
import type { ReplacedPod, ReplacementFacts } from '../../activities/replacements/contract';
import type { DatabaseReplaceInput, Finding, Topology } from '../../catalogue';
import { directionOf, offerOf } from '../database-sku-upgrade/decisions';
import { impatient, pausedBySomebody, turningAway, unpausable } from '../pauses';
import { refuseInjected, refusePrivate, refuseUnmarked, replicasMax, warnOfRules } from '../replication';
import type { Checks } from '../runbook/checks';
import { askAll, refuse, refuseLocked, warn } from '../runbook/checks';
import { reservedConnections } from '../scale-deployment/budget';
import { isSwitched, lossesOf, poolOf, sizeOf, switchoverSeconds } from './decisions';

interface Situation {
  wanted: DatabaseReplaceInput;
  facts: ReplacementFacts;
  topology: Topology;
}

export function findings(wanted: DatabaseReplaceInput, facts: ReplacementFacts, topology: Topology): Finding[] {
  if (isSwitched(wanted, facts)) return leftBehind(wanted, facts);
  return askAll(checks, { wanted, facts, topology });
}

/** Where it is a primary by our doing nobody can log in to the old one, and a pod that is late is its guard's; else somebody else has promoted it. */
function leftBehind({ replacement }: DatabaseReplaceInput, facts: ReplacementFacts): Finding[] {
  const host = facts.existing?.host;
  if (facts.logins.length === 0) return [];
  return (poolOf(facts)?.pods ?? [])
    .filter((pod) => pod.problem === undefined && pod.host !== host)
    .map((pod) =>
      refuse(
        'PoolerDivided',
        'replacement',
        `${pod.pod} leads to ${pod.host ?? 'an unknown server'}, and its file to ${replacement}, which somebody else has promoted, for roles can log in to ${facts.database.primary.name}: lead the file back, and take another name`,
      ),
    );
}

const checks: Checks<Situation> = {
  'is a primary': ({ facts: { database } }) =>
    ['Primary', 'None'].includes(database.primary.role)
      ? []
      : [refuse('NotAPrimary', 'server', `${database.primary.name} is a replica: name its primary`)],

  'is Ready': ({ facts: { database } }) =>
    database.primary.state === 'Ready'
      ? []
      : [refuse('ServerNotReady', 'server', `${database.primary.name} is ${database.primary.state}: it must be Ready`)],

  'no resource lock': ({ facts: { database } }) => refuseLocked('server', database.primary.locks),

  'name is free': ({ wanted, facts: { existing } }) =>
    existing
      ? [
          refuse(
            'NameTaken',
            'replacement',
            `${wanted.replacement} is there already and follows ${existing.source ?? 'nobody'}: take another name`,
          ),
        ]
      : [],

  'its network is known': ({ facts: { database } }) =>
    refuseInjected(
      'server',
      database.primary,
      'only servers that are reached from outside a network are replaced by this',
    ),

  'it can be reached': ({ facts: { database } }) =>
    refusePrivate('server', database.primary, 'only servers that are reached otherwise are replaced by this'),

  'one more replica is allowed': ({ facts: { database } }) =>
    database.replicas.length >= replicasMax
      ? [refuse('TooManyReplicas', 'server', `${database.primary.name} has ${replicasMax} replicas, which is the most`)]
      : [],

  'no reader is lost unawares': ({ wanted, facts: { database } }) =>
    database.replicas
      .filter(({ name }) => name !== wanted.replacement && !wanted.replicasLeftBehind.includes(name))
      .map(({ name }) =>
        refuse(
          'ReplicaLeftBehind',
          'replicasLeftBehind',
          `${name} goes on following ${database.primary.name}, and so nobody but the administrator can log in there any more, and who stays reads what was there at the switchover. Lead its readers to the primary first; then name it here, or delete it`,
        ),
      ),

  'those left behind are replicas': ({ wanted, facts: { database } }) =>
    wanted.replicasLeftBehind
      .filter((name) => !database.replicas.some((replica) => replica.name === name))
      .map((name) =>
        refuse(
          'ReplicaUnknown',
          'replicasLeftBehind',
          `${name} is no replica of ${database.primary.name}: leave it out`,
        ),
      ),

  'size is offered': ({ wanted, facts }) =>
    sizeOf(wanted, facts)
      ? []
      : [refuse('SkuUnavailable', 'sku', `${wanted.sku} is not offered in ${facts.database.primary.location}`)],

  'size is no smaller': ({ wanted, facts }) => {
    const { primary, offers } = facts.database;
    const [from, to] = [offerOf(offers, primary.sku), sizeOf(wanted, facts)];
    if (!from) {
      return [
        refuse(
          'SkuUnknown',
          'sku',
          `${primary.name} is of ${primary.sku}, which Azure does not list here any more: whether ${wanted.sku} is smaller cannot be told. Change its size first (databaseSkuUpgrade, or by hand)`,
        ),
      ];
    }
    return to && directionOf(from, to) === 'down'
      ? [
          refuse(
            'SmallerSize',
            'sku',
            `${wanted.sku} is smaller than ${primary.sku}: a replica may not be smaller than its primary (databaseSkuUpgrade can)`,
          ),
        ]
      : [];
  },

  'tiers have replicas': ({ wanted, facts }) =>
    [facts.database.primary.tier, sizeOf(wanted, facts)?.tier].includes('Burstable')
      ? [refuse('Burstable', 'sku', 'a Burstable server has no replicas, and is none')]
      : [],

  'backups stay in the region': ({ facts: { surroundings, database } }) =>
    surroundings.geoRedundantBackup
      ? [
          refuse(
            'GeoRedundant',
            'server',
            `${database.primary.name} has geo-redundant backups, which a server can only be given when it is made: the new one would have none`,
          ),
        ]
      : [],

  'no unlogged tables': ({ facts: { database } }) =>
    database.primary.unloggedTables.length > 0
      ? [
          refuse(
            'UnloggedTables',
            'server',
            `unlogged tables are empty on a replica: ${database.primary.unloggedTables.join(', ')}`,
          ),
        ]
      : [],

  'markers can be written': ({ facts: { markers } }) => refuseUnmarked('server', markers),

  'a pooler is there': ({ facts: { pool, database } }) =>
    typeof pool === 'object'
      ? []
      : [
          refuse(
            'NotPooled',
            'server',
            pool === 'unknown'
              ? 'this worker knows no cluster, so it cannot lead the clients anywhere'
              : `there is no PgBouncer before ${database.primary.name}: make one (deployPgbouncer), and lead the deployments there (pgbouncerCutover)`,
          ),
        ],

  'its configuration is known': ({ facts }) => {
    const pool = poolOf(facts);
    return pool && pool.host === undefined
      ? [refuse('PoolerUnknown', 'server', `the configuration of ${pool.name} is not of deployPgbouncer’s making`)]
      : [];
  },

  'whose rollouts are held': ({ facts }) => {
    const pool = poolOf(facts);
    return pool?.heldBy === 'others'
      ? [
          warn(
            'RolloutsHeld',
            'server',
            `somebody else has paused ${pool.name}: its rollouts stay held when this has ended`,
          ),
        ]
      : [];
  },

  'no built-in pooler': ({ facts: { database } }) =>
    database.builtInPooler
      ? [refuse('DoublePooling', 'server', `${database.primary.name} has Azure’s own pooler on: switch it off`)]
      : [],

  'every pod can be paused': ofPods((pod) => unpausable(pod)),

  'nobody has paused it': ofPods((pod) => pausedBySomebody(pod)),

  'every pod leads there': ofPods((pod, { facts }) => {
    const { host } = poolOf(facts)!;
    if (pod.problem !== undefined || (pod.leadsHere !== false && pod.host === host)) return [];
    return [
      refuse('PoolerDivided', 'server', `${pod.pod} leads to ${pod.host ?? 'an unknown server'}, not to ${host}`),
    ];
  }),

  'waiting clients are not cut off': ofPods((pod, { wanted }) =>
    impatient(pod, wanted.clientBudget.longestStallSeconds, switchoverSeconds),
  ),

  'new clients are soon let in again': ofPods((pod) => turningAway(pod)),

  'every client comes through the pool': ({ facts: { foreignSessions, database } }) =>
    foreignSessions.length > 0
      ? [
          refuse(
            'DirectSessions',
            'server',
            `on ${database.primary.name} are sessions that are not the pool’s, and would be cut off for good: ${foreignSessions.join('; ')}. Lead them through the pool (pgbouncerCutover), or end them`,
          ),
        ]
      : [],

  'no job goes on at the old server': ({ facts: { jobs = [], database } }) =>
    jobs.length > 0
      ? [
          refuse(
            'AdministratorJobs',
            'server',
            `on ${database.primary.name} pg_cron runs jobs as the administrator, who is not shut out: they would go on there beside the new server, and what they write from the switchover on would be lost: ${jobs.join('; ')}. Make them inactive (SELECT cron.alter_job(<id>, active => false)) until this has succeeded, or schedule them as a role of their own`,
          ),
        ]
      : [],

  'connections suffice': ({ facts }) => {
    const { maxConnections } = facts.database.primary;
    const pools = (poolOf(facts)?.pods ?? []).map(({ poolSize = 0 }) => poolSize);
    const sum = pools.reduce((total, size) => total + size, 0);
    return sum > maxConnections - reservedConnections
      ? [
          refuse(
            'TooManyConnections',
            'replacement',
            `the pools open ${pools.join(' + ')} = ${sum} connections, and of ${maxConnections} (max_connections, which comes along) Azure keeps ${reservedConnections}`,
          ),
        ]
      : [];
  },

  'every role can be shut out': ({ facts: { logins } }) =>
    logins
      .filter(({ ours }) => !ours)
      .map(({ role }) =>
        refuse(
          'RoleNotFenced',
          'server',
          `the administrator may not forbid ${role} to log in: GRANT ${role} TO <administrator> WITH ADMIN OPTION, as who made it`,
        ),
      ),

  'its own role can be shut out': ({ facts }) => {
    const pool = poolOf(facts);
    if (!pool || facts.logins.some(({ role }) => role === pool.role)) return [];
    return [
      refuse(
        'RoleNotFenced',
        'server',
        `${pool.name} logs in as ${pool.role}, the administrator or a role of Azure’s, which cannot be forbidden to: give the application a role of its own (deployPgbouncer)`,
      ),
    ];
  },

  'no long transactions': ({ facts: { database } }) => {
    const { name, longTransactions } = database.primary;
    return longTransactions.length > 0
      ? [
          refuse(
            'LongTransactions',
            'server',
            `${longTransactions.length} transactions older than 5 min on ${name} (now: ${longTransactions.map(({ pid }) => `pid ${pid}`).join(', ')}): a pause waits for open transactions. End them, or wait`,
          ),
        ]
      : [];
  },

  'what does not come along': ({ facts, wanted }) =>
    lossesOf(facts).map((loss) => warn('NotCarriedOver', 'replacement', `${wanted.replacement} has not: ${loss}`)),

  'what comes along': ({ facts: { overrides, firewallRules }, wanted: { replacement } }) => [
    ...(overrides.length > 0
      ? [warn('CarriedOver', 'replacement', `set on ${replacement} as well: ${overrides.join(', ')}`)]
      : []),
    ...warnOfRules('replacement', replacement, firewallRules),
  ],

  'the topology follows': ({ wanted, facts, topology }) =>
    topology.postgres.primary === facts.database.primary.name
      ? [
          warn(
            'TopologyToChange',
            'replacement',
            `when this has succeeded, set postgres.primary of the topology to ${wanted.replacement}, give the worker the URLs of ${facts.database.primary.name} with the host of ${wanted.replacement} under that name, and start the workers anew`,
          ),
        ]
      : [],
};

function ofPods(check: (pod: ReplacedPod, situation: Situation) => Finding[]) {
  return (situation: Situation): Finding[] =>
    (poolOf(situation.facts)?.pods ?? []).flatMap((pod) => check(pod, situation));
}
