/** Copies of data folders that a running server may change meanwhile; they belong to PostgreSQL's account. */
import type { Dirent } from 'node:fs';
import { copyFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { own } from '../account';
import { makeOwned } from '../write';

export type Treatment = 'copy' | 'make empty' | 'leave out';

/** Returns the bytes copied. What vanishes meanwhile is no error. `treat` is asked for each entry; `top`: of `source` itself. */
export async function copyFolder(
  source: string,
  target: string,
  treat: (entry: Dirent, top: boolean) => Treatment = () => 'copy',
  top = true,
): Promise<number> {
  await makeOwned(target);
  let bytes = 0;
  for (const entry of (await unlessGone(readdir(source, { withFileTypes: true }))) ?? []) {
    const treatment = treat(entry, top);
    if (treatment === 'leave out') continue;
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    if (!entry.isDirectory()) bytes += await copyOwned(from, to);
    else if (treatment === 'make empty') await makeOwned(to);
    else bytes += await copyFolder(from, to, treat, false);
  }
  return bytes;
}

/** Returns the bytes copied; 0 when the file is gone. */
export async function copyOwned(from: string, to: string): Promise<number> {
  const copied = await unlessGone(copyFile(from, to).then(() => true));
  if (!copied) return 0;
  await own(to);
  return (await stat(to)).size;
}

async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
