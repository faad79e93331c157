/**
 * How long 4,096 slots with 250,000 keys take from three masters to a fourth, under the same traffic, in turn, on the same servers: by the
 * runbook's own part, and
 *
 * - on Redis by `redis-cli --cluster reshard`, at each size of its batches in PIPELINES, by default its best
 *   (docs/runbooks/redis-cluster-reshard.md);
 * - on Valkey (SERVERS=valkey) by the bare `CLUSTER MIGRATESLOTS`, given to the three masters at once, until each says `success`.
 *
 * ROUNDS, FSYNC: as clusters here have it, `always`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { balanced, partitionOf, type Shard } from '../activities/redis/cluster/balance';
import { withClusterNodes } from '../activities/redis/cluster/client';
import { slotOf } from '../activities/redis/cluster/markers';
import type { SlotPlan } from '../activities/redis/cluster/situation';
import { commandOf, ordersOf } from '../activities/redis/cluster/native';
import type { Node } from '../activities/redis/cluster/nodes';
import { slotCount, slotsOf } from '../activities/redis/cluster/slots';
import { ClusterTraffic } from '../test/activities/redis/cluster-traffic';
import { RedisProcesses } from '../test/activities/redis/redis-processes';
import { allOf, grow, move, shardsOf } from '../test/activities/redis/resharding';

const rounds = Number(process.env.ROUNDS || 5);
const keysPerSlot = 61;
const settings = [
  ...['--cluster-allow-replica-migration', 'no', '--cluster-node-timeout', '5000'],
  ...['--appendfsync', process.env.FSYNC || 'always'],
];
const valkey = process.env.SERVERS === 'valkey';
const batches = valkey ? [] : (process.env.PIPELINES || '100').split(',');

async function main(): Promise<void> {
  const redis = await new RedisProcesses(8, { settings, valkey }).start();
  const figures = new Map<string, number[]>();
  const traffic = new ClusterTraffic(() => redis.members);
  try {
    await grow(redis);
    const before = await shardsOf(redis);
    const after = balanced(before, () => true);
    await fill(redis, before);
    await traffic.start(1000);
    const timed = async (name: string, work: () => Promise<unknown>) => {
      const began = Date.now();
      await work();
      figures.set(name, [...(figures.get(name) ?? []), (Date.now() - began) / 1000]);
    };
    const empty = before.find(({ slots }) => slots.length === 0)!;
    for (let round = 0; round < rounds; round++) {
      await timed('runbook', () => move(redis, { before, after }));
      await move(redis, { before: after, after: before });
      if (valkey) {
        const bare = await prepareBare(redis, { before, after });
        await timed('bare command', bare);
        await move(redis, { before: after, after: before });
      }
      for (const pipeline of batches) {
        await timed(`redis-cli, ${pipeline} keys a batch`, () => reshard(redis, empty, pipeline));
        const now = await shardsOf(redis);
        const was = now.map(({ ids }) => ({ ...before.find((one) => one.ids[0] === ids[0])!, ids }));
        await move(redis, { before: now, after: was });
        if (JSON.stringify(partitionOf(await shardsOf(redis))) !== JSON.stringify(partitionOf(before)))
          throw new Error('the slots are not where they were');
      }
      console.log(
        `round ${round + 1}: ${[...figures].map(([name, all]) => `${name} ${all.at(-1)!.toFixed(2)} s`).join(', ')}`,
      );
    }
    await traffic.stop();
    for (const [name, all] of figures) console.log(`${name}: ${summary(all)}`);
    console.log(
      `${traffic.measurement.requests} requests, ${traffic.errors.length} errors, ${(await traffic.lost()).length} keys lost`,
    );
  } finally {
    traffic.destroy();
    await redis.stop();
  }
}

/** The first and the last slots of each master, which are those that the one and the other move. */
async function fill(redis: RedisProcesses, shards: Shard[]): Promise<void> {
  const tags = new Map<number, string>();
  for (let index = 0; tags.size < slotCount; index++) {
    const tag = String(index);
    if (!tags.has(slotOf(tag))) tags.set(slotOf(tag), tag);
  }
  for (const { ids, slots } of shards) {
    const own = slotsOf(slots);
    const filled = [...own.slice(0, 1366), ...own.slice(-1366)];
    for (let from = 0; from < filled.length; from += 100) {
      const keys = filled
        .slice(from, from + 100)
        .flatMap((slot) => Array.from({ length: keysPerSlot }, (_, index) => `{${tags.get(slot)!}}:${index}`));
      await redis.onNode(ids[0]!, (client) => Promise.all(keys.map((key) => client.set(key, key.padEnd(100, 'x')))));
    }
  }
}

async function reshard(redis: RedisProcesses, to: Shard, pipeline: string): Promise<void> {
  const place = `${redis.member(0).host}:${redis.member(0).port}`;
  await redis.redisCli(
    ...['--cluster', 'reshard', place, '--cluster-from', 'all', '--cluster-to', to.ids[0]!],
    ...['--cluster-slots', '4096', '--cluster-yes', '--cluster-pipeline', pipeline],
  );
  await sleep(500);
}

/** Which slots are whose is known already. */
async function prepareBare(redis: RedisProcesses, plan: SlotPlan): Promise<() => Promise<void>> {
  const nodes = await withClusterNodes(undefined, (ask) => allOf(redis, ask));
  const nodeFor = ({ ids }: Shard): Node => nodes.find(({ view }) => view.id === ids[0])!;
  const orders = ordersOf(movesOf(plan, nodeFor));
  return () =>
    withClusterNodes(undefined, async (ask) => {
      await Promise.all(
        orders.map(async (order) => {
          await ask.ask(order.from.member, commandOf(order));
          const isUnderWay = async () =>
            (await ask.migrations(order.from.member)).some(({ state }) => state === 'running');
          while (await isUnderWay()) await sleep(10);
        }),
      );
    });
}

function movesOf({ before, after }: SlotPlan, nodeFor: (shard: Shard) => Node) {
  const holder = new Map(after.flatMap((shard) => slotsOf(shard.slots).map((slot) => [slot, shard] as const)));
  return before.flatMap((shard) =>
    slotsOf(shard.slots)
      .filter((slot) => holder.get(slot)!.ids[0] !== shard.ids[0])
      .map((slot) => ({ slot, from: nodeFor(shard), to: nodeFor(holder.get(slot)!) })),
  );
}

const summary = (values: number[]) => {
  const sorted = [...values].sort((a, b) => a - b);
  const [least, middle, most] = [0, Math.floor(sorted.length / 2), sorted.length - 1].map((index) => sorted[index]!);
  return `${middle!.toFixed(2)} s (${least!.toFixed(2)}–${most!.toFixed(2)})`;
};

main().catch((error: Error) => {
  console.error(error);
  process.exitCode = 1;
});
