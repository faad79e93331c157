/**
 * Clusters of real Redis servers, converged from whatever state they are in: always one good cluster, as every node and
 * `redis-cli --cluster check` say, or refused and untouched. HALF_MADE=20 tries so many generated ones, SEED other ones.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClusterNodes, withClusterNodes } from '../../../activities/redis/cluster/client';
import { converge } from '../../../activities/redis/cluster/converge';
import { type Markers, withMarkers } from '../../../activities/redis/cluster/markers';
import { until } from '../../../lab/processes';
import { isFinishable, make, samples } from './half-made';
import { ConfirmedWriter, lostOf } from './confirmed-writer';
import { nodeTimeoutMs, port, RedisProcesses } from './redis-processes';

let redis: RedisProcesses;
afterEach(() => redis.stop());

const limitMs = 30_000;

/** Throws when it takes longer than the limit. */
function form({ use = (nodes: ClusterNodes) => nodes, mayJoin = true } = {}): Promise<string[]> {
  const deadline = Date.now() + limitMs;
  return withClusterNodes(undefined, (nodes) =>
    converge(use(nodes), {
      members: async () => redis.members,
      shape: { replicasPerMaster: 1 },
      mayJoin,
      assertAwake: () => undefined,
      assertInTime: (missing) => {
        if (Date.now() > deadline) throw new Error(`not formed after ${limitMs} ms: ${missing}`);
      },
    }),
  );
}

/** Asked of the nodes themselves, by Redis' own tools. */
async function expectGood(): Promise<void> {
  const [first] = redis.members;
  const check = await redis.redisCli('--cluster', 'check', `${first!.host}:${port}`);
  expect(check).toContain('[OK] All nodes agree about slots configuration.');
  expect(check).toContain('[OK] All 16384 slots covered.');
  expect(check.match(/M: [0-9a-f]{40}/g)).toHaveLength(3);
  expect(check.match(/1 additional replica/g)).toHaveLength(3);
  for (const { ordinal } of redis.members) {
    expect(await redis.cli(ordinal, 'CLUSTER', 'INFO')).toMatch(/^cluster_state:ok/);
    const replication = await redis.cli(ordinal, 'INFO', 'replication');
    if (replication.includes('role:slave')) expect(replication).toContain('master_link_status:up');
  }
}

const six = () => new RedisProcesses(6).start();

test('empty nodes become a cluster, masters and replicas on different machines', async () => {
  redis = await six();
  await form();
  await expectGood();
  const members = redis.members;
  const ids = await Promise.all(members.map(({ ordinal }) => redis.cli(ordinal, 'CLUSTER', 'MYID')));
  for (const { ordinal, node } of members.slice(3)) {
    const master = /slave ([0-9a-f]{40})/.exec(
      (await redis.cli(ordinal, 'CLUSTER', 'NODES')).match(/.*myself.*/)![0],
    )![1];
    expect(members[ids.indexOf(master!)]!.node).not.toBe(node);
  }
});

test('one that is good already is left as it is', async () => {
  redis = await six();
  await form();
  expect(await form()).toEqual([]);
});

test('markers: one on each master, with a replica; the loss of a master costs none; keys of others are counted and stay', async () => {
  redis = await six();
  await form();
  const on = <T>(use: (markers: Markers) => Promise<T>) => withMarkers(redis.members, '', 'run-1', use);
  await redis.redisCli('-c', '-h', redis.member(0).host, 'SET', 'theirs', '1');
  const keys = await on((markers) => markers.write(1));
  expect(keys).toHaveLength(3);
  expect(await on((markers) => markers.note('a pod'))).toBe('a pod');
  expect(await on((markers) => markers.countOthers())).toBe(1);

  const victim = redis.members.find(({ ordinal }) => ordinal === 0)!;
  await redis.kill(victim.ordinal);
  await sleep(2 * nodeTimeoutMs);
  await redis.startOne(victim.ordinal, redis.freeAddress());
  await form();
  await expectGood();
  expect(await on((markers) => markers.missing(keys))).toEqual([]);
  expect(await on((markers) => markers.note())).toBe('a pod');
  await redis.redisCli('-c', '-h', redis.member(0).host, 'DEL', keys[0]!);
  expect(await on((markers) => markers.missing(keys))).toEqual([keys[0]]);

  await on((markers) => markers.remove());
  expect(await on((markers) => markers.missing(keys))).toEqual(keys);
  expect(await on((markers) => markers.countOthers())).toBe(1);
});

