/**
 * Where a server's connection URLs come from: references only, the URL itself is read when it is needed and kept nowhere.
 *
 * 1. The mounted Secret: <secrets folder>/<server>/application-url and admin-url.
 * 2. For a replica without one: its source's URL with the host that Azure gives for the replica. Roles and passwords are
 *    replicated, so they are the same.
 * 3. For the topology's primary: DATABASE_URL and DATABASE_ADMIN_URL.
 *
 * One with another host than the server's is refused: after a replacement the former server's, under the new one's name, would have every
 * later run change a server that nobody uses. An alias is refused too: the server's certificate has Azure's name.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failure } from '../failures';

/** `application`: the role and path of the applications. `admin`: Azure's administrator role. */
export type Login = 'application' | 'admin';

export interface ConnectionSources {
  secretsFolder?: string;
  databaseUrl?: string;
  databaseAdminUrl?: string;
  /** The server that the two URLs belong to. */
  primary: string;
}

export interface ServerAddress {
  name: string;
  /** Fully qualified domain name, as Azure gives it. */
  host: string;
  /** The server that a replica follows. */
  source?: string;
}

/** Throws ConfigurationMissing, naming every place that was looked at, or where the URL has another host than Azure's for the server. */
export async function connectionUrl(server: ServerAddress, login: Login, from: ConnectionSources): Promise<string> {
  const own = await knownUrl(server.name, login, from);
  if (own) return leadingTo(server, own, login);
  const ofSource = server.source ? await knownUrl(server.source, login, from) : undefined;
  if (ofSource && server.host) return withHost(ofSource, server.host);
  throw failure(
    'ConfigurationMissing',
    `no ${login} URL for ${server.name}: mount ${from.secretsFolder ?? '$RUNBOOK_SECRETS'}/${server.source ?? server.name}/${login}-url` +
      `, or set ${variable(login)} for ${from.primary}`,
  );
}

/** What is no URL is told by whoever connects. Which host it has is not told: in a URL that was put together wrongly a password may stand there. */
function leadingTo({ name, host }: ServerAddress, url: string, login: Login): string {
  if (!host || !URL.canParse(url) || new URL(url).hostname.toLowerCase() === host.toLowerCase()) return url;
  throw failure(
    'ConfigurationMissing',
    `the ${login} URL of ${name} does not have the host ${host}, by which Azure knows it: give it that host`,
  );
}

async function knownUrl(server: string, login: Login, from: ConnectionSources): Promise<string | undefined> {
  const mounted = from.secretsFolder ? await textOf(join(from.secretsFolder, server, `${login}-url`)) : undefined;
  if (mounted) return mounted;
  if (server !== from.primary) return undefined;
  return login === 'admin' ? from.databaseAdminUrl : from.databaseUrl;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim() || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw failure('ConfigurationMissing', `${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function withHost(url: string, host: string): string {
  const changed = new URL(url);
  changed.hostname = host;
  return changed.href;
}

function variable(login: Login): string {
  return login === 'admin' ? 'DATABASE_ADMIN_URL' : 'DATABASE_URL';
}
