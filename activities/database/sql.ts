/** SQL on a server that ARM describes. */
import type { Client } from 'pg';
import type { FlexibleServer } from '../azure/flexible-servers';
import { connectionUrl, type ConnectionSources, type Login } from '../postgres/connection-url';
import { reading, writing } from '../postgres/connection';
import type { DatabaseDependencies } from './dependencies';

/** Runs `read` on the server, in the URL's database or in the one given. */
export async function onServer<T>(
  server: Pick<FlexibleServer, 'name' | 'host' | 'source'>,
  login: Login,
  { connections, certificateFile }: Pick<DatabaseDependencies, 'connections' | 'certificateFile'>,
  read: (client: Client) => Promise<T>,
  database?: string,
): Promise<T> {
  return reading(await urlOf(server, login, connections, database), certificateFile, read);
}

/** The same, in a transaction that may write. */
export async function writingOnServer<T>(
  server: Pick<FlexibleServer, 'name' | 'host' | 'source'>,
  login: Login,
  { connections, certificateFile }: Pick<DatabaseDependencies, 'connections' | 'certificateFile'>,
  write: (client: Client) => Promise<T>,
  database?: string,
): Promise<T> {
  return writing(await urlOf(server, login, connections, database), certificateFile, write);
}

export async function urlOf(
  server: Pick<FlexibleServer, 'name' | 'host' | 'source'>,
  login: Login,
  connections: ConnectionSources,
  database: string | undefined,
): Promise<string> {
  const url = new URL(await connectionUrl(server, login, connections));
  if (database !== undefined) url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}