test.each([0, 150, 400, 900, 1600])('redis-cli --cluster create, killed after %d ms, is finished', async (ms) => {
  redis = await six();
  const create = redis.create();
  await sleep(ms);
  create.kill('SIGKILL');
  await form();
  await expectGood();
});

/** What each master says of itself: its slots, and how many keys it has. */
async function ownParts(): Promise<Record<number, string>> {
  const parts = redis.members.map(async ({ ordinal }) => {
    const nodes = (await redis.cli(ordinal, 'CLUSTER', 'NODES')).split('\n');
    const [, , flags = '', , , , , , ...slots] = nodes.find((line) => line.includes('myself'))!.split(' ');
    return [ordinal, flags.includes('master') ? `${slots.join(' ')}: ${await redis.cli(ordinal, 'DBSIZE')}` : flags];
  });
  return Object.fromEntries(await Promise.all(parts)) as Record<number, string>;
}

const seed = Number(process.env.SEED || 20_261_127);
const count = Number(process.env.HALF_MADE || 4);

test.each(samples(seed, count).map((state, index) => [index, JSON.stringify(state), state] as const))(
  `half-made cluster %d of seed ${seed} is finished, or refused and untouched: %s`,
  async (_index, _text, state) => {
    redis = await six();
    const keys = await make(redis, state);
    if (isFinishable(state)) {
      await form();
      await expectGood();
      for (const key of keys) expect(await redis.redisCli('-c', '-h', redis.member(0).host, 'GET', key)).toBe(key);
      return;
    }
    const before = await ownParts();
    await expect(form()).rejects.toMatchObject({ type: 'ClusterRefused' });
    expect(await ownParts()).toEqual(before);
  },
  90_000,
);

test('a node that is killed before each action in turn, and a worker that begins anew each time', async () => {
  redis = await six();
  const died = new Error('the worker died');
  for (let victim = 0; ; victim = (victim + 1) % 6) {
    let acted = false;
    const use = (nodes: ClusterNodes): ClusterNodes => ({
      ...nodes,
      perform: async (action) => {
        if (acted) throw died;
        acted = true;
        await nodes.perform(action).catch(() => undefined);
        await redis.kill(victim);
        await redis.startOne(victim);
      },
      read: async (member) => {
        if (acted) throw died;
        return nodes.read(member);
      },
    });
    const ended = await form({ use }).catch((error: unknown) => error);
    if (Array.isArray(ended)) break;
    expect(ended).toBe(died);
  }
  await expectGood();
}, 180_000);

test('all nodes are gone at once and back under other addresses: healed, and no key is lost', async () => {
  redis = await six();
  await form();
  const { host } = redis.member(0);
  for (let index = 0; index < 50; index++) await redis.redisCli('-c', '-h', host, 'SET', `key-${index}`, `${index}`);
  for (const { ordinal } of redis.members) await redis.kill(ordinal);
  for (const { ordinal } of redis.members) await redis.startOne(ordinal, redis.freeAddress());
  await form({ mayJoin: false });
  await expectGood();
  for (let index = 0; index < 50; index++)
    expect(await redis.redisCli('-c', '-h', redis.member(0).host, 'GET', `key-${index}`)).toBe(`${index}`);
});

test('each node in turn is killed and back, one of them after its replica took over: no key that WAIT 1 has confirmed is lost', async () => {
  redis = await new RedisProcesses(6, { settings: ['--appendfsync', 'always'] }).start();
  await form();
  const writer = new ConfirmedWriter(() => redis.members);
  for (const victim of [1, 0, 2, 3, 4, 5]) {
    await writer.until(writer.confirmed.length + 100);
    await redis.kill(victim);
    if (victim === 1) await sleep(2 * nodeTimeoutMs);
    await redis.startOne(victim, redis.freeAddress());
    await form();
  }
  await writer.stop();
  expect(await lostOf(redis.members, writer.confirmed)).toEqual([]);
}, 90_000);

