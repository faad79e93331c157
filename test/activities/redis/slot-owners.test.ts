/**
 * Each slot has one master, on real Redis servers: claims of two that cross, and a dead one's command that arrives late, leave none
 * without. A master that believes a newer claim of a slot that it had just got deletes the keys.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { balanced, partitionOf } from '../../../activities/redis/cluster/balance';
import { type ClusterNodes, withClusterNodes } from '../../../activities/redis/cluster/client';
import type { SlotPlan } from '../../../activities/redis/cluster/situation';
import { unclaimed } from '../../../activities/redis/cluster/nodes';
import { slotsOf } from '../../../activities/redis/cluster/slots';
import { ClusterTraffic } from './cluster-traffic';
import { RedisProcesses } from './redis-processes';
import { allOf, back, dyingAfter, grow, layoutOf, move, shardsOf } from './resharding';

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

const layout = () => layoutOf(redis);

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

/** A master that gives slots, the one that gets its first, and which go from the one to the other. */
function firstMove(): { giver: number; getter: number; going: number[] } {
  const from = plan.before.findIndex(({ slots }) => slots.length > 0);
  const to = plan.before.findIndex(({ slots }) => slots.length === 0);
  const stays = new Set(slotsOf(plan.after[from]!.slots));
  const going = slotsOf(plan.before[from]!.slots).filter((slot) => !stays.has(slot));
  const [giver, getter] = [from, to].map((index) => ids.indexOf(plan.before[index]!.ids[0]!));
  return { giver: giver!, getter: getter!, going };
}

const unownedSlots = async () => unclaimed(await withClusterNodes(undefined, (nodes) => allOf(redis, nodes)));
const setSlot = async (at: number, slot: number, ...how: string[]) =>
  expect(await redis.cli(at, 'CLUSTER', 'SETSLOT', String(slot), ...how)).toBe('OK');

async function thereAndBack(): Promise<void> {
  await move(redis, plan);
  expect(await layout()).toEqual(partitionOf(plan.after));
  await move(redis, back(plan));
  expect(await layout()).toEqual(partitionOf(plan.before));
  expect(await traffic.lost()).toEqual([]);
}

/** A slot with one key, which has gone to the getter; nobody has the slot, and no mark leads to it. */
async function orphanWithKey(): Promise<{ slot: number; key: string }> {
  const { giver, getter, going } = firstMove();
  const counts = await Promise.all(going.map((slot) => redis.cli(giver, 'CLUSTER', 'COUNTKEYSINSLOT', String(slot))));
  const slot = going[counts.indexOf('1')]!;
  const key = await redis.cli(giver, 'CLUSTER', 'GETKEYSINSLOT', String(slot), '1');
  await setSlot(getter, slot, 'IMPORTING', ids[giver]!);
  await setSlot(giver, slot, 'MIGRATING', ids[getter]!);
  const { host, port } = redis.members[getter]!;
  expect(await redis.cli(giver, 'MIGRATE', host, String(port), key, '0', '1000')).toBe('OK');
  await setSlot(giver, slot, 'NODE', ids[getter]!);
  await setSlot(getter, slot, 'STABLE');
  expect(await unownedSlots()).toEqual([slot]);
  return { slot, key };
}

test('what was half moved and what goes back never cross: none is without a master, and no key is lost', async () => {
  await expect(move(redis, plan, dyingAfter(2000))).rejects.toThrow('died');
  const nodes = await withClusterNodes(undefined, (some) => allOf(redis, some));
  const { giver, getter } = firstMove();
  const { self } = nodes.find(({ member }) => member.ordinal === getter)!;
  // Some of that very master's are on their way there, and others are to go back to it: else there is nothing to cross.
  const isComing = self.moving.some((mark) => 'from' in mark && mark.from === ids[giver]);
  expect([isComing, self.slots.length > 0]).toEqual([true, true]);

  await move(redis, back(plan), crossing());
  expect(await layout()).toEqual(partitionOf(plan.before));
  await traffic.stop();
  expect(traffic.errors).toEqual([]);
  expect(await traffic.lost()).toEqual([]);
});

test('a slot that was given away by a late command, and that nobody has, is given a master again, with its functions', async () => {
  await traffic.stop();
  const { giver, getter, going } = firstMove();
  const counts = await Promise.all(going.map((slot) => redis.cli(giver, 'CLUSTER', 'COUNTKEYSINSLOT', String(slot))));
  const empty = going[counts.indexOf('0')]!;
  const library = "#!lua name=greetings\nredis.register_function('greet', function() return 1 end)";
  for (const { ids: shard, slots } of plan.before) {
    if (slots.length > 0) await redis.onNode(shard[0]!, (client) => client.functionLoad(library));
  }
  await setSlot(giver, empty, 'NODE', ids[getter]!);
  expect(await unownedSlots()).toEqual([empty]);
  await thereAndBack();
  expect(await redis.cli(getter, 'FUNCTION', 'LIST')).toContain('greetings');
});

test('a slot that nobody has goes to whoever holds its keys', async () => {
  await traffic.stop();
  await orphanWithKey();
  await thereAndBack();
});

test('a slot that nobody has, with keys at both, is left to a person; as the words say, the keys of one are kept', async () => {
  await traffic.stop();
  const { giver, getter } = firstMove();
  const { slot, key } = await orphanWithKey();
  await setSlot(giver, slot, 'IMPORTING', ids[getter]!);
  await redis.onNode(ids[giver]!, async (client) => {
    await client.multi().addCommand(['ASKING']).addCommand(['SET', key, 'an older one']).execAsPipeline();
  });
  await setSlot(giver, slot, 'STABLE');

  await expect(move(redis, plan)).rejects.toThrow(
    new RegExp(`slot ${slot} has no master, and both .*${ids[giver]}.* and .*${ids[getter]}.* hold keys of it`),
  );
  await setSlot(getter, slot, 'IMPORTING', ids[giver]!);
  await setSlot(getter, slot, 'NODE', ids[getter]!);
  await thereAndBack();
});
