/**
 * Beside PgBouncer in each of its pods: whether the pod takes clients, and its metrics.
 *
 *   /ready     not before a login as the application and a transaction that writes went through this very pod; from then on
 *              as long as PgBouncer itself answers, and leads to the same server. A server that is restarted, or a pool that is
 *              paused, does not take all pods out of the Service at once: clients wait in them instead of being refused. One
 *              whose PgBouncer was started anew with another address serves nobody before a transaction has gone through again.
 *   /metrics   in Prometheus' text format
 *   /configuration  the digest of the mounted file, where it leads, and whether a login as the application succeeds there
 *   /lease     of a pause: GET tells it, PUT takes one that is signed (activities/pgbouncer/lease.ts)
 *
 * Beside that it guards the pause (guard.ts).
 *
 * POD_IP (where both listen), PORT (9127), APPLICATION_URL (the role, its password and database), ADMINISTRATOR_PASSWORD (of
 * the console's user).
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import {
  administrator,
  configurationFolder,
  leaseFolder,
  poolerPort,
  hostIn,
  upstreamOf,
} from '../activities/pgbouncer/configuration';
import { type Console, isPaused, logIn, onConsole, passThrough, type Row } from '../activities/pgbouncer/console';
import { digestOf, type Mounted } from '../activities/pgbouncer/mounted';
import { metricsText } from '../activities/pgbouncer/metrics';
import { guard } from './guard';
import { LeaseBook } from './lease-book';

const { POD_IP = '127.0.0.1', PORT = '9127', APPLICATION_URL, ADMINISTRATOR_PASSWORD = '' } = process.env;

const address = { host: POD_IP, port: poolerPort };
const upstream = upstreamOf(APPLICATION_URL);
if (typeof upstream === 'string') {
  console.error(`sidecar: APPLICATION_URL: ${upstream}`);
  process.exit(1);
}
const { role: user, password, database, port: upstreamPort } = upstream;
const toServer = () => ({ authority: fileIn('ca.pem') });

const ask = <T>(question: (console: Console) => Promise<T>): Promise<T> =>
  onConsole(address, { user: administrator, password: ADMINISTRATOR_PASSWORD }, question);

/** The server that a transaction has reached. */
let reached: string | null | undefined;

async function ready(): Promise<string> {
  const {
    row: { host },
    paused,
  } = await readDatabase();
  // In a pause its clients wait, wherever it leads by now; one that was started anew is in none.
  if (host === reached || (paused && reached !== undefined)) return 'ready\n';
  await passThrough(address, { user, password, database });
  reached = host;
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

const fileIn = (name: string): string => readFileSync(join(configurationFolder, name), 'utf8');
const stagedHost = (): string | undefined => hostIn(fileIn('pgbouncer.ini'), database);

/** A server to come may not take writes yet: a login is all that can be asked of it. */
async function configuration(): Promise<string> {
  const host = stagedHost();
  const login = { user, password, database };
  const tried =
    host === undefined
      ? Promise.reject(new Error('it leads nowhere'))
      : logIn({ host, port: upstreamPort }, login, toServer());
  const problem = await tried.then(
    () => undefined,
    (error: Error) => error.message,
  );
  const mounted: Mounted = {
    digest: digestOf(fileIn('pgbouncer.ini')),
    ...(host === undefined ? {} : { host }),
    ...(problem === undefined ? {} : { problem }),
  };
  return `${JSON.stringify(mounted)}\n`;
}

const book = new LeaseBook(leaseFolder, ADMINISTRATOR_PASSWORD);

const routes: Record<string, () => Promise<string>> = {
  ...{ '/ready': ready, '/metrics': metrics, '/configuration': configuration },
  '/lease': () => Promise.resolve(`${JSON.stringify(book.lease) ?? 'none'}\n`),
};

const server = createServer((request, response) => {
  // Whatever stands there: what is no path of ours is not found, and ends nothing.
  const [pathname = ''] = (request.url ?? '').split('?');
  if (pathname === '/lease' && request.method === 'PUT') return void takeLease(request, response);
  const route = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
  if (!route) return answer(response, 404, 'not found\n');
  route().then(
    (text) => answer(response, 200, text),
    (error: Error) => answer(response, 503, `${error.message}\n`),
  );
});

/** A lease has some 150 characters. */
const bodyMax = 1000;

async function takeLease(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  try {
    for await (const part of request.setEncoding('utf8')) {
      body += part as string;
      if (body.length > bodyMax) return answer(response, 400, 'too long\n');
    }
    const { status, text } = book.take(body);
    answer(response, status, `${text}\n`);
  } catch (error) {
    answer(response, 503, `${(error as Error).message}\n`);
  }
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4' }).end(text);
}

async function readDatabase(): Promise<{ row: Row; paused: boolean }> {
  const row = (await ask(({ show }) => show('DATABASES'))).find(({ name }) => name === database);
  if (!row) throw new Error(`PgBouncer has no database ${database}`);
  return { row, paused: isPaused(row) };
}

/** At the port and in the database that PgBouncer itself would connect to. */
async function tryServer(host: string, { port, database: behind }: Row): Promise<void> {
  await passThrough({ host, port: Number(port) }, { user, password, database: behind! }, toServer());
}

async function reload(host: string): Promise<void> {
  await ask(async (console) => {
    await console.pauseAll();
    await console.reload();
  });
  const { row } = await readDatabase();
  if (row['host'] !== host)
    throw new Error(`PgBouncer was told to take its file, and leads to ${row['host']}, not ${host}`);
}

server.listen(Number(PORT), POD_IP, () => console.log(`sidecar: listening on ${POD_IP}:${PORT}`));

void guard({
  ...{ lease: () => book.lease, forget: () => book.forget(), readDatabase, stagedHost, tryServer, reload },
  resume: (paused) =>
    ask(async ({ resume, resumeAll }) => {
      // A worker may just have ended the one; the other must not stay for that.
      const ended = await Promise.allSettled(paused ? [resume(database)] : []);
      await resumeAll();
      for (const one of ended) if (one.status === 'rejected') throw one.reason;
    }),
  log: (words) => console.log(`guard: ${words}`),
});
