/** The services' Redis: a client that connects again by itself, and refuses at once while it is not connected. */
import { createClient } from 'redis';

const retryEveryMs = 500;

export function openRedis(url: string) {
  const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: () => retryEveryMs } });
  // Each refusal is told where a command was asked for.
  client.on('error', () => undefined);
  void client.connect().catch(() => undefined);
  return client;
}
