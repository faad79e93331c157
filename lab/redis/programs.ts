/** Debian's redis-server, unpacked into the cache folder. */
import { debianFile, debianLibraries } from '../debian';

export const howToGetRedis = '`make redis` brings it, in some seconds; then `lab down --keep-data` and `lab up`';

/** Throws with what to do when it is not there. */
export function redisProgram(): string {
  const file = debianFile('usr/bin/redis-server');
  if (!file) throw new Error(`there is no redis-server to be an Azure Cache for Redis: ${howToGetRedis}`);
  return file;
}

export function isRedisThere(): boolean {
  return debianFile('usr/bin/redis-server') !== undefined;
}

/** Nothing of our own environment reaches a server. */
export function redisEnvironment(): NodeJS.ProcessEnv {
  return { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', LD_LIBRARY_PATH: debianLibraries() };
}
