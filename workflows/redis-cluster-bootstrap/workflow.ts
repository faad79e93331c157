/**
 * redisClusterBootstrap: the Redis cluster of the topology, made, or finished where it is half made.
 *
 * 1. Its configuration, a login, the names of its pods, a disruption budget; then the pods, each with a volume.
 * 2. The cluster: every node is asked what it sees, and what is missing is done, until every node says that all is well.
 * 3. Tried: a marker on each master, copied and read; then, where this run made the pods and nobody else has a key in them, one
 *    master is killed, and the cluster must be whole again by itself within the limit.
 *
 * Going back removes what this run made, volumes included; where somebody has written to it by then, an operator is asked.
 * Nodes that were there before and meet now are not parted again: that step is irreversible.
 *
 * Out of scope: moving slots, other sizes than the one that is there, leading applications to it.
 */
import type {
  FormationBefore,
  RedisClusterActivities,
  RedisClusterFacts,
  RedisClusterKind,
  RedisClusterSettings,
  RedisObjectBefore,
} from '../../activities/redis-clusters/contract';
import type { RedisClusterBootstrapInput } from '../../catalogue';
import { redisClusterBootstrapInput, runbooks, targetOf } from '../../catalogue';
import { changes, marks, reads, verifications } from '../runbook/activities';
import type { Runbook } from '../runbook/definition';
import { runbook } from '../runbook/runbook';
import type { AnyStep, Step } from '../runbook/step';
import { findings, isAdopted, joinsForGood, mayJoin, settled } from './decisions';

const read = reads<RedisClusterActivities>();
const act = changes<RedisClusterActivities>();
const mark = marks<RedisClusterActivities>();
const check = verifications<RedisClusterActivities>();

export const definition: Runbook<RedisClusterBootstrapInput, RedisClusterFacts> = {
  name: 'redisClusterBootstrap',
  title: runbooks['redisClusterBootstrap']!.title,
  input: redisClusterBootstrapInput,
  subject: (_wanted, { kubernetes }) =>
    `${kubernetes?.redisCluster?.name ?? 'no Redis cluster'} (${kubernetes?.namespace ?? 'no namespace'})`,
  preflight: (wanted) =>
    read('preflight · read its objects, its nodes, the room').inspectRedisCluster({ settings: settingsOf(wanted) }),
  targets: (_wanted, { namespace, name }) => [
    clusterOf(namespace, name),
    ...kinds.map((kind) => resourceOf(kind, namespace, name)),
  ],
  findings,
  settled,
  steps: (wanted, facts) => [
    ...kinds.filter((kind) => facts.objects[kind].now === undefined).map((kind) => make(kind, wanted, facts)),
    ...(facts.formation.state === 'formed' ? [] : [form(wanted, facts)]),
  ],
};

export const redisClusterBootstrap = runbook(definition);

const kinds: RedisClusterKind[] = ['ConfigMap', 'Secret', 'Service', 'PodDisruptionBudget', 'StatefulSet'];

const verbs: Record<RedisClusterKind, string> = {
  ...{ ConfigMap: 'configure', Secret: 'give a login to', Service: 'publish', PodDisruptionBudget: 'protect' },
  StatefulSet: 'run',
};

/** Nobody uses it yet. */
const calm = { reversibility: 'reversible' as const, undoDisturbsClients: false, impact: 'nothing' };

