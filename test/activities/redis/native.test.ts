/**
 * Slots moved by real Valkey servers themselves, under a client of the cluster: told to at once, adopted where whoever told them has
 * died, called off where the run is stopped or goes back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { balanced, partitionOf } from '../../../activities/redis/cluster/balance';
import { type ClusterNodes, withClusterNodes } from '../../../activities/redis/cluster/client';
import { runningOf } from '../../../activities/redis/cluster/native';
import type { SlotPlan } from '../../../activities/redis/cluster/situation';
import { until } from '../../../lab/processes';
import { ClusterTraffic } from './cluster-traffic';
import { calling } from './function-calls';
import { nodeTimeoutMs, RedisProcesses } from './redis-processes';
import { allOf, back, grow, layoutOf, move, shardsOf } from './resharding';

jest.setTimeout(300_000);

let valkey: RedisProcesses;
let plan: SlotPlan;
let traffic: ClusterTraffic;
afterAll(async () => {
  traffic.destroy();
  await traffic.stop();
  await valkey.stop();
});

const layout = () => layoutOf(valkey);
const givers = () =>
  withClusterNodes(undefined, async (nodes) =>
    (await allOf(valkey, nodes)).filter((node) => runningOf(node).length > 0),
  );
/** While so, whatever a server has copied, it does not hand over. */
const hold = (held: boolean) =>
  Promise.all(
    valkey.members.map(({ ordinal }) =>
      valkey.cli(ordinal, 'DEBUG', 'SLOTMIGRATION', 'PREVENT-PAUSE', String(Number(held))),
    ),
  );

/** Counts the orders; `onWatch`: when a round of them is given, and is watched. */
function counting(onWatch?: () => void) {
  const told = { orders: 0 };
  const use = (nodes: ClusterNodes): ClusterNodes => ({
    ...nodes,
    ask: async (member, command) => {
      const answer = await nodes.ask(member, command);
      if (command[1] === 'MIGRATESLOTS') told.orders += 1;
      return answer;
    },
    migrations: (member) => {
      if (told.orders > 0) onWatch?.();
      return nodes.migrations(member);
    },
  });
  return { told, use };
}

/** The givers are told, and then whoever told them is no more. How many: on a busy machine one may seem ill just then. */
async function abandoned(way: SlotPlan): Promise<number> {
  let dead = false;
  const { told, use } = counting(() => (dead = true));
  const mover = {
    isOurs: () => !dead,
    assertAwake: () => {
      if (dead) throw new Error('died');
    },
  };
  await expect(move(valkey, way, use, mover)).rejects.toThrow('died');
  expect(await givers()).toHaveLength(told.orders);
  return told.orders;
}

/** While nothing is handed over, for longer than its replica needs to take its place. */
async function killed(ordinal: number): Promise<void> {
  await valkey.kill(ordinal);
  await sleep(3 * nodeTimeoutMs);
  await valkey.startOne(ordinal);
  await hold(false);
}

// Each test leaves the layout as it was.
beforeAll(async () => {
  const settings = [
    '--cluster-allow-replica-migration',
    'no',
    '--appendfsync',
    'always',
    '--enable-debug-command',
    'yes',
  ];
  valkey = await new RedisProcesses(8, { settings, valkey: true }).start();
  await grow(valkey);
  const before = await shardsOf(valkey);
  plan = { before, after: balanced(before, () => true) };
  traffic = await new ClusterTraffic(() => valkey.members, { paceMs: 3 }).start(5000);
});
afterEach(() => hold(false));

test('three servers are told once each, on the way there and back', async () => {
  for (const way of [plan, back(plan)]) {
    const { told, use } = counting();
    expect(await move(valkey, way, use)).toEqual({ slots: 4096, byServers: 4096, keys: 0 });
    expect(told.orders).toBe(3);
    expect(await layout()).toEqual(partitionOf(way.after));
  }
});

test('a master has the functions of the others before its first slot: a client that calls one notices nothing', async () => {
  await calling(valkey, async () => {
    await move(valkey, plan);
    await move(valkey, back(plan));
  });
});

test('whoever told them dies: the next one tells nobody, and waits for what they are at', async () => {
  await hold(true);
  const before = await abandoned(plan);
  const { told, use } = counting();
  // Only when it waits for them: by a clock, they could be done before it has looked.
  const waits = (nodes: ClusterNodes): ClusterNodes => ({
    ...use(nodes),
    migrations: (member) => hold(false).then(() => nodes.migrations(member)),
  });
  expect(await move(valkey, plan, waits)).toMatchObject({ byServers: 4096 });
  expect(told.orders).toBe(3 - before);
  expect(await layout()).toEqual(partitionOf(plan.after));
  await move(valkey, back(plan));
});

test('whoever told them dies, and the next one goes back: called off', async () => {
  await hold(true);
  await abandoned(plan);
  const { told, use } = counting();
  await move(valkey, back(plan), use);
  expect(told.orders).toBe(0);
  expect(await givers()).toEqual([]);
  expect(await layout()).toEqual(partitionOf(plan.before));
});

test('whoever told them is stopped: called off before that is said', async () => {
  await hold(true);
  let stopped = false;
  const { use } = counting(() => (stopped = true));
  const assertAwake = () => {
    if (stopped) throw new Error('stopped');
  };
  await expect(move(valkey, plan, use, { assertAwake })).rejects.toThrow('stopped');
  expect(await givers()).toEqual([]);
  expect(await layout()).toEqual(partitionOf(plan.before));
});

test('what somebody else has told a server to is neither waited for nor called off', async () => {
  await hold(true);
  const [one, other] = plan.before.filter(({ slots }) => slots.length > 0);
  await valkey.onNode(one!.ids[0]!, (client) =>
    client.sendCommand(['CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', '0', '900', 'NODE', other!.ids[0]!]),
  );
  await expect(move(valkey, plan)).rejects.toThrow(/is moving slots 0-900, told to by somebody else/);
  expect(await givers()).toHaveLength(1);
  await valkey.onNode(one!.ids[0]!, (client) => client.sendCommand(['CLUSTER', 'CANCELSLOTMIGRATIONS']));
});

test('no request of the client has failed until here, and no key is lost', async () => {
  await traffic.stop();
  expect(traffic.errors).toEqual([]);
  expect(traffic.measurement.requests).toBeGreaterThan(20);
  expect(await traffic.lost()).toEqual([]);
});

test('a giver is killed half-way and back after its replica took over: finished, and no key is lost', async () => {
  await hold(true);
  const { ids } = plan.before.find(({ slots }) => slots.length > 0)!;
  const members = await Promise.all(valkey.members.map(({ ordinal }) => valkey.cli(ordinal, 'CLUSTER', 'MYID')));
  const giver = members.indexOf(ids[0]!);
  let over: Promise<void> | undefined;
  const { use } = counting(() => {
    over ??= killed(giver);
  });
  await move(valkey, plan, use);
  await over!;
  expect(await layout()).toEqual(partitionOf(plan.after));
  const settled = async () =>
    (await withClusterNodes(undefined, (nodes) => allOf(valkey, nodes))).every(({ view }) => view.state === 'ok');
  await until('all is well', settled, { deadlineMs: 10 * nodeTimeoutMs, everyMs: 200 });
  expect(await traffic.lost()).toEqual([]);
});
