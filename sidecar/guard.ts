/**
 * No crash of a worker leaves this pooler paused.
 *
 * Every second: where the lease of a pause has lapsed, log in past the pooler, as the application, at the address that
 * PgBouncer has loaded, write, roll back. If that succeeds, RESUME. If not, and its mounted file leads elsewhere (a new primary is
 * staged there), the same is tried there; if that succeeds, RELOAD and RESUME. Otherwise the pause stays, and it is tried again:
 * clients that wait are better off than clients that are refused. A pause without a lease is somebody else's.
 *
 * Two pods never go two ways: the old primary is fenced before the new one takes writes, and never opened again after that.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../activities/pgbouncer/console';
import { guardEveryMs, type Lease } from '../activities/pgbouncer/lease';

export type Decision =
  /** No lease, or one in force. */
  | 'leaveAlone'
  /** Lapsed, and nothing is paused. */
  | 'forget'
  /** Lapsed, and still paused. */
  | 'resumeIfServed';

/** Pure. */
export function decide(lease: Lease | undefined, paused: boolean, now: number): Decision {
  if (!lease || lease.expiresAt > now) return 'leaveAlone';
  return paused ? 'resumeIfServed' : 'forget';
}

export interface Guarded {
  lease(): Lease | undefined;
  forget(): void;
  /** The pooled database as SHOW DATABASES has it, and whether it is paused. */
  readDatabase(): Promise<{ row: Row; paused: boolean }>;
  /** Where the mounted file leads to. */
  stagedHost(): string | undefined;
  /** Throws unless the server at that host takes a write. */
  tryServer(host: string, row: Row): Promise<void>;
  /** Takes the mounted file. Throws where it then does not lead to that host. */
  reload(host: string): Promise<void>;
  /** That of the database, where it is paused, and that of all. */
  resume(paused: boolean): Promise<void>;
  log(words: string): void;
}

/** For as long as this process lives. */
export async function guard(guarded: Guarded): Promise<never> {
  let said = '';
  const say = (words: string) => {
    if (words !== said) guarded.log((said = words));
  };
  for (;;) {
    await look(guarded, say).catch((error: Error) => say(`cannot end the pause yet: ${error.message}`));
    await sleep(guardEveryMs);
  }
}

async function look(guarded: Guarded, say: (words: string) => void): Promise<void> {
  if (decide(guarded.lease(), true, Date.now()) === 'leaveAlone') return;
  const { row, paused } = await guarded.readDatabase();
  const lease = guarded.lease();
  const decision = decide(lease, paused, Date.now());
  if (decision === 'forget') {
    await guarded.resume(false);
    forget(guarded, lease!);
  }
  if (decision !== 'resumeIfServed') return;
  say(`the lease of ${lease!.holder} has lapsed, and it is still paused: looking whether its server takes writes`);
  const host = await servingHost(guarded, row);
  // Another worker may have taken it up meanwhile.
  if (decide(guarded.lease(), paused, Date.now()) !== 'resumeIfServed') return;
  if (host !== row['host']) await guarded.reload(host);
  await guarded.resume(true);
  forget(guarded, lease!);
  say(`resumed, ${Date.now() - lease!.expiresAt} ms after the lease of ${lease!.holder} had lapsed`);
}

/** Unless a worker has renewed it meanwhile: that one pauses again. */
function forget(guarded: Guarded, lease: Lease): void {
  if (guarded.lease()?.expiresAt === lease.expiresAt) guarded.forget();
}

/** The loaded host, or else the staged one. Throws where neither takes a write. */
async function servingHost(guarded: Guarded, row: Row): Promise<string> {
  const loaded = row['host'] ?? '';
  try {
    await guarded.tryServer(loaded, row);
    return loaded;
  } catch (error) {
    const staged = guarded.stagedHost();
    if (staged === undefined || staged === loaded) throw error;
    await guarded.tryServer(staged, row);
    return staged;
  }
}
