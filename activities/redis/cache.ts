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

/** Throws ConfigurationMissing where the URL leads elsewhere than Azure says: another cache would be taken for this one. */
export async function assertLeadsTo(host: string, cache: string, connections: CacheConnections): Promise<void> {
  const { hostname } = new URL(await urlOf(cache, connections));
  if (hostname.toLowerCase() === host.toLowerCase()) return;
  // Where it does lead is not told: in a URL that was put together wrongly the key may stand there.
  throw failure(
    'ConfigurationMissing',
    `the URL that is mounted as ${cache}/url does not lead to ${host}, which is ${cache} by Azure: mount its own`,
  );
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
