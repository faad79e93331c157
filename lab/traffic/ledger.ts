/** The table that the clients write, in the application's own database and by its own role. */
import { type Client, escapeLiteral } from 'pg';

export async function createLedger(client: Client): Promise<void> {
  await client.query(`
    CREATE TABLE IF NOT EXISTS ledger (
      run text NOT NULL,
      client text NOT NULL,
      sequence bigint NOT NULL,
      written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (run, client, sequence)
    )`);
}

export interface Row {
  run: string;
  client: string;
  sequence: number;
}

/** Without a name: a statement that lives longer than its transaction does not go through a pool. */
export async function insertRow(connection: Client, { run, client, sequence }: Row): Promise<void> {
  await connection.query('INSERT INTO ledger (run, client, sequence) VALUES ($1, $2, $3)', [run, client, sequence]);
}

/**
 * The same, acknowledged before it is on the disk: for this one transaction, which a pool allows. Not by set_config: pg_stat_statements
 * leaves its arguments out, so for all that one can see it may be meant for the session, and no application that does so goes through a pool.
 */
export async function insertRowUnflushed(connection: Client, { run, client, sequence }: Row): Promise<void> {
  const values = `${escapeLiteral(run)}, ${escapeLiteral(client)}, ${sequence}`;
  await connection.query(`
    BEGIN;
    SET LOCAL synchronous_commit = off;
    INSERT INTO ledger (run, client, sequence) VALUES (${values});
    COMMIT`);
}

const withoutIndexes = ['enable_indexscan', 'enable_indexonlyscan', 'enable_bitmapscan']
  .map((setting) => `SET LOCAL ${setting} = off`)
  .join('; ');

/**
 * Every row of a run as `client/sequence`, with how often it is there (by a scan, which does not trust the index). Leaves the session
 * as it was: an application that sets something for a session could not go through a pool, and this speaks as one.
 */
export async function readLedger(client: Client, run: string): Promise<Map<string, number>> {
  await client.query(`BEGIN; ${withoutIndexes}`);
  try {
    const { rows } = await client.query<{ key: string; times: number }>(
      `SELECT client || '/' || sequence AS key, count(*)::int AS times FROM ledger WHERE run = $1 GROUP BY 1`,
      [run],
    );
    return new Map(rows.map(({ key, times }) => [key, times]));
  } finally {
    await client.query('ROLLBACK');
  }
}
