/** SQL on a server that ARM describes. */
import type { Client } from 'pg';
import type { FlexibleServer } from '../azure/flexible-servers';
import { connectionUrl, type Login } from '../postgres/connection-url';
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
  const url = new URL(await connectionUrl(server, login, connections));
  if (database !== undefined) url.pathname = `/${encodeURIComponent(database)}`;
  return reading(url.href, certificateFile, read);
}

/** The same, in a transaction that may write. */
export async function writingOnServer<T>(
  server: Pick<FlexibleServer, 'name' | 'host' | 'source'>,
  login: Login,
  { connections, certificateFile }: Pick<DatabaseDependencies, 'connections' | 'certificateFile'>,
  write: (client: Client) => Promise<T>,
): Promise<T> {
  return writing(await connectionUrl(server, login, connections), certificateFile, write);
}
