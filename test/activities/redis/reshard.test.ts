/**
 * Slots moved between real Redis servers, under a client of the cluster: wherever whoever moves them dies, and whichever node
 * does, every slot ends where it was to be and no key is lost.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { balanced, partitionOf } from '../../../activities/redis/cluster/balance';
import { type ClusterNodes, withClusterNodes } from '../../../activities/redis/cluster/client';
import { differingFunctions } from '../../../activities/redis/cluster/functions';
import { strays } from '../../../activities/redis/cluster/migration';
import type { SlotPlan } from '../../../activities/redis/cluster/situation';
import { owns } from '../../../activities/redis/cluster/nodes';
import { until } from '../../../lab/processes';
import { ClusterTraffic } from './cluster-traffic';
import { nodeTimeoutMs, RedisProcesses } from './redis-processes';
import { calling } from './function-calls';
import { allOf, back, dyingAfter, grow, isCount, layoutOf, move, shardsOf } from './resharding';

jest.setTimeout(300_000);

let redis: RedisProcesses;
let plan: SlotPlan;
let traffic: ClusterTraffic;
afterAll(() => redis.stop());
afterEach(async () => {
  traffic.destroy();
  await traffic.stop();
});

const layout = () => layoutOf(redis);

async function ordinalOf(id: string): Promise<number> {
  const ids = await Promise.all(redis.members.map(({ ordinal }) => redis.cli(ordinal, 'CLUSTER', 'MYID')));
  return ids.indexOf(id);
}

async function killed(ordinal: number, ms: number): Promise<void> {
  await redis.kill(ordinal);
  await sleep(ms);
  await redis.startOne(ordinal);
}

/** Before the n-th request is sent, counts aside. `over`: of what was begun then. */
function striking(request: number, strike: () => Promise<unknown>) {
  let sent = 0;
  let over: Promise<unknown> | undefined;
  const use = (nodes: ClusterNodes): ClusterNodes => ({
    ...nodes,
    ask: (member, command) => {
      if (!isCount(command) && ++sent === request) over = strike();
      return nodes.ask(member, command);
    },
  });
  return { use, over: () => over ?? Promise.reject(new Error(`there were ${sent} requests only`)) };
}

// Each test leaves the layout as it was.
beforeAll(async () => {
  const settings = ['--cluster-allow-replica-migration', 'no', '--appendfsync', 'always'];
  redis = await new RedisProcesses(8, { settings }).start();
  await grow(redis);
  const before = await shardsOf(redis);
  expect(before.map(({ ids }) => ids.length)).toEqual([2, 2, 2, 2]);
  plan = { before, after: balanced(before, () => true) };
});
beforeEach(async () => {
  traffic = await new ClusterTraffic(() => redis.members, { paceMs: 3 }).start(5000);
});

test('whoever moves them dies between any two requests, on the way there and back: finished by whoever comes next', async () => {
  // Ever later, so that each part of a batch is met, in its first slot and in its last.
  const lives = [...Array.from({ length: 12 }, (_, index) => 5 + 24 * index), 700, 1500];
  let deaths = 0;
  for (const [index, requests] of lives.entries()) {
    const ended = await move(redis, index % 6 < 4 ? plan : back(plan), dyingAfter(requests)).catch(
      ({ message }: Error) => message,
    );
    if (typeof ended === 'string') expect(ended).toBe('died');
    if (ended === 'died') deaths++;
  }
  expect(deaths).toBe(lives.length);
  await move(redis, plan);
  expect(await layout()).toEqual(partitionOf(plan.after));
  await move(redis, back(plan));
  expect(await layout()).toEqual(partitionOf(plan.before));
  await traffic.stop();
  expect(traffic.errors).toEqual([]);
  expect(await traffic.lost()).toEqual([]);
});

