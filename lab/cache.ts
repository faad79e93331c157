/**
 * Where everything lies that is not in the repository: programs, and a folder for each lab.
 *
 * PostgreSQL refuses to run as root and is then run as `nobody`, who cannot enter a home folder of mode 0700; so root's
 * cache is a world-readable folder of the system.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isRoot } from './account';

export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.RUNBOOKS_CACHE) return environment.RUNBOOKS_CACHE;
  if (isRoot()) return '/var/cache/durable-runbooks';
  return join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'durable-runbooks');
}

/** The folder of one lab. Names are short: the path of a unix socket may have 107 bytes (unix(7)). */
export function labFolder(name: string): string {
  if (!/^[a-z][a-z0-9-]{0,29}$/.test(name)) {
    throw new Error(`lab name "${name}" is not allowed: up to 30 small letters, digits and dashes, a letter first`);
  }
  return join(cacheFolder(), 'labs', name);
}

/** A program of the cache's `bin` folder, such as `temporal` or `node`. */
export function program(name: string): string {
  return join(cacheFolder(), 'bin', name);
}
