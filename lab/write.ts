/** Files that other processes of the lab read, and files and folders that belong to PostgreSQL's account and nobody else. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { own } from './account';

/** Writes a file of mode 0600 in one step: a reader sees the old text or the new one, never a part. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** The same, for PostgreSQL's account. */
export async function writeOwned(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await own(`${path}.new`);
  await rename(`${path}.new`, path);
}

/** Makes a folder of mode 0700; parents that are missing can be entered by everybody. */
export async function makeOwned(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await own(folder);
}
