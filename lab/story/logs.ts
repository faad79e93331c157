/** The logs of a lab that is about to go. */
import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, labFolder } from '../cache';

/** Resolves to where they are: in the lab where it stays, else a copy beside those of the set-up. */
export async function keepLogs(name: string, labStays: boolean): Promise<string> {
  const source = join(labFolder(name), 'logs');
  if (labStays || !existsSync(source)) return source;
  const target = join(cacheFolder(), 'logs', name);
  await cp(source, target, { recursive: true });
  const requests = join(labFolder(name), 'azure', 'requests.jsonl');
  if (existsSync(requests)) await cp(requests, join(target, 'requests.jsonl'));
  return target;
}
