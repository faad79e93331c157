/**
 * Jobs that pg_cron runs on a server. Its launcher is in one database (`cron.database_name`, a setting that only a server with the library
 * has), and its table shows everybody their own jobs alone (row-level security), the administrator too.
 */
import type { Client } from 'pg';

type Queries = Pick<Client, 'query'>;

/** Where its jobs stand; undefined where there is no pg_cron. */
export async function readCronDatabase(client: Queries): Promise<string | undefined> {
  const { rows } = await client.query<{ name: string | null }>(
    `SELECT nullif(current_setting('cron.database_name', true), '') AS name`,
  );
  return rows[0]!.name ?? undefined;
}

/**
 * Those that are active and run as who asks, by number and name (a column that older versions have not); in pg_cron's database. What they
 * do is not told: it may hold a password.
 */
export async function readOwnJobs(client: Queries): Promise<string[]> {
  const { rows: there } = await client.query<{ exists: boolean }>(
    `SELECT to_regclass('cron.job') IS NOT NULL AS exists`,
  );
  if (!there[0]!.exists) return [];
  const { rows } = await client.query<{ job: string }>(
    `SELECT concat_ws(' ', jobid, to_jsonb(job)->>'jobname', 'in', database) AS job
       FROM cron.job WHERE active AND username = current_user ORDER BY jobid`,
  );
  return rows.map(({ job }) => job);
}
