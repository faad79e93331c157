/** What stands in the way of the cluster, and what a person should know. Pure, table-tested. */
import type { RedisClusterFacts } from '../../activities/redis-clusters/contract';
import type { Finding, RedisClusterBootstrapInput, Topology } from '../../catalogue';
import type { Checks } from '../runbook/checks';
import { askAll, refuse, warn } from '../runbook/checks';
import type { Settlement } from '../runbook/definition';
import { exceededQuotas, roomFor } from '../scale-deployment/decisions';

interface Situation {
  wanted: RedisClusterBootstrapInput;
  facts: RedisClusterFacts;
  topology: Topology;
}

export function findings(wanted: RedisClusterBootstrapInput, facts: RedisClusterFacts, topology: Topology): Finding[] {
  return askAll(checks, { wanted, facts, topology });
}

/** With fewer, no majority is left to replace a lost one (redis.io, cluster specification). */
const mastersMin = 3;

/** Its pods are there already. */
export function isAdopted({ objects }: RedisClusterFacts): boolean {
  return objects.StatefulSet.now !== undefined;
}

/** Going back would not part them. */
export function joinsForGood(facts: RedisClusterFacts): boolean {
  return isAdopted(facts) && facts.formation.joins;
}

/** After the soak: why the nodes that the run has formed are no longer one good cluster. */
export function settled(
  _wanted: RedisClusterBootstrapInput,
  before: RedisClusterFacts,
  { formation: { state, refusal, missing } }: RedisClusterFacts,
): Settlement {
  const isLost = before.formation.state !== 'formed' && state !== 'formed';
  return { problems: isLost ? [refusal ?? missing ?? 'its pods are gone'] : [], evidence: [] };
}

/** Only what the plan has said: nodes of this run's own, or an irreversible step. */
export function mayJoin(facts: RedisClusterFacts): boolean {
  return !isAdopted(facts) || joinsForGood(facts);
}

const checks: Checks<Situation> = {
  'nodes divide into masters and replicas': ({ wanted: { nodes, replicasPerMaster } }) => {
    const each = replicasPerMaster + 1;
    const masters = Math.floor(nodes / each);
    if (nodes % each === 0 && masters >= mastersMin) return [];
    const next = Math.max(mastersMin, Math.ceil(nodes / each)) * each;
    return [
      refuse(
        'NodesDoNotFit',
        'nodes',
        `${nodes} nodes are no ${mastersMin} or more masters with ${replicasPerMaster} replicas each: ${next} would be`,
      ),
    ];
  },

  'no master is alone': ({ wanted: { replicasPerMaster, allowNoReplicas } }) =>
    replicasPerMaster === 0 && !allowNoReplicas
      ? [
          refuse(
            'NoReplicas',
            'replicasPerMaster',
            'without replicas the loss of one pod stops the cluster, and of one volume loses its keys: set allowNoReplicas to say that this is meant',
          ),
        ]
      : [],

  'nothing is evicted that must stay': ({ wanted: { evictionPolicy }, topology }) => {
    const kept = (topology.kubernetes?.redisCluster?.holds ?? []).filter((one) => one !== 'cache');
    return kept.length > 0 && evictionPolicy !== 'noeviction'
      ? [
          refuse(
            'EvictsWhatMustStay',
            'evictionPolicy',
            `${kept.join(' and ')} are kept in it, and ${evictionPolicy} throws keys away when the memory is full: noeviction refuses writes instead`,
          ),
        ]
      : [];
  },

  'its objects are ours': ({ facts: { foreign, name } }) =>
    foreign.map(({ kind, managers }) =>
      refuse(
        'ObjectOfAnother',
        'redisCluster',
        `${kind} ${name} is there already, made by ${managers.join(', ') || 'somebody else'}: remove it, or give the topology's Redis cluster another name`,
      ),
    ),

  'nobody sets it back': ({ facts: { controllers, name } }) =>
    controllers.map(({ kind, controller }) =>
      refuse('OwnedByController', 'redisCluster', `${controller} owns ${kind} ${name}: change it there`),
    ),

  'what is there is as wanted': ({ facts: { objects, foreign, name } }) =>
    Object.entries(objects)
      .filter(([kind, { differs }]) => differs.length > 0 && !foreign.some((other) => other.kind === kind))
      .map(([kind, { differs }]) =>
        refuse(
          'ObjectDiffers',
          'redisCluster',
          `${kind} ${name} is there already, and another one: ${differs.join('; ')}`,
        ),
      ),

  'its pods are meant by nobody else': ({ facts: { selecting, name } }) =>
    selecting.length > 0
      ? [
          refuse(
            'PodsOfAnother',
            'redisCluster',
            `${selecting.join(', ')} would mean pods with the label app=${name} too: give the topology's Redis cluster another name`,
          ),
        ]
      : [],

  'nodes can be joined': ({ facts: { formation } }) =>
    formation.refusal === undefined ? [] : [refuse('ClusterRefused', 'redisCluster', formation.refusal)],

  quota: ({ wanted, facts }) =>
    exceededQuotas(facts, podsAdded(wanted, facts)).map((sentence) => refuse('QuotaExceeded', 'nodes', sentence)),

  'nodes have room': ({ wanted, facts, topology }) => {
    const added = podsAdded(wanted, facts);
    const room = roomFor(facts);
    if (room >= added) return [];
    const sentence = `${added} pods are to run, and the nodes have room for ${room}`;
    return topology.kubernetes?.nodeAutoscaler
      ? [warn('NodesNeeded', 'nodes', `${sentence}: the cluster autoscaler adds nodes`)]
      : [refuse('NoRoom', 'nodes', `${sentence}: add nodes first`)];
  },

  'machines are several': ({ facts: { nodes } }) =>
    nodes.length < mastersMin
      ? [
          warn(
            'FewMachines',
            'nodes',
            `there are ${nodes.length} machines: with one of them most masters may go, and no majority is left`,
          ),
        ]
      : [],

  'volumes are new': ({ facts }) =>
    facts.claims.length > 0 && !isAdopted(facts)
      ? [
          warn(
            'VolumesKept',
            'redisCluster',
            `${facts.claims.join(', ')} are there from before: the pods take what is on them, and it is refused where that does not fit together`,
          ),
        ]
      : [],

  'nodes say what they are': ({ facts: { formation } }) =>
    formation.state === 'unformed' && !formation.joins && formation.missing !== undefined
      ? [
          warn(
            'NodesNotTogether',
            'redisCluster',
            `its pods are there, and not one good cluster (${formation.missing}): they are led together again, and refused where it shows that they have never been one`,
          ),
        ]
      : [],

  'nothing is joined for good': ({ facts }) =>
    joinsForGood(facts)
      ? [
          warn(
            'JoinedForGood',
            'redisCluster',
            `its pods were there before, and have never been one cluster: going back does not part them again`,
          ),
        ]
      : [],
};

function podsAdded({ nodes }: RedisClusterBootstrapInput, facts: RedisClusterFacts): number {
  return isAdopted(facts) ? 0 : nodes;
}
