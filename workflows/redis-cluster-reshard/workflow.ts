/**
 * redisClusterReshard: the slots of the topology's Redis cluster, spread evenly over more or fewer masters, under traffic.
 *
 * Out: 1. more pods; 2. they join, each new master with its replicas and without slots; 3. slots move to them.
 * In: 1. slots move away from what is to leave; 2. it leads clients to the others for a while, then leaves: each side forgets the other;
 *     3. its pods go, their claims stay. Where nodes stay whose master is dissolved, 2. has no way back.
 * What is so already is left out: pods that are there, nodes that have joined, whole slots that were moved.
 *
 * Going back, slots move back to the masters that had them, or to those that have replaced these by then; pods that this run
 * added go with their claims, and pods that it took away come back with theirs.
 *
 * Out of scope: another number of replicas, a failover so that other nodes are masters.
 */
import { sleep } from '@temporalio/workflow';
import type {
  LayoutBefore,
  NodesBefore,
  PodsBefore,
  ReshardActivities,
  ReshardFacts,
} from '../../activities/resharding/contract';
import type { RedisClusterReshardInput } from '../../catalogue';
import { redisClusterReshardInput, runbooks, targetOf } from '../../catalogue';
import { changes, reads, verifications } from '../runbook/activities';
import type { Runbook } from '../runbook/definition';
import { runbook } from '../runbook/runbook';
import type { AnyStep, Step } from '../runbook/step';
import { findings, podsWanted, settled } from './decisions';

const read = reads<ReshardActivities>();
const act = changes<ReshardActivities>();
const check = verifications<ReshardActivities>();

export const definition: Runbook<RedisClusterReshardInput, ReshardFacts> = {
  name: 'redisClusterReshard',
  title: runbooks['redisClusterReshard']!.title,
  input: redisClusterReshardInput,
  subject: (_wanted, { kubernetes }) =>
    `${kubernetes?.redisCluster?.name ?? 'no Redis cluster'} (${kubernetes?.namespace ?? 'no namespace'})`,
  preflight: ({ masters }) =>
    read('preflight · read its pods, nodes, slots, the room').inspectRedisReshard({ masters }),
  targets: (_wanted, facts) => [clusterOf(facts), podsOf(facts)],
  findings,
  settled,
  steps: (wanted, facts) => {
    // Of a cluster that is not good it is not known what is missing.
    if (facts.obstacle !== undefined) return [];
    const pods = podsWanted(wanted, facts);
    const { pods: now = 0, joined, layout } = facts;
    const leaves = joined > pods;
    return [
      ...(now < pods ? [scale(wanted, facts, pods)] : []),
      ...(joined < pods ? [join(wanted, facts, pods)] : []),
      ...(layout === facts.wanted ? [] : [move(wanted, facts, Math.max(joined, pods))]),
      ...(leaves ? [leave(wanted, facts, pods)] : []),
      ...(now > pods ? [scale(wanted, facts, pods)] : []),
    ];
  },
};

export const redisClusterReshard = runbook(definition);

const calm = { reversibility: 'reversible' as const, undoDisturbsClients: false };

function scale({ timing }: RedisClusterReshardInput, facts: ReshardFacts, pods: number): AnyStep {
  const name = `scale ${facts.name}`;
  const from = facts.pods!;
  const deadlineSeconds = timing.operationTimeoutSeconds;
  const verify = (count: number) => check(`${name} · verify ${count} pods`, timing).verifyRedisPods({ pods: count });
  const step: Step<PodsBefore> = {
    ...{ name, resource: podsOf(facts), from: `${from} pods`, to: `${pods} pods`, ...calm, expectedSeconds: 60 },
    impact: pods > from ? 'nothing' : 'whoever has not asked the cluster since its slots moved connects anew',
    ...(pods < from ? { detail: 'their claims stay' } : {}),
    observe: async () => {
      const before = await read(`${name} · read the number of pods`).readRedisPods();
      return { value: `${before.pods} pods`, before };
    },
    apply: () => act(`${name} · to ${pods} pods`, timing).changeRedisPods({ from, to: pods, deadlineSeconds }),
    verify: () => verify(pods),
    undo: async ({ claims: keep }) => {
      await act(`${name} · to ${from} pods`, timing).changeRedisPods({ from: pods, to: from, deadlineSeconds });
      if (pods > from) {
        await act(`${name} · remove their claims`, timing).removeRedisClaims({ from, keep, deadlineSeconds });
      }
      return verify(from);
    },
  };
  return step;
}

