/** The application's URL → the same through the pool. Pure, table-tested. */

/** Start-up parameters that PgBouncer refuses, or drops where it is told to: either way they lose their meaning (pgbouncer 482, 525). */
const refused = ['options', 'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'search_path'];
/** The way to the pool is inside the cluster, without TLS; the pool's own way to the server is verified. */
const ofTls = ['sslrootcert', 'sslcert', 'sslkey', 'sslcrl', 'sslpassword', 'channel_binding', 'ssl'];

/** Or why not, without a word of the URL's secrets. */
export function pooledUrl(
  direct: string | undefined,
  pooler: { host: string; port: number },
): { url: string } | { problem: string } {
  if (direct === undefined) return { problem: 'there is no such key' };
  if (!URL.canParse(direct) || !/^postgres(ql)?:$/.test(new URL(direct).protocol)) {
    return { problem: 'not of the form postgresql://role:password@host/database' };
  }
  const url = new URL(direct);
  const fatal = [...url.searchParams.keys()].filter((name) => refused.includes(name));
  if (fatal.length > 0) return { problem: `it sets ${fatal.join(', ')}, which do not go through PgBouncer` };
  for (const name of ofTls) url.searchParams.delete(name);
  url.searchParams.set('sslmode', 'disable');
  Object.assign(url, { hostname: pooler.host, port: String(pooler.port) });
  return { url: url.href };
}