test('a master has the functions of the others before its first slot: a client that calls one notices nothing', async () => {
  await traffic.stop();
  const { ids } = plan.before.find(({ slots }) => slots.length === 0)!;
  const left = "#!lua name=left\nredis.register_function('left', function() return 1 end)";
  await redis.onNode(ids[0]!, (client) => client.functionLoad(left));
  await calling(redis, async () => {
    await move(redis, plan);
    await move(redis, back(plan));
  });

  for (const id of ids) {
    const list = await redis.cli(await ordinalOf(id), 'FUNCTION', 'LIST');
    expect([list.includes('greetings'), list.includes('left')]).toEqual([true, false]);
  }
  const difference = () =>
    withClusterNodes(undefined, async (nodes) => differingFunctions(nodes, (await allOf(redis, nodes)).filter(owns)));
  expect(await difference()).toBeUndefined();
  const giver = plan.before.find(({ slots }) => slots.length > 0)!;
  await redis.onNode(giver.ids[0]!, (client) => client.functionDelete('greetings'));
  expect(await difference()).toMatch(/^function library greetings is not the same on redis-cluster-\d and redis-/);
});

test('a node that gives slots, on the way there and on the way back, is killed half-way and back after its replica took over: finished, and no key is lost', async () => {
  await traffic.stop();
  const giver = await ordinalOf(plan.before.find(({ slots }) => slots.length > 0)!.ids[0]!);
  const giverBack = await ordinalOf(plan.before.find(({ slots }) => slots.length === 0)!.ids[0]!);
  for (const [victim, way] of [
    [giver, plan],
    [giverBack, back(plan)],
  ] as const) {
    const { use, over } = striking(1500, () => killed(victim, 3 * nodeTimeoutMs));
    await move(redis, way, use);
    await over();
    expect(await layout()).toEqual(partitionOf(way.after));
  }
  expect(await traffic.lost()).toEqual([]);
});

test('a replica that has taken over from a master without slots is followed by it: nobody else would tell it', async () => {
  const { ids } = plan.before.find(({ slots }) => slots.length === 0)!;
  const members = () => withClusterNodes(undefined, (nodes) => allOf(redis, nodes));
  const ofShard = async () => (await members()).filter(({ view }) => ids.includes(view.id));
  const replica = (await ofShard()).find(({ self }) => self.master !== undefined)!;
  expect(await redis.cli(replica.member.ordinal, 'CLUSTER', 'FAILOVER', 'TAKEOVER')).toBe('OK');
  const roles = async () => (await ofShard()).map(({ view, self }) => [view.id, self.master]);
  await until('both are masters', async () => (await roles()).every(([, master]) => master === undefined), {
    deadlineMs: 50_000,
  });
  await move(redis, back(plan));
  expect(await roles()).toContainEqual([ids.find((id) => id !== replica.view.id), replica.view.id]);
  expect(await layout()).toEqual(partitionOf(plan.before));
});

test('where a node does not say which keys it holds, nobody says that none is where its slot is not', async () => {
  await traffic.stop();
  // The slots that are to come to it are not its own: it is asked for keys of them.
  const { ids } = plan.before.find(({ slots }) => slots.length === 0)!;
  await withClusterNodes(undefined, async (nodes) => {
    let answering = await allOf(redis, nodes);
    // One that was killed, and is back, takes itself for a master until it has heard of the failover.
    const settled = async () => {
      answering = await allOf(redis, nodes);
      return answering.filter(({ self }) => self.master === undefined).length === 4;
    };
    await until('four masters are left', settled, { deadlineMs: 50_000, everyMs: 100 });
    const getter = answering.find(({ view, self }) => ids.includes(view.id) && self.master === undefined)!;
    expect((await strays(nodes, answering, plan)).size).toBe(4);
    await redis.kill(getter.member.ordinal);
    await expect(strays(nodes, answering, plan)).rejects.toThrow(/does not say which keys it holds/);
    await redis.startOne(getter.member.ordinal);
  });
});

test('what a node refuses in a transaction is told in its own words', async () => {
  await withClusterNodes(undefined, async (nodes) => {
    const commands = [['PING'], ['CLUSTER', 'FORGET', 'nobody'], ['GET']];
    await expect(nodes.transaction(redis.members[0]!, commands.slice(0, 2))).rejects.toThrow(/^ERR .*nobody/);
    await expect(nodes.transaction(redis.members[0]!, commands)).rejects.toThrow(/wrong number of arguments|EXECABORT/);
  });
});
