/** Whether a deployment can be led through the pool, and in which steps. Pure, table-tested. */
import type { CutoverFacts, PathState } from '../../activities/cutover/contract';
import { type Finding, type PgbouncerCutoverInput, sessionFeatures, type Topology } from '../../catalogue';
import { clientsUnmeasured, deploymentIn } from '../deployments';
import type { Checks } from '../runbook/checks';
import { askAll, refuse, warn } from '../runbook/checks';
import { connectionBudget, reservedConnections } from '../scale-deployment/budget';

/** A day: far longer than any canary, so that a rolling update which nobody looks after does not go on by itself. */
const holdSeconds = 86_400;

/** One pod more, none fewer, and the next only after the hold: so exactly one pod is of the new template. */
export function heldPath(reference: string): PathState {
  return {
    ...{ reference, maxSurge: '1', maxUnavailable: '0', minReadySeconds: holdSeconds },
    // Kubernetes wants it greater than minReadySeconds.
    progressDeadlineSeconds: holdSeconds + 3600,
  };
}

export function pooledReference({ secret, pooledKey }: Pick<CutoverFacts, 'secret' | 'pooledKey'>): string {
  return `${secret}/${pooledKey}`;
}

export function isPooled(facts: CutoverFacts): boolean {
  return facts.path.reference === pooledReference(facts);
}

/** The autoscaler that must keep still while one pod is compared; undefined where none moves. */
export function moving({ autoscalers }: CutoverFacts): CutoverFacts['autoscalers'][number] | undefined {
  return autoscalers.find(({ min, max }) => min !== max);
}

interface Situation {
  wanted: PgbouncerCutoverInput;
  facts: CutoverFacts;
  topology: Topology;
}

export function findings(wanted: PgbouncerCutoverInput, facts: CutoverFacts, topology: Topology): Finding[] {
  return askAll(checks, { wanted, facts, topology });
}

