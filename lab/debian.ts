/** Programs from Debian packages that setup/debian-programs unpacked into the cache folder, without installing them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache';

export const debianFolder = () => join(cacheFolder(), 'debian');

/** The folders in which a program looks for its libraries, for LD_LIBRARY_PATH. */
export const debianLibraries = () =>
  ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((triplet) => join(debianFolder(), 'usr', 'lib', triplet)).join(':');

/** The unpacked program, such as `usr/bin/redis-server`; undefined when it is not there. */
export function debianFile(path: string): string | undefined {
  const file = join(debianFolder(), path);
  return existsSync(file) ? file : undefined;
}