function make(kind: RedisClusterKind, wanted: RedisClusterBootstrapInput, facts: RedisClusterFacts): AnyStep {
  const { timing } = wanted;
  const { namespace, name: cluster, objects } = facts;
  const name = `${verbs[kind]} ${cluster}`;
  const settings = settingsOf(wanted);
  const shown = objects[kind].wanted;
  const deadlineSeconds = timing.operationTimeoutSeconds;
  let neverReady = true;
  /** Once its pods are gone nobody can say it again. */
  let isUnused = false;
  const step: Step<RedisObjectBefore> = {
    ...{ name, resource: resourceOf(kind, namespace, cluster), from: 'absent', to: shown, ...calm },
    expectedSeconds: kind === 'StatefulSet' ? 60 : 5,
    observe: async () => {
      const before = await read(`${name} · look for the ${kind}`).readRedisClusterObject({ kind, settings });
      return { value: before.shown ?? 'absent', before };
    },
    apply: () =>
      act(`${name} · make the ${kind}`, timing).makeRedisClusterObject({
        ...{ kind, settings, from: undefined, to: shown, deadlineSeconds },
      }),
    verify: async () => {
      const evidence = await check(`${name} · verify`, timing).verifyRedisClusterObject({ kind, settings, shown });
      neverReady = false;
      return evidence;
    },
    undo: async ({ claims: keep }) => {
      if (kind === 'StatefulSet' && !isUnused) {
        await check(`${name} · ask whether others use it`, timing).verifyRedisClusterUnused({ keep, neverReady });
        isUnused = true;
      }
      await act(`${name} · remove the ${kind}`, timing).removeRedisClusterObject({
        ...{ kind, keep, neverReady, deadlineSeconds },
      });
      return check(`${name} · verify that it is gone`, timing).verifyRedisClusterObject({ kind, settings });
    },
  };
  return step;
}

function form(wanted: RedisClusterBootstrapInput, facts: RedisClusterFacts): AnyStep {
  const { timing, replicasPerMaster, nodes, recoveryLimitSeconds } = wanted;
  const name = `form ${facts.name}`;
  const settings = settingsOf(wanted);
  const loseMaster = wanted.tryLossOfMaster && replicasPerMaster > 0 && !isAdopted(facts) && facts.claims.length === 0;
  const masters = Math.floor(nodes / (replicasPerMaster + 1));
  let seen: string | undefined;
  const step: Step<FormationBefore> = {
    ...{ name, resource: clusterOf(facts.namespace, facts.name), from: 'not formed', to: 'formed', ...calm },
    expectedSeconds: loseMaster ? 30 : 10,
    detail: [
      `${masters} masters with ${replicasPerMaster} replicas each, tried with a marker on each`,
      ...(loseMaster ? [`one master’s pod is killed and must be replaced within ${recoveryLimitSeconds} s`] : []),
    ].join('; '),
    observe: async () => {
      const before = await read(`${name} · ask every node`).readRedisFormation({ settings });
      return { value: before.formed ? 'formed' : 'not formed', before };
    },
    apply: async () => {
      seen = await act(`${name} · do what is missing, and try it`, timing).formRedisCluster({
        ...{ settings, mayJoin: mayJoin(facts), loseMaster, recoveryLimitSeconds },
        deadlineSeconds: timing.verificationTimeoutSeconds,
      });
    },
    verify: async () => {
      if (loseMaster) await mark(`${name} · nobody is killed any more`).tidyRedisTrial({ settings });
      const state = await check(`${name} · ask every node`, timing).verifyRedisFormation({ settings });
      return [...(seen === undefined ? [] : [seen]), state].join('; ');
    },
  };
  return joinsForGood(facts)
    ? { ...step, reversibility: 'irreversible' }
    : {
        ...step,
        undo: async () =>
          isAdopted(facts)
            ? 'the nodes were one cluster before, and stay it: nothing was taken from them'
            : 'goes with its pods, which this run has made',
      };
}

function settingsOf(wanted: RedisClusterBootstrapInput): RedisClusterSettings {
  const { nodes, replicasPerMaster, maxMemoryMegabytes, evictionPolicy, storageGigabytes } = wanted;
  return { nodes, replicasPerMaster, maxMemoryMegabytes, evictionPolicy, storageGigabytes };
}

function clusterOf(namespace: string, name: string): string {
  return targetOf('rediscluster', `${namespace}.${name}`);
}

function resourceOf(kind: RedisClusterKind, namespace: string, name: string): string {
  return targetOf(kind.toLowerCase() as Lowercase<RedisClusterKind>, `${namespace}.${name}`);
}