const checks: Checks<Situation> = {
  'a pooler is there': ({ facts: { poolers, pooler } }) =>
    poolers.length < 2
      ? [
          refuse(
            'NoPooler',
            'deployment',
            `${pooler} has ${poolers.length} pods, two at least are needed: deploy it first (deployPgbouncer)`,
          ),
        ]
      : [],

  'every pod of it lets the application through': ({ facts: { poolers } }) =>
    poolers
      .filter(({ problem }) => problem !== undefined)
      .map(({ pod, problem }) => refuse('PoolerNotServing', 'deployment', `${pod}: ${problem}`)),

  'its URL has a form through the pool': ({ facts: { urlProblem, key, secret } }) =>
    urlProblem === undefined
      ? []
      : [refuse('UrlNotPoolable', 'deployment', `${key} of ${secret} cannot be pooled: ${urlProblem}`)],

  'it goes where the pool goes': ({ facts: { elsewhere = [], key, secret } }) =>
    elsewhere.length > 0
      ? [
          refuse(
            'GoesElsewhere',
            'deployment',
            `${key} of ${secret} is not what the topology says: ${elsewhere.join('; ')}. Correct the one or the other`,
          ),
        ]
      : [],

  'the key is free or right': ({ facts: { published, pooledKey, secret } }) =>
    published === 'other'
      ? [
          refuse(
            'KeyTaken',
            'deployment',
            `${pooledKey} of ${secret} is there and is not the URL through the pool: correct it, or name another key`,
          ),
        ]
      : [],

  'no cutover has left it half-way': ({ facts: { path, deployment } }) =>
    path.minReadySeconds < holdSeconds
      ? []
      : [
          refuse(
            'CutoverHeld',
            'deployment',
            `${deployment} is held by a cutover that did not end (minReadySeconds ${path.minReadySeconds}): one pod may be pooled and the others not. Set its strategy, minReadySeconds and progressDeadlineSeconds as they were, let the rollout end, look at its autoscaler's limits, and plan again`,
          ),
        ],

  'its variable can be changed': ({ facts: { taken, variable, deployment, secret, key } }) =>
    taken
      ? [
          refuse(
            'VariableTaken',
            'deployment',
            `${deployment} takes ${variable} from elsewhere, not from ${key} of ${secret}`,
          ),
        ]
      : [],

  'nobody sets it back': ({ facts: { controller, deployment, autoscalers } }) => [
    ...(controller
      ? [
          refuse(
            'OwnedByController',
            'deployment',
            `${controller} owns ${deployment} or its Secret and would set it back: change it there`,
          ),
        ]
      : []),
    ...autoscalers
      .filter((one) => one.controller !== undefined)
      .map((one) =>
        refuse(
          'OwnedByController',
          'deployment',
          `${one.controller} owns ${one.name} and would set it back: change it there`,
        ),
      ),
  ],

  'one owner': ({ facts: { autoscalers, deployment } }) =>
    autoscalers.length > 1
      ? [
          refuse(
            'TwoAutoscalers',
            'deployment',
            `${autoscalers.map(({ name }) => name).join(' and ')} both scale ${deployment}: remove one`,
          ),
        ]
      : [],

  'the autoscaler works': ({ facts }) => {
    const autoscaler = moving(facts);
    return (autoscaler?.inactive ?? []).map((reason) =>
      refuse('AutoscalerInactive', 'deployment', `${autoscaler!.name} does not scale: ${reason}`),
    );
  },

  'one pod can go first': ({ facts: { recreates, deployment } }) =>
    recreates
      ? [
          refuse(
            'NotRolling',
            'deployment',
            `the strategy of ${deployment} is Recreate, so all its pods go at once: make it RollingUpdate first`,
          ),
        ]
      : [],

  'it can be compared': ({ facts: { replicas, readyReplicas, deployment } }) =>
    readyReplicas < Math.max(replicas, 1)
      ? [
          refuse(
            'PodsNotReady',
            'deployment',
            `${readyReplicas} of ${replicas} pods of ${deployment} are Ready: all must be`,
          ),
        ]
      : [],

  'it is compared as clients ask': ({ facts, topology }) => {
    const { clientUrl, podEndpoint } = deploymentIn(topology, facts.deployment) ?? {};
    if (clientUrl !== undefined || isPooled(facts)) return [];
    return [
      warn(
        'CanaryByHealthOnly',
        'deployment',
        `the topology has no clientUrl of ${facts.deployment}: its pods are compared by ${podEndpoint?.path ?? 'their own endpoint'}, which may answer without the database. What a pool breaks is not seen there, nor whether pods that are idle go through it`,
      ),
    ];
  },

  'no feature of a session is in use': ({ wanted: { force }, facts: { features, statementsKnown } }) => [
    ...features
      .filter(({ feature }) => !force.includes(feature))
      .map(({ feature, seen }) =>
        refuse(
          'SessionFeature',
          'force',
          `${sessionFeatures[feature]} was seen ("${seen}"), and does not survive a pool in transaction mode: change the application, or name ${feature} in force. Not seen from here: named statements of the protocol, and what a session had set before anybody looked`,
        ),
      ),
    ...(statementsKnown
      ? []
      : [
          warn(
            'StatementsUnseen',
            'deployment',
            'pg_stat_statements is not there, or keeps no utility statements (its track, track_utility): of session features only what ran in these seconds was seen. LISTEN, advisory locks, SET and temporary tables of a session that was not there then are not',
          ),
        ]),
  ],

  'named statements': ({ facts: { poolers } }) => {
    const older = poolers.filter(({ keepsNamedStatements }) => keepsNamedStatements === false);
    return older.length > 0
      ? [
          warn(
            'NamedStatements',
            'deployment',
            `PgBouncer ${older[0]!.version} keeps no named statements: the application may use none (Prisma: pgbouncer=true in its URL)`,
          ),
        ]
      : [];
  },

  'no pooler before the server': ({ facts: { builtInPooler, server } }) =>
    builtInPooler
      ? [
          refuse(
            'PooledTwice',
            'deployment',
            `Azure's own PgBouncer of ${server} is on (pgbouncer.enabled): one of the two must go`,
          ),
        ]
      : [],

  'connections side by side': ({ facts }) => {
    const { server, maxConnections, consumers } = facts.database;
    const { lines, total, available } = connectionBudget(consumers, maxConnections - reservedConnections);
    return total <= available || isPooled(facts)
      ? []
      : [
          refuse(
            'ConnectionBudgetExceeded',
            'deployment',
            [
              `${server} takes ${maxConnections} connections, ${reservedConnections} of them reserved: ${available}`,
              ...lines,
              `together ${total}, ${total - available} too many while direct and pooled connections are side by side`,
            ].join('\n'),
          ),
        ];
  },

  'clients can be measured': ({ facts: { deployment, clientsAnswer }, topology }) =>
    clientsUnmeasured(deployment, clientsAnswer, topology),
};
