/**
 * A base backup of a running server, by PostgreSQL's low-level API
 * (postgresql.org/docs/17/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP):
 *
 * 1. pg_backup_start, in a session that stays open until the end, and whose temporary slot keeps the WAL until then;
 * 2. copy the data folder, without what must not be in a backup; files that vanish meanwhile are no error;
 * 3. pg_backup_stop, whose label goes into the copy;
 * 4. with `wal`: the segments that the backup needs to become consistent, so that it can be restored alone.
 *    A standby does without: its replication slot, made before 1, keeps them for it.
 */
import type { Client } from 'pg';
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { copyFolder, copyOwned, type Treatment } from './copy';
import { makeOwned, writeOwned } from '../write';

/** Not part of a backup, or emptied in it (the page above lists them). */
const leftOut =
  /^(postmaster\.(pid|opts)|pg_internal\.init.*|pgsql_tmp.*|(standby|recovery)\.signal|backup_label\.old|.*\.tmp)$/;
const emptied = new Set([
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
]);

export interface BackupOptions {
  dataFolder: string;
  target: string;
  label: string;
  wal: boolean;
}

/** Returns the bytes copied. `client` is a superuser's session on the server. */
export async function baseBackup(client: Client, { dataFolder, target, label, wal }: BackupOptions): Promise<number> {
  await client.query(`SELECT pg_create_physical_replication_slot('base_backup_' || pg_backend_pid(), true, true)`);
  await client.query('SELECT pg_backup_start($1, true)', [label]);
  let bytes = await copyFolder(dataFolder, target, treat);
  await makeOwned(join(target, 'pg_wal', 'archive_status'));
  const stopped = await client.query<{ labelfile: string; spcmapfile: string }>(
    'SELECT labelfile, spcmapfile FROM pg_backup_stop(wait_for_archive => false)',
  );
  const { labelfile, spcmapfile } = stopped.rows[0]!;
  await writeOwned(join(target, 'backup_label'), labelfile);
  if (spcmapfile) await writeOwned(join(target, 'tablespace_map'), spcmapfile);
  if (wal) {
    bytes += await copySegments(join(dataFolder, 'pg_wal'), join(target, 'pg_wal'), firstSegment(labelfile));
  }
  return bytes;
}

/** `top`: an entry of the data folder itself. */
function treat(entry: Dirent, top: boolean): Treatment {
  if (leftOut.test(entry.name)) return 'leave out';
  return top && emptied.has(entry.name) ? 'make empty' : 'copy';
}

async function copySegments(source: string, target: string, first: string): Promise<number> {
  const names = (await readdir(source)).filter((name) => /^[0-9A-F]{24}$/.test(name) && name >= first);
  const sizes = await Promise.all(names.map((name) => copyOwned(join(source, name), join(target, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function firstSegment(labelfile: string): string {
  const name = /^START WAL LOCATION: .* \(file ([0-9A-F]{24})\)/m.exec(labelfile)?.[1];
  if (!name) throw new Error('the backup label names no first WAL segment');
  return name;
}
