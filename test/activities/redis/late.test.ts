/**
 * Real Redis servers of which one answers nothing for some seconds (SIGSTOP, then SIGCONT): waited for within a limit, and told of
 * beyond it. And one that nobody asks anything for some seconds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { withClusterNodes } from '../../../activities/redis/cluster/client';
import { converge } from '../../../activities/redis/cluster/converge';
import { patiently } from '../../../activities/redis/cluster/patience';
import { judge, readAll } from '../../../activities/redis-clusters/formation';
import { RedisProcesses } from './redis-processes';

let redis: RedisProcesses;
// Longer than a freeze: nobody takes the place of the frozen one.
const settings = ['--cluster-node-timeout', '15000'];
beforeAll(async () => {
  redis = await new RedisProcesses(6, { settings }).start();
  await form(Infinity);
});
afterAll(() => redis.stop());

const deadlineMs = 60_000;
const frozen = 2;
const frozenMs = 6000;

/** As the activities do, with a deadline after so many milliseconds. */
async function form(ms: number): Promise<string[]> {
  const deadline = Date.now() + Math.min(ms, deadlineMs);
  return withClusterNodes(undefined, (nodes) =>
    converge(nodes, {
      ...{ members: async () => redis.members, shape: { replicasPerMaster: 1 }, mayJoin: true },
      assertAwake: () => undefined,
      assertInTime: (missing) => {
        if (Date.now() > deadline) throw new Error(`over: ${missing}`);
      },
    }),
  );
}

const state = () =>
  withClusterNodes(undefined, async (nodes) => judge(await readAll(nodes, redis.members), { replicasPerMaster: 1 }));

async function whileFrozen<T>(work: () => Promise<T>): Promise<T> {
  redis.freeze(frozen);
  const thawed = sleep(frozenMs).then(() => redis.thaw(frozen));
  try {
    return await work();
  } finally {
    await thawed;
  }
}

test('whoever asks what the nodes are waits for one that is late', async () => {
  await whileFrozen(async () => {
    await expect(state()).rejects.toThrow(/redis-cluster-2 does not say what it sees/);
    expect(await patiently(state)).toMatchObject({ state: 'formed' });
  });
});

test('a loop whose deadline is over just then waits for one that is late', async () => {
  expect(await whileFrozen(() => form(1000))).toEqual([]);
});

test('one that stays silent is told of when the limit is over', async () => {
  redis.freeze(frozen);
  const began = Date.now();
  await expect(patiently(state, 3000)).rejects.toThrow(/redis-cluster-2 does not say what it sees/);
  // The last question was asked within the limit, and is answered within what a node has for its answers.
  expect(Date.now() - began).toBeLessThan(3000 + 10_000);
  redis.thaw(frozen);
});

test('one that was not spoken to for a while answers all that is asked at once, over one new connection', async () => {
  const [member] = redis.members;
  await withClusterNodes(undefined, async (nodes) => {
    const ask = () => Promise.all(Array.from({ length: 3 }, () => nodes.ask(member!, ['PING'])));
    const connections = async () =>
      String(await nodes.ask(member!, ['CLIENT', 'LIST', 'TYPE', 'NORMAL'])).match(/^id=/gm);
    await ask();
    const before = await connections();
    // Its connection is closed by then (answerMs).
    await sleep(3000);
    expect(await ask()).toEqual(['PONG', 'PONG', 'PONG']);
    expect(await connections()).toHaveLength(before!.length);
  });
});
