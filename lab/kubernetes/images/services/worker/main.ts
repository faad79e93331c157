/**
 * `broxiva/worker`: takes jobs from both queues, one at a time; each takes JOB_MS (20). On SIGTERM the job under way is
 * finished and no other taken. REDIS_URL, PORT (3000) for /health and /metrics.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { sendJson, serve } from '../http';
import { queues } from '../queues';
import { openRedis } from '../redis-client';

const { REDIS_URL = 'redis://redis:6379', PORT = '3000', JOB_MS = '20' } = process.env;
const waitSeconds = 1;
const redis = openRedis(REDIS_URL);
let stopping = false;

async function work(): Promise<void> {
  while (!stopping) {
    const job = await redis.blPop(queues, waitSeconds).catch(() => sleep(waitSeconds * 1000));
    if (job) await sleep(Number(JOB_MS));
  }
}

const done = work();
serve({
  port: Number(PORT),
  routes: { '/health': (_request, response) => sendJson(response, 200, { status: 'ok' }) },
  close: async () => {
    stopping = true;
    await done;
    redis.destroy();
  },
});
process.once('SIGTERM', () => {
  stopping = true;
});
