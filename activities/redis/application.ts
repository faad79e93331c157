/**
 * What the runbooks ask of the application's Redis. One short connection each time; its URL is a reference that is
 * resolved here and kept nowhere: redis/url in the mounted Secret, else REDIS_URL.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from 'redis';
import { failure } from '../failures';
import { withoutArguments } from './failures';
import { fieldOf } from './info';

export interface RedisSource {
  secretsFolder?: string;
  redisUrl?: string;
}

export interface RedisReading {
  /** Absent where the server does not tell. */
  maxClients?: number;
  lengths: Record<string, number>;
}

const connectMs = 3000;

/** Throws ConfigurationMissing where no URL is known. */
export async function readRedis(source: RedisSource, queues: string[]): Promise<RedisReading> {
  const client = createClient({
    url: await urlOf(source),
    socket: { connectTimeout: connectMs, socketTimeout: connectMs, reconnectStrategy: false },
  });
  // Without a listener the process would end; what is wrong is thrown by the call that meets it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    // INFO, not CONFIG: Azure Cache for Redis blocks CONFIG. The field is there from Redis 7 on.
    const [info, ...lengths] = await Promise.all([
      client.info('clients'),
      ...queues.map((queue) => client.lLen(queue)),
    ]);
    const maxClients = Number(fieldOf(info, 'maxclients'));
    return {
      ...(maxClients > 0 ? { maxClients } : {}),
      lengths: Object.fromEntries(queues.map((queue, index) => [queue, lengths[index]!])),
    };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw failure('CacheUnreachable', `Redis does not answer: ${code ?? withoutArguments(message)}`);
  } finally {
    client.destroy();
  }
}

async function urlOf({ secretsFolder, redisUrl }: RedisSource): Promise<string> {
  const mounted = secretsFolder
    ? await readFile(join(secretsFolder, 'redis', 'url'), 'utf8').catch(() => undefined)
    : undefined;
  const url = mounted?.trim() || redisUrl;
  if (url) return url;
  throw failure('ConfigurationMissing', 'no URL for Redis: mount redis/url in RUNBOOK_SECRETS, or set REDIS_URL');
}
