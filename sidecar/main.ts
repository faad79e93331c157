/**
 * Beside PgBouncer in each of its pods: whether the pod takes clients, and its metrics.
 *
 *   /ready     not before a login as the application and a transaction that writes went through this very pod; from then on
 *              as long as PgBouncer itself answers. A server that is restarted, or a pool that is paused, does not take all
 *              pods out of the Service at once: clients wait in them instead of being refused.
 *   /metrics   in Prometheus' text format
 *
 * POD_IP (where both listen), PORT (9127), APPLICATION_URL (the role, its password and database), ADMINISTRATOR_PASSWORD (of
 * the console's user).
 */
import { createServer, type ServerResponse } from 'node:http';
import { administrator, poolerPort, upstreamOf } from '../activities/pgbouncer/configuration';
import { type Console, onConsole, passThrough } from '../activities/pgbouncer/console';
import { metricsText } from '../activities/pgbouncer/metrics';

const { POD_IP = '127.0.0.1', PORT = '9127', APPLICATION_URL, ADMINISTRATOR_PASSWORD = '' } = process.env;

const address = { host: POD_IP, port: poolerPort };
const upstream = upstreamOf(APPLICATION_URL);
if (typeof upstream === 'string') {
  console.error(`sidecar: APPLICATION_URL: ${upstream}`);
  process.exit(1);
}
const { role: user, password, database } = upstream;

const ask = <T>(question: (console: Console) => Promise<T>): Promise<T> =>
  onConsole(address, { user: administrator, password: ADMINISTRATOR_PASSWORD }, question);

let wentThrough = false;

async function ready(): Promise<string> {
  if (wentThrough) await ask(({ show }) => show('VERSION'));
  else await passThrough(address, { user, password, database });
  wentThrough = true;
  return 'ready\n';
}

async function metrics(): Promise<string> {
  const shown = await ask(async ({ show }) => ({
    pools: await show('POOLS'),
    databases: await show('DATABASES'),
    stats: await show('STATS'),
  })).catch(() => undefined);
  return metricsText(shown);
}

const routes: Record<string, () => Promise<string>> = { '/ready': ready, '/metrics': metrics };

const server = createServer((request, response) => {
  const route = routes[new URL(request.url ?? '/', 'http://sidecar').pathname];
  if (!route) return answer(response, 404, 'not found\n');
  route().then(
    (text) => answer(response, 200, text),
    (error: Error) => answer(response, 503, `${error.message}\n`),
  );
});

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4' }).end(text);
}

server.listen(Number(PORT), POD_IP, () => console.log(`sidecar: listening on ${POD_IP}:${PORT}`));
