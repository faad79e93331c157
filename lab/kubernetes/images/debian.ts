/** Programs from Debian packages that setup/cluster unpacked into the cache folder, without installing them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../cache';

const folder = () => join(cacheFolder(), 'debian');

/** The folders in which a program looks for its libraries, for LD_LIBRARY_PATH. */
const libraries = () =>
  ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((triplet) => join(folder(), 'usr', 'lib', triplet)).join(':');

/** Lines of a shell script that run the unpacked program with these arguments; undefined when it was not unpacked. */
export function debianProgram(path: string, args: string): string | undefined {
  const file = join(folder(), path);
  return existsSync(file) ? `export LD_LIBRARY_PATH=${libraries()}\nexec ${file} ${args}\n` : undefined;
}

/** To be laid out in the container under their own path. */
export function debianFolders(): Record<string, string> {
  return { [folder()]: folder() };
}
