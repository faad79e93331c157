/** What stands in the way of another number of pods, and what a person should know: every reason at once. Pure, table-tested. */
import type { DeploymentFacts } from '../../activities/deployments/contract';
import type { DeploymentTopology, Finding, ScaleDeploymentInput, Topology } from '../../catalogue';
import type { Checks } from '../runbook/checks';
import { askAll, refuse, warn } from '../runbook/checks';
import { clientsUnmeasured, deploymentIn } from '../deployments';
import { connectionBudget, largestPool, reservedConnections } from './budget';
import { consumersAfter, exceededQuotas, podsAdded, podsMaxAfter, poolMoment, roomFor } from './decisions';

interface Situation {
  wanted: ScaleDeploymentInput;
  facts: DeploymentFacts;
  known: DeploymentTopology | undefined;
  topology: Topology;
  /** Pods that are not there yet. */
  added: number;
}

export function findings(wanted: ScaleDeploymentInput, facts: DeploymentFacts, topology: Topology): Finding[] {
  const known = deploymentIn(topology, facts.name);
  const situation = { wanted, facts, known, topology, added: Math.max(0, podsAdded(wanted, facts)) };
  return askAll(checks, situation);
}

const checks: Checks<Situation> = {
  'within the topology': ({ wanted: { replicas }, facts, known }) => {
    if (!known || (replicas >= known.replicas.min && replicas <= known.replicas.max)) return [];
    const { min, max } = known.replicas;
    return [
      refuse('ReplicasOutOfRange', 'replicas', `${replicas} pods; the topology allows ${facts.name} ${min} to ${max}`),
    ];
  },

  'one owner': ({ facts: { autoscalers, name } }) =>
    autoscalers.length > 1
      ? [
          refuse(
            'TwoAutoscalers',
            'deployment',
            `${autoscalers.map((one) => one.name).join(' and ')} both scale ${name}, and Kubernetes lets neither: remove one`,
          ),
        ]
      : [],

  'nobody sets it back': ({ facts: { autoscalers, controller, name } }) => {
    const [autoscaler] = autoscalers;
    const owner = autoscaler ? autoscaler.controller : controller;
    if (owner === undefined) return [];
    const what = autoscaler ? autoscaler.name : `the number of pods of ${name}`;
    return [refuse('OwnedByController', 'deployment', `${owner} owns ${what} and would set it back: change it there`)];
  },

  'no other manager': ({ facts: { autoscalers, managers, name } }) =>
    autoscalers.length === 0 && managers.length > 0
      ? [
          warn(
            'OtherManager',
            'deployment',
            `${managers.join(', ')} has set the number of pods of ${name} before, and may again`,
          ),
        ]
      : [],

  'the autoscaler works': ({ facts: { autoscalers, replicas, name } }) => {
    const [autoscaler] = autoscalers;
    if (!autoscaler) return [];
    if (replicas === 0)
      return [
        refuse(
          'AutoscalerOff',
          'deployment',
          `${name} has 0 pods, which switches ${autoscaler.name} off: give it one first`,
        ),
      ];
    return autoscaler.inactive.map((reason) =>
      refuse('AutoscalerInactive', 'deployment', `${autoscaler.name} does not scale: ${reason}`),
    );
  },

  'pods are Ready': ({ facts: { readyReplicas, replicas, name } }) =>
    readyReplicas < replicas
      ? [warn('PodsNotReady', 'deployment', `${readyReplicas} of ${replicas} pods of ${name} are Ready now`)]
      : [],

  'image can be pulled': ({ facts: { imageRuns, image }, added }) =>
    added > 0 && !imageRuns
      ? [
          warn(
            'ImageUnproven',
            'deployment',
            `no Ready pod runs ${image}: nobody has seen that it can be pulled and starts`,
          ),
        ]
      : [],

  quota: ({ facts, added }) =>
    exceededQuotas(facts, added).map((sentence) => refuse('QuotaExceeded', 'replicas', sentence)),

  'nodes have room': ({ facts, added, topology }) => {
    const room = roomFor(facts);
    if (room >= added) return [];
    const sentence = `${added} more pods are asked for, and the nodes have room for ${room}`;
    const autoscaler = topology.kubernetes?.nodeAutoscaler;
    return autoscaler
      ? [
          warn(
            'NodesNeeded',
            'replicas',
            `${sentence}: the cluster autoscaler adds nodes, some ${autoscaler.minutesPerNode} min each`,
          ),
        ]
      : [refuse('NoRoom', 'replicas', `${sentence}: add nodes first`)];
  },

  'pool can be set': ({ wanted, facts: { pool, name } }) => {
    if (wanted.poolSize === undefined) return [];
    if (!pool)
      return [refuse('NoPool', 'poolSize', `the topology knows no database pool of ${name}: leave poolSize away`)];
    return pool.fixed
      ? [
          refuse(
            'PoolSizeElsewhere',
            'poolSize',
            `${pool.variable} of ${name} comes from a ConfigMap or Secret: change it there`,
          ),
        ]
      : [];
  },

  'nobody sets the pool back': ({ wanted, facts }) =>
    facts.templateController !== undefined && poolMoment(wanted, facts) !== 'never'
      ? [
          refuse(
            'OwnedByController',
            'poolSize',
            `${facts.templateController} owns ${facts.name} and would set its pool back: change it there`,
          ),
        ]
      : [],

  'connections of the database': ({ wanted, facts, known }) => {
    const { database, pool } = facts;
    if (!database || !pool) return [];
    const moment = poolMoment(wanted, facts);
    const size = moment === 'never' ? pool.size : wanted.poolSize!;
    const after = consumersAfter(database.consumers, facts, podsMaxAfter(wanted, facts, known), size);
    const { lines, total, available } = connectionBudget(after, database.maxConnections - reservedConnections);
    if (total <= available) {
      const assumed = after.filter((consumer) => consumer.assumed);
      return assumed.map(({ deployment, connectionsPerPod }) =>
        warn(
          'PoolAssumed',
          'replicas',
          `the template of ${deployment} does not say how many connections a pod opens: ${connectionsPerPod} are assumed`,
        ),
      );
    }
    const fits = largestPool(after, facts.name, available);
    const remedy = fits > 0 ? `poolSize ${fits} would fit` : 'no pool would fit';
    return [
      refuse(
        'ConnectionBudgetExceeded',
        'replicas',
        [
          `${database.server} takes ${database.maxConnections} connections, ${reservedConnections} of them reserved: ${available}`,
          ...lines,
          `together ${total}, ${total - available} too many: ${remedy}, or fewer replicas, or more max_connections (databaseRestart)`,
        ].join('\n'),
      ),
    ];
  },

  'connections of Redis': ({ wanted, facts, known }) => {
    const { redis } = facts;
    if (!redis) return [];
    const after = consumersAfter(redis.consumers, facts, podsMaxAfter(wanted, facts, known), undefined);
    const { lines, total, available } = connectionBudget(after, redis.maxClients);
    return total <= available
      ? []
      : [
          refuse(
            'RedisClientsExceeded',
            'replicas',
            [`Redis takes ${available} clients`, ...lines, `together ${total}`].join('\n'),
          ),
        ];
  },

  'clients can be measured': ({ facts: { name, clientsAnswer }, topology }) =>
    clientsUnmeasured(name, clientsAnswer, topology),
};
