/** Debian's programs (lab/debian.ts) in containers. */
import { debianFile, debianFolder, debianLibraries } from '../../debian';

/** Lines of a shell script that run the unpacked program with these arguments; undefined when it was not unpacked. */
export function debianProgram(path: string, args: string): string | undefined {
  const file = debianFile(path);
  return file && `export LD_LIBRARY_PATH=${debianLibraries()}\nexec ${file} ${args}\n`;
}

/** To be laid out in the container under their own path. */
export function debianFolders(): Record<string, string> {
  return { [debianFolder()]: debianFolder() };
}
