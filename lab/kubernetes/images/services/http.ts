/**
 * What the HTTP services have in common: they listen on the pod's address, count what they answer, and on SIGTERM take no
 * new connection, answer what is under way, and end. A client that keeps its connection is told with the next answer that
 * it ends: closed without a word, it might just be sending a request.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export type Route = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface Service {
  port: number;
  /** Path under which it says whether it takes requests; with WARM_UP=never it never does. */
  health: string;
  /** By path. */
  routes?: Record<string, Route>;
  /** What is to be ended after the last answer. */
  close?: () => Promise<void>;
}

/**
 * How long a connection may be idle. Clients are told the whole seconds of it, which is a second less: they do not send
 * a request on a connection that is just being closed.
 */
const keepAliveMs = 2_999;
/** From SIGTERM on: by then each connection was either used, and told, or idle for too long. */
const farewellMs = 3_000;

/** By status; from the first scrape on there is something to count from. */
const counts = new Map([['200', 0]]);

export function serve({ port, health, routes = {}, close }: Service): void {
  let stopping = false;
  const all: Record<string, Route> = { ...routes, [health]: ready, '/live': ok, '/metrics': metrics };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://service');
    if (stopping) response.setHeader('connection', 'close');
    // Probes and scrapes are no traffic.
    if (pathname !== '/metrics' && !request.headers['user-agent']?.startsWith('kube-probe'))
      response.once('finish', () => count(String(response.statusCode)));
    Promise.resolve((all[pathname] ?? notFound)(request, response)).catch((error: Error) => {
      console.error(`${new Date().toISOString()} ${pathname}: ${error.message}`);
      if (!response.headersSent) sendJson(response, 503, { error: 'a part of the service does not answer' });
      else response.destroy();
    });
  });
  server.keepAliveTimeout = keepAliveMs;
  server.listen(port, process.env.POD_ADDRESS, () => console.log(`${new Date().toISOString()} listening on ${port}`));
  process.once('SIGTERM', () => {
    stopping = true;
    console.log(`${new Date().toISOString()} draining`);
    const end = () => server.close(() => void (close?.() ?? Promise.resolve()).finally(() => process.exit(0)));
    setTimeout(end, farewellMs);
  });
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function count(status: string): void {
  counts.set(status, (counts.get(status) ?? 0) + 1);
}

/** In Prometheus' text format. */
const metrics: Route = (_request, response) => {
  const lines = [...counts].map(([status, value]) => `http_requests_total{status="${status}"} ${value}`);
  const text = ['# TYPE http_requests_total counter', ...lines, ''].join('\n');
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text);
};

const ok: Route = (_request, response) => sendJson(response, 200, { status: 'ok' });

const ready: Route =
  process.env.WARM_UP === 'never' ? (_request, response) => sendJson(response, 503, { status: 'warming up' }) : ok;

const notFound: Route = (_request, response) => sendJson(response, 404, { error: 'not found' });
