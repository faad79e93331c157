/** What stands in the way of another number of masters, and what a person should know. Pure, table-tested. */
import type { ReshardFacts } from '../../activities/resharding/contract';
import type { Finding, RedisClusterReshardInput, Topology } from '../../catalogue';
import { askAll, type Checks, refuse, warn } from '../runbook/checks';
import type { Settlement } from '../runbook/definition';
import { exceededQuotas, roomFor } from '../scale-deployment/decisions';

interface Situation {
  wanted: RedisClusterReshardInput;
  facts: ReshardFacts;
  topology: Topology;
}

export function findings(wanted: RedisClusterReshardInput, facts: ReshardFacts, topology: Topology): Finding[] {
  return askAll(checks, { wanted, facts, topology });
}

/** After the soak: slots are not moved about in a cluster that is not good, so the run does not go back by itself. */
export function settled(
  _wanted: RedisClusterReshardInput,
  _before: ReshardFacts,
  { obstacle }: Pick<ReshardFacts, 'obstacle'>,
): Settlement {
  return { problems: [], evidence: [], ...(obstacle === undefined ? {} : { drifted: [obstacle] }) };
}

/** Each master with its replicas. */
export function podsWanted(
  { masters }: Pick<RedisClusterReshardInput, 'masters'>,
  { replicasPerMaster }: Pick<ReshardFacts, 'replicasPerMaster'>,
): number {
  return masters * (replicasPerMaster + 1);
}

/** With fewer, no majority is left to replace a lost one (redis.io, cluster specification). */
const mastersMin = 3;
/** Of maxmemory: beyond, keys are evicted, or writes refused, while others come. */
const memoryShare = 0.9;

const checks: Checks<Situation> = {
  'masters are enough': ({ wanted: { masters } }) =>
    masters < mastersMin
      ? [
          refuse(
            'TooFewMasters',
            'masters',
            `${masters} masters leave no majority when one is lost: at least ${mastersMin}`,
          ),
        ]
      : [],

  'its pods are ours': ({ facts: { pods, isOurs, name } }) => {
    if (pods === undefined) {
      return [refuse('NoCluster', 'redisCluster', `there is no StatefulSet ${name}: redisClusterBootstrap makes it`)];
    }
    return isOurs
      ? []
      : [refuse('ObjectOfAnother', 'redisCluster', `StatefulSet ${name} was not made by redisClusterBootstrap`)];
  },

  'nobody sets it back': ({ facts: { controller, name } }) =>
    controller === undefined
      ? []
      : [refuse('OwnedByController', 'redisCluster', `${controller} owns StatefulSet ${name}: change it there`)],

  'its pods are meant by nobody else': ({ facts: { selecting, name } }) =>
    selecting.length === 0
      ? []
      : [
          refuse(
            'PodsOfAnother',
            'redisCluster',
            `${selecting.join(', ')} would mean pods with the label app=${name} too`,
          ),
        ],

  'it is one good cluster': ({ facts: { obstacle, pods } }) =>
    obstacle === undefined || pods === undefined
      ? []
      : [refuse('ClusterNotGood', 'redisCluster', `it is not one good cluster as every node sees it: ${obstacle}`)],

  'the pods that stay are masters enough': ({ wanted: { masters }, facts: { mastersThatStay, name } }) =>
    mastersThatStay === undefined
      ? []
      : [
          refuse(
            'MastersWouldLeave',
            'masters',
            `pods with the highest numbers leave, and only ${mastersThatStay} of those that stay are masters, not ${masters}: make replicas of ${name} that stay masters first (CLUSTER FAILOVER)`,
          ),
        ],

  'memory takes the keys that come': ({ facts: { memory } }) =>
    memory.flatMap(({ pod, usedBytes, comingBytes, maxBytes }) =>
      maxBytes === 0 || usedBytes + comingBytes <= maxBytes * memoryShare
        ? []
        : [
            refuse(
              'MemoryTooSmall',
              'masters',
              `${pod} would hold ${megabytes(usedBytes + comingBytes)} of ${megabytes(maxBytes)} MiB, and more than nine tenths evicts keys or refuses writes: more masters, or fewer keys`,
            ),
          ],
    ),

  quota: ({ wanted, facts }) =>
    exceededQuotas(facts, podsAdded(wanted, facts)).map((sentence) => refuse('QuotaExceeded', 'masters', sentence)),

  'nodes have room': ({ wanted, facts, topology }) => {
    const added = podsAdded(wanted, facts);
    const room = roomFor(facts);
    if (room >= added) return [];
    const sentence = `${added} more pods are to run, and the nodes have room for ${room}`;
    return topology.kubernetes?.nodeAutoscaler
      ? [warn('NodesNeeded', 'masters', `${sentence}: the cluster autoscaler adds nodes`)]
      : [refuse('NoRoom', 'masters', `${sentence}: add nodes first`)];
  },

  'volumes are new': ({ wanted, facts }) =>
    facts.claims.length > 0 && podsAdded(wanted, facts) > 0
      ? [
          warn(
            'VolumesKept',
            'redisCluster',
            `${facts.claims.join(', ')} are there from before: new pods take what is on them, and it is refused where that does not fit together`,
          ),
        ]
      : [],

  'volumes stay': ({ wanted, facts }) => {
    const fewer = (facts.pods ?? 0) - podsWanted(wanted, facts);
    return facts.obstacle === undefined && fewer > 0
      ? [
          warn(
            'VolumesStay',
            'redisCluster',
            `the claims of ${fewer} pods stay, and cost what they cost: nothing in them is needed once the run has succeeded`,
          ),
        ]
      : [];
  },
};

function podsAdded(wanted: RedisClusterReshardInput, facts: ReshardFacts): number {
  return facts.pods === undefined ? 0 : Math.max(0, podsWanted(wanted, facts) - facts.pods);
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
