/**
 * What somebody types who knows what must not happen, and no more: PAUSE every pod of PgBouncer, wait for the last byte, promote, lead
 * PgBouncer to the new server, RESUME. The least that a switchover behind a pool takes, and what `databaseReplace` is measured against.
 *
 * Nothing is fenced but by the pause: who comes past the pool goes on writing to the old server. Nothing is looked at twice, nothing is
 * given up in time, and where it dies in between clients wait until somebody types RESUME.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { until } from '../processes';
import { askAboutServer } from '../resource-manager';
import { changeSecret, makeReplica, poolerPods, promote, readSecret, untilReady } from './by-hand';
import type { Stand } from './stand';

const login = { user: 'durable_runbooks', database: 'pgbouncer', port: 5432, passwordKey: 'administrator-password' };
const sidecarPort = 9127;
const mountedDeadlineMs = 120_000;
const lookEveryMs = 1;

export async function bareScript(stand: Stand): Promise<void> {
  const [source, replacement] = [stand.primary, stand.nextServer()];
  const [from, to] = [await hostOf(stand, source), await makeReplica(stand, source, replacement)];
  await stage(stand, from, to);
  const pods = await Promise.all((await poolerPods(stand)).map((address) => openConsole(stand, address)));
  const servers = await Promise.all([source, replacement].map((server) => openAsAdministrator(stand, server)));
  try {
    await cross(stand, pods, { old: servers[0]!, new: servers[1]!, name: replacement });
  } finally {
    await Promise.all([...pods, ...servers].map((client) => client.end()));
  }
  stand.primary = replacement;
  await changeSecret(stand, 'broxiva-secrets', 'DATABASE_URL', from, to);
  await untilReady(stand, replacement);
}

/** Between the PAUSE and the RESUME clients wait. */
async function cross(
  stand: Stand,
  pods: Client[],
  { old, new: replica, name }: { old: Client; new: Client; name: string },
): Promise<void> {
  const everywhere = (command: string) => Promise.all(pods.map((pod) => pod.query(command)));
  // Of everything, not of the database: PgBouncer then begins no login that a RELOAD would cut off (pgbouncer 498).
  await everywhere('PAUSE');
  const { rows } = await old.query<{ position: string }>('SELECT pg_current_wal_flush_lsn()::text AS position');
  await untilTrue(replica, `pg_last_wal_replay_lsn() >= '${rows[0]!.position}'`);
  const asked = promote(stand, name);
  await Promise.all([asked, untilTrue(replica, 'NOT pg_is_in_recovery()')]);
  await everywhere('RELOAD');
  await everywhere('RESUME');
  for (const command of ['PAUSE', 'RELOAD', 'RESUME']) stand.terminal.typed(`psql … -c ${command}   # in each pod`);
}

async function untilTrue(client: Client, condition: string): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ holds: boolean }>(`SELECT ${condition} AS holds`);
    if (rows[0]!.holds) return;
    await sleep(lookEveryMs);
  }
}

/** The new address, in the file that every pod has mounted: a RELOAD takes it. */
async function stage(stand: Stand, from: string, to: string): Promise<void> {
  await changeSecret(stand, 'pgbouncer', '.ini', from, to);
  const mounted = async () => {
    const hosts = (await poolerPods(stand)).map(async (address) => {
      const answer = await fetch(`http://${address}:${sidecarPort}/configuration`, {
        headers: { connection: 'close' },
      });
      return ((await answer.json()) as { host?: string }).host;
    });
    return (await Promise.all(hosts)).every((host) => host === to);
  };
  await until('every pod of pgbouncer has the new file', mounted, { deadlineMs: mountedDeadlineMs, everyMs: 500 });
}

async function openConsole(stand: Stand, host: string): Promise<Client> {
  const { passwordKey, ...asConsole } = login;
  const password = (await readSecret(stand, 'pgbouncer'))[passwordKey]!;
  return opened(new Client({ ...asConsole, host, password }));
}

function openAsAdministrator({ lab }: Stand, server: string): Promise<Client> {
  return opened(new Client({ connectionString: readFileSync(lab.secretFile(server, 'admin-url'), 'utf8') }));
}

async function opened(client: Client): Promise<Client> {
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function hostOf({ lab }: Stand, server: string): Promise<string> {
  return (await askAboutServer(lab, 'GET', server)).properties.fullyQualifiedDomainName;
}
