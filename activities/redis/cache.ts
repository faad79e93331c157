/**
 * A connection to an Azure Cache for Redis, as the application's: over TLS, with the URL that is mounted as `<cache>/url`. The
 * URL carries the access key and is kept nowhere.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from 'redis';
import { failure } from '../failures';
import { connected } from './connected';

export interface CacheConnections {
  /** RUNBOOK_SECRETS. */
  secretsFolder?: string;
}

export type RedisClient = ReturnType<typeof clientOf>;

const answerMs = 3000;

/** One short connection. */
export async function onCache<T>(
  cache: string,
  connections: CacheConnections,
  use: (client: RedisClient) => Promise<T>,
): Promise<T> {
  const client = await connectToCache(cache, connections);
  try {
    return await use(client);
  } finally {
    client.destroy();
  }
}

/** To be destroyed by whoever asked for it. Throws ConfigurationMissing where no URL is known. */
export async function connectToCache(cache: string, connections: CacheConnections): Promise<RedisClient> {
  return connected(clientOf(await urlOf(cache, connections)));
}

function clientOf(url: string) {
  return createClient({ url, socket: { connectTimeout: answerMs, socketTimeout: answerMs, reconnectStrategy: false } });
}

async function urlOf(cache: string, { secretsFolder }: CacheConnections): Promise<string> {
  const file = secretsFolder && join(secretsFolder, cache, 'url');
  const url = file ? (await readFile(file, 'utf8').catch(() => '')).trim() : '';
  if (/^rediss:\/\//.test(url) && URL.canParse(url)) return url;
  const wrong =
    url === ''
      ? 'no URL'
      : 'a URL that is not rediss://, or has a key with signs that must be encoded (/ is %2F, + is %2B),';
  throw failure(
    'ConfigurationMissing',
    `${wrong} for ${cache}: mount ${cache}/url in RUNBOOK_SECRETS, such as rediss://:<access key, percent-encoded>@<host>:6380`,
  );
}
