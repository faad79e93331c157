/**
 * What a standby has on the server it follows: a role of its own, and a replication slot that keeps the WAL it has not
 * seen. Both are made before the base backup and go when the standby is promoted or removed.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeIdentifier } from 'pg';
import { replicationRole } from './roles';
import { writeOwned } from '../write';

export interface Upstream {
  /** The unix socket's folder and port of the server that is followed. */
  socketFolder: string;
  port: number;
  name: string;
  /** Name of the slot and of the role. */
  slot: string;
}

export type Query = <T>(text: string, values?: unknown[]) => Promise<T[]>;

export function slotName(standby: string): string {
  return `azure_${standby.toLowerCase().replaceAll(/[^a-z0-9]/g, '_')}`.slice(0, 63);
}

/** Makes role and slot anew, also where a creation that broke off left them. Returns the role's password. */
export async function prepareUpstream(sql: Query, slot: string): Promise<string> {
  const password = randomBytes(24).toString('hex');
  await dropUpstream(sql, slot);
  await sql(replicationRole(slot, password));
  await sql('SELECT pg_create_physical_replication_slot($1, true)', [slot]);
  return password;
}

export async function dropUpstream(sql: Query, slot: string): Promise<void> {
  await sql('SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE slot_name = $1 AND active', [
    slot,
  ]);
  await sql('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1', [slot]);
  await sql(`DROP ROLE IF EXISTS ${escapeIdentifier(slot)}`);
}

const file = (folder: string) => join(folder, 'upstream.json');

export async function writeUpstream(folder: string, upstream: Upstream): Promise<void> {
  await writeOwned(file(folder), JSON.stringify(upstream));
}

export async function readUpstream(folder: string): Promise<Upstream | undefined> {
  if (!existsSync(file(folder))) return undefined;
  return JSON.parse(await readFile(file(folder), 'utf8')) as Upstream;
}

export async function forgetUpstream(folder: string): Promise<void> {
  await rm(file(folder), { force: true });
}