function join(wanted: RedisClusterReshardInput, facts: ReshardFacts, nodes: number): AnyStep {
  const name = `join nodes to ${facts.name}`;
  const ways = membership(name, wanted, facts);
  const step: Step<NodesBefore> = {
    ...ways.towards(nodes, 15),
    apply: () => ways.join(nodes),
    undo: async () => {
      await ways.leave(facts.joined);
      return ways.verify(facts.joined);
    },
  };
  return step;
}

function leave(wanted: RedisClusterReshardInput, facts: ReshardFacts, nodes: number): AnyStep {
  const name = `part nodes from ${facts.name}`;
  const ways = membership(name, wanted, facts);
  const { lingerSeconds } = wanted;
  const step: Step<NodesBefore> = {
    ...ways.towards(nodes, 10 + lingerSeconds),
    apply: async () => {
      if (lingerSeconds > 0) {
        await sleep(lingerSeconds * 1000, { summary: `${name} · nodes that leave lead clients to the others` });
      }
      await ways.leave(nodes);
    },
  };
  const { dissolved } = facts;
  if (dissolved) {
    const detail = `${dissolved.join(', ')} become replicas of other masters: nothing leads back from there`;
    return { ...step, reversibility: 'irreversible', detail };
  }
  return {
    ...step,
    undo: async () => {
      await ways.join(facts.joined);
      return ways.verify(facts.joined);
    },
  } satisfies Step<NodesBefore>;
}

/** What joining and leaving have in common: how many of the pods are nodes of the cluster. */
function membership(name: string, { timing }: RedisClusterReshardInput, facts: ReshardFacts) {
  const { joined: now, replicasPerMaster } = facts;
  const deadlineSeconds = timing.verificationTimeoutSeconds;
  const verify = (joined: number) =>
    check(`${name} · ask every node`, timing).verifyRedisNodes({ joined, replicasPerMaster });
  return {
    towards: (nodes: number, expectedSeconds: number) => ({
      ...{ name, resource: clusterOf(facts), from: `${now} nodes`, to: `${nodes} nodes`, ...calm },
      ...{ expectedSeconds, impact: 'nothing' },
      observe: async () => {
        const before = await read(`${name} · ask every node`).readRedisNodes();
        return { value: `${before.joined} nodes`, before };
      },
      verify: () => verify(nodes),
    }),
    join: (joined: number) =>
      act(`${name} · to ${joined} nodes`, timing).joinRedisNodes({ joined, replicasPerMaster, deadlineSeconds }),
    leave: (joined: number) =>
      act(`${name} · to ${joined} nodes`, timing).leaveRedisNodes({ joined, replicasPerMaster, deadlineSeconds }),
    verify,
  };
}

function move(wanted: RedisClusterReshardInput, facts: ReshardFacts, joined: number): AnyStep {
  const { timing, masters } = wanted;
  const name = `move slots of ${facts.name}`;
  const { replicasPerMaster } = facts;
  const deadlineSeconds = timing.operationTimeoutSeconds;
  const moved = ({ before, after }: SlotPlan, way: 'there' | 'back') =>
    act(`${name} · ${way}`, timing).moveRedisSlots({ before, after, joined, deadlineSeconds });
  const verify = ({ before, after }: SlotPlan) =>
    check(`${name} · ask every node`, timing).verifyRedisLayout({ before, after, joined, replicasPerMaster });
  let said: string | undefined;
  const step: Step<LayoutBefore> = {
    ...{ name, resource: clusterOf(facts), from: facts.layout, to: facts.wanted, ...calm },
    expectedSeconds: Math.ceil(10 + facts.slotsToMove / slotsPerSecond + facts.keys / keysPerSecond),
    impact: 'some answers come by way of a second node (ASK, MOVED)',
    detail: `${facts.slotsToMove} slots, of ${facts.keys} keys in all`,
    observe: async () => {
      const before = await read(`${name} · ask every node`).readRedisLayout({
        ...{ masters, pods: podsWanted(wanted, facts), joined },
      });
      return { value: before.shown, before };
    },
    apply: async (plan) => {
      said = await moved(plan, 'there');
    },
    verify: async (plan) => {
      const state = await verify(plan);
      return said === undefined ? state : `${said}; ${state}`;
    },
    undo: async ({ before, after }) => {
      const back = { before: after, after: before };
      await moved(back, 'back');
      return verify(back);
    },
  };
  return step;
}

type SlotPlan = Pick<LayoutBefore, 'before' | 'after'>;

/** Less than was measured (docs/runbooks/redis-cluster-reshard.md). */
const slotsPerSecond = 400;
const keysPerSecond = 20_000;

function clusterOf({ namespace, name }: ReshardFacts): string {
  return targetOf('rediscluster', `${namespace}.${name}`);
}

function podsOf({ namespace, name }: ReshardFacts): string {
  return targetOf('statefulset', `${namespace}.${name}`);
}
