/** Slots moved between real Redis servers by the runbook's own part. */
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOf, type Shard } from '../../../activities/redis/cluster/balance';
import type { Moved } from '../../../activities/redis/cluster/batch';
import { type ClusterNodes, withClusterNodes } from '../../../activities/redis/cluster/client';
import { converge } from '../../../activities/redis/cluster/converge';
import { migrate, type Migration } from '../../../activities/redis/cluster/migration';
import type { SlotPlan } from '../../../activities/redis/cluster/situation';
import { type Node, nodeOf, shardsIn } from '../../../activities/redis/cluster/nodes';
import type { RedisProcesses } from './redis-processes';

/** On a machine that is busy with other tests. */
const limitMs = 180_000;

const inTime = () => {
  const deadline = Date.now() + limitMs;
  return (missing: string) => {
    if (Date.now() > deadline) throw new Error(`not done after ${limitMs} ms: ${missing}`);
  };
};

/** The first six become a good cluster, then all eight: one master is without slots. */
export async function grow(redis: RedisProcesses): Promise<void> {
  for (const count of [6, 8]) {
    await withClusterNodes(undefined, (nodes) =>
      converge(nodes, {
        members: async () => redis.members.slice(0, count),
        ...{ shape: { replicasPerMaster: 1, emptyMasters: count === 8 }, mayJoin: true, assertAwake: () => undefined },
        assertInTime: inTime(),
      }),
    );
  }
}

export function shardsOf(redis: RedisProcesses): Promise<Shard[]> {
  return withClusterNodes(undefined, async (nodes) => shardsIn(await allOf(redis, nodes)));
}

/** Every node as it sees itself; one that is late, on a machine that has much to do, is asked again. */
export async function allOf(redis: RedisProcesses, nodes: ClusterNodes): Promise<Node[]> {
  for (const assertInTime = inTime(); ; await sleep(100)) {
    const seen = await Promise.all(redis.members.map((member) => nodes.read(member)));
    const answering = seen.flatMap((one) => ('view' in one ? [nodeOf(one.member, one.view)] : []));
    if (answering.length === seen.length) return answering;
    assertInTime(`${seen.length - answering.length} nodes do not answer`);
  }
}

export const back = ({ before, after }: SlotPlan): SlotPlan => ({ before: after, after: before });

export async function layoutOf(redis: RedisProcesses) {
  return partitionOf(await shardsOf(redis));
}

/** Of thousands of slots, before the first of them is moved. */
export const isCount = ([, word]: (string | Buffer)[]) => word === 'COUNTKEYSINSLOT';

/** So many requests are sent, counts aside, and none after them. */
export function dyingAfter(requests: number): (nodes: ClusterNodes) => ClusterNodes {
  let sent = 0;
  return (nodes) => {
    const dying =
      <Args extends unknown[], Answer>(send: (...args: Args) => Promise<Answer>) =>
      async (...args: Args): Promise<Answer> => {
        if (sent++ >= requests) throw new Error('died');
        return send(...args);
      };
    const { ask, keysIn, transaction, dumpFunctions } = nodes;
    const read: ClusterNodes['read'] = async (member) => {
      if (sent > requests) throw new Error('died');
      return nodes.read(member);
    };
    const counting: ClusterNodes['ask'] = (member, command) =>
      isCount(command) && sent < requests ? ask(member, command) : dying(ask)(member, command);
    return {
      ...{ ...nodes, read, ask: counting, keysIn: dying(keysIn), transaction: dying(transaction) },
      dumpFunctions: dying(dumpFunctions),
    };
  };
}

export function move(
  redis: RedisProcesses,
  plan: SlotPlan,
  use = (nodes: ClusterNodes) => nodes,
  mover: Partial<Pick<Migration, 'assertAwake' | 'isOurs'>> = {},
): Promise<Moved> {
  return withClusterNodes(undefined, (nodes) =>
    migrate(use(nodes), {
      ...{ plan, password: undefined, members: async () => redis.members, assertAwake: () => undefined },
      ...{ assertInTime: inTime(), isOurs: () => true, ...mover },
    }),
  );
}
