/**
 * A connection to an Azure Cache for Redis, as the application's: over TLS, with the URL that is mounted as `<cache>/url`. The
 * URL carries the access key and is kept nowhere.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from 'redis';
import { connectionCode, failure, isCertificateCode, type Mapping } from '../failures';

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
  const client = clientOf(await urlOf(cache, connections));
  // Without a listener the process would end; what is wrong is thrown by the call that meets it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.destroy();
    throw error;
  }
}

/** Everything that the client throws. */
export const redisProblem: Mapping = (error) => {
  if (!(error instanceof Error)) return undefined;
  const code = connectionCode(error);
  if (isCertificateCode(code)) {
    return { type: 'CertificateRejected', message: `Redis: ${code}`, ...(code ? { code } : {}) };
  }
  const [word = ''] = error.message.split(' ');
  if (['WRONGPASS', 'NOAUTH'].includes(word)) {
    return { type: 'CacheLoginRejected', message: 'Redis does not take the access key', code: word };
  }
  const known = code ?? (/socket|timeout|closed|connection/i.test(`${error.name} ${error.message}`) ? word : undefined);
  // While it loads its data after a replacement it refuses.
  if (known === undefined && !['LOADING', 'MASTERDOWN'].includes(word)) return undefined;
  return { type: 'CacheUnreachable', message: `Redis does not answer: ${code ?? error.message}` };
};

function clientOf(url: string) {
  return createClient({ url, socket: { connectTimeout: answerMs, socketTimeout: answerMs, reconnectStrategy: false } });
}

async function urlOf(cache: string, { secretsFolder }: CacheConnections): Promise<string> {
  const file = secretsFolder && join(secretsFolder, cache, 'url');
  const url = file ? (await readFile(file, 'utf8').catch(() => '')).trim() : '';
  if (/^rediss:\/\//.test(url)) return url;
  const wrong = url === '' ? 'no URL' : 'a URL that is not rediss://';
  throw failure(
    'ConfigurationMissing',
    `${wrong} for ${cache}: mount ${cache}/url in RUNBOOK_SECRETS, such as rediss://:<access key>@<host>:6380`,
  );
}
