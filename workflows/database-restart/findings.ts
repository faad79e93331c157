/** What stands in the way of new parameters and a restart, and what a person should know. Pure, table-tested. */
import type { PoolPodFacts, RestartFacts } from '../../activities/restarts/contract';
import type { DatabaseRestartInput, Finding, Topology } from '../../catalogue';
import { nearest } from '../../catalogue';
import type { Checks } from '../runbook/checks';
import { askAll, refuse, refuseLocked, warn } from '../runbook/checks';
import { impatient, pausedBySomebody, turningAway, unpausable } from '../pauses';
import { isAllowed, poolBefore, type Work, wantedValues, workOf } from './decisions';

interface Situation {
  wanted: DatabaseRestartInput;
  facts: RestartFacts;
  topology: Topology;
  work: Work;
}

export function findings(wanted: DatabaseRestartInput, facts: RestartFacts, topology: Topology): Finding[] {
  return askAll(checks, { wanted, facts, topology, work: workOf(wanted, facts) });
}

const checks: Checks<Situation> = {
  'server is ready': ({ facts: { server } }) =>
    server.state === 'Ready'
      ? []
      : [
          refuse(
            'ServerNotReady',
            'server',
            `${server.name} is ${server.state}: it must be Ready before it is changed`,
          ),
        ],

  'replicas are in sync': ({ facts: { replicas } }) =>
    replicas
      .flatMap(({ problems = [] }) => problems)
      .map((problem) =>
        refuse(
          'ReplicaNotStreaming',
          'server',
          `${problem}; the run ends well only where every replica streams: repair or remove it first, or let it catch up`,
        ),
      ),

  'its primary answers': ({ facts: { source } }) =>
    (source?.problems ?? []).map((problem) =>
      refuse('PrimaryUnreachable', 'server', `a replica needs at least as much as its primary, and ${problem}`),
    ),

  'a restart can be seen': ({ facts: { server, applicationProblem }, work }) =>
    work.restarts && applicationProblem !== undefined
      ? [
          refuse(
            'ApplicationLoginFailed',
            'server',
            `${server.name} is seen to be back by a login and a write as the application, and they fail: ${applicationProblem}`,
          ),
        ]
      : [],

  'no resource lock': ({ facts: { locks } }) => refuseLocked('server', locks),

  'parameters exist': ({ wanted, facts }) =>
    Object.keys(wanted.parameters)
      .filter((name) => !facts.parameters.some((known) => known.name === name))
      .map((name) => {
        const alike = nearest(name, facts.known);
        const hint = alike === undefined ? 'check its name' : `did you mean ${alike}?`;
        return refuse(
          'UnknownParameter',
          `parameters.${name}`,
          `${facts.server.name} has no parameter ${name}: ${hint}`,
        );
      }),

  'parameters can be set': ({ facts }) =>
    facts.parameters
      .filter(({ isReadOnly }) => isReadOnly)
      .map(({ name }) =>
        refuse('ReadOnlyParameter', `parameters.${name}`, `Azure lets nobody change ${name}: leave it out`),
      ),

  'values are allowed': ({ wanted, facts }) => {
    const values = wantedValues(wanted);
    return facts.parameters
      .filter((parameter) => !parameter.isReadOnly && !isAllowed(parameter, values[parameter.name]!))
      .map(({ name, dataType, allowedValues }) =>
        refuse(
          'ValueNotAllowed',
          `parameters.${name}`,
          `${name} cannot be "${values[name]}": ${dataType} ${allowedValues} is allowed`,
        ),
      );
  },

  'replicas have at least as much': ({ wanted, facts: { source, replicas, server } }) => {
    const values = wantedValues(wanted);
    const below = Object.entries(source?.values ?? {})
      .filter(([name, value]) => Number(values[name]) < Number(value))
      .map(([name, value]) =>
        refuse(
          'BelowPrimary',
          `parameters.${name}`,
          `${name} of the replica ${server.name} would be ${values[name]}, less than the ${value} of its primary ${source!.name}: lower it there first`,
        ),
      );
    const above = replicas.flatMap(({ name: replica, values: theirs }) =>
      Object.entries(theirs)
        .filter(([name, value]) => Number(values[name]) > Number(value))
        .map(([name, value]) =>
          refuse(
            'AboveReplica',
            `parameters.${name}`,
            `${name} would be ${values[name]}, more than the ${value} of the replica ${replica}: raise it there first`,
          ),
        ),
    );
    return [...below, ...above];
  },

  'nobody else’s parameter waits': ({ wanted, facts: { pending, server }, work }) => {
    const others = pending.filter(({ name }) => !(name in wanted.parameters));
    return work.restarts && others.length > 0
      ? [
          warn(
            'PendingParameters',
            'server',
            `the restart of ${server.name} also makes effective what somebody set before: ${others.map(({ name, value }) => `${name} = ${value}`).join(', ')}`,
          ),
        ]
      : [];
  },

  'high availability': ({ facts: { server }, work }) =>
    work.restarts && server.highAvailability !== 'Disabled'
      ? [
          warn(
            'HighAvailability',
            'server',
            `${server.name} has high availability (${server.highAvailability}): it is restarted in place, not failed over`,
          ),
        ]
      : [],

  'no long transactions': ({ facts, work }) => {
    const { longTransactions, server } = facts;
    if (!work.restarts || longTransactions.length === 0) return [];
    const which = `${longTransactions.length} transactions older than 5 min on ${server.name} (now: ${longTransactions.map(({ pid }) => `pid ${pid}`).join(', ')})`;
    return poolBefore(facts)
      ? [
          refuse(
            'LongTransactions',
            'server',
            `${which}: a pause waits for open transactions, and all clients with it. End them, or wait`,
          ),
        ]
      : [warn('LongTransactions', 'server', `${which} would be cut off`)];
  },

  'clients can wait': ({ facts, work, topology }) => {
    if (!work.restarts || poolBefore(facts)) return [];
    const { server, pool } = facts;
    const why =
      pool === 'unknown'
        ? `this worker knows no cluster, so it cannot see whether ${topology.kubernetes?.pooler?.name} leads there`
        : pool
          ? `${pool.name} leads elsewhere`
          : 'there is no PgBouncer before it (deployPgbouncer makes one)';
    return [
      warn(
        'NotPooled',
        'server',
        `clients of ${server.name} are cut off, and refused until it is back, mostly for seconds: ${why}`,
      ),
    ];
  },

  'no client goes past the pooler': ({ facts, work }) => {
    const pool = poolBefore(facts);
    return work.restarts && pool && pool.directSessions > 0
      ? [
          warn(
            'DirectSessions',
            'server',
            `${pool.directSessions} sessions of the application on ${facts.server.name} are not ${pool.name}'s: the restart cuts them off`,
          ),
        ]
      : [];
  },

  'every pod can be paused': ofPods((pod) => unpausable(pod)),

  'nobody has paused it': ofPods((pod) => pausedBySomebody(pod)),

  'every pod leads there': ofPods((pod, { server }) =>
    pod.leadsHere === false
      ? [refuse('PoolerDivided', 'server', `${pod.pod} leads to another server than ${server.name}, others lead there`)]
      : [],
  ),

  'waiting clients are not cut off': ofPods((pod, _facts, { clientBudget }) =>
    impatient(pod, clientBudget.longestStallSeconds),
  ),

  'new clients are soon let in again': ofPods((pod) => turningAway(pod)),
};

/** Of each pod of a pooler that leads there, or of which nobody can tell, where there is a restart. */
function ofPods(check: (pod: PoolPodFacts, facts: RestartFacts, wanted: DatabaseRestartInput) => Finding[]) {
  return ({ facts, wanted, work }: Situation): Finding[] => {
    const { pool } = facts;
    if (!work.restarts || typeof pool !== 'object') return [];
    const leads = pool.pods.map(({ leadsHere }) => leadsHere);
    const elsewhere = leads.includes(false) && !leads.includes(true);
    return elsewhere ? [] : pool.pods.flatMap((pod) => check(pod, facts, wanted));
  };
}
