/**
 * `broxiva/worker`: takes jobs from both queues, one at a time, and records each that it has finished in `finished_jobs`.
 * A job whose record cannot be written goes back to the head of its queue. On SIGTERM the job under way is finished and
 * no other taken.
 *
 * DATABASE_URL, DATABASE_POOL_SIZE (5), REDIS_URL, JOB_MILLISECONDS (20) that a job takes, TAKES_JOBS ("no": it is ready and
 * does nothing), PORT (3000) for /health and /metrics.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openPool } from '../database';
import { serve } from '../http';
import { queues } from '../queues';
import { openRedis } from '../redis-client';

const {
  DATABASE_URL,
  DATABASE_POOL_SIZE = '5',
  REDIS_URL = 'redis://redis:6379',
  JOB_MILLISECONDS = '20',
  TAKES_JOBS = 'yes',
  PORT = '3000',
} = process.env;
const waitSeconds = 1;
const pauseAfterErrorMs = 1_000;
const pool = openPool(DATABASE_URL, Number(DATABASE_POOL_SIZE));
const redis = openRedis(REDIS_URL);
let stopping = false;

async function work(): Promise<void> {
  while (TAKES_JOBS === 'yes' && !stopping) {
    const taken = await redis.blPop(queues, waitSeconds).catch(() => sleep(pauseAfterErrorMs));
    if (taken) await finish(taken.key, taken.element);
  }
}

async function finish(queue: string, job: string): Promise<void> {
  await sleep(Number(JOB_MILLISECONDS));
  try {
    await pool.query('INSERT INTO finished_jobs (queue, job) VALUES ($1, $2)', [queue, job]);
  } catch (error) {
    console.error(`${new Date().toISOString()} ${queue}: ${(error as Error).message}; the job goes back`);
    await redis.lPush(queue, job);
    await sleep(pauseAfterErrorMs);
  }
}

const done = work();
serve({
  port: Number(PORT),
  health: '/health',
  close: async () => {
    await done;
    await pool.end();
    redis.destroy();
  },
});
process.once('SIGTERM', () => {
  stopping = true;
});
