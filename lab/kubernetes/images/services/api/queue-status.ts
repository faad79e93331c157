/** `npm run queue:status`: how many jobs wait in each queue. */
import { createClient } from 'redis';
import { queues } from '../queues';

async function main(): Promise<void> {
  const client = createClient({ url: process.env.REDIS_URL, socket: { reconnectStrategy: false } });
  client.on('error', () => undefined);
  await client.connect();
  for (const queue of queues) console.log(`${queue}: ${await client.lLen(queue)} waiting`);
  client.destroy();
}

main().catch((error: Error) => {
  console.error(`queue:status: Redis does not answer: ${error.message}`);
  process.exitCode = 1;
});
