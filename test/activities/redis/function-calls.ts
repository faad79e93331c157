/** A client of a cluster that calls a function for one key after the other, wherever its slot is. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createCluster } from 'redis';
import type { RedisProcesses } from './redis-processes';
import { shardsOf } from './resharding';

const library = "#!lua name=greetings\nredis.register_function('greet', function(keys) return 'hello ' .. keys[1] end)";

/** Of functions that every master with slots has. No call fails meanwhile. */
export async function calling(redis: RedisProcesses, work: () => Promise<void>): Promise<void> {
  for (const { ids, slots } of await shardsOf(redis)) {
    if (slots.length > 0) await redis.onNode(ids[0]!, (client) => client.functionLoad(library, { REPLACE: true }));
  }
  const client = createCluster({ rootNodes: redis.members.map(({ host, port }) => ({ socket: { host, port } })) });
  client.on('error', () => undefined);
  await client.connect();
  const answers = new Set<unknown>();
  let over = false;
  const call = async () => {
    for (let count = 0; !over; count++) {
      const key = `key-${count}`;
      const answer: unknown = await client
        .fCall('greet', { keys: [key], arguments: [] })
        .catch(({ message }: Error) => message);
      await sleep(2);
      answers.add(answer === `hello ${key}` ? 'as it should be' : answer);
    }
  };
  const calls = call();
  try {
    await work();
  } finally {
    over = true;
    await calls;
    client.destroy();
  }
  expect([...answers]).toEqual(['as it should be']);
}
