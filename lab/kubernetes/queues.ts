/** The queues that the production's workers drain, seen from this machine: how long they are, and more jobs for them. */
import { existsSync, readFileSync } from 'node:fs';
import { createClient } from 'redis';
import type { Lab } from '../lab';
import { queues } from './images/services/queues';

const jobsAtOnce = 10_000;

/** Throws when the queue is unknown or `count` is no whole number from 1 to 1,000,000. Returns how long it is now. */
export async function fillQueue(lab: Lab, queue: string, count: number): Promise<number> {
  if (!queues.includes(queue)) throw new Error(`there is no queue "${queue}": ${queues.join(', ')}`);
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000)
    throw new Error(`count is ${count}: a whole number from 1 to 1000000 is allowed`);
  return withRedis(lab, async (redis) => {
    let length = 0;
    for (let first = 0; first < count; first += jobsAtOnce) {
      const jobs = Array.from({ length: Math.min(jobsAtOnce, count - first) }, (_, index) => `job-${first + index}`);
      length = await redis.rPush(queue, jobs);
    }
    return length;
  });
}

export async function queueLengths(lab: Lab): Promise<Record<string, number>> {
  return withRedis(lab, async (redis) =>
    Object.fromEntries(await Promise.all(queues.map(async (queue) => [queue, await redis.lLen(queue)] as const))),
  );
}

const openRedis = (url: string) => createClient({ url, socket: { reconnectStrategy: false } });

async function withRedis<T>(lab: Lab, work: (redis: ReturnType<typeof openRedis>) => Promise<T>): Promise<T> {
  if (!existsSync(lab.redisUrlFile)) throw new Error('this lab has no Redis: `lab up --kubernetes` makes one that has');
  const url = readFileSync(lab.redisUrlFile, 'utf8');
  const redis = openRedis(url);
  redis.on('error', () => undefined);
  await redis.connect().catch((error: Error) => {
    throw new Error(`Redis (${url}) does not answer: ${error.message}`);
  });
  try {
    return await work(redis);
  } finally {
    redis.destroy();
  }
}
