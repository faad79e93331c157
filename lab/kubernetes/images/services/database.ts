/** The services' PostgreSQL: a pool that opens a connection only when a query needs one. */
import { Pool } from 'pg';

const connectDeadlineMs = 5_000;

export function openPool(connectionString: string | undefined, size: number): Pool {
  // The pod's name, so that the database's own views tell whose a session is.
  const application_name = process.env.HOSTNAME;
  const pool = new Pool({ connectionString, max: size, connectionTimeoutMillis: connectDeadlineMs, application_name });
  // A connection that breaks while nobody uses it is replaced by the next query.
  pool.on('error', () => undefined);
  return pool;
}