describe('refused, and no node is touched:', () => {
  const everything = ['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'];
  /** What a node says of all, in an order of its own, without what changes by itself. */
  const viewOf = async (ordinal: number) =>
    (await redis.cli(ordinal, 'CLUSTER', 'NODES'))
      .split('\n')
      .map((line) => line.replace(/ \d+ \d+ (\d+) \w+/, ' $1'))
      .sort();
  /** They say the same of each other, and each has an epoch of its own: before that what they say changes by itself. */
  const haveMet = async (one: number, other: number) => {
    const met = async () => {
      const [view, same] = await Promise.all(
        [one, other].map(async (ordinal) => (await viewOf(ordinal)).map((line) => line.replace('myself,', ''))),
      );
      const epochs = new Set(view!.map((line) => line.split(' ')[4]));
      return (
        view!.length === 2 && epochs.size === 2 && view!.join() === same!.join() && !/handshake/.test(view!.join())
      );
    };
    await until('they have met', met, { deadlineMs: 30_000, everyMs: 50 });
  };
  const state = () =>
    Promise.all(redis.members.map(async ({ ordinal }) => [await redis.cli(ordinal, 'DBSIZE'), await viewOf(ordinal)]));

  test.each<[string, string, () => Promise<unknown>]>([
    [
      'a node with keys and no slots',
      'ForeignKeys: redis-cluster-4 holds 1 keys',
      async () => {
        await redis.cli(4, ...everything);
        for (let tries = 0; (await redis.cli(4, 'SET', 'theirs', '1')) !== 'OK' && tries < 50; tries++)
          await sleep(200);
        await redis.cli(4, 'CLUSTER', 'DELSLOTSRANGE', '0', '16383');
      },
    ],
    [
      'two nodes that claim the same slots and have never met',
      'SplitConfiguration: redis-cluster-1 and redis-cluster-2',
      async () => {
        await redis.cli(1, 'CLUSTER', 'ADDSLOTSRANGE', '0', '99');
        await redis.cli(2, 'CLUSTER', 'ADDSLOTSRANGE', '50', '149');
      },
    ],
    ['one node with all slots', 'MastersDiffer: 1 nodes have slots', () => redis.cli(3, ...everything)],
    [
      'four nodes with slots',
      'MastersDiffer: 4 nodes have slots',
      () => Promise.all([0, 1, 2, 3].map((one) => redis.cli(one, 'CLUSTER', 'ADDSLOTS', String(one)))),
    ],
    [
      'a slot that is being moved',
      'SlotsMoving: redis-cluster-0 is moving slot 7',
      async () => {
        await redis.cli(0, 'CLUSTER', 'MEET', redis.member(1).host, String(port));
        await redis.cli(1, 'CLUSTER', 'ADDSLOTS', '7');
        await haveMet(0, 1);
        await redis.cli(0, 'CLUSTER', 'SETSLOT', '7', 'IMPORTING', await redis.cli(1, 'CLUSTER', 'MYID'));
      },
    ],
    [
      'a node of another cluster',
      'NodesOfAnotherCluster: redis-cluster-5 belongs together with',
      async () => {
        await redis.startOne(6);
        await redis.cli(5, 'CLUSTER', 'MEET', redis.member(6).host, String(port));
        await haveMet(5, 6);
      },
    ],
  ])('%s', async (_name, reason, before) => {
    redis = await six();
    await before();
    const untouched = await state();
    await expect(form()).rejects.toThrow(reason);
    expect(await state()).toEqual(untouched);
  });

  test('nodes that have never met, where joining them was not planned', async () => {
    redis = await six();
    const untouched = await state();
    await expect(form({ mayJoin: false })).rejects.toThrow('NeverMet');
    expect(await state()).toEqual(untouched);
  });
});
