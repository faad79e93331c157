/** The services' PostgreSQL: a pool that opens a connection only when a query needs one. */
import { Pool } from 'pg';

const connectDeadlineMs = 5_000;

export function openPool(connectionString: string | undefined, size: number): Pool {
  const pool = new Pool({ connectionString, max: size, connectionTimeoutMillis: connectDeadlineMs });
  // A connection that breaks while nobody uses it is replaced by the next query.
  pool.on('error', () => undefined);
  return pool;
}
