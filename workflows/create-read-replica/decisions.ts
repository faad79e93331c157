/** What a new replica needs, and what stands in its way. Pure, table-tested. */
import type { ReplicaFacts } from '../../activities/replicas/contract';
import type { CreateReadReplicaInput, Finding, Topology } from '../../catalogue';
import { replayLagBytesMax } from '../../catalogue';
import type { Checks } from '../runbook/checks';
import { askAll, refuse, refuseLocked, warn } from '../runbook/checks';
import type { Settlement } from '../runbook/definition';
import { clientsUnmeasured } from '../deployments';
import { refuseInjected, refusePrivate, refuseUnmarked, replicasMax, warnOfRules } from '../replication';

/** The guide's "when to add read replicas". */
const readShareMin = 70;

interface Situation {
  wanted: CreateReadReplicaInput;
  facts: ReplicaFacts;
  topology: Topology;
}

export function findings(wanted: CreateReadReplicaInput, facts: ReplicaFacts, topology: Topology): Finding[] {
  return askAll(checks, { wanted, facts, topology });
}

const checks: Checks<Situation> = {
  'source is a primary': ({ facts: { database } }) =>
    ['Primary', 'None'].includes(database.primary.role)
      ? []
      : [refuse('NotAPrimary', 'source', `${database.primary.name} is a replica itself: name its primary`)],

  'source is Ready': ({ facts: { database } }) =>
    database.primary.state === 'Ready'
      ? []
      : [refuse('ServerNotReady', 'source', `${database.primary.name} is ${database.primary.state}: it must be Ready`)],

  'tier has replicas': ({ facts: { database } }) =>
    database.primary.tier === 'Burstable'
      ? [refuse('BurstableWithReplicas', 'source', `${database.primary.name} is Burstable, which has no read replicas`)]
      : [],

  'name is free or its own': ({ wanted, facts: { existing, database } }) =>
    existing && existing.source !== database.primary.name
      ? [
          refuse(
            'NameTaken',
            'replica',
            `${wanted.replica} is there already and follows ${existing.source ?? 'nobody'}: take another name`,
          ),
        ]
      : [],

  'one that is there keeps up': ({ facts, wanted: { replica } }) => {
    if (!facts.existing || facts.existing.source !== facts.database.primary.name) return [];
    const { serves, state } = stateOf(replica, facts);
    return serves ? [] : [refuse('ReplicaNotServing', 'replica', `${replica} is there, ${state}: nobody is led to it`)];
  },

  'one that is there is where it is wanted': ({ facts: { existing, database }, wanted: { replica, location } }) => {
    const wanted = location ?? database.primary.location;
    return existing === undefined || existing.location === wanted
      ? []
      : [
          refuse(
            'OtherRegion',
            'location',
            `${replica} is there already, in ${existing.location}, not in ${wanted}: name that, or another replica`,
          ),
        ];
  },

  'its network is known': ({ facts: { existing, database } }) =>
    existing
      ? []
      : refuseInjected(
          'source',
          database.primary,
          'make it (az postgres flexible-server replica create --subnet …), then start this again, which goes on with it',
        ),

  'it can be reached': ({ facts: { existing, database } }) =>
    existing
      ? []
      : refusePrivate(
          'source',
          database.primary,
          'make it, with a private endpoint of its own, then start this again, which goes on with it',
        ),

  'who reaches it': ({ wanted: { replica }, facts: { existing, firewallRules } }) => {
    if (!existing) return warnOfRules('replica', replica, firewallRules);
    const { lackingRules = [] } = existing;
    if (lackingRules.length === 0) return [];
    const names = lackingRules.join(', ');
    return [
      warn(
        'RulesLacking',
        'replica',
        `${replica} is there, without the firewall rules ${names} of its source: whom they let in does not reach it`,
      ),
    ];
  },

  'one more is allowed': ({ facts: { existing, database } }) =>
    !existing && database.replicas.length >= replicasMax
      ? [
          refuse(
            'TooManyReplicas',
            'replica',
            `${database.primary.name} has ${database.replicas.length} replicas, at most ${replicasMax} are allowed`,
          ),
        ]
      : [],

  'region of the primary': ({ wanted: { location }, facts: { database, offeredThere = true } }) => {
    const { primary } = database;
    if (location === undefined || location === primary.location) return [];
    return offeredThere
      ? [
          warn(
            'OtherRegion',
            'location',
            `${location} is another region than the primary's ${primary.location}: slower reads, and traffic between regions costs`,
          ),
        ]
      : [
          refuse(
            'SkuUnavailable',
            'location',
            `${location} offers no ${primary.sku}, the primary's size: leave it out for ${primary.location}, or name another region`,
          ),
        ];
  },

  'no resource lock': ({ facts: { database } }) => refuseLocked('source', database.primary.locks),

  'markers can be written': ({ facts: { markers } }) => refuseUnmarked('source', markers),

  'readers are known': ({ wanted: { readers = [] }, topology }) => {
    const known = (topology.kubernetes?.deployments ?? []).filter(({ readReplica }) => readReplica);
    const names = known.map(({ name }) => name);
    return readers
      .filter((name) => !names.includes(name))
      .map((name) =>
        refuse(
          'NoReader',
          'readers',
          `the topology does not say how ${name} reads from a replica; it does for: ${names.join(', ') || 'none'}`,
        ),
      );
  },

  'readers can be changed': ({ facts }) =>
    facts.readers.flatMap(({ deployment, variable, secret, key, taken, byItself = false, controller }) => [
      ...(taken
        ? [refuse('VariableTaken', 'readers', `${deployment} sets ${variable} in another way: take that away first`)]
        : []),
      ...(byItself
        ? [
            refuse(
              'VariableTaken',
              'readers',
              `${deployment} takes all of ${secret} (envFrom), so that ${variable} would come with ${key} into every pod that starts, before it is led there and after it is taken back: give the key another name in the topology (readReplica.key)`,
            ),
          ]
        : []),
      ...(controller
        ? [
            refuse(
              'OwnedByController',
              'readers',
              `${controller} owns ${deployment} or its Secret and would set it back: change it there`,
            ),
          ]
        : []),
    ]),

  'readers read from no other': ({ facts }) =>
    facts.readers
      .filter(({ host }) => host !== undefined && host !== facts.existing?.host)
      .map(({ deployment, host, secret, key }) =>
        refuse(
          'ReadsFromAnother',
          'readers',
          `${deployment} reads from ${host} already (${key} of ${secret}): move it away first`,
        ),
      ),

  'readers that have the variable have the key': ({ facts }) =>
    facts.readers
      .filter(({ wired, host }) => wired && host === undefined)
      .map(({ deployment, secret, key }) =>
        refuse(
          'WiredWithoutKey',
          'readers',
          `the template of ${deployment} takes ${key} of ${secret}, which is not there: a pod reads it only at its start, so take the variable out of the template first`,
        ),
      ),

  'sessions can be told apart': ({ facts }) =>
    facts.readers
      .filter(({ wired, host, application, deployment }) => !wired && host !== undefined && application !== deployment)
      .map(({ deployment, secret, key }) =>
        refuse(
          'AddressUnnamed',
          'readers',
          `${key} of ${secret} has no application_name=${deployment}, by which its sessions are known: add it, or remove the key`,
        ),
      ),

  'clients of readers are measured': ({ facts, topology }) =>
    facts.readers.flatMap(({ deployment, clientsAnswer }) => clientsUnmeasured(deployment, clientsAnswer, topology)),

  'connections of a second pool': ({ facts, topology }) =>
    facts.readers.flatMap(({ deployment }) => {
      const pool = topology.kubernetes?.deployments.find(({ name }) => name === deployment)?.databasePool;
      return pool
        ? [
            warn(
              'SecondPool',
              'readers',
              `each pod of ${deployment} opens a second pool, of up to ${pool.default} connections, on the replica; reads there may be stale, and long ones can be cancelled by replay`,
            ),
          ]
        : [];
    }),

  'no parameter waits for a restart': ({ wanted: { replica }, facts: { existing, database } }) => {
    const { name, pending } = database.primary;
    const waiting = pending.map((parameter) => `${parameter.name} = ${parameter.value}`);
    return !existing && waiting.length > 0
      ? [
          warn(
            'PendingParameters',
            'source',
            `${name} waits for a restart with ${waiting.join(', ')}, which ${replica} would begin with: restart it first (databaseRestart)`,
          ),
        ]
      : [];
  },

  'reads are worth it': ({ facts: { readShare } }) =>
    readShare !== undefined && readShare < readShareMin
      ? [
          warn(
            'FewReads',
            'source',
            `${readShare} % of the rows touched are read; the guide adds replicas from ${readShareMin} % on`,
          ),
        ]
      : [],
};

/** What a replica that is there is like, in words, and whether readers may use it. */
function stateOf(replica: string, { existing, database }: ReplicaFacts): { serves: boolean; state: string } {
  const { state = 'absent' } = existing ?? {};
  const lag = database.replicas.find(({ name }) => name === replica)?.replayLagBytes;
  const streams = typeof lag === 'number';
  return {
    serves: state === 'Ready' && streams && lag <= replayLagBytesMax,
    state: `${state} and ${streams ? `${lag} bytes behind` : 'not streaming'}`,
  };
}

/** After the soak it must still be in service, and the address of every reader still be its own: pods that start later read by it. */
export function settled({ replica }: CreateReadReplicaInput, _before: ReplicaFacts, after: ReplicaFacts): Settlement {
  const { serves, state } = stateOf(replica, after);
  const problems = [
    ...(serves ? [] : [`${replica} is ${state}`]),
    ...after.readers
      .filter(({ host }) => host !== undefined && host !== after.existing?.host)
      .map(({ key, secret, host }) => `${key} of ${secret} leads to ${host}: somebody else changed it`),
  ];
  return { problems, evidence: problems.length > 0 ? [] : [`${replica} is ${state}`] };
}
