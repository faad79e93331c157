/**
 * Markers: one key in each master's slots, written and read as applications do, through a client of the cluster.
 *
 * Their names carry the run, so that a run that comes back knows its own; and where the cluster holds keys beside them,
 * somebody uses it.
 */
import { createCluster } from 'redis';
import { failure } from '../../failures';
import type { Member } from './view';

export interface Markers {
  /** One on each master. Answers with the keys. Throws NotVerified where one is not on so many replicas in time. */
  write(replicas: number): Promise<string[]>;
  /** Those that are not there as they were written. */
  missing(keys: string[]): Promise<string[]>;
  /** Of the run, kept in the cluster itself; undefined where there is none. */
  note(text?: string): Promise<string | undefined>;
  /** Keys that are not this run's. */
  countOthers(): Promise<number>;
  /** All but the note. */
  remove(): Promise<void>;
  removeNote(): Promise<void>;
}

const answerMs = 5000;
/** Less than the client waits for an answer. */
const copyMs = 4000;
/** A marker whose run cannot take it away any more goes by itself: after the longest that a run waits for people. */
const lifeSeconds = 4 * 24 * 3600;
/** So many names meet a master with a single slot, but for one time in 200,000. */
const namesMax = 200_000;

export async function withMarkers<T>(
  members: Member[],
  password: string,
  run: string,
  use: (markers: Markers) => Promise<T>,
): Promise<T> {
  const named = (index: number | string) => `durable-runbooks:${run}:${index}`;
  const cluster = newCluster(members, password);
  // Without a listener the process would end; what is wrong is thrown by the call that meets it.
  cluster.on('error', () => undefined);
  const ownOn = async (master: (typeof cluster.masters)[number]): Promise<string[]> => {
    const client = await cluster.nodeClient(master);
    const found: string[] = [];
    for await (const keys of client.scanIterator({ MATCH: named('*'), COUNT: 1000 })) found.push(...keys);
    return found;
  };
  try {
    await cluster.connect();
    return await use({
      async write(replicas) {
        const written = new Map<string, string>();
        for (let index = 0; written.size < cluster.masters.length && index < namesMax; index++) {
          const key = named(index);
          const { master } = cluster.slots[slotOf(key)] ?? {};
          // The node that was asked who has what may just have joined.
          if (!master) throw failure('NotVerified', `nobody is known yet who serves slot ${slotOf(key)}`);
          if (written.has(master.id)) continue;
          const client = await cluster.nodeClient(master);
          await client.set(key, run, { expiration: { type: 'EX', value: lifeSeconds } });
          const copies = await client.wait(replicas, copyMs);
          if (copies < replicas) {
            throw failure('NotVerified', `a marker is on ${copies} of ${replicas} replicas of ${master.address}`);
          }
          written.set(master.id, key);
        }
        if (written.size < cluster.masters.length) throw failure('NotVerified', 'no marker was found for a master');
        return [...written.values()];
      },

      async missing(keys) {
        const values = await Promise.all(keys.map((key) => cluster.get(key)));
        return keys.filter((_, index) => values[index] !== run);
      },

      async note(text) {
        if (text !== undefined)
          await cluster.set(named('note'), text, { expiration: { type: 'EX', value: lifeSeconds } });
        return (await cluster.get(named('note'))) ?? undefined;
      },

      async countOthers() {
        const counts = await Promise.all(
          cluster.masters.map(async (master) => {
            const client = await cluster.nodeClient(master);
            return (await client.dbSize()) - (await ownOn(master)).length;
          }),
        );
        return counts.reduce((sum, count) => sum + count, 0);
      },

      async remove() {
        for (const master of cluster.masters) {
          for (const key of await ownOn(master)) if (key !== named('note')) await cluster.del(key);
        }
      },

      async removeNote() {
        await cluster.del(named('note'));
      },
    });
  } finally {
    cluster.destroy();
  }
}

const newCluster = (members: Member[], password: string) =>
  createCluster({
    rootNodes: members.map(({ host, port }) => ({ socket: { host, port } })),
    defaults: {
      password,
      socket: { connectTimeout: answerMs, socketTimeout: answerMs, reconnectStrategy: false },
    },
  });

/** CRC-16/XMODEM of the key, modulo the slots (redis.io, cluster specification). No marker has a hash tag. */
export function slotOf(key: string): number {
  let crc = 0;
  for (const byte of Buffer.from(key)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc % 16_384;
}
