/**
 * Clusters that somebody began and did not finish, as real Redis servers: random meetings, claims, followers and keys, some
 * nodes restarted, some with another address. From a seed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { slotCount } from '../../../activities/redis/cluster/slots';
import { port, type RedisProcesses } from './redis-processes';

export interface HalfMade {
  /** Pairs that have met. */
  met: [number, number][];
  /** Who owns which part of the slots; a part without an owner is nobody's. */
  owners: (number | undefined)[];
  /** Keys in the slots of the first owner. */
  keys: number;
  /** Replicas that were made, where they could be. */
  follow: [number, number][];
  /** What happened then. */
  restarted: number[];
  moved: number[];
}

const nodes = 6;
const node = fc.nat(nodes - 1);
const pair = fc.tuple(node, node);
const parts = <Owner>(owner: fc.Arbitrary<Owner>) => fc.array(owner, { minLength: 8, maxLength: 8 });

/** At most three owners. */
export const halfMade: fc.Arbitrary<HalfMade> = fc.uniqueArray(node, { minLength: 3, maxLength: 3 }).chain((masters) =>
  fc.record({
    met: fc.array(pair, { maxLength: 8 }),
    owners: fc.oneof(
      {
        weight: 4,
        arbitrary: parts(
          fc.option(
            fc.nat(2).map((index) => masters[index]!),
            { nil: undefined, freq: 2 },
          ),
        ),
      },
      // Two have it all.
      { weight: 1, arbitrary: parts(fc.nat(1).map((index) => masters[index]!)) },
    ),
    keys: fc.oneof(fc.constant(0), fc.constant(20)),
    follow: fc.array(pair, { maxLength: 3 }),
    restarted: fc.array(node, { maxLength: 2 }),
    moved: fc.oneof(fc.array(node, { maxLength: 3 }), fc.constant<number[]>([0, 1, 2, 3, 4, 5])),
  }),
);

/** All parts with two owners, or fewer left than masters lack: that can only be refused. */
export function isFinishable({ owners }: HalfMade): boolean {
  const count = new Set(owners.filter((owner) => owner !== undefined)).size;
  return count === 3 || owners.filter((owner) => owner === undefined).length >= 3 - count;
}

export function samples(seed: number, count: number): HalfMade[] {
  return fc.sample(halfMade, { seed, numRuns: count });
}

/** Answers with the keys that are there. */
export async function make(redis: RedisProcesses, state: HalfMade): Promise<string[]> {
  for (const [one, other] of state.met)
    if (one !== other) await redis.cli(one, 'CLUSTER', 'MEET', redis.member(other).host, String(port));
  for (const [part, owner] of state.owners.entries()) {
    if (owner === undefined) continue;
    const [first, last] = [0, 1].map((side) => Math.floor((slotCount * (part + side)) / state.owners.length));
    // What gossip has told it already is refused.
    await redis.cli(owner, 'CLUSTER', 'ADDSLOTSRANGE', String(first), String(last! - 1)).catch(() => undefined);
  }
  await sleep(300);
  for (const [replica, master] of state.follow) {
    if (replica === master || state.owners.includes(replica) || !state.owners.includes(master)) continue;
    const id = await redis.cli(master, 'CLUSTER', 'MYID');
    await redis.cli(replica, 'CLUSTER', 'REPLICATE', id);
  }
  const owner = state.owners.find((one) => one !== undefined);
  const keys = owner === undefined ? [] : await fill(redis, owner, state.keys);
  for (const ordinal of state.restarted) await redis.kill(ordinal);
  for (const ordinal of new Set(state.restarted)) await redis.startOne(ordinal);
  for (const ordinal of new Set(state.moved)) await redis.kill(ordinal);
  for (const ordinal of new Set(state.moved)) await redis.startOne(ordinal, redis.freeAddress());
  return keys;
}

/** Into whatever slots it has: a master takes writes some seconds after its first slot, once it reaches all that it knows. */
async function fill(redis: RedisProcesses, owner: number, count: number): Promise<string[]> {
  if (count === 0) return [];
  await redis.cli(owner, 'CONFIG', 'SET', 'cluster-require-full-coverage', 'no');
  const keys: string[] = [];
  for (const deadline = Date.now() + 10_000; keys.length === 0 && Date.now() < deadline; await sleep(200)) {
    for (let index = 0; keys.length < count && index < 8 * count; index++) {
      const key = `key-${index}`;
      if ((await redis.cli(owner, 'SET', key, key)) === 'OK') keys.push(key);
    }
  }
  await redis.cli(owner, 'CONFIG', 'SET', 'cluster-require-full-coverage', 'yes');
  return keys;
}
