/**
 * Each slot has one master, on real Redis servers: claims of two that cross, and a dead one's command that arrives late, leave none
 * without. A master that believes a newer claim of a slot that it had just got deletes the keys.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { balanced, partitionOf } from '../../../activities/redis/cluster/balance';
import { type ClusterNodes, withClusterNodes } from '../../../activities/redis/cluster/client';
import type { SlotPlan } from '../../../activities/redis/cluster/moves';
import { unclaimed } from '../../../activities/redis/cluster/nodes';
import { slotsOf } from '../../../activities/redis/cluster/slots';
import { ClusterTraffic } from './cluster-traffic';
import { RedisProcesses } from './redis-processes';
import { allOf, grow, move, shardsOf } from './resharding';

jest.setTimeout(300_000);

let redis: RedisProcesses;
let plan: SlotPlan;
let ids: string[];
let traffic: ClusterTraffic;
afterAll(() => redis.stop());
afterEach(async () => {
  traffic.destroy();
  await traffic.stop();
});

// Each test leaves the layout as it was.
beforeAll(async () => {
  redis = await new RedisProcesses(8, { settings: ['--cluster-allow-replica-migration', 'no'] }).start();
  await grow(redis);
  const before = await shardsOf(redis);
  plan = { before, after: balanced(before, () => true) };
  ids = await Promise.all(redis.members.map(({ ordinal }) => redis.cli(ordinal, 'CLUSTER', 'MYID')));
});
beforeEach(async () => {
  traffic = await new ClusterTraffic(() => redis.members, { paceMs: 3 }).start(5000);
});

const back = ({ before, after }: SlotPlan): SlotPlan => ({ before: after, after: before });
const layout = async () => partitionOf(await shardsOf(redis));

/** After so many questions for keys: in the middle of a batch, and of several masters at once. */
function dyingAfter(questions: number): (nodes: ClusterNodes) => ClusterNodes {
  let asked = 0;
  return (nodes) => {
    const alive =
      <Args extends unknown[], Answer>(send: (...args: Args) => Promise<Answer>) =>
      async (...args: Args): Promise<Answer> => {
        if (asked >= questions) throw new Error('died');
        return send(...args);
      };
    const keysIn: ClusterNodes['keysIn'] = (...args) => {
      asked++;
      return nodes.keysIn(...args);
    };
    const read: ClusterNodes['read'] = async (member) => {
      if (asked >= questions) throw new Error('died');
      return nodes.read(member);
    };
    return { ...nodes, read, ask: alive(nodes.ask), keysIn: alive(keysIn), transaction: alive(nodes.transaction) };
  };
}

/**
 * Claims that go both ways are sent at the same moment, so that none of the two has heard of the other's, and who gives a slot
 * away is told of it after both. They are waited for once.
 */
function crossing(): (nodes: ClusterNodes) => ClusterNodes {
  const waiting = new Set<string>();
  const claimed = new Set<string>();
  const ends = new Map<Set<string>, number>();
  const bothIn = async (some: Set<string>) => {
    const end = ends.get(some) ?? Date.now() + 500;
    ends.set(some, end);
    while (some.size < 2 && Date.now() < end) await sleep(1);
  };
  return (nodes) => ({
    ...nodes,
    ask: async (member, command) => {
      const [, what, , how, id] = command;
      const self = ids[member.ordinal]!;
      if (what !== 'SETSLOT' || how !== 'NODE') return nodes.ask(member, command);
      if (id === self) {
        waiting.add(self);
        await bothIn(waiting);
        const answer = await nodes.ask(member, command);
        claimed.add(self);
        return answer;
      }
      await bothIn(claimed);
      await sleep(20);
      return nodes.ask(member, command);
    },
  });
}

test('what was half moved and what goes back never cross: none is without a master, and no key is lost', async () => {
  await expect(move(redis, plan, dyingAfter(700))).rejects.toThrow('died');
  await move(redis, back(plan), crossing());
  expect(await layout()).toEqual(partitionOf(plan.before));
  await traffic.stop();
  expect(traffic.errors).toEqual([]);
  expect(await traffic.lost()).toEqual([]);
});

test('a slot that was given away by a late command, and that nobody has, is given a master again', async () => {
  await traffic.stop();
  const index = plan.before.findIndex(({ slots }) => slots.length > 0);
  const to = plan.before.findIndex(({ slots }) => slots.length === 0);
  const giver = ids.indexOf(plan.before[index]!.ids[0]!);
  const stays = new Set(slotsOf(plan.after[index]!.slots));
  const going = slotsOf(plan.before[index]!.slots).filter((slot) => !stays.has(slot));
  const counts = await Promise.all(going.map((slot) => redis.cli(giver, 'CLUSTER', 'COUNTKEYSINSLOT', String(slot))));
  const empty = going[counts.indexOf('0')]!;
  const getter = plan.before[to]!.ids[0]!;
  expect(await redis.cli(giver, 'CLUSTER', 'SETSLOT', String(empty), 'NODE', getter)).toBe('OK');
  expect(unclaimed(await withClusterNodes(undefined, (nodes) => allOf(redis, nodes)))).toEqual([empty]);

  await move(redis, plan);
  expect(await layout()).toEqual(partitionOf(plan.after));
  await move(redis, back(plan));
  expect(await layout()).toEqual(partitionOf(plan.before));
  expect(await traffic.lost()).toEqual([]);
});
