/**
 * Markers: rows that a run writes on a primary and looks for on a replica. Their table is declared, with the least rights;
 * the administrator may not make it, for it owns nothing of the application's database.
 */
import type { Client } from 'pg';

export const markerTable = 'runbooks.markers';

/** What an owner of the database runs once. `administrator`: a role, quoted where it needs to be. */
function markerPrerequisites(administrator: string): string[] {
  return [
    'CREATE SCHEMA IF NOT EXISTS runbooks',
    'CREATE TABLE IF NOT EXISTS runbooks.markers (run text NOT NULL, number int NOT NULL, written timestamptz DEFAULT now(), PRIMARY KEY (run, number))',
    `GRANT USAGE ON SCHEMA runbooks TO ${administrator}`,
    `GRANT SELECT, INSERT, DELETE ON runbooks.markers TO ${administrator}`,
  ];
}

/** The prerequisites that are not met, as statements to run; empty where all are. */
export async function lackingForMarkers(client: Client): Promise<string[]> {
  // Of a list of privileges the function is content with any: each is asked by itself.
  const { rows } = await client.query<{ there: boolean; allowed: boolean; administrator: string }>(
    `SELECT to_regclass('${markerTable}') IS NOT NULL AS there,
            (SELECT coalesce(bool_and(has_table_privilege(current_user, to_regclass('${markerTable}'), privilege)), false)
               FROM unnest(ARRAY['SELECT', 'INSERT', 'DELETE']) AS privilege)
              AND coalesce(has_schema_privilege(current_user, to_regnamespace('runbooks'), 'USAGE'), false) AS allowed,
            quote_ident(current_user) AS administrator`,
  );
  const { there, allowed, administrator } = rows[0]!;
  if (there && allowed) return [];
  const statements = markerPrerequisites(administrator);
  return there ? statements.slice(2) : statements;
}

export async function writeMarker(client: Client, run: string, number: number): Promise<void> {
  await client.query(`INSERT INTO ${markerTable} (run, number) VALUES ($1, $2) ON CONFLICT DO NOTHING`, [run, number]);
}

/**
 * Whether the server refuses a write because it is a standby (25006, read_only_sql_transaction), which no role and no setting
 * gets around. In a transaction that may write; one that is taken is rolled back. In any database: a temporary table needs none of ours.
 */
export async function refusesWrites(client: Client): Promise<boolean> {
  try {
    await client.query('CREATE TEMPORARY TABLE durable_runbooks_refused (number int) ON COMMIT DROP');
  } catch (error) {
    if ((error as { code?: string }).code === '25006') return true;
    throw error;
  }
  await client.query('ROLLBACK');
  return false;
}

export async function hasMarker(client: Client, run: string, number: number): Promise<boolean> {
  const { rows } = await client.query(`SELECT 1 FROM ${markerTable} WHERE run = $1 AND number = $2`, [run, number]);
  return rows.length > 0;
}

export async function deleteMarkers(client: Client, run: string): Promise<void> {
  await client.query(`DELETE FROM ${markerTable} WHERE run = $1`, [run]);
}
