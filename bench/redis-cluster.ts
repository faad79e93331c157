/**
 * How long six Ready Redis servers take to become a good cluster: by the runbook's own part, and by `redis-cli --cluster create`,
 * in turn, on the same processes' configuration, until every node says cluster_state:ok and every replica's link is up. And what
 * it costs that every write is on disk before its answer.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { withClusterNodes } from '../activities/redis/cluster/client';
import { converge } from '../activities/redis/cluster/converge';
import { decide } from '../activities/redis/cluster/convergence';
import { RedisProcesses } from '../test/activities/redis/redis-processes';

const rounds = Number(process.env.ROUNDS || 5);
const timeout = ['--cluster-node-timeout', '5000'];

async function untilGood(redis: RedisProcesses): Promise<void> {
  await withClusterNodes(undefined, async (nodes) => {
    for (;;) {
      const seen = await Promise.all(redis.members.map((member) => nodes.read(member)));
      if (decide(seen, { replicasPerMaster: 1 }).answer === 'formed') return;
      await sleep(50);
    }
  });
}

async function timed(settings: string[], form: (redis: RedisProcesses) => Promise<unknown>): Promise<number> {
  const redis = await new RedisProcesses(6, { settings: [...timeout, ...settings] }).start();
  try {
    const began = Date.now();
    await form(redis);
    await untilGood(redis);
    return (Date.now() - began) / 1000;
  } finally {
    await redis.stop();
  }
}

const ours = (redis: RedisProcesses) =>
  withClusterNodes(undefined, (nodes) =>
    converge(nodes, {
      members: async () => redis.members,
      shape: { replicasPerMaster: 1 },
      mayJoin: true,
      assertAwake: () => undefined,
      assertInTime: () => undefined,
    }),
  );
const theirs = (redis: RedisProcesses) => once(redis.create(), 'exit');

const summary = (values: number[]) => {
  const sorted = [...values].sort((a, b) => a - b);
  const [least, middle, most] = [0, Math.floor(sorted.length / 2), sorted.length - 1].map((index) => sorted[index]!);
  return `${middle!.toFixed(1)} s (${least!.toFixed(1)}–${most!.toFixed(1)})`;
};

async function writes(appendfsync: string): Promise<string> {
  const redis = await new RedisProcesses(1, {
    settings: ['--cluster-enabled', 'no', '--appendfsync', appendfsync],
  }).start();
  try {
    const answer = await redis.benchmark('-t', 'set', '-n', '100000', '-c', '50', '-d', '100', '-r', '100000', '--csv');
    return answer.split('\n').at(-1)!;
  } finally {
    await redis.stop();
  }
}

async function main(): Promise<void> {
  for (const delay of ['0', '5']) {
    const settings = ['--repl-diskless-sync-delay', delay];
    const figures: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      figures[0].push(await timed(settings, ours));
      figures[1].push(await timed(settings, theirs));
    }
    console.log(`repl-diskless-sync-delay ${delay}: runbook ${summary(figures[0])}, redis-cli ${summary(figures[1])}`);
  }
  for (const appendfsync of ['everysec', 'always', 'everysec', 'always']) {
    console.log(`appendfsync ${appendfsync}: ${await writes(appendfsync)}`);
  }
}

main().catch((error: Error) => {
  console.error(error);
  process.exitCode = 1;
});
