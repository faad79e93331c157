/** The lab's own way into a server: as its superuser over the unix socket. */
import { Client } from 'pg';
import { superuser } from './roles';

export interface SocketAddress {
  socketFolder: string;
  port: number;
}

/** A session for one piece of work, closed afterwards. */
export async function withSession<T>(
  { socketFolder, port }: SocketAddress,
  database: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ host: socketFolder, port, user: superuser, database, application_name: 'lab' });
  // A server that is stopped under the session reports it here as well as in the query.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export function query<T>(
  address: SocketAddress,
  text: string,
  values: unknown[] = [],
  database = 'postgres',
): Promise<T[]> {
  return withSession(address, database, async (client) => {
    const result = await client.query(text, values.length > 0 ? values : undefined);
    return result.rows as T[];
  });
}
